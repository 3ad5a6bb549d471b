"""What must hold between a lot's state, the next event and the state after it.

Run by the recorder before a commit, by `verify` after a read, and by the tests. Each check is
written against the law's sentence, not against the methods, so that a slip there is caught here.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from auction_engine.rules import invariants_bids as bids
from auction_engine.rules import invariants_deposits as deposits
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
from auction_engine.rules.invariants_life import InvariantBroken, check_turn
from auction_engine.rules.invariants_life import must as _must
from auction_engine.rules.invariants_sealed import check_round
from auction_engine.rules.lot import LotState

__all__ = ["InvariantBroken", "check_step"]


def check_step(before: LotState | None, event: Event, after: LotState, at_ms: int) -> None:
    """Check one step at log time `at_ms`. Raises InvariantBroken with the sentence broken."""
    if before is None:
        _check_listed(event, after)
        return
    if type(event) is Turn:
        check_turn(before, event, after, at_ms)
        deposits.check_deposits(before, event, after)
        check_round(before, event, after, at_ms)
        return
    same = _SAME[type(event)]
    _must(same(before) == same(after), f"{event.kind} changed what it must leave alone")
    _CHECKS[type(event)](before, event, after, at_ms)
    if before.life.sealed is not None:
        check_round(before, event, after, at_ms)


def _check_listed(event: Event, after: LotState) -> None:
    _must(isinstance(event, LotListed | LotDrafted), f"{event.kind} came before the lot was listed")
    status = "PUBLISHED" if isinstance(event, LotListed) else "DRAFT"
    _must(
        after == LotState(after.params, status, after.params.end_ms, {}),  # type: ignore[arg-type]
        "a newly listed lot already has a history",
    )


def _listed_again(before: LotState, event: LotListed, after: LotState, at_ms: int) -> None:
    _must(before.status in ("DRAFT", "CONTRACTED"), "a lot was listed twice")
    _must(after.status == "PUBLISHED", "a listed lot is not public")


def _drafted_again(before: LotState, event: LotDrafted, after: LotState, at_ms: int) -> None:
    raise InvariantBroken("a lot's file was begun twice")


def _check_entered(before: LotState, event: BidderEntered, after: LotState, at_ms: int) -> None:
    _must(event.bidder in before.admitted, "somebody not admitted entered the room")
    _must(after.life.present == before.life.present | {event.bidder}, "presence was lost")


def _check_extended(before: LotState, event: LotExtended, after: LotState, at_ms: int) -> None:
    rule, end_ms = before.params.extension, before.end_ms
    _must(before.status == "RUNNING", "an end moved while the lot was not open")
    if rule is None or end_ms is None:
        raise InvariantBroken("an end moved though the auction rules know no extension")
    _must(event.n == before.accepted > 0, "an end moved without an accepted bid")
    _must(event.n != before.extended_by, "one bid moved the end twice")
    _must(at_ms >= end_ms - rule.trigger_ms, "an end moved though the bid was not late")
    latest_ms = at_ms + rule.by_ms
    if rule.cap_ms is not None and before.params.end_ms is not None:
        cap_ms = before.params.end_ms + before.life.paused_ms + rule.cap_ms
        _must(event.end_ms <= cap_ms, "an end moved beyond the last possible one")
        latest_ms = min(latest_ms, cap_ms)
    _must(event.end_ms == latest_ms, "an end moved by another time than the rules say")
    _must(event.end_ms > end_ms, "an end moved backwards")
    _must(event.count == before.extensions + 1, "extensions are not numbered without a gap")
    _must(
        rule.max_count is None or event.count <= rule.max_count,
        "an end moved more often than the auction rules allow",
    )
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
    deposits.check_admitted(before, event)
    _must(
        len(after.admitted) == len(before.admitted) + 1
        and after.admitted.get(event.bidder) == (event.code, event.robot),
        "the admitted bidder is not among the admitted",
    )


def _check_opened(before: LotState, event: LotOpened, after: LotState, at_ms: int) -> None:
    _must(before.phase == "scheduled" and after.status == "RUNNING", "a lot was opened out of turn")
    _must(before.status not in ("DRAFT", "CONTRACTED", "POSTPONED"), "it was opened unpublished")
    _must(not before.life.holds or before.params.terms is None, "a lot on hold was opened")
    _must(at_ms >= before.params.start_ms, "a lot was opened before its start")
    if before.params.method == "ASCENDING":
        _must((after.end_ms, after.life) == (before.end_ms, before.life), "opening changed more")


def _check_closed(before: LotState, event: LotClosed, after: LotState, at_ms: int) -> None:
    _must(
        before.status == "RUNNING" and after.status == "BIDDING_CLOSED",
        "a lot that was not open was closed",
    )
    _must(after.life == before.life._replace(due_ms=None), "closing changed more than the status")
    descent = before.params.descent
    accepted = descent is not None and not descent.draw_same_step and before.leader is not None
    _must(
        before.end_ms is None or at_ms >= before.end_ms or accepted,
        "a lot was closed before the end in force",
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
_SAME: dict[type[Any], Callable[[LotState], Any]] = {
    LotDrafted: _all_but(),
    LotListed: _all_but("params", "status", "end_ms"),
    BidderAdmitted: _all_but("admitted"),
    BidderEntered: _all_but("life"),
    LotOpened: _all_but("status", "end_ms", "life"),
    BidAccepted: _all_but("price_minor", "leader", "accepted", "book"),
    BidAutomatic: _all_but("price_minor", "leader", "accepted", "book"),
    MaximumSet: _all_but("life"),
    BidSealed: _all_but("life"),
    BidRefused: _all_but("refused"),
    LotExtended: _all_but("end_ms", "extensions", "extended_by"),
    LotClosed: _all_but("status", "life"),
}
_CHECKS: dict[type[Any], Callable[[LotState, Any, LotState, int], None]] = {
    LotDrafted: _drafted_again,
    LotListed: _listed_again,
    BidderAdmitted: _check_admitted,
    BidderEntered: _check_entered,
    LotOpened: _check_opened,
    BidAccepted: bids.check_accepted,
    BidAutomatic: bids.check_automatic,
    MaximumSet: bids.check_maximum,
    BidSealed: bids.check_sealed,
    BidRefused: bids.check_refused,
    LotExtended: _check_extended,
    LotClosed: _check_closed,
}
