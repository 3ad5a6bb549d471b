"""The ascending method (phương thức trả giá lên): what becomes of a bid."""

from auction_engine.rules import automatic
from auction_engine.rules.admission import barred, latest_end_ms, may_raise_himself
from auction_engine.rules.commands import Bid
from auction_engine.rules.events import BidAccepted, BidRefused, Event, LotExtended, Reason, Turn
from auction_engine.rules.increments import on_step, unusual
from auction_engine.rules.lot import PLAIN, LotState, minimum_minor

# Reasons beside which no amount would have been valid.
_HOPELESS = frozenset(
    "CLOSED PAUSED NOT_ADMITTED OUT DEPOSIT_MISSING NOT_IN_ROUND ALREADY_LEADING"
    " WRONG_METHOD".split()
)


def bid(state: LotState, offer: Bid, at_ms: int, events: list[Event]) -> None:
    """Append what the offer comes to: exactly one BidAccepted, BidRefused or MaximumSet first,
    except that a rival's maximum may be bid up to its limit before a higher bid.
    """
    minimum = minimum_minor(state)
    reason = _reason_against(state, offer, minimum)
    if reason is not None:
        possible = None if reason in _HOPELESS else minimum
        if reason == "BELOW_OWN_MAXIMUM":
            possible = automatic.least_raise(state, offer.bidder)
        events.append(
            BidRefused(offer.bidder, offer.bid_id, offer.amount_minor, reason, possible, offer.how)
        )
        return
    before = state.accepted
    if offer.automatic or state.life.maxima:
        number = automatic.bid(state, offer, events)
    else:
        number = before + 1
        events.append(
            BidAccepted(offer.bidder, offer.bid_id, offer.amount_minor, number, offer.how)
        )
    extension, end_ms = state.params.extension, state.end_ms
    if extension is not None and end_ms is not None and number > before and not state.life.stage:
        _extend(state, at_ms, number, events)


def _extend(state: LotState, at_ms: int, number: int, events: list[Event]) -> None:
    """A late bid moves the end, or calls for a further round; only before any further phase."""
    extension, end_ms = state.params.extension, state.end_ms
    assert extension is not None
    assert end_ms is not None
    if end_ms - at_ms > extension.trigger_ms or (
        extension.max_count is not None and state.extensions >= extension.max_count
    ):
        return
    if extension.mode == "ROUNDS":
        if not state.life.round_called:
            events.append(Turn("round.called", state.status, {"n": number}))
        return
    moved_ms = min(at_ms + extension.by_ms, latest_end_ms(state))
    if moved_ms > end_ms:
        events.append(LotExtended(moved_ms, number, state.extensions + 1))


def _reason_against(state: LotState, offer: Bid, minimum: int | None) -> Reason | None:
    if state.status != "RUNNING":
        return {"scheduled": "NOT_OPEN_YET", "paused": "PAUSED"}.get(  # type: ignore[return-value]
            state.phase, "CLOSED"
        )
    bidder, amount = offer.bidder, offer.amount_minor
    if bidder not in state.admitted:
        return "NOT_ADMITTED"
    if state.life is not PLAIN and (reason := barred(state, bidder)) is not None:
        return reason
    if offer.step is not None:
        return "WRONG_METHOD"
    if offer.automatic:
        if not state.params.automatic_bids:
            return "NO_AUTOMATIC_BIDS"
        if state.leader == bidder:
            return _against_own_raise(state, offer)
    elif state.leader == bidder and not may_raise_himself(state):
        return "ALREADY_LEADING"
    if minimum is None or amount < minimum:
        return "BELOW_START" if state.price_minor is None else "BELOW_MIN_INCREMENT"
    return _against_amount(state, offer)


def _against_own_raise(state: LotState, offer: Bid) -> Reason | None:
    if offer.amount_minor <= automatic.own_maximum(state, offer.bidder):
        return "BELOW_OWN_MAXIMUM"
    return _against_amount(state, offer)


def _against_amount(state: LotState, offer: Bid) -> Reason | None:
    params, price = state.params, state.price_minor
    if params.increment_rule != "MIN_DELTA" and not on_step(params, price, offer.amount_minor):
        return "NOT_ON_STEP"
    if (
        params.confirm is not None
        and not offer.confirmed
        and unusual(params, price, offer.amount_minor)
    ):
        return "CONFIRMATION_NEEDED"
    return None
