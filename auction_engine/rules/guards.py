"""What an act needs beyond the right status and role. Each guard refuses with a code of its own."""

import hashlib
from collections.abc import Callable

from auction_engine.rules import deposits
from auction_engine.rules.commands import Act, CommandRefused
from auction_engine.rules.grounds import (
    ANNULMENTS,
    CHANGES,
    DISQUALIFICATIONS,
    HOLD_ROLES,
    OFFICERS_GROUNDS,
    PAUSE_GROUNDS,
    POSTPONEMENTS,
    STOP_GROUNDS,
)
from auction_engine.rules.lot import LotState, standings
from auction_engine.rules.parts import BASIS_POINTS
from auction_engine.rules.terms import Terms

Guard = Callable[[LotState, Act, int], bool]


def terms_of(state: LotState) -> Terms:
    """The lot's terms; acts need them."""
    if state.params.terms is None:
        raise CommandRefused("NO_TERMS", "Only the bidding of this lot is conducted here.")
    return state.params.terms


def absent(state: LotState) -> set[int]:
    """Who was entitled to bid and never took part (Law 01/2016 Art. 39(6)a), so far."""
    life = state.life
    took_part = {standing.bidder for standing in standings(state)} | set(life.out)
    if life.sealed is not None:
        took_part |= set(life.sealed.boxes)
    return set(state.admitted) - life.present - took_part - deposits.without(state)


def reserve_digest(amount_minor: int, salt: str) -> str:
    """What is published of a secret reserve: SHA-256 of "reserve:<amount>:<salt>" in hex."""
    return hashlib.sha256(f"reserve:{amount_minor}:{salt}".encode()).hexdigest()


def dossiers_decided(state: LotState) -> bool:
    """Whether every dossier handed in was admitted, refused or taken back."""
    return all(
        word != "REGISTERED" or bidder in state.admitted
        for bidder, word in state.life.registered.items()
    )


def _registered(state: LotState, act: Act, _: int) -> bool:
    return state.life.registered.get(_whom(act)) == "REGISTERED"


def _whom(act: Act) -> int:
    bidder = act.data.get("bidder", act.actor)
    return bidder if type(bidder) is int else -1


def _has_place(state: LotState, act: Act, at_ms: int) -> bool:
    return _registered(state, act, at_ms) or act.actor in state.admitted


def _open_or_changed(state: LotState, act: Act, _: int) -> bool:
    return state.status == "REGISTRATION_OPEN" or act.actor in state.life.refund_right


def _not_begun(state: LotState, _: Act, __: int) -> bool:
    life = state.life
    boxes = life.sealed is not None and bool(life.sealed.boxes)
    return state.accepted == 0 and life.falling is None and not boxes


def _officers(grounds: tuple[str, ...]) -> Guard:
    """One of `grounds`; the enforcement officer asks only on those of Law 106/2025 Art. 84(1)."""

    def test(_: LotState, act: Act, __: int) -> bool:
        return act.data["ground"] in (OFFICERS_GROUNDS if act.role == "AGENCY" else grounds)

    return test


def _yours_to_resume(state: LotState, act: Act, _: int) -> bool:
    return act.role == "AGENCY" or state.life.ground not in OFFICERS_GROUNDS


def _choice_allowed(state: LotState, act: Act, _: int) -> bool:
    terms = state.params.terms
    choices = ("CONTINUE", "ANNUL") if terms is None else terms.incident_choices
    return bool(act.data["choice"] in choices)


def _reserve_matches(state: LotState, act: Act, _: int) -> bool:
    reserve = state.params.reserve
    return (
        reserve is not None
        and state.life.awaits == "RESERVE"
        and reserve.commitment == reserve_digest(act.data["reserve_minor"], act.data["salt"])
    )


def _signatory(state: LotState, act: Act, at_ms: int) -> bool:
    signs = act.data["as"]
    role = _SIGN_AS.get(signs, signs)
    if signs not in terms_of(state).signatories or act.role != role:
        return False
    if signs == "REPRESENTATIVE":
        return act.actor in state.admitted and act.actor != state.life.winner
    return signs != "WINNER" or act.actor == state.life.winner


_SIGN_AS = {"WINNER": "BIDDER", "REPRESENTATIVE": "BIDDER", "OWNER": "AGENCY"}


def _signature_open(state: LotState, act: Act, _: int) -> bool:
    name = act.data.get("as") or act.data["who"]
    return name not in state.life.signed and name not in state.life.unsigned


def _amount_due(state: LotState, act: Act, _: int) -> bool:
    amount, award = act.data["amount_minor"], state.life.award_minor
    assert award is not None
    left = award - deposits.credited_minor(state) - state.life.paid_minor
    return bool(0 < amount <= left)


def _within_extension(state: LotState, act: Act, _: int) -> bool:
    longest, awarded = terms_of(state).payment_extended_ms, state.life.awarded_ms
    assert awarded is not None
    assert state.life.due_ms is not None
    due, life = act.data["due_ms"], state.life
    latest = awarded + (longest or 0) + life.lost_ms
    return longest is not None and bool(state.life.due_ms < due <= latest)


def _within_cut(state: LotState, act: Act, _: int) -> bool:
    before, new = state.params.starting_price_minor, act.data["starting_price_minor"]
    least = before * (BASIS_POINTS - terms_of(state).max_cut_bp)
    return bool(new < before and new * BASIS_POINTS >= least)


def _cuts_enough(state: LotState, _: Act, __: int) -> bool:
    needed = terms_of(state).in_kind_after_cuts
    return needed is not None and terms_of(state).cuts >= needed


def _delivery_overdue(state: LotState, _: Act, at_ms: int) -> bool:
    return state.life.due_ms is not None and at_ms > state.life.due_ms


def _undecided(state: LotState, act: Act, _: int) -> bool:
    bidder = _whom(act)
    return bidder not in state.life.excused and bidder not in state.life.forfeits


def _claim_in_time(state: LotState, _: Act, at_ms: int) -> bool:
    until_ms = state.life.claims_until_ms
    return until_ms is not None and at_ms < until_ms


def _claim_heard(state: LotState, act: Act, at_ms: int) -> bool:
    """Nobody's deposit is lost as absent before he could say what kept him away."""
    claimed = _whom(act) in state.life.claims
    return bool(act.data["excused"]) or claimed or not _claim_in_time(state, act, at_ms)


# name: (test, refusal code, what to do about it)
GUARDS: dict[str, tuple[Guard, str, str]] = {
    "no_dossier": (lambda s, a, t: not s.life.registered and not s.admitted, "DOSSIERS_RECEIVED",
        "A dossier has been received; only a stop ground can end this auction now."),
    "not_registered": (lambda s, a, t: a.actor not in s.life.registered, "ALREADY_REGISTERED",
        "One account hands in one dossier for a lot, and this one's is here already."),
    "registered": (_registered, "NOT_REGISTERED", "There is no dossier of this bidder to decide."),
    "not_admitted": (lambda s, a, t: _whom(a) not in s.admitted, "ALREADY_ADMITTED",
        "The bidder is already admitted; use a disqualification with its ground."),
    "admitted": (lambda s, a, t: _whom(a) in s.admitted, "NOT_ADMITTED",
        "The bidder is not admitted to this lot."),
    "admitted_self": (lambda s, a, t: a.actor in s.admitted, "NOT_ADMITTED",
        "Only admitted bidders can do this."),
    "has_place": (_has_place, "NOT_REGISTERED", "You have no dossier here to withdraw."),
    "not_out": (lambda s, a, t: _whom(a) not in s.life.out, "ALREADY_OUT",
        "This bidder is out already; what follows from it stands."),
    "change_known": (lambda s, a, t: a.data["what"] in CHANGES, "UNKNOWN_CHANGE",
        "Name what has changed: one of the things the law lists."),
    "postponement_ground": (_officers(POSTPONEMENTS), "UNKNOWN_GROUND",
        "Choose one of the grounds for a postponement that are open to you."),
    "open_or_changed": (_open_or_changed, "REGISTRATION_OVER",
        "Registration is closed and nothing published has changed since."),
    "dossiers_decided": (lambda s, a, t: dossiers_decided(s), "DOSSIERS_UNDECIDED",
        "Decide every dossier first: admit it or refuse it with a reason."),
    "not_begun": (_not_begun, "BIDDING_BEGAN",
        "The bidding has begun; list the property again as a new lot."),
    "no_hold": (lambda s, a, t: not s.life.holds, "HELD",
        "A hold stands on this lot; release it first."),
    "reason_given": (lambda s, a, t: bool(a.reason and a.reason.strip()), "REASON_NEEDED",
        "Write down the reason; it goes into the record."),
    "pause_ground": (_officers(PAUSE_GROUNDS), "UNKNOWN_GROUND",
        "Choose one of the grounds for a pause that are open to you."),
    "yours_to_resume": (_yours_to_resume, "NOT_YOURS",
        "The enforcement officer asked for this pause, and ends it."),
    "stop_ground": (lambda s, a, t: a.data["ground"] in STOP_GROUNDS, "UNKNOWN_GROUND",
        "Choose one of the grounds the law knows for a stop."),
    "disqualification_ground": (lambda s, a, t: a.data["ground"] in DISQUALIFICATIONS,
        "UNKNOWN_GROUND", "Choose one of the acts of Art. 9(5)."),
    "annulment_ground": (lambda s, a, t: a.data["ground"] in ANNULMENTS, "UNKNOWN_GROUND",
        "Choose one of the grounds of Art. 72."),
    "hold_ground": (lambda s, a, t: a.data["ground"] in HOLD_ROLES, "UNKNOWN_GROUND",
        "Choose a complaint, a suit or a protest."),
    "yours_to_hold": (lambda s, a, t: a.role in HOLD_ROLES[a.data["ground"]], "NOT_YOURS",
        "A hold on this ground is for others to place and to release."),
    "with_terms": (lambda s, a, t: terms_of(s) is not None, "NO_TERMS",
        "Only the bidding of this lot is conducted here."),
    "held": (lambda s, a, t: a.data["ground"] in s.life.holds, "NOT_HELD",
        "No such hold stands on this lot."),
    "incident": (lambda s, a, t: s.life.ground == "INCIDENT", "NO_INCIDENT",
        "No incident is waiting for a decision; resume the lot instead."),
    "no_incident": (lambda s, a, t: s.life.ground != "INCIDENT", "INCIDENT_OPEN",
        "The owner of the property must decide about the incident."),
    "choice_allowed": (_choice_allowed, "UNKNOWN_CHOICE",
        "Choose one of the decisions the auction rules allow."),
    "no_hold_to_go_on": (lambda s, a, t: a.data["choice"] == "ANNUL" or not s.life.holds, "HELD",
        "A hold stands on this lot; release it first."),
    "withdrawal_allowed": (lambda s, a, t: terms_of(s).withdrawal, "NO_WITHDRAWAL",
        "The auction rules do not let bids be withdrawn."),
    "has_bid": (lambda s, a, t: any(x.bidder == a.actor for x in standings(s))
        or (s.life.sealed is not None and s.life.sealed.closed_boxes
            and a.actor in s.life.sealed.boxes), "NO_BID",
        "There is no valid bid of yours to withdraw."),
    "reserve_matches": (_reserve_matches, "NOT_THE_RESERVE",
        "Amount and salt do not give the commitment that was published."),
    "is_winner": (lambda s, a, t: a.actor == s.life.winner or a.role == "CLOCK", "NOT_THE_WINNER",
        "Only the announced winner can do this."),
    "is_offered": (lambda s, a, t: a.actor == s.leader or a.role == "CLOCK", "NOT_OFFERED",
        "The property is not offered to you."),
    "signatory": (_signatory, "NOT_A_SIGNATORY",
        "These minutes need other signatures, or this one from somebody else."),
    "signature_open": (_signature_open, "ALREADY_SIGNED",
        "This signature is under the minutes already, or its refusal is noted."),
    "winner_unsigned": (lambda s, a, t: "WINNER" not in s.life.signed, "ALREADY_SIGNED",
        "You have signed the minutes: the contract is made."),
    "representative": (lambda s, a, t: a.data["who"] in ("OWNER", "REPRESENTATIVE"),
        "NOT_A_SIGNATORY", "Only an owner's or representative's refusal is noted."),
    "not_the_winner": (lambda s, a, t: a.data["who"] != "WINNER", "WINNER_REFUSES",
        "A winner who does not sign refuses the minutes; record that instead."),
    "amount_due": (_amount_due, "AMOUNT_NOT_DUE",
        "The amount is more than what is still due, or nothing."),
    "within_extension": (_within_extension, "EXTENSION_TOO_LONG",
        "The new date lies beyond what the law lets parties and winner agree."),
    "delivery_overdue": (_delivery_overdue, "DELIVERY_NOT_OVERDUE",
        "The time for delivery is not over yet."),
    "within_cut": (_within_cut, "CUT_TOO_DEEP",
        "Each cut is limited to a share of the previous starting price, and it must be a cut."),
    "cuts_enough": (_cuts_enough, "TOO_FEW_CUTS",
        "The creditor may take the property only after more cuts."),
    "absent": (lambda s, a, t: a.actor in s.life.absent, "NOT_ABSENT",
        "You took part, or were not admitted: there is nothing to excuse."),
    "bidder_absent": (lambda s, a, t: _whom(a) in s.life.absent, "NOT_ABSENT",
        "This bidder took part, or was not admitted."),
    "claim_in_time": (_claim_in_time, "CLAIM_TOO_LATE",
        "The time to claim force majeure is over."),
    "claim_heard": (_claim_heard, "CLAIM_TIME_RUNS",
        "The bidder may still claim force majeure; decide when that time is over."),
    "undecided": (_undecided, "ALREADY_DECIDED", "This has been decided already."),
    **deposits.GUARDS,
}  # fmt: skip
