"""The opening of a lot as an entry for a calendar (RFC 5545)."""

from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, Event

_BEFORE = (timedelta(days=1), timedelta(hours=1))


def calendar_entry(
    lot: int, title: str, text: str, url: str, start_ms: int, end_ms: int | None, changed: int
) -> bytes:
    """One event with two alarms. `changed` rises with each change of the lot: calendars replace it.

    `start_ms`, `end_ms`: UTC; without an end it lasts an hour.
    """
    start = datetime.fromtimestamp(start_ms // 1000, UTC)
    end = start + timedelta(hours=1)
    if end_ms is not None:
        end = datetime.fromtimestamp(end_ms // 1000, UTC)
    event = Event()
    event.add("uid", f"lot-{lot}-opening@auction-engine")
    event.add("dtstamp", datetime.now(UTC))
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("summary", title)
    event.add("description", text)
    event.add("url", url)
    event.add("sequence", changed)
    for before in _BEFORE:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", title)
        alarm.add("trigger", -before)
        event.add_component(alarm)
    whole = Calendar()
    whole.add("prodid", "-//auction-engine//way in//")
    whole.add("version", "2.0")
    whole.add("method", "PUBLISH")
    whole.add_component(event)
    return bytes(whole.to_ical())
