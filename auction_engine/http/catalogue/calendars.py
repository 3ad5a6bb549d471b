"""Calendar files (RFC 5545): when to register, to view and to be there, of a lot or a session."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from icalendar import Calendar, Event
from starlette.responses import Response

from auction_engine.desk.search.filters import Filters
from auction_engine.http.catalogue.lists import lot_of
from auction_engine.http.catalogue.notice import viewing_of
from auction_engine.http.catalogue.parts import base_of, kept, parts_of, unchanged, validators
from auction_engine.http.problems import Problem
from auction_engine.http.web import Ask, Web

_MOST = 200
_FRESH_S = 300
# A calendar shows something for a moment; the last call to register is a quarter of an hour.
_MOMENT = timedelta(minutes=15)


async def of_lot(web: Web, ask: Ask) -> Response:
    """GET /lots/{lot}/calendar.ics."""
    row = await web.storage.ledger(parts_of(web).search.lot(ask.request.path_params["lot"]))
    if row is None:
        raise Problem(404, "UNKNOWN_LOT")
    return await _calendar(web, ask, [row], row["card"]["title"][ask.lang])


async def of_session(web: Web, ask: Ask) -> Response:
    """GET /sessions/{session}/calendar.ics."""
    session = ask.request.path_params["session"]
    info = await web.storage.ledger(web.catalogue.session(session))
    if info is None:
        raise Problem(404, "UNKNOWN_SESSION", "There is no such session.")
    search = parts_of(web).search
    found = await web.storage.ledger(search.page(Filters(when="all", session=session), most=_MOST))
    return await _calendar(web, ask, found.lots, info.title[ask.lang])


async def _calendar(web: Web, ask: Ask, rows: list[dict[str, Any]], name: str) -> Response:
    at = max((row["updated_at"] for row in rows), default=datetime.now(UTC))
    stamp = tuple((row["lot_id"], row["updated_at"]) for row in rows)
    told = validators(ask, at, "ics", ask.request.url.path, stamp, fresh_s=_FRESH_S)
    if (known := unchanged(ask, told)) is not None:
        return known
    calendar = Calendar()
    calendar.add("prodid", f"-//auction-engine//{ask.lang.upper()}")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    for row in rows:
        content = await web.storage.ledger(web.catalogue.lot(row["lot_id"])) or {}
        for event in _events(web, ask.lang, row, content):
            calendar.add_component(event)
    response = Response(calendar.to_ical(), media_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="auction.ics"'
    return kept(response, told)


def _events(web: Web, lang: str, row: dict[str, Any], content: dict[str, Any]) -> list[Event]:
    lot = lot_of(web, row)
    found = []

    def add(what: str, start_ms: int, end_ms: int | None, place: str) -> None:
        title = lot["title"][lang]
        start = datetime.fromtimestamp(start_ms / 1000, UTC).replace(microsecond=0)
        event = Event()
        host = urlsplit(base_of(web)).hostname
        event.add("uid", f"lot-{lot['id']}-{what}@{host}")
        event.add("dtstamp", row["updated_at"])
        event.add("last-modified", row["updated_at"])
        event.add("sequence", row["notice"] + row["seq"])
        event.add("summary", web.presenter.text(lang, f"catalogue.calendar.{what}", title=title))
        event.add("dtstart", start)
        end = start + _MOMENT
        if end_ms is not None and end_ms > start_ms:
            end = datetime.fromtimestamp(end_ms / 1000, UTC).replace(microsecond=0)
        event.add("dtend", max(end, start + timedelta(minutes=1)))
        event.add("url", f"{base_of(web)}/lots/{lot['id']}")
        if place:
            event.add("location", place)
        if lot["state"] in ("stopped", "postponed"):
            event.add("status", "CANCELLED" if lot["state"] == "stopped" else "TENTATIVE")
        found.append(event)

    add("opens", lot["start_ms"], lot["end_ms"], f"{base_of(web)}/lots/{lot['id']}")
    if lot["registration_close_ms"] is not None:
        closes_ms = lot["registration_close_ms"]
        add("registration", closes_ms - int(_MOMENT.total_seconds() * 1000), closes_ms, "")
    viewing = viewing_of(content)
    if viewing is not None:
        place = (viewing["place"] or {}).get(lang, "")
        add("viewing", viewing["from_ms"], viewing["to_ms"], place)
    return found
