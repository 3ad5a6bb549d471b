"""A lot that keeps every date of its pack on the very last day, and that lot one day out of it.

Everything is read from the pack: which dates there are, how they are counted, what a lot costs. By
hand is only where in a draft the step of a deadline is entered (`MOVES`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from auction_engine.rules import calendar as days
from auction_engine.rules.deadlines import Deadline, Facts, by_key, deadlines
from auction_engine.rules.draft import Draft, Keys, Notice
from auction_engine.rules.pack import Pack
from auction_engine.rules.pack_base import Kind, duration_ms
from auction_engine.rules.publication import check
from auction_engine.rules.publication_values import deposit_band

DAY = timedelta(days=1)
DAY_MS = 86_400_000
VALUE = 10_000_000_000
# Nothing before an opening is counted from further back than this.
_BACK = 70
# What follows an opening is counted this far ahead of it.
_AHEAD = 160


@dataclass(frozen=True)
class Timely:
    """A draft that may be published, and the deadlines it keeps by a hair's breadth."""

    pack: Pack
    draft: Draft
    due: dict[str, Deadline]

    def broken(self) -> Iterator[tuple[Deadline, Draft]]:
        """The draft with one step one day out of its time, for each step it has."""
        for key, move in MOVES.items():
            if key in self.due:
                yield self.due[key], move(self)


def parameters(pack: Pack, draft: Draft) -> set[str]:
    """The parameters of the pack against which the draft offends."""
    return {finding.parameter for finding in check(pack, draft)}


def timely(
    pack: Pack, opening: date, kind: Kind, *, short: bool = False, failures: int = 0
) -> Timely:
    """A lot opened on that day, everything done on its last day."""
    facts = Facts(opening, kind, short=short, round=failures + 1)
    due = by_key(deadlines(pack, facts))
    if pack.schedule is not None:
        signed = _earliest_contract(pack, kind, opening)
        due |= by_key(deadlines(pack, replace(facts, contract=signed)))
    else:
        signed = opening - 20 * DAY
    opening_ms = days.at_time_ms(opening, "09:00", pack.timezone)
    posted = due["posting"].day if "posting" in due else opening - 12 * DAY
    opens = days.at_time_ms(posted, "08:00", pack.timezone)
    draft = replace(
        _valued(pack, kind, failures),
        short_procedure=short,
        opening_ms=opening_ms,
        end_ms=_end_ms(pack, opening_ms),
        service_contract_on=signed,
        valuation_expires_on=signed,
        posting_on=posted,
        notices=_notices(pack, due, posted, short=short),
        viewing_on=_viewing(pack, due),
        registration_open_ms=opens,
        deposit_open_ms=opens,
        registration_close_ms=opening_ms,
        deposit_close_ms=opening_ms,
    )
    if "registration_closes" in due:
        draft = replace(draft, registration_close_ms=due["registration_closes"].due_ms)
    if "deposits_close" in due:
        draft = replace(draft, deposit_close_ms=due["deposits_close"].due_ms)
    if "deposits_open" in due:
        draft = replace(draft, deposit_open_ms=due["deposits_open"].due_ms)
    return Timely(pack, draft, due)


def _earliest_contract(pack: Pack, kind: Kind, opening: date) -> date:
    """The earliest contract by which the opening is still in time."""
    assert pack.schedule is not None
    calendar, span = days.load(pack.calendar), pack.schedule.auction_within.of(kind)
    signed = opening
    while days.after(calendar, signed - DAY, span) >= opening:
        signed -= DAY
    return signed


def _valued(pack: Pack, kind: Kind, failures: int) -> Draft:
    """The lot with nothing but its amounts, which the pack allows."""
    category, methods = next(iter(pack.methods.items()))
    fixed = pack.start_price.fixed_minor
    item = next(iter(fixed)) if fixed else None
    shares = pack.start_price.of_basis_bp
    start = VALUE if not shares else VALUE * shares[min(failures, len(shares) - 1)] // 10_000
    start = fixed[item] if fixed and item else start
    steps = pack.increment.fixed_minor or {}
    step = steps.get(item or "") or 1 + start * (pack.increment.min_of_start_bp or 0) // 10_000
    draft = Draft(
        category=category,
        movable=kind == "movable",
        method=methods[0],
        item_class=item,
        starting_price_minor=start,
        increment_minor=step,
        valuation_minor=VALUE,
        failures=failures,
        keys=Keys(("one", "two")) if pack.phases else None,
        posting_proof="photograph",
        pause_stop_clause=True,
    )
    band = deposit_band(pack, draft)
    assert band is not None
    return replace(draft, deposit_minor=band[0])


def _end_ms(pack: Pack, opening_ms: int) -> int:
    least = max(duration_ms(pack.window.min.movable), duration_ms(pack.window.min.immovable))
    return opening_ms + least


def _notices(
    pack: Pack, due: dict[str, Deadline], posted: date, *, short: bool
) -> tuple[Notice, ...]:
    rule = pack.notice
    if rule is None:
        return ()
    channels = (*rule.each_on, *rule.once_on)
    if short and pack.short_procedure is not None:
        on = [posted] * pack.short_procedure.notices
    else:
        on = [due[key].day for key in ("first_notice", "last_notice") if key in due]
    return tuple(Notice(day, channels, "clip") for day in on)


def _viewing(pack: Pack, due: dict[str, Deadline]) -> tuple[date, ...]:
    if pack.viewing is None:
        return ()
    first = due["viewing_begins"].day
    return tuple(first + n * DAY for n in range(pack.viewing.min_days))


# --- one day out of time ----------------------------------------------------------------------


def _posted_later(one: Timely) -> Draft:
    """Dossiers and deposits begin with the posting, and so they do here."""
    assert one.draft.posting_on is not None
    later = replace(one.draft, posting_on=one.draft.posting_on + DAY)
    for name, intake in (
        ("registration_open_ms", one.pack.registration),
        ("deposit_open_ms", one.pack.deposit.window),
    ):
        if intake.opens == "POSTING":
            later = replace(later, **{name: getattr(one.draft, name) + DAY_MS})
    return later


def _noticed_later(which: int) -> Callable[[Timely], Draft]:
    def move(one: Timely) -> Draft:
        notices = list(one.draft.notices)
        notices[which] = replace(notices[which], on=notices[which].on + DAY)
        return replace(one.draft, notices=tuple(notices))

    return move


def _shown_later(one: Timely) -> Draft:
    return replace(one.draft, viewing_on=tuple(day + DAY for day in one.draft.viewing_on))


def _moved(name: str, by_ms: int) -> Callable[[Timely], Draft]:
    return lambda one: replace(one.draft, **{name: getattr(one.draft, name) + by_ms})


def _signed_earlier(one: Timely) -> Draft:
    """The opening is then a day after the last one possible, or more where that moves on."""
    assert one.draft.service_contract_on is not None
    return replace(one.draft, service_contract_on=one.draft.service_contract_on - DAY)


# By the key of the deadline: its step a day too late, or too early where it may not begin before.
MOVES: dict[str, Callable[[Timely], Draft]] = {
    "posting": _posted_later,
    "first_notice": _noticed_later(0),
    "last_notice": _noticed_later(-1),
    "viewing_begins": _shown_later,
    "registration_closes": _moved("registration_close_ms", DAY_MS),
    "deposits_close": _moved("deposit_close_ms", DAY_MS),
    "deposits_open": _moved("deposit_open_ms", -DAY_MS),
    "auction_within": _signed_earlier,
}


# --- openings ----------------------------------------------------------------------------------


def openings(pack: Pack) -> Iterator[date]:
    """The days on which a lot of the pack can open with anything but plain weeks before it, and
    one plain fortnight."""
    calendar = days.load(pack.calendar)
    since = date(2026, 6, 1) if calendar.since is None else calendar.since + _BACK * DAY
    until = since + 14 * DAY if calendar.until is None else calendar.until - _AHEAD * DAY
    since = max(since, pack.in_force.since)
    until = min(until, pack.in_force.until or until)
    plain = 14
    for number in range((until - since).days + 1):
        day = since + number * DAY
        if not _is_plain(calendar, day):
            yield day
        elif plain:
            plain -= 1
            yield day


def _is_plain(calendar: days.Calendar, opening: date) -> bool:
    """Whether the three weeks before it are Mondays to Fridays worked and nothing else."""
    before = (opening - n * DAY for n in range(23))
    return all(calendar.is_working(day) == (day.weekday() < 5) for day in before)
