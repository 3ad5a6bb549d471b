"""Deposits (tiền đặt trước) as the journal knows them: held, no longer held, and what that allows.

A lot of which `terms.deposits` is RECORDED lets nobody in, and takes no bid from anybody, without a
deposit on record (Law 01/2016 Arts. 38(1), 39(1); Decree 62/2017 Art. 10(2)). One that is OUTSIDE
leaves that to whoever admits.

`deposit.held` follows the books, or a paper: money of one transfer, a guarantee, a hold on a card,
an exemption. When the money came in time is judged by the books, by its value date: the entry may
come later, while the bidding runs too, since a deposit that is missing can be made good.

`deposit.released` says that a deposit is no longer there. It voids nothing: bids made while it was
held were valid; the cases in which bids become void or deposits are lost are closed (Arts. 39(6),
39(7), 50), and a bank's reversal is none of them. So a leader stays the leader, and a box that is
in stays in, until people act: they pause, stop, or announce, or the deposit is made good. Meanwhile
he bids no more, nor does his maximum. Without a deposit nothing can be forfeited, none of the price
is paid (Art. 39(5)), and nothing is added to a runner-up's bid (Art. 51(1)).
"""

from collections.abc import Callable
from typing import Any

from auction_engine.rules.commands import Act
from auction_engine.rules.grounds import RELEASES
from auction_engine.rules.lot import Deposit, LotState, Status

# What is money in the books; a guarantee and a hold on a card are promises of it.
MONEY = ("TRANSFER", "CASH")


def recorded(state: LotState) -> bool:
    """Whether the journal of this lot knows the deposits."""
    terms = state.params.terms
    return terms is not None and terms.deposits == "RECORDED"


def missing(state: LotState, bidder: int) -> bool:
    """Whether the bidder needs a deposit on record and has none."""
    terms = state.params.terms
    return terms is not None and terms.deposits == "RECORDED" and bidder not in state.life.deposits


def without(state: LotState) -> set[int]:
    """The admitted whose deposit is no longer held: they are not entitled to bid."""
    return set(state.admitted) - set(state.life.deposits) if recorded(state) else set()


def can_be_lost(state: LotState, bidder: int) -> bool:
    """Whether there is a deposit to forfeit; as far as is known, where they are kept outside."""
    if not recorded(state):
        return True
    held = state.life.deposits.get(bidder)
    return held is not None and held.means != "EXEMPT"


def credited_minor(state: LotState) -> int:
    """What the winner's deposit has paid of the price (Art. 39(5); minor units)."""
    terms, winner = state.params.terms, state.life.winner
    if terms is None or not recorded(state):
        return 0 if terms is None else terms.deposit_minor
    held = None if winner is None else state.life.deposits.get(winner)
    return held.amount_minor if held is not None and held.means in MONEY else 0


def covering_minor(state: LotState) -> int:
    """What the refuser's lost deposit adds to the runner-up's bid (Art. 51(1); minor units).

    Never more than the deposit that was asked for, whatever lies there.
    """
    terms, refuser = state.params.terms, state.life.winner
    if terms is None or not recorded(state):
        return 0 if terms is None else terms.deposit_minor
    held = None if refuser is None else state.life.deposits.get(refuser)
    return 0 if held is None else min(held.amount_minor, terms.deposit_minor)


# --- what the acts need -----------------------------------------------------------------------


def _bidder(act: Act) -> int:
    return int(act.data["bidder"])


def _may_deposit(state: LotState, act: Act, _: int) -> bool:
    """Whoever has a dossier here; where none are handed in, anybody who was not sent away."""
    terms, bidder = state.params.terms, _bidder(act)
    word = state.life.registered.get(bidder)
    if bidder in state.admitted or word == "REGISTERED":
        return True
    return word is None and terms is not None and terms.registration_open_ms is None


def _means_allowed(state: LotState, act: Act, _: int) -> bool:
    terms = state.params.terms
    return terms is not None and act.data["means"] in terms.deposit_means


def _enough(state: LotState, act: Act, _: int) -> bool:
    """At least what was asked for; nothing of who is exempt."""
    terms, amount = state.params.terms, act.data["amount_minor"]
    if act.data["means"] == "EXEMPT":
        return bool(amount == 0)
    return terms is not None and bool(amount >= terms.deposit_minor)


def _transfer_named(_: LotState, act: Act, __: int) -> bool:
    means, transfer = act.data["means"], act.data["transfer"]
    return bool(transfer > 0) if means in MONEY else means != "EXEMPT" or transfer == 0


def _transfer_new(state: LotState, act: Act, _: int) -> bool:
    """One transfer is one bidder's deposit."""
    transfer = act.data["transfer"]
    return not transfer or all(transfer != held.transfer for held in state.life.deposits.values())


def _release_fits(state: LotState, act: Act, _: int) -> bool:
    bidder, ground = _bidder(act), act.data["ground"]
    if ground == "WITHDRAWN" and state.life.registered.get(bidder) not in ("WITHDRAWN", "REFUSED"):
        return False
    return state.life.deposits[bidder].means in RELEASES[ground]


# name: (test, refusal code, what to do about it)
GUARDS: dict[str, tuple[Callable[[LotState, Act, int], bool], str, str]] = {
    "deposits_recorded": (lambda s, a, t: recorded(s), "DEPOSITS_OUTSIDE",
        "The deposits of this lot are kept outside its record; whoever admits answers for them."),
    "may_deposit": (_may_deposit, "NOT_REGISTERED",
        "This bidder has no dossier here; the money is not a deposit for this lot."),
    "no_deposit": (lambda s, a, t: _bidder(a) not in s.life.deposits, "DEPOSIT_HELD",
        "This bidder's deposit is on record already; release it first if it is another."),
    "means_allowed": (_means_allowed, "MEANS_NOT_ALLOWED",
        "The rules of this lot do not take a deposit in this way; ask for another."),
    "deposit_enough": (_enough, "DEPOSIT_TOO_SMALL",
        "It is less than the deposit asked for; wait for the rest. An exempt bidder pays nothing."),
    "transfer_named": (_transfer_named, "TRANSFER_UNKNOWN",
        "Name the transfer in the books by which the money came; an exemption has none."),
    "transfer_new": (_transfer_new, "TRANSFER_USED",
        "This transfer is another bidder's deposit; release that one first."),
    "deposit_held": (lambda s, a, t: _bidder(a) in s.life.deposits, "DEPOSIT_MISSING",
        "No deposit of this bidder is on record."),
    "release_ground": (lambda s, a, t: a.data["ground"] in RELEASES, "UNKNOWN_GROUND",
        "Choose one of the grounds on which a deposit is no longer held."),
    "release_fits": (_release_fits, "GROUND_DOES_NOT_FIT",
        "This ground belongs to another kind of deposit, or to a dossier taken back or refused."),
    "deposit_not_lost": (lambda s, a, t: _bidder(a) not in s.life.forfeits, "DEPOSIT_LOST",
        "This deposit is forfeited; what becomes of it is for the accounts."),
}  # fmt: skip


# --- what the turns make of the lot -----------------------------------------------------------

Data = dict[str, Any]


def _held(state: LotState, data: Data, _: Status) -> LotState:
    deposit = Deposit(data["amount_minor"], data["means"], data["transfer"])
    return _with(state, {**state.life.deposits, data["bidder"]: deposit})


def _released(state: LotState, data: Data, _: Status) -> LotState:
    known = state.life.deposits
    return _with(state, {other: known[other] for other in known if other != data["bidder"]})


def _with(state: LotState, known: dict[int, Deposit]) -> LotState:
    return state._replace(life=state.life._replace(deposits=known))


TURNS: dict[str, Callable[[LotState, Data, Status], LotState]] = {
    "deposit.held": _held,
    "deposit.released": _released,
}
