"""A dry run: the session as it would go with so many bidders, through the rules, in virtual time.

Nothing is imitated: the lots are those that would be put up, the same `decide` and `apply` run them
and the same `next_acts` conduct the session. Only the people are invented: bidders who register on
the first day, come in time and bid as late as is dear to organisers, and an auctioneer who
announces at once. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from auction_engine.rules import descending
from auction_engine.rules.commands import Act, Admit, Bid, Command, CommandRefused, Enter, Tick
from auction_engine.rules.events import Event, LotListed, Turn
from auction_engine.rules.increments import step_minor
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply, decide, next_due_ms
from auction_engine.rules.params import LotParams
from auction_engine.rules.session import LotNow, next_acts, place_in, stage
from auction_engine.rules.session_plan import IN_TURN, Session
from auction_engine.rules.session_windows import latest_end_ms

# With how many bidders a session is tried: none, a sole one, the least for an auction, and many.
COUNTS = (0, 1, 2, 8)
MOST_LOTS = 20
_LATE_MS = 1_000
_ANNOUNCED_AFTER_MS = 60_000
# More late bids than these make the picture no clearer.
_MOST_LATE = 12
_MOST_STEPS = 20_000
_DAY_MS = 86_400_000
_ACTOR = 1


class Mark(NamedTuple):
    """Something that happened: when (virtual UTC ms) and what (an event's kind)."""

    at_ms: int
    kind: str


@dataclass(slots=True)
class Course:
    """How one lot went. Times are None where it never came to that.

    `planned` is the window it would be published with, its end with every extension last.
    `outcome` is the status it came to, `code` the ground if it failed.
    """

    lot: int
    planned: tuple[int, int | None, int | None]
    opened_ms: int | None = None
    ended_ms: int | None = None
    price_minor: int | None = None
    extensions: int = 0
    outcome: str = ""
    code: str | None = None
    marks: list[Mark] = field(default_factory=list)


@dataclass(slots=True)
class _Lot:
    """A lot on its way, and what its bidders still mean to do, as (virtual ms, command)."""

    state: LotState
    since_ms: int
    course: Course
    wanted: list[tuple[int, Command]] = field(default_factory=list)
    late: int = 0


def dry_run(session: Session, params: Mapping[int, LotParams], bidders: int) -> list[Course]:
    """How the lots would go with `bidders` bidders on each, in the order announced."""
    lots = {number: _begun(number, one, bidders) for number, one in params.items()}
    now_ms = min(_registration_ms(one) for one in params.values())
    until_ms = max((latest_end_ms(one) or one.start_ms) for one in params.values()) + _DAY_MS
    for _ in range(_MOST_STEPS):
        for lot in lots.values():
            _live(lot, now_ms, bidders)
        _conduct(session, lots, now_ms)
        coming = [at_ms for at_ms in _moments(session, lots, now_ms) if at_ms > now_ms]
        if not coming or min(coming) > until_ms:
            break
        now_ms = min(coming)
    return [_over(lots[number]) for number in params]


def _registration_ms(params: LotParams) -> int:
    terms = params.terms
    opens = None if terms is None else terms.registration_open_ms
    return params.start_ms - 1 if opens is None else opens


def _begun(number: int, params: LotParams, bidders: int) -> _Lot:
    state = apply(None, LotListed(params))
    planned = (params.start_ms, params.end_ms, latest_end_ms(params))
    lot = _Lot(state, _registration_ms(params), Course(number, planned))
    at_ms = _registration_ms(params)
    in_window = params.terms is not None and params.terms.registration_open_ms is not None
    for bidder in range(1, bidders + 1):
        if in_window:
            lot.wanted.append((at_ms, Act("register", "BIDDER", bidder)))
        if params.terms is not None and params.terms.deposits == "RECORDED":
            data = {"bidder": bidder, "amount_minor": params.terms.deposit_minor,
                    "means": "TRANSFER", "transfer": bidder}  # fmt: skip
            lot.wanted.append((at_ms, Act("hold_deposit", "CLOCK", _ACTOR, None, data)))
        lot.wanted.append((at_ms, Admit(bidder, f"B-{bidder:03d}")))
    return lot


def _live(lot: _Lot, now_ms: int, bidders: int) -> None:
    """Everything of this lot that is due at `now_ms`."""
    while (due_ms := next_due_ms(lot.state)) is not None and due_ms <= now_ms:
        before = lot.state
        _take(lot, Tick(), due_ms)
        if lot.state is before:
            break
    for at_ms, command in [entry for entry in lot.wanted if entry[0] <= now_ms]:
        lot.wanted.remove((at_ms, command))
        _take(lot, command, now_ms)
    _next_late(lot, bidders)


def _take(lot: _Lot, command: Command, at_ms: int) -> None:
    """Give the command, and what its people do because of what follows."""
    try:
        events = decide(lot.state, command, at_ms)
    except CommandRefused:
        return
    for event in events:
        before = lot.state
        lot.state = apply(before, event)
        if place_in(before) != place_in(lot.state):
            lot.since_ms = at_ms
        _note(lot, event, at_ms)


def _note(lot: _Lot, event: Event, at_ms: int) -> None:
    course = lot.course
    course.marks.append(Mark(at_ms, event.kind))
    if event.kind == "lot.opened":
        course.opened_ms = course.opened_ms or at_ms
        _opened(lot, at_ms)
    elif event.kind == "lot.closed":
        course.ended_ms = at_ms
    elif event.kind == "leader.determined":
        announce = Act("announce", "AUCTIONEER", _ACTOR)
        lot.wanted.append((at_ms + _ANNOUNCED_AFTER_MS, announce))
    elif isinstance(event, Turn) and event.kind == "lot.failed":
        course.code = str(event.data["code"])
        course.ended_ms = course.ended_ms or (at_ms if course.opened_ms else None)


def _opened(lot: _Lot, at_ms: int) -> None:
    """The bidders are there; each bids once in the first half of the time."""
    bidders = sorted(lot.state.admitted)
    lot.wanted += [(at_ms, Enter(bidder)) for bidder in bidders]
    if lot.state.params.method == "DESCENDING" and bidders:
        _accepts(lot, at_ms, bidders[0])
    if lot.state.params.method == "DESCENDING" or lot.state.end_ms is None:
        return
    half_ms = (lot.state.end_ms - at_ms) // 2
    price = lot.state.params.starting_price_minor
    for number, bidder in enumerate(bidders, 1):
        bid = Bid(bidder, f"dry-{lot.course.lot}-{bidder}", price, confirmed=True)
        lot.wanted.append((at_ms + half_ms * number // len(bidders), bid))
        price += step_minor(lot.state.params, price)


def _accepts(lot: _Lot, at_ms: int, bidder: int) -> None:
    """Somebody takes the price half-way down."""
    params = lot.state.params
    assert params.descent is not None
    prices = descending.ladder(params)
    step = len(prices) // 2
    price = Bid(bidder, f"dry-{lot.course.lot}-{bidder}", prices[step], step)
    lot.wanted.append((at_ms + step * params.descent.interval_ms, price))


def _next_late(lot: _Lot, bidders: int) -> None:
    """Where there are many, somebody bids in the last second, as long as that extends."""
    state = lot.state
    waiting = any(isinstance(command, Bid) for _, command in lot.wanted)
    if state.status != "RUNNING" or bidders <= 2 or waiting or state.end_ms is None:
        return
    if state.params.extension is None or lot.late >= _MOST_LATE or state.price_minor is None:
        return
    lot.late += 1
    bidder = next(one for one in sorted(state.admitted) if one != state.leader)
    amount = state.price_minor + step_minor(state.params, state.price_minor)
    bid = Bid(bidder, f"dry-{lot.course.lot}-late-{lot.late}", amount, confirmed=True)
    lot.wanted.append((state.end_ms - _LATE_MS, bid))


def _conduct(session: Session, lots: Mapping[int, _Lot], now_ms: int) -> None:
    now = {number: LotNow(lot.state, lot.since_ms) for number, lot in lots.items()}
    for number, act in next_acts(session, now, now_ms, _ACTOR):
        _take(lots[number], act, now_ms)


def _moments(session: Session, lots: Mapping[int, _Lot], now_ms: int) -> Iterator[int]:
    """When something may happen next."""
    for lot in lots.values():
        due_ms = next_due_ms(lot.state)
        # Only what ends the sale: minutes, payment and delivery are other people's days.
        if due_ms is not None and stage(lot.state) != "OVER":
            yield due_ms
        yield from (at_ms for at_ms, _ in lot.wanted)
        if session.order in IN_TURN and stage(lot.state) == "WAITING":
            yield lot.state.params.start_ms - session.lead_ms


def _over(lot: _Lot) -> Course:
    course, state = lot.course, lot.state
    course.outcome = state.status
    course.price_minor = state.price_minor
    course.extensions = state.extensions
    return course
