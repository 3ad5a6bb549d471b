"""What events make of the lot: `apply`, whatever its method and wherever in its life."""

from collections.abc import Callable
from typing import Any

from auction_engine.rules import descending, sealed, turns
from auction_engine.rules.events import (
    BidAccepted,
    BidAutomatic,
    BidderAdmitted,
    BidderEntered,
    BidRefused,
    BidSealed,
    Event,
    LotClosed,
    LotDrafted,
    LotExtended,
    LotListed,
    LotOpened,
    MaximumSet,
    Turn,
)
from auction_engine.rules.lot import Bidder, Falling, LotState, Sealed, Standing, standings

# The chain of valid bids is cut down to each bidder's best as often as this.
_COMPACT_EVERY = 4_096


def apply(state: LotState | None, event: Event) -> LotState:
    """The state after `event`.

    Raises ValueError for a second LotListed or for anything before the first. Beyond that the
    caller answers for the event coming from `decide`; `invariants.check_step` checks the step.
    """
    if state is None:
        if isinstance(event, LotListed | LotDrafted):
            return _new(event)
        raise ValueError(f"{event.kind} before the lot was listed")
    return _APPLY[type(event)](state, event)


def _new(event: LotListed | LotDrafted) -> LotState:
    status = "PUBLISHED" if isinstance(event, LotListed) else "DRAFT"
    return LotState(event.params, status, event.params.end_ms, {})  # type: ignore[arg-type]


def _listed(state: LotState, event: LotListed) -> LotState:
    if state.status not in ("DRAFT", "CONTRACTED"):
        raise ValueError("a lot is listed only once")
    return state._replace(params=event.params, status="PUBLISHED", end_ms=event.params.end_ms)


def _drafted(state: LotState, event: LotDrafted) -> LotState:
    raise ValueError("a lot's file is begun only once")


def _opened(state: LotState, _: LotOpened) -> LotState:
    life, end_ms = state.life, state.end_ms
    if state.params.method == "DESCENDING":
        falling = Falling(0, state.params.start_ms)
        life, end_ms = life._replace(falling=falling), descending.end_of(state.params, falling)
    elif state.params.method == "SEALED":
        life = life._replace(sealed=Sealed())
    return state._replace(status="RUNNING", life=life, end_ms=end_ms)


def _accepted(state: LotState, event: BidAccepted) -> LotState:
    # Written out because `_replace` costs three times as much, on the hottest path there is.
    n, book = event.n, state.book
    if n % _COMPACT_EVERY == 0:
        book = _compact(state)
    if state.leader is not None and event.amount_minor == state.price_minor:
        return _beside(state, event, book)
    return LotState(
        state.params,
        state.status,
        state.end_ms,
        state.admitted,
        event.amount_minor,
        event.bidder,
        n,
        state.refused,
        state.extensions,
        state.extended_by,
        Standing(event.bidder, event.amount_minor, n, book),
        state.life,
    )


def _beside(state: LotState, event: BidAccepted | BidAutomatic, book: Standing | None) -> LotState:
    """An equal bid stands behind its equals and does not lead.

    A later acceptance of the same step, till lots are drawn; or a bid as high as a maximum that
    was set before it.
    """
    equals = []
    while book is not None and book.amount_minor == event.amount_minor:
        equals.append(book)
        book = book.below
    book = Standing(event.bidder, event.amount_minor, event.n, book)
    for node in reversed(equals):
        book = node._replace(below=book)
    return state._replace(accepted=event.n, book=book)


def _automatic(state: LotState, event: BidAutomatic) -> LotState:
    book = _compact(state) if event.n % _COMPACT_EVERY == 0 else state.book
    if state.leader is not None and event.amount_minor == state.price_minor:
        return _beside(state, event, book)
    return state._replace(
        price_minor=event.amount_minor,
        leader=event.bidder,
        accepted=event.n,
        book=Standing(event.bidder, event.amount_minor, event.n, book),
    )


def _compact(state: LotState) -> Standing | None:
    """Only the best bid of each bidder can ever matter again."""
    book: Standing | None = None
    for node in reversed(list(standings(state))):
        book = node._replace(below=book)
    return book


def _refused(state: LotState, _: BidRefused) -> LotState:
    return state._replace(refused=state.refused + 1)


def _maximum(state: LotState, event: MaximumSet) -> LotState:
    maxima = state.life.maxima
    order = 1 + max((order for _, order in maxima.values()), default=0)
    known = {**maxima, event.bidder: (event.amount_minor, order)}
    return state._replace(life=state.life._replace(maxima=known))


def _extended(state: LotState, event: LotExtended) -> LotState:
    return state._replace(end_ms=event.end_ms, extensions=event.count, extended_by=event.n)


def _admitted(state: LotState, event: BidderAdmitted) -> LotState:
    known = {**state.admitted, event.bidder: Bidder(event.code, event.robot)}
    return state._replace(admitted=known)


def _entered(state: LotState, event: BidderEntered) -> LotState:
    present = state.life.present | {event.bidder}
    return state._replace(life=state.life._replace(present=present))


def _closed(state: LotState, _: LotClosed) -> LotState:
    return state._replace(status="BIDDING_CLOSED", life=state.life._replace(due_ms=None))


_APPLY: dict[type[Any], Callable[[LotState, Any], LotState]] = {
    BidAccepted: _accepted,
    BidRefused: _refused,
    BidAutomatic: _automatic,
    MaximumSet: _maximum,
    BidSealed: sealed.kept,
    LotExtended: _extended,
    BidderAdmitted: _admitted,
    BidderEntered: _entered,
    LotDrafted: _drafted,
    LotListed: _listed,
    LotOpened: _opened,
    LotClosed: _closed,
    Turn: turns.apply,
}
