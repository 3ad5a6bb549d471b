"""What must hold of deposits on record: checked beside `invariants_life` and `invariants_bids`."""

from auction_engine.rules.events import BidderAdmitted, Turn
from auction_engine.rules.grounds import RELEASES
from auction_engine.rules.invariants_life import must
from auction_engine.rules.lot import LotState
from auction_engine.rules.terms import Terms


def check_deposits(before: LotState, turn: Turn, after: LotState) -> None:
    """Check what a turn makes of the deposits. Raises InvariantBroken."""
    if turn.kind == "deposit.held":
        _check_held(before, turn, after)
    elif turn.kind == "deposit.released":
        _check_released(before, turn, after)
    else:
        must(after.life.deposits is before.life.deposits, f"{turn.kind} changed the deposits")


def check_admitted(before: LotState, event: BidderAdmitted) -> None:
    """Law 01/2016 Art. 38(1), 39(1): no deposit, no part in the auction."""
    if _recording(before) is not None:
        must(event.bidder in before.life.deposits, "a bidder without a deposit was admitted")


def _recording(state: LotState) -> Terms | None:
    terms = state.params.terms
    return terms if terms is not None and terms.deposits == "RECORDED" else None


def _check_held(before: LotState, turn: Turn, after: LotState) -> None:
    terms, data, known = _recording(before), turn.data, before.life.deposits
    bidder, means = data["bidder"], data["means"]
    must(terms is not None, "a deposit was recorded where none are")
    assert terms is not None
    must(bidder not in known, "a bidder has two deposits")
    must(bidder not in before.life.out, "a deposit was taken of a bidder who is out")
    must(means in terms.deposit_means, "a deposit was made in a way that the rules do not take")
    least = 0 if means == "EXEMPT" else terms.deposit_minor
    must(data["amount_minor"] >= least, "a deposit is less than what was asked for")
    must((means == "EXEMPT") == (data["amount_minor"] == 0), "an exemption of something was paid")
    others = {held.transfer for held in known.values()} - {0}
    must(data["transfer"] not in others, "one transfer is the deposit of two bidders")
    held = (data["amount_minor"], means, data["transfer"])
    must(after.life == before.life._replace(deposits=after.life.deposits), "it changed more")
    must(after.life.deposits == {**known, bidder: held}, "the deposit held is not on record")


def _check_released(before: LotState, turn: Turn, after: LotState) -> None:
    bidder, known = turn.data["bidder"], before.life.deposits
    must(bidder in known, "a deposit was released that was not held")
    fitting = RELEASES.get(turn.data["ground"], ())
    must(known[bidder].means in fitting, "a deposit was released on a ground that does not fit")
    must(bidder not in before.life.forfeits, "a forfeited deposit was released")
    must(after.life == before.life._replace(deposits=after.life.deposits), "it changed more")
    left = {other: held for other, held in known.items() if other != bidder}
    must(after.life.deposits == left, "the deposits left are not those not released")
    must(after.book is before.book, "a released deposit made bids void")
