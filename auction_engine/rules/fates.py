"""What becomes of each bidder's deposit, as far as the lot's history decides it.

A pure function of the lot's state: the accounts follow it, never the other way round. Each deposit
has exactly one fate at any time. Only the five grounds of Law 01/2016 Art. 39(6), and the default
of a winner who made the contract (Decree 152/2026 Art. 65(5)), forfeit one; a stop or a technical
fault is nobody's fault.
"""

from typing import Literal, NamedTuple

from auction_engine.rules import deposits
from auction_engine.rules.closing import runner_up_may_buy
from auction_engine.rules.lot import BEFORE_OPENING, LotState
from auction_engine.rules.turns import void

Kind = Literal["HELD", "REFUND_DUE", "EARNEST", "FORFEITED"]


class Fate(NamedTuple):
    """`ground` and `beneficiary` are of FORFEITED deposits only.

    HELD: the auction, a claim of force majeure or a possible offer to the runner-up is not over.
    REFUND_DUE: to be returned with interest (Art. 39(4)). EARNEST: the winner's, part of the price
    (Art. 39(5)).
    """

    kind: Kind
    ground: str | None = None
    beneficiary: str | None = None


HELD, REFUND_DUE, EARNEST = Fate("HELD"), Fate("REFUND_DUE"), Fate("EARNEST")
_DURING = frozenset(
    (*BEFORE_OPENING, "RUNNING", "PAUSED", "BIDDING_CLOSED", "AWAIT_OWNER_CONSENT")
) | {"LEADER_DETERMINED"}
_SOLD = frozenset(
    "ANNOUNCED AWAIT_PAYMENT PAYMENT_DEFAULT PAID DELIVERED TITLE_FILED PROCEEDS_DISTRIBUTED"
    " CLOSED".split()
)


def deposit_fates(state: LotState) -> dict[int, Fate]:
    """The fate of the deposit of each bidder who handed in a dossier or was admitted.

    Where the journal records them, of those that are held: one released has left the lot's hands,
    and an exemption is nothing to give back.
    """
    bidders = sorted({*state.life.registered, *state.admitted})
    if deposits.recorded(state):
        held = state.life.deposits.items()
        bidders = sorted(bidder for bidder, deposit in held if deposit.means != "EXEMPT")
    return {bidder: _fate(state, bidder) for bidder in bidders}


def _fate(state: LotState, bidder: int) -> Fate:
    life, terms = state.life, state.params.terms
    ground = life.forfeits.get(bidder)
    if ground is not None and terms is not None and not _nobodys_fault(state):
        return Fate("FORFEITED", ground, terms.beneficiary(ground))
    if life.registered.get(bidder) in ("REFUSED", "WITHDRAWN"):
        return REFUND_DUE
    if state.status in _DURING:
        return HELD
    if state.status in _SOLD and bidder == life.winner:
        return EARNEST
    if _may_still_buy(state, bidder) or _absence_open(state, bidder):
        return HELD
    return REFUND_DUE


def _nobodys_fault(state: LotState) -> bool:
    """What a technical fault undid counts as not held (Decree 62/2017 Art. 16a(4))."""
    undone = state.status in ("STOPPED", "ANNULLED")
    return undone and state.life.ground == "TECHNICAL_FAULT"


def _may_still_buy(state: LotState, bidder: int) -> bool:
    """The runner-up, while the property is or may yet be offered to him (Art. 51(1))."""
    if state.status == "RUNNER_UP_OFFERED":
        return bidder == state.leader
    life = state.life
    if state.status != "ANNOUNCED" or life.winner is None or "WINNER" in life.signed:
        return False
    without = void(state, life.winner, "REFUSED_WIN")
    return bidder == without.leader and runner_up_may_buy(life.award_minor, without)


def _absence_open(state: LotState, bidder: int) -> bool:
    """Whether it is not decided yet if the bidder's absence was excused (Art. 39(6)a)."""
    life = state.life
    if state.status in ("STOPPED", "ANNULLED") or bidder not in life.absent:
        return False
    return bidder not in life.excused and bidder not in life.out
