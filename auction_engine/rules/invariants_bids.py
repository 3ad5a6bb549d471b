"""What must hold of every bid: manual, automatic, sealed, refused; checked beside `invariants`."""

from auction_engine.rules import descending
from auction_engine.rules.admission import may_raise_himself
from auction_engine.rules.deposits import recorded
from auction_engine.rules.events import BidAccepted, BidAutomatic, BidRefused, BidSealed, MaximumSet
from auction_engine.rules.increments import on_step, step_minor, unusual
from auction_engine.rules.invariants_life import must
from auction_engine.rules.lot import PLAIN, Life, LotState
from auction_engine.rules.money import MAX_AMOUNT_MINOR

# Reasons to refuse a bid whose amount and bidder would be valid.
_FOR_VALID_AMOUNTS = frozenset(
    "CONFIRMATION_NEEDED STALE_PRICE WRONG_METHOD NO_AUTOMATIC_BIDS BELOW_OWN_MAXIMUM"
    " ALREADY_ACCEPTED UNREADABLE".split()
)


def _fault_of(state: LotState, bidder: int, amount_minor: int, at_ms: int) -> str | None:
    """What makes this bid invalid, to be read after "a bid was accepted"; None for a valid bid."""
    params = state.params
    if state.status != "RUNNING":
        return "while the lot was not open"
    if at_ms < params.start_ms:
        return "before the start"
    if state.end_ms is not None and at_ms >= state.end_ms:
        return "after the end"
    if bidder not in state.admitted:
        return "from a bidder not admitted"
    if state.life is not PLAIN and (fault := _excluded(state.life, state, bidder)):
        return fault
    return _fault_of_amount(state, bidder, amount_minor, at_ms)


def _fault_of_amount(state: LotState, bidder: int, amount_minor: int, at_ms: int) -> str | None:
    params = state.params
    if amount_minor > MAX_AMOUNT_MINOR:
        return "above the largest amount"
    if params.descent is not None and state.method == "DESCENDING":
        if amount_minor != descending.price_at(state, at_ms):
            return "at another price than the one that stood"
        return None
    if state.leader == bidder and not may_raise_himself(state):
        return "from the leader against himself"
    if state.price_minor is None:
        floor = params.starting_price_minor
    else:
        floor = state.price_minor + step_minor(params, state.price_minor)
    if amount_minor < floor:
        return "below the minimum"
    if params.increment_rule != "MIN_DELTA" and not on_step(
        params, state.price_minor, amount_minor
    ):
        return "between the steps"
    return None


def _excluded(life: Life, state: LotState, bidder: int) -> str | None:
    if bidder in life.out:
        return "from a bidder whose bids are void"
    if recorded(state) and bidder not in life.deposits:
        return "from a bidder without a deposit"
    if life.in_round is not None and bidder not in life.in_round:
        return "from a bidder not in the round"
    if life.stage:
        admission = state.params.phases[life.stage - 1].admission
        if admission != "ALL" and (admission == "LEADER") != (bidder == life.front):
            return "from a bidder not in the phase"
    return None


def check_accepted(before: LotState, event: BidAccepted, after: LotState, at_ms: int) -> None:
    must(event.n == before.accepted + 1, "accepted bids are not numbered without a gap")
    fault = _fault_of(before, event.bidder, event.amount_minor, at_ms)
    if fault is not None:
        must(_equal_to_maximum(before, event), f"a bid was accepted {fault}")
        must(after.leader == before.leader, "the later of two equal maxima leads")
        return
    descent = before.params.descent
    if descent is not None and before.leader is not None and before.method == "DESCENDING":
        must(descent.draw_same_step, "a price was accepted twice")
        must(after.leader == before.leader, "a later equal acceptance took the lead")
        return
    _check_price(event, after)


def _check_price(event: BidAccepted | BidAutomatic, after: LotState) -> None:
    must(
        (after.price_minor, after.leader, after.accepted)
        == (event.amount_minor, event.bidder, event.n),
        "the price is not the last accepted bid",
    )
    book = after.book
    must(
        book is not None and book[:3] == (event.bidder, event.amount_minor, event.n),
        "the last accepted bid is not the best in the book",
    )


def _equal_to_maximum(before: LotState, event: BidAccepted | BidAutomatic) -> bool:
    """Whether the bid is as high as a maximum of somebody else that has just been bid."""
    leader, book = before.leader, before.book
    if leader is None or leader == event.bidder or event.amount_minor != before.price_minor:
        return False
    maximum = before.life.maxima.get(leader, (0, 0))[0]
    return maximum == event.amount_minor and book is not None and book.n == before.accepted


def check_automatic(before: LotState, event: BidAutomatic, after: LotState, at_ms: int) -> None:
    maximum, order = before.life.maxima.get(event.bidder, (0, 0))
    must(before.status == "RUNNING", "an automatic bid was made while the lot was not open")
    fault = _excluded(before.life, before, event.bidder)
    must(fault is None, f"an automatic bid was made {fault}")
    must(event.amount_minor <= maximum, "an automatic bid went above its maximum")
    must(event.n == before.accepted + 1, "accepted bids are not numbered without a gap")
    price = before.price_minor
    if price is None:
        must(event.amount_minor >= before.params.starting_price_minor, "it began below the start")
    elif event.amount_minor == price:
        must(event.amount_minor == maximum, "an equal automatic bid was made for no reason")
        must(_equal_to_maximum(before, event), "it equals no maximum of another")
        must(before.life.maxima[before.leader or 0][1] < order, "the later maximum was first")
        must(after.leader == before.leader, "the later of two equal maxima leads")
        return
    else:
        enough = event.amount_minor >= price + step_minor(before.params, price)
        must(event.amount_minor > price, "an automatic bid lowered the price")
        must(enough or event.amount_minor == maximum or before.leader == event.bidder, "too small")
    _check_price(event, after)


def check_maximum(before: LotState, event: MaximumSet, after: LotState, at_ms: int) -> None:
    must(before.params.automatic_bids, "a maximum was set on a lot without automatic bids")
    must(before.status == "RUNNING", "a maximum was set while the lot was not open")
    must(_excluded(before.life, before, event.bidder) is None, "a maximum of one not in it")
    known = after.life.maxima.get(event.bidder, (0, 0))[0]
    must(known == event.amount_minor, "the maximum recorded is not the one set")


def check_sealed(before: LotState, event: BidSealed, after: LotState, at_ms: int) -> None:
    must(before.status == "RUNNING" and before.method == "SEALED", "a box came out of turn")
    must(before.end_ms is None or at_ms < before.end_ms, "a box came after the end")
    must(event.bidder in before.admitted, "a box came from a bidder not admitted")
    must(_excluded(before.life, before, event.bidder) is None, "a box came from one not in it")
    must(
        after.price_minor == before.price_minor and after.leader == before.leader,
        "a sealed bid showed something",
    )


def check_refused(before: LotState, event: BidRefused, after: LotState, at_ms: int) -> None:
    if event.reason in _FOR_VALID_AMOUNTS:
        must(event.reason != "CONFIRMATION_NEEDED" or _unusual(before, event), "no need to ask")
    elif event.amount_minor is not None:
        fault = _fault_of(before, event.bidder, event.amount_minor, at_ms)
        must(fault is not None, "a valid bid was refused")
    must(after.refused == before.refused + 1, "a refused bid was not counted")


def _unusual(state: LotState, event: BidRefused) -> bool:
    return event.amount_minor is not None and unusual(
        state.params, state.price_minor, event.amount_minor
    )
