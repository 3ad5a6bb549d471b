"""The ascending method (phương thức trả giá lên): `decide` and `apply`.

decide(state, command, at_ms) -> events      what the rules make of a command ordered at `at_ms`
apply(state, event)           -> state       what an event makes of the lot

`decide` first does what the log's time makes due (opening, close), so a bid ordered at or after
the end finds a closed lot however late the clock's own tick arrives.
"""

from collections.abc import Callable
from typing import Any

from auction_engine.rules.commands import Admit, Bid, CloseLot, Command, CommandRefused, ListLot
from auction_engine.rules.events import (
    BidAccepted,
    BidderAdmitted,
    BidRefused,
    Event,
    LotClosed,
    LotExtended,
    LotListed,
    LotOpened,
    Reason,
)
from auction_engine.rules.lot import Bidder, LotState, minimum_minor


def decide(state: LotState | None, command: Command, at_ms: int) -> list[Event]:
    """Events that follow from `command` at log time `at_ms` (UTC ms); empty if none.

    `state` is None only before the lot is listed. A bid always gives exactly one BidAccepted or
    BidRefused. Raises CommandRefused for other commands the state does not allow.
    """
    if state is None:
        if not isinstance(command, ListLot):
            raise CommandRefused("UNKNOWN_LOT", "The lot is not listed.")
        return _list(command, at_ms)
    events: list[Event] = []
    while (due := _due(state, at_ms)) is not None:
        events.append(due)
        state = apply(state, due)
    if isinstance(command, Bid):
        _bid(state, command, at_ms, events)
    elif isinstance(command, Admit):
        events.append(_admit(state, command))
    elif isinstance(command, CloseLot):
        events.append(_close_by_hand(state))
    elif isinstance(command, ListLot):
        raise CommandRefused("ALREADY_LISTED", "The lot is already listed.")
    return events


def next_due_ms(state: LotState) -> int | None:
    """The log time (UTC ms) at which something next happens by itself, or None."""
    if state.phase == "scheduled":
        return state.params.start_ms
    return state.end_ms if state.phase == "open" else None


def _list(command: ListLot, at_ms: int) -> list[Event]:
    end_ms = command.params.end_ms
    if end_ms is not None and end_ms <= at_ms:
        raise CommandRefused("WINDOW_PAST", "The lot's window is already over.")
    listed = LotListed(command.params)
    due = _due(apply(None, listed), at_ms)
    return [listed] if due is None else [listed, due]


def _due(state: LotState, at_ms: int) -> Event | None:
    due_ms = next_due_ms(state)
    if due_ms is None or at_ms < due_ms:
        return None
    if state.phase == "scheduled":
        return LotOpened()
    return LotClosed(state.leader, state.price_minor, state.accepted)


def _admit(state: LotState, command: Admit) -> Event:
    if state.phase == "closed":
        raise CommandRefused("CLOSED", "The lot is closed.")
    if command.bidder in state.admitted:
        raise CommandRefused("ALREADY_ADMITTED", "The bidder is already admitted.")
    if any(known.code == command.code for known in state.admitted.values()):
        raise CommandRefused("CODE_TAKEN", f"The code {command.code} belongs to another bidder.")
    return BidderAdmitted(command.bidder, command.code, command.robot)


def _close_by_hand(state: LotState) -> Event:
    if state.params.closed_by != "AUCTIONEER" or state.phase != "open":
        raise CommandRefused("NOT_YOURS_TO_CLOSE", "This lot is not open or its clock closes it.")
    return LotClosed(state.leader, state.price_minor, state.accepted)


def _bid(state: LotState, bid: Bid, at_ms: int, events: list[Event]) -> None:
    minimum = minimum_minor(state)
    reason = _reason_against(state, bid, minimum)
    if reason is not None:
        possible = None if reason in ("CLOSED", "NOT_ADMITTED", "ALREADY_LEADING") else minimum
        events.append(BidRefused(bid.bidder, bid.bid_id, bid.amount_minor, reason, possible))
        return
    number = state.accepted + 1
    events.append(BidAccepted(bid.bidder, bid.bid_id, bid.amount_minor, number))
    extension, end_ms = state.params.extension, state.end_ms
    if extension is None or end_ms is None or state.extensions >= extension.max_count:
        return
    moved_ms = at_ms + extension.by_ms
    if end_ms - at_ms <= extension.trigger_ms and moved_ms > end_ms:
        events.append(LotExtended(moved_ms, number, state.extensions + 1))


def _reason_against(state: LotState, bid: Bid, minimum: int | None) -> Reason | None:
    if state.phase != "open":
        return "CLOSED" if state.phase == "closed" else "NOT_OPEN_YET"
    if bid.bidder not in state.admitted:
        return "NOT_ADMITTED"
    if state.leader == bid.bidder and not state.params.allow_self_raise:
        return "ALREADY_LEADING"
    if minimum is None or bid.amount_minor < minimum:
        return "BELOW_START" if state.price_minor is None else "BELOW_MIN_INCREMENT"
    return None


def apply(state: LotState | None, event: Event) -> LotState:
    """The state after `event`.

    Raises ValueError for a second LotListed or for anything before the first. Beyond that the
    caller answers for the event coming from `decide`; `invariants.check_step` checks the step.
    """
    if isinstance(event, LotListed):
        if state is not None:
            raise ValueError("a lot is listed only once")
        return LotState(event.params, "scheduled", event.params.end_ms, {})
    if state is None:
        raise ValueError(f"{event.kind} before the lot was listed")
    return _APPLY[type(event)](state, event)


def _accepted(state: LotState, event: BidAccepted) -> LotState:
    # Written out because `_replace` costs three times as much, on the hottest path there is.
    return LotState(
        state.params,
        state.phase,
        state.end_ms,
        state.admitted,
        event.amount_minor,
        event.bidder,
        event.n,
        state.refused,
        state.extensions,
        state.extended_by,
    )


def _refused(state: LotState, event: BidRefused) -> LotState:
    return state._replace(refused=state.refused + 1)


def _extended(state: LotState, event: LotExtended) -> LotState:
    return state._replace(end_ms=event.end_ms, extensions=event.count, extended_by=event.n)


def _admitted(state: LotState, event: BidderAdmitted) -> LotState:
    known = {**state.admitted, event.bidder: Bidder(event.code, event.robot)}
    return state._replace(admitted=known)


_APPLY: dict[type[Event], Callable[[LotState, Any], LotState]] = {
    BidAccepted: _accepted,
    BidRefused: _refused,
    LotExtended: _extended,
    BidderAdmitted: _admitted,
    LotOpened: lambda state, _: state._replace(phase="open"),
    LotClosed: lambda state, _: state._replace(phase="closed"),
}
