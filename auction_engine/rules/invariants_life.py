"""What must hold when a lot takes a turn in its life; checked beside `invariants`."""

from collections.abc import Callable

from auction_engine.rules import deposits
from auction_engine.rules.admission import latest_end_ms
from auction_engine.rules.events import Turn
from auction_engine.rules.grounds import FAILURES
from auction_engine.rules.lifecycle import TURNS
from auction_engine.rules.lot import WAITING, LotState, standings
from auction_engine.rules.terms import FORFEIT_GROUNDS, Terms


class InvariantBroken(AssertionError):
    """The rules produced, or the journal holds, something that must never be."""


def must(holds: bool, text: str) -> None:
    """Raise InvariantBroken with the sentence broken unless it holds."""
    if not holds:
        raise InvariantBroken(text)


# The only turns that may move the end of the bidding.
_MOVE_THE_END = frozenset(
    "lot.rescheduled lot.resumed incident.decided round.opened phase.opened acceptance.awaited"
    " descent.resumed rebid.opened".split()
)
# The only turns that may change who leads and at what price.
_CHANGE_THE_PRICE = frozenset(
    "bid.withdrawn bidder.disqualified win.refused box.read lots.drawn descent.resumed".split()
)


def check_turn(before: LotState, turn: Turn, after: LotState, at_ms: int) -> None:
    """Check a turn at log time `at_ms`. Raises InvariantBroken."""
    row = TURNS[turn.kind]
    must(before.status in row.sources, f"{turn.kind} came while the lot was {before.status}")
    allowed = row.targets or (before.status,)
    must(after.status == turn.status and turn.status in allowed, f"{turn.kind} led nowhere known")
    role = turn.data.get("role", "CLOCK")
    must(role == "CLOCK" or role in row.roles, f"{turn.kind} was done by a {role}")
    must(after.refused == before.refused, f"{turn.kind} changed the count of refused bids")
    if turn.kind != "box.read":
        must(after.accepted == before.accepted, f"{turn.kind} changed the count of bids")
    if turn.kind != "round.opened":
        must(after.extensions == before.extensions, f"{turn.kind} counted as an extension")
    if turn.kind != "lot.rescheduled":
        must(after.params is before.params, f"{turn.kind} changed the frozen parameters")
    if turn.kind not in _MOVE_THE_END:
        must(after.end_ms == before.end_ms, f"{turn.kind} moved the end")
    if turn.kind not in _CHANGE_THE_PRICE:
        must(
            (after.price_minor, after.leader) == (before.price_minor, before.leader),
            f"{turn.kind} changed the price",
        )
    if turn.kind != "registration.withdrawn":
        must(after.admitted is before.admitted, f"{turn.kind} changed who is admitted")
    _check_forfeits(before, turn, after)
    special = _SPECIAL.get(turn.kind)
    if special is not None:
        special(before, turn, after, at_ms)


def _check_forfeits(before: LotState, turn: Turn, after: LotState) -> None:
    if after.life.forfeits == before.life.forfeits:
        return
    for bidder, ground in after.life.forfeits.items():
        known = ground in FORFEIT_GROUNDS or ground == "PAYMENT_DEFAULT"
        must(known, "a deposit was forfeited on a ground no law knows")
        must(bidder in before.admitted, "a deposit was forfeited that nobody paid")
        if deposits.recorded(before):
            paid = bidder in before.life.deposits and before.life.deposits[bidder].means != "EXEMPT"
            must(paid, "a deposit was forfeited that is not held")
    kept = before.life.forfeits.items() <= after.life.forfeits.items()
    must(kept, "a deposit was forfeited twice or given back by rewriting")


def _terms(state: LotState) -> Terms:
    must(state.params.terms is not None, "a lot without terms took a turn of its life")
    assert state.params.terms is not None
    return state.params.terms


def _best(state: LotState) -> tuple[int, int] | None:
    """The highest valid bid, the earliest of equals: written from the law, not from the book."""
    valid = [(s.amount_minor, -s.n, s.bidder) for s in standings(state)]
    if not valid:
        return None
    amount, _, bidder = max(valid)
    return bidder, amount


def _check_leader(before: LotState, turn: Turn, after: LotState, at_ms: int) -> None:
    must(after.leader is not None, "a leader was determined where nobody bid")
    must(after.leader not in after.life.out, "a bidder whose bids are void leads")
    if after.life.sealed is None and after.params.descent is None:
        must((after.leader, after.price_minor) == _best(after), "the leader is not the best bidder")
    must(
        (turn.data["bidder"], turn.data["price_minor"]) == (after.leader, after.price_minor),
        "the result recorded is not the lot's",
    )


def _check_announced(before: LotState, turn: Turn, after: LotState, at_ms: int) -> None:
    must(not before.life.holds, "a winner was announced in spite of a hold")
    must(before.leader is not None, "nobody was announced as the winner")
    must(before.leader not in before.life.out, "a bidder whose bids are void was announced")
    must(
        (after.life.winner, after.life.award_minor) == (before.leader, before.price_minor),
        "the winner announced is not the leader",
    )
    reserve = before.params.reserve
    least = (reserve.minor if reserve else None) or before.life.reserve_minor or 0
    must((before.price_minor or 0) >= least, "it was sold below the reserve")


def _check_voided(before: LotState, turn: Turn, after: LotState, at_ms: int) -> None:
    bidder = turn.data["by"] if turn.kind == "bid.withdrawn" else turn.data.get("bidder")
    if turn.kind == "win.refused":
        bidder = before.life.winner
    must(bidder in after.life.out, "who is out may still bid")
    must(all(s.bidder != bidder for s in standings(after)), "a void bid still stands")
    best = _best(after)
    if after.life.sealed is None and after.params.descent is None:
        must((after.leader, after.price_minor) == (best or (None, None)), "a void bid still leads")


def _check_offer(before: LotState, turn: Turn, after: LotState, at_ms: int) -> None:
    terms, award = _terms(before), before.life.award_minor
    must(before.leader is not None and award is not None, "the property was offered to nobody")
    must(after.life.offers <= terms.runner_up_depth, "it was offered further down than allowed")
    if terms.runner_up == "DEPOSIT_COVERS":
        covered = (before.price_minor or 0) + deposits.covering_minor(before) >= (award or 0)
        must(covered, "the runner-up's bid and the deposit do not reach the refused bid")


def _check_failed(before: LotState, turn: Turn, after: LotState, at_ms: int) -> None:
    """No valid bid lapses: Law 01/2016 Art. 52(1) names the only cases in which it may."""
    code, leader = turn.data["code"], before.leader
    must(code in FAILURES, "an auction failed for a reason no law knows")
    if code in ("NO_BID", "NO_REGISTRANT", "WITHDRAWN"):
        must(leader is None, "an auction with a valid bid failed for want of one")
    elif code == "MINUTES_REFUSED":
        must(before.life.forfeits.get(before.life.winner or 0) != "WITHDREW", "nobody refused")
        must(before.status == "ANNOUNCED", "minutes were refused that were not due")
    elif code == "WIN_REFUSED":
        refused = "REFUSED_WIN" in before.life.out.values()
        must(refused, "an auction failed because of a winner who had not refused")


def _check_cut(before: LotState, turn: Turn, after: LotState, at_ms: int) -> None:
    terms, old, new = (
        _terms(before),
        before.params.starting_price_minor,
        turn.data["starting_price_minor"],
    )
    must(old * (10_000 - terms.max_cut_bp) <= new * 10_000 < old * 10_000, "a cut is too deep")


def _check_paid(before: LotState, turn: Turn, after: LotState, at_ms: int) -> None:
    paid = deposits.credited_minor(after) + after.life.paid_minor
    award = after.life.award_minor or 0
    must((paid >= award) == (after.status == "PAID"), "paid in full and status disagree")
    must(turn.data["amount_minor"] > 0, "a payment of nothing")


def _check_resumed(before: LotState, turn: Turn, after: LotState, at_ms: int) -> None:
    if after.status == "STOPPED":
        return
    if after.status == "PAUSED":
        must(before.life.beneath is not None, "a pause went on without a ground")
        must(after.end_ms == before.end_ms, "time was given back in a pause")
        return
    since = before.life.since_ms
    must(since is not None and turn.data["by_ms"] == at_ms - since, "a pause was miscounted")
    must(after.status == before.life.resume, "a pause led elsewhere than back")
    must(not before.life.holds, "a lot went on in spite of a hold")
    if after.status == "RUNNING" and before.end_ms is not None:
        must(after.end_ms == before.end_ms + turn.data["by_ms"], "time was lost in a pause")


def _check_round(before: LotState, turn: Turn, after: LotState, at_ms: int) -> None:
    rule = before.params.extension
    must(rule is not None and rule.mode == "ROUNDS", "a round that the auction rules do not know")
    must(before.life.round_called, "a round was opened that no late bid called for")
    must(len(after.life.in_round or ()) >= 2, "a round was opened for nobody to bid against")
    must(after.leader is None or after.leader in (after.life.in_round or ()), "the leader is out")
    most = None if rule is None else rule.max_count
    must(most is None or after.extensions <= most, "more rounds than the auction rules allow")
    must((after.end_ms or 0) <= latest_end_ms(before), "a round goes beyond the last possible end")


def _check_noted(before: LotState, turn: Turn, after: LotState, at_ms: int) -> None:
    """Decree 62/2017 Art. 10(3): exactly those who neither came nor bid."""
    bid = {standing.bidder for standing in standings(before)}
    for bidder in before.admitted:
        came = bidder in before.life.present or bidder in bid or bidder in before.life.out
        came = came or deposits.missing(before, bidder)  # not entitled, so not absent
        must((bidder in after.life.absent) != came, "somebody is wrongly noted as absent, or not")


def _check_absence(before: LotState, turn: Turn, after: LotState, at_ms: int) -> None:
    bidder, life = turn.data["bidder"], before.life
    must(bidder in life.absent, "an absence was decided of somebody who came")
    over = life.claims_until_ms is not None and at_ms >= life.claims_until_ms
    heard = turn.data["excused"] or bidder in life.claims or over
    must(heard, "a deposit was lost before force majeure could be claimed")


def _check_unsigned(before: LotState, turn: Turn, after: LotState, at_ms: int) -> None:
    must("WINNER" not in before.life.signed, "who had signed the minutes refused them")
    if turn.data["role"] == "CLOCK":
        others = set(_terms(before).signatories) - {"WINNER"}
        done = {*before.life.signed, *before.life.unsigned}
        must(others <= done, "minutes were refused that the house had not signed")
        _check_overdue(before, turn, after, at_ms)


def _check_overdue(before: LotState, turn: Turn, after: LotState, at_ms: int) -> None:
    due_ms = before.life.due_ms
    must(due_ms is not None and at_ms >= due_ms, "somebody's time ran out too early")
    must(not before.life.holds, "somebody's time ran out while a hold stood")


def _check_declined(before: LotState, turn: Turn, after: LotState, at_ms: int) -> None:
    if turn.data["role"] == "CLOCK":
        _check_overdue(before, turn, after, at_ms)


def _check_released(before: LotState, turn: Turn, after: LotState, at_ms: int) -> None:
    due_ms = before.life.due_ms
    if after.life.holds or due_ms is None or before.status not in WAITING:
        must(after.life.due_ms == due_ms or before.status == "PAUSED", "a hold moved a time limit")
        return
    held_ms = before.life.held_ms
    must(held_ms is not None, "a hold began at no time")
    must(after.life.due_ms == due_ms + at_ms - (held_ms or 0), "time was lost in a hold")


Check = Callable[[LotState, Turn, LotState, int], None]
_SPECIAL: dict[str, Check] = {
    "leader.determined": _check_leader,
    "consent.awaited": _check_leader,
    "winner.announced": _check_announced,
    "offer.accepted": _check_announced,
    "bid.withdrawn": _check_voided,
    "bidder.disqualified": _check_voided,
    "win.refused": _check_voided,
    "runner_up.offered": _check_offer,
    "lot.failed": _check_failed,
    "price.cut": _check_cut,
    "payment.recorded": _check_paid,
    "lot.resumed": _check_resumed,
    "incident.decided": _check_resumed,
    "round.opened": _check_round,
    "absence.noted": _check_noted,
    "absence.decided": _check_absence,
    "minutes.refused": _check_unsigned,
    "payment.defaulted": _check_overdue,
    "offer.declined": _check_declined,
    "consent.refused": _check_declined,
    "hold.released": _check_released,
}
