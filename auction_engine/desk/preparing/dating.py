"""Every date of a session: by which day what must happen, by which rule, and why just then. Pure.

A session may hold movables and immovables, whose periods differ: each date is the strictest of
them, so that one posting and one notice serve all its lots.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from auction_engine.desk.preparing.building import Asset
from auction_engine.desk.preparing.choices import Choices, Dates, Notice
from auction_engine.rules import calendar as days
from auction_engine.rules.deadlines import Deadline, Facts, deadlines
from auction_engine.rules.pack import Pack
from auction_engine.rules.pack_base import Kind, Text, duration_ms
from auction_engine.rules.pack_words import day_text
from auction_engine.rules.session_plan import MINUTE_MS

_DAY = timedelta(days=1)
_OFFICE_OPENS = time(8, 0)
_OPENS_AT = time(9, 0)
_WINDOW_MIN = 60
# Why a day is what it is needs no more than the days of a few months.
_MOST_COUNTED = 120
_SEARCHED = 400


@dataclass(frozen=True, slots=True)
class Explained:
    """A date with its rule. `off` are the days off between it and the day it is counted from,
    `worked` the weekend days that are worked there instead; `why` says it in words."""

    deadline: Deadline
    kind: Kind
    from_day: date | None
    off: tuple[date, ...]
    worked: tuple[date, ...]
    why: Text


def kinds_of(choices: Choices, assets: Mapping[int, Asset]) -> tuple[Kind, ...]:
    """Which kinds of property the session holds; movables where nothing is chosen yet."""
    chosen = [assets[lot.asset] for lot in choices.lots if lot.asset in assets]
    found: list[Kind] = []
    if any(not asset.movable for asset in chosen):
        found.append("immovable")
    if not found or any(asset.movable for asset in chosen):
        found.append("movable")
    return tuple(found)


def explained(
    pack: Pack, choices: Choices, assets: Mapping[int, Asset]
) -> tuple[Explained, ...] | None:
    """Every date that follows from the opening, in order; None without one.

    Raises calendar.CalendarError outside the pack's calendar.
    """
    opening = choices.dates.opening
    if opening is None:
        return None
    every = [assets[lot.asset] for lot in choices.lots if lot.asset in assets]
    strictest: dict[str, tuple[Deadline, Kind, Facts]] = {}
    for kind in kinds_of(choices, assets):
        chosen = [one for one in every if one.movable == (kind == "movable")]
        signed = [one.service_contract_on for one in chosen if one.service_contract_on is not None]
        facts = Facts(
            opening.date(),
            kind,
            short=choices.rules.short_procedure,
            round=1 + max((one.failures for one in chosen), default=0),
            contract=min(signed, default=None),
        )
        for one in deadlines(pack, facts):
            other = strictest.get(one.key)
            # Both ways the earlier day is the stricter one.
            if other is None or one.due_ms < other[0].due_ms:
                strictest[one.key] = one, kind, facts
    found = sorted(strictest.values(), key=lambda entry: (entry[0].due_ms, entry[0].key))
    known = {entry[0].key: entry[0].day for entry in found}
    return tuple(_why(pack, *entry, known) for entry in found)


def _why(
    pack: Pack, deadline: Deadline, kind: Kind, facts: Facts, known: Mapping[str, date]
) -> Explained:
    base = _base_day(deadline, facts, known)
    if base is None:
        return Explained(deadline, kind, None, (), (), Text(vi="", en=""))
    calendar = days.load(pack.calendar)
    first, last = sorted((base, deadline.day))
    between = [first + n * _DAY for n in range((last - first).days + 1)][:_MOST_COUNTED]
    off = tuple(day for day in between if not calendar.is_working(day))
    worked = tuple(day for day in between if day in calendar.worked)
    return Explained(deadline, kind, base, off, worked, _in_words(deadline, base, off, worked))


def _base_day(deadline: Deadline, facts: Facts, known: Mapping[str, date]) -> date | None:
    if deadline.base == "contract" and facts.contract is not None:
        return facts.contract
    if deadline.base in known:
        return known[deadline.base]
    # What has not come yet is assumed to be the opening day, or the last day possible.
    assumed = {"paid": "payment", "delivered": "delivery"}
    return known.get(assumed.get(deadline.base, ""), facts.opening)


def _in_words(deadline: Deadline, base: date, off: Sequence[date], worked: Sequence[date]) -> Text:
    from_, to = day_text(base), day_text(deadline.day)
    if deadline.counted_on:
        vi = f"Tính từ sau ngày {to} thì đến ngày {from_} là đủ."
        en = f"Counted from the day after {to}, the time has run by {from_}."
    elif deadline.way == "BEFORE":
        vi, en = f"Tính lùi từ ngày {from_} đến ngày {to}.", f"Counted back from {from_} to {to}."
    else:
        vi = f"Tính từ sau ngày {from_} đến ngày {to}."
        en = f"Counted from the day after {from_} to {to}."
    if off and deadline.unit == "working_days":
        vi += f" Không tính các ngày nghỉ: {_ranges(off)}."
        en += f" Days off do not count: {_ranges(off)}."
    elif off:
        vi, en = vi + " Ngày nghỉ cũng được tính.", en + " Days off count too."
        if deadline.unit == "days" and base + deadline.n * _DAY < deadline.day:
            vi += " Hạn rơi vào ngày nghỉ nên chuyển sang ngày làm việc tiếp theo."
            en += " The end falls on a day off and moves to the next working day."
    if worked:
        vi += f" Có tính ngày làm bù: {_ranges(worked)}."
        en += f" Days worked instead count: {_ranges(worked)}."
    if deadline.assumed:
        vi += " Ngày bắt đầu chưa đến nên được giả định."
        en += " The day it is counted from has not come yet and is assumed."
    return Text(vi=vi, en=en)


def _ranges(found: Sequence[date]) -> str:
    """Days in a row as one: 14/02/2026 – 22/02/2026."""
    runs: list[list[date]] = []
    for day in found:
        if runs and day - runs[-1][-1] == _DAY:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(
        day_text(run[0]) if len(run) == 1 else f"{day_text(run[0])} – {day_text(run[-1])}"
        for run in runs
    )


# --- proposing ------------------------------------------------------------------------------


def filled(pack: Pack, choices: Choices, assets: Mapping[int, Asset], today: date) -> Choices:
    """The choices with every date the pack's rules suggest.

    The opening stays where it is chosen, else it is the earliest possible. Proofs are kept: they
    are not dates. Raises calendar.CalendarError outside the pack's calendar.
    """
    dates = choices.dates
    opening = dates.opening or _earliest_opening(pack, choices, assets, today)
    choices = _with(choices, dates.model_copy(update={"opening": opening}))
    found = {one.deadline.key: one.deadline for one in explained(pack, choices, assets) or ()}
    calendar = days.load(pack.calendar)
    posting = _posting_day(calendar, found, opening.date())
    changes: dict[str, object] = {
        "opening": opening,
        "window_min": dates.window_min or _window_min(pack, choices, assets),
        "posting_on": posting,
        "notices": _notices(pack, choices, found, posting),
        "viewing_on": _viewing(pack, calendar, opening.date(), posting),
        "registration_open": datetime.combine(posting, _OFFICE_OPENS),
        "deposit_open": datetime.combine(posting, _OFFICE_OPENS),
    }
    if (opens := found.get("deposits_open")) is not None:
        changes["deposit_open"] = datetime.combine(opens.day, _OFFICE_OPENS)
    for key, name, intake in (
        ("registration_closes", "registration_close", pack.registration),
        ("deposits_close", "deposit_close", pack.deposit.window),
    ):
        if (closes := found.get(key)) is not None and intake.closes_at is not None:
            at = time.fromisoformat(intake.closes_at)
            changes[name] = datetime.combine(closes.day, at)
        else:  # until the bidding ends: the journal closes registration at the opening
            changes[name] = opening
    return _with(choices, Dates.model_validate(dates.model_dump() | changes))


def _window_min(pack: Pack, choices: Choices, assets: Mapping[int, Asset]) -> int:
    """An hour, or what the pack allows instead, in minutes."""
    kinds = {*kinds_of(choices, assets)}
    dear = pack.window.movable_as_immovable_from_minor
    chosen = [assets[lot.asset] for lot in choices.lots if lot.asset in assets]
    if dear is not None and any((one.valuation_minor or 0) >= dear for one in chosen):
        kinds.add("immovable")
    least = max(duration_ms(pack.window.min.of(kind)) for kind in kinds)
    lasts_ms = max(_WINDOW_MIN * MINUTE_MS, least)
    if pack.window.max is not None:
        lasts_ms = min(lasts_ms, *(duration_ms(pack.window.max.of(kind)) for kind in kinds))
    return lasts_ms // MINUTE_MS


def _with(choices: Choices, dates: Dates) -> Choices:
    return choices.model_copy(update={"dates": dates})


def _earliest_opening(
    pack: Pack, choices: Choices, assets: Mapping[int, Asset], today: date
) -> datetime:
    """The first working day on which everything before the opening can still be done in time."""
    calendar = days.load(pack.calendar)
    first = today + _DAY
    day = first
    for _ in range(_SEARCHED):
        if calendar.is_working(day):
            opening = datetime.combine(day, _OPENS_AT)
            tried = _with(choices, choices.dates.model_copy(update={"opening": opening}))
            found = {one.deadline.key: one.deadline for one in explained(pack, tried, assets) or ()}
            if _posting_day(calendar, found, day) >= first:
                return opening
        day += _DAY
    raise days.CalendarError("no opening day in sight")


def _posting_day(calendar: days.Calendar, found: Mapping[str, Deadline], opening: date) -> date:
    """The working day on which posting and first notice are both in time."""
    latest = [
        found[key].day
        for key in ("posting", "first_notice", "last_notice", "viewing_begins")
        if key in found
    ]
    return days.previous_working_day(calendar, min(latest, default=opening - _DAY))


def _notices(
    pack: Pack, choices: Choices, found: Mapping[str, Deadline], posting: date
) -> tuple[Notice, ...]:
    rule = pack.notice
    if rule is None:
        return ()
    short = choices.rules.short_procedure and pack.short_procedure is not None
    count = pack.short_procedure.notices if short and pack.short_procedure else rule.count
    calendar = days.load(pack.calendar)
    on, kept = posting, choices.dates.notices
    made = []
    for number in range(count):
        if number and rule.gap is not None:
            on = days.after(calendar, on, rule.gap)
        channels = [*rule.each_on, *(rule.once_on[:1] if not number else ())]
        proof = kept[number].proof if number < len(kept) else ""
        made.append(Notice(on=on, channels=tuple(dict.fromkeys(channels)), proof=proof))
    return tuple(made)


def _viewing(pack: Pack, calendar: days.Calendar, opening: date, posting: date) -> tuple[date, ...]:
    """Days in a row: working days where there are so many in a row after the posting."""
    if pack.viewing is None:
        return ()
    needed = pack.viewing.min_days
    runs = (
        tuple(opening - (back + needed - n) * _DAY for n in range(needed))
        for back in range((opening - posting).days - needed + 1)
    )
    all_runs = [run for run in runs if run[0] >= posting]
    working = [run for run in all_runs if all(calendar.is_working(day) for day in run)]
    found = working or all_runs
    return found[min(1, len(found) - 1)] if found else ()
