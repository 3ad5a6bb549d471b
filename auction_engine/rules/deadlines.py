"""Every deadline of an auction, computed from its opening day and the rule pack.

What follows the auction is counted from days that may not have come yet. Until they are known they
are assumed to be the last day possible (`assumed`), so that the whole course can be shown early.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from auction_engine.rules import calendar as days
from auction_engine.rules.deadline_rules import RULES, Rule, Way
from auction_engine.rules.pack import Pack, is_unverified, reference, value_at
from auction_engine.rules.pack_base import Counting, Kind, Span, Text, Unit
from auction_engine.rules.pack_before import Intake
from auction_engine.rules.pack_words import citation, day_text, span_text


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an auction. Days are local to the pack's time zone.

    `opening` is day D, the opening of the session (phiên đấu giá). `round` counts the auctions of
    the property from 1. Days that have not come yet are None.
    """

    opening: date
    kind: Kind
    short: bool = False
    round: int = 1
    notified_value: date | None = None  # the result of the valuation was notified
    priority_notified: date | None = None  # valid notice to those with a prior right
    contract: date | None = None  # the auction service contract was signed
    ended: date | None = None  # the session ended
    paid: date | None = None  # the price was paid in full
    delivered: date | None = None
    failed: date | None = None  # the failed auction was notified
    in_kind_requested: date | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """One deadline. `due_ms` is the last UTC millisecond at which the step is in time.

    BEFORE: the step is taken at the latest so long before `base`. AFTER: within so long after it.
    `counted_on`: the period is counted on from the step and has run by `base`. `assumed`: the day
    it is counted from has not come yet. `path` is the parameter of the pack, `rule` its article,
    `verified` whether that was read.
    """

    key: str
    day: date
    due_ms: int
    way: Way
    base: str
    assumed: bool
    n: int
    unit: Unit
    path: str
    rule: str
    text: Text
    verified: bool
    counted_on: bool = False


# Days of `Facts` that are taken to be the last day possible, or the same day, until they come.
_ASSUMED = {
    "contract": "service_contract",
    "ended": "opening",
    "paid": "payment",
    "delivered": "delivery",
    "failed": "ended",
    "in_kind_requested": "failure_notice",
}
_PRIOR_DAYS = ("opening", "notified_value", "priority_notified")


def deadlines(pack: Pack, facts: Facts) -> tuple[Deadline, ...]:
    """Every deadline that the pack knows and whose first day is known or can be assumed, by day.

    Raises calendar.CalendarError when a day lies outside the pack's calendar.
    """
    return tuple(sorted(_all(pack, facts), key=lambda found: (found.due_ms, found.key)))


def by_key(found: tuple[Deadline, ...]) -> dict[str, Deadline]:
    """The deadlines by their key."""
    return {deadline.key: deadline for deadline in found}


def lines(pack: Pack, found: tuple[Deadline, ...], language: Literal["vi", "en"]) -> list[str]:
    """The deadlines for reading, one line each: day and time, sentence, article, open questions."""
    marks = {"vi": ("giả định", "chưa xác minh"), "en": ("assumed", "unverified")}[language]
    shown = []
    for one in found:
        rule = getattr(citation(one.rule), language)
        notes = [rule] + [marks[0]] * one.assumed + [marks[1]] * (not one.verified)
        when = f"{day_text(one.day)} {days.clock(one.due_ms, pack.timezone)}"
        shown.append(f"{when}  {getattr(one.text, language)} ({', '.join(notes)})")
    return shown


def intake_closes(pack: Pack, opening: date, path: str, *, short: bool) -> tuple[date, int] | None:
    """Day and last UTC millisecond of an intake window (`registration` or `deposit.window`).

    None where the pack lets it end with the bidding. The shortened procedure has its own span.
    Dossiers are taken in office hours (Law 01/2016 Art. 38(2)), so the day is a working day.
    """
    intake: Intake = value_at(pack, path)
    if intake.close_before is None or intake.closes_at is None:
        return None
    span, counting = _intake_span(pack, intake, short)
    calendar = days.load(pack.calendar)
    latest = days.before(calendar, opening, span, counting)
    day = days.previous_working_day(calendar, latest)
    return day, days.at_time_ms(day, intake.closes_at, pack.timezone)


def _intake_span(pack: Pack, intake: Intake, short: bool) -> tuple[Span, Counting]:
    if short and pack.short_procedure is not None:
        return pack.short_procedure.close_before, pack.counting.before_opening
    assert intake.close_before is not None
    return intake.close_before, intake.counting


def _all(pack: Pack, facts: Facts) -> Iterator[Deadline]:
    known: dict[str, tuple[date, bool]] = {"opening": (facts.opening, False)}
    for name in (*_PRIOR_DAYS, *_ASSUMED):
        if (day := getattr(facts, name)) is not None:
            known[name] = (day, False)
    yield from _windows(pack, facts)
    for rule in RULES:
        base = _base(rule.base, known)
        if base is None or not _applies(rule, pack, facts):
            continue
        found = _count(rule, pack, facts, *base)
        if found is not None:
            known[rule.key] = (found.day, base[1])
            yield found


def _base(name: str, known: dict[str, tuple[date, bool]]) -> tuple[date, bool] | None:
    """The day of this name and whether it, or the one standing in for it, is assumed."""
    while name not in known:
        if name not in _ASSUMED:
            return None
        name = _ASSUMED[name]
        if name in known:
            return known[name][0], True
    return known[name]


def _applies(rule: Rule, pack: Pack, facts: Facts) -> bool:
    short = facts.short and pack.short_procedure is not None
    return {
        "ALWAYS": True,
        "FULL": not short,
        "SHORT": short,
        "FIRST": facts.round == 1,
        "LATER": facts.round > 1,
    }[rule.when]


def _count(rule: Rule, pack: Pack, facts: Facts, base: date, assumed: bool) -> Deadline | None:
    path = rule.path.format(kind=facts.kind)
    try:
        span = value_at(pack, path)
    except KeyError:
        return None
    if span is None:
        return None
    calendar = days.load(pack.calendar)
    if rule.counted_on:
        day = days.latest_start(calendar, base, span)
    elif rule.way == "BEFORE":
        day = days.before(calendar, base, span, pack.counting.before_opening)
    else:
        moves = pack.counting.ends_on_day_off == "NEXT_WORKING_DAY" and rule.key != "archive"
        day = days.after(calendar, base, span, to_working_day=moves)
    due_ms = days.end_of_day_ms(day, pack.timezone)
    return _deadline(pack, rule, path, span, (day, due_ms), assumed)


def _windows(pack: Pack, facts: Facts) -> Iterator[Deadline]:
    """Viewing, registration and deposits: days before the opening with rules of their own."""
    if pack.viewing is not None:
        span = Span(days=pack.viewing.min_days)
        day = days.before(days.load(pack.calendar), facts.opening, span, "DAY_MINUS_N")
        end = day, days.end_of_day_ms(day, pack.timezone)
        yield _deadline(pack, _VIEWING, _VIEWING.path, span, end, False)
    window = pack.deposit.window
    if window.opens_before is not None:
        calendar = days.load(pack.calendar)
        day = days.before(calendar, facts.opening, window.opens_before, "DAY_MINUS_N")
        start = day, days.at_time_ms(day, "00:00", pack.timezone)
        yield _deadline(pack, _OPENS, _OPENS.path, window.opens_before, start, False)
    for rule, path in ((_REGISTRATION, "registration"), (_DEPOSIT, "deposit.window")):
        closes = intake_closes(pack, facts.opening, path, short=facts.short)
        if closes is not None:
            span, _ = _intake_span(pack, value_at(pack, path), facts.short)
            short = facts.short and pack.short_procedure is not None
            source = "short_procedure.close_before" if short else rule.path
            yield _deadline(pack, rule, source, span, closes, False)


def _deadline(
    pack: Pack, rule: Rule, path: str, span: Span, due: tuple[date, int], assumed: bool
) -> Deadline:
    words = span_text(span)
    return Deadline(
        key=rule.key,
        day=due[0],
        due_ms=due[1],
        way=rule.way,
        base=rule.base,
        assumed=assumed,
        n=span.n,
        unit=span.unit,
        path=path,
        rule=reference(pack, path),
        text=Text(vi=rule.vi.format(span=words.vi), en=rule.en.format(span=words.en)),
        verified=not is_unverified(pack, path),
        counted_on=rule.counted_on,
    )


_VIEWING = Rule(
    "viewing_begins",
    "opening",
    "BEFORE",
    "viewing.min_days",
    "Cho xem tài sản ít nhất {span} liên tục trước ngày mở: bắt đầu muộn nhất vào ngày này.",
    "The property is shown for at least {span} in a row before the opening: beginning by this day.",
)
_OPENS = Rule(
    "deposits_open",
    "opening",
    "BEFORE",
    "deposit.window.opens_before",
    "Chỉ nhận tiền đặt trước từ {span} trước ngày mở cuộc đấu giá.",
    "Deposits are taken only from {span} before the opening day on.",
)
_REGISTRATION = Rule(
    "registration_closes",
    "opening",
    "BEFORE",
    "registration.close_before",
    "Bán và nhận hồ sơ tham gia đấu giá đến trước ngày mở {span}.",
    "Dossiers are sold and taken until {span} before the opening.",
)
_DEPOSIT = Rule(
    "deposits_close",
    "opening",
    "BEFORE",
    "deposit.window.close_before",
    "Nhận tiền đặt trước đến trước ngày mở {span}.",
    "Deposits are taken until {span} before the opening.",
)
