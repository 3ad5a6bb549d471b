"""What must hold between a lot's state, the next event and the state after it.

Run by the recorder before a commit, by `verify` after a read, and by the tests. Each check is
written against the law's sentence, not against `ascending`, so that a slip there is caught here.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from auction_engine.rules.events import (
    BidAccepted,
    BidderAdmitted,
    BidRefused,
    Event,
    LotClosed,
    LotExtended,
    LotListed,
    LotOpened,
)
from auction_engine.rules.lot import LotState
from auction_engine.rules.money import MAX_AMOUNT_MINOR


class InvariantBroken(AssertionError):
    """The rules produced, or the journal holds, something that must never be."""


def _must(holds: bool, text: str) -> None:
    if not holds:
        raise InvariantBroken(text)


def check_step(before: LotState | None, event: Event, after: LotState, at_ms: int) -> None:
    """Check one step at log time `at_ms`. Raises InvariantBroken with the sentence broken."""
    if before is None:
        _check_listed(event, after)
        return
    same = _SAME[type(event)]
    _must(same(before) == same(after), f"{event.kind} changed what it must leave alone")
    _CHECKS[type(event)](before, event, after, at_ms)


def _check_listed(event: Event, after: LotState) -> None:
    _must(isinstance(event, LotListed), f"{event.kind} came before the lot was listed")
    _must(
        after == LotState(after.params, "scheduled", after.params.end_ms, {}),
        "a newly listed lot already has a history",
    )


def _listed_again(before: LotState, event: LotListed, after: LotState, at_ms: int) -> None:
    raise InvariantBroken("a lot was listed twice")


def _fault_of(state: LotState, bidder: int, amount_minor: int, at_ms: int) -> str | None:
    """What makes this bid invalid, to be read after "a bid was accepted"; None for a valid bid."""
    params = state.params
    if state.phase != "open":
        return "while the lot was not open"
    if at_ms < params.start_ms:
        return "before the start"
    if state.end_ms is not None and at_ms >= state.end_ms:
        return "after the end"
    if bidder not in state.admitted:
        return "from a bidder not admitted"
    if state.leader == bidder and not params.allow_self_raise:
        return "from the leader against himself"
    if state.price_minor is None:
        floor = params.starting_price_minor
    else:
        floor = state.price_minor + params.increment_minor
    if amount_minor < floor:
        return "below the minimum"
    return "above the largest amount" if amount_minor > MAX_AMOUNT_MINOR else None


def _check_accepted(before: LotState, event: BidAccepted, after: LotState, at_ms: int) -> None:
    fault = _fault_of(before, event.bidder, event.amount_minor, at_ms)
    _must(fault is None, f"a bid was accepted {fault}")
    _must(event.n == before.accepted + 1, "accepted bids are not numbered without a gap")
    _must(
        (after.price_minor, after.leader, after.accepted)
        == (event.amount_minor, event.bidder, event.n),
        "the price is not the last accepted bid",
    )


def _check_refused(before: LotState, event: BidRefused, after: LotState, at_ms: int) -> None:
    fault = _fault_of(before, event.bidder, event.amount_minor, at_ms)
    _must(fault is not None, "a valid bid was refused")
    _must(after.refused == before.refused + 1, "a refused bid was not counted")


def _check_extended(before: LotState, event: LotExtended, after: LotState, at_ms: int) -> None:
    rule, end_ms = before.params.extension, before.end_ms
    _must(before.phase == "open", "an end moved while the lot was not open")
    if rule is None or end_ms is None:
        raise InvariantBroken("an end moved though the auction rules know no extension")
    _must(event.n == before.accepted > 0, "an end moved without an accepted bid")
    _must(event.n != before.extended_by, "one bid moved the end twice")
    _must(at_ms >= end_ms - rule.trigger_ms, "an end moved though the bid was not late")
    _must(event.end_ms == at_ms + rule.by_ms, "an end moved by another time than the rules say")
    _must(event.end_ms > end_ms, "an end moved backwards")
    _must(event.count == before.extensions + 1, "extensions are not numbered without a gap")
    _must(event.count <= rule.max_count, "an end moved more often than the auction rules allow")
    _must(
        (after.end_ms, after.extensions, after.extended_by) == (event.end_ms, event.count, event.n),
        "the end in force is not the last extension's",
    )


def _check_admitted(before: LotState, event: BidderAdmitted, after: LotState, at_ms: int) -> None:
    _must(before.phase != "closed", "a bidder was admitted to a closed lot")
    _must(event.bidder not in before.admitted, "a bidder was admitted twice")
    _must(
        all(event.code != known.code for known in before.admitted.values()),
        "two bidders have one code",
    )
    _must(
        len(after.admitted) == len(before.admitted) + 1
        and after.admitted.get(event.bidder) == (event.code, event.robot),
        "the admitted bidder is not among the admitted",
    )


def _check_opened(before: LotState, event: LotOpened, after: LotState, at_ms: int) -> None:
    _must(before.phase == "scheduled" and after.phase == "open", "a lot was opened out of turn")
    _must(at_ms >= before.params.start_ms, "a lot was opened before its start")


def _check_closed(before: LotState, event: LotClosed, after: LotState, at_ms: int) -> None:
    _must(before.phase == "open" and after.phase == "closed", "a lot that was not open was closed")
    _must(
        before.end_ms is None or at_ms >= before.end_ms, "a lot was closed before the end in force"
    )
    _must(
        (event.leader, event.price_minor, event.n)
        == (before.leader, before.price_minor, before.accepted),
        "the result is not the highest recorded bid",
    )


def _all_but(*changed: str) -> Callable[[LotState], Any]:
    kept = [i for i, name in enumerate(LotState._fields) if name not in changed]
    return itemgetter(*kept)


# What each event must leave as it was, and the check of what it may change.
_SAME: dict[type[Event], Callable[[LotState], Any]] = {
    LotListed: _all_but(),
    BidderAdmitted: _all_but("admitted"),
    LotOpened: _all_but("phase"),
    BidAccepted: _all_but("price_minor", "leader", "accepted"),
    BidRefused: _all_but("refused"),
    LotExtended: _all_but("end_ms", "extensions", "extended_by"),
    LotClosed: _all_but("phase"),
}
_CHECKS: dict[type[Event], Callable[[LotState, Any, LotState, int], None]] = {
    LotListed: _listed_again,
    BidderAdmitted: _check_admitted,
    LotOpened: _check_opened,
    BidAccepted: _check_accepted,
    BidRefused: _check_refused,
    LotExtended: _check_extended,
    LotClosed: _check_closed,
}
