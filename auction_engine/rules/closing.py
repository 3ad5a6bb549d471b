"""What follows when a lot's bidding ends: a further round or phase, a leader, or a failure."""

from typing import Any

from auction_engine.rules import deposits, drawing
from auction_engine.rules.admission import latest_end_ms
from auction_engine.rules.events import Event, LotClosed, Turn
from auction_engine.rules.guards import absent
from auction_engine.rules.lot import LotState, standings
from auction_engine.rules.terms import Terms


def at_end(state: LotState, from_ms: int) -> Event:
    """The event that ends the present stretch of bidding; what follows it begins at `from_ms`."""
    if (called := _further_round(state, from_ms)) is not None:
        return called
    if state.method != "SEALED" and not drawing.entrants(state):
        phase = _next_phase(state, from_ms)
        if phase is not None:
            return phase
    return LotClosed(state.leader, state.price_minor, state.accepted)


def _next_phase(state: LotState, from_ms: int) -> Turn | None:
    """The next phase of a hybrid lot; none after a falling price nobody accepted.

    A phase for the first leader alone is passed over if there is none, or his bids are void.
    """
    stage, life = state.life.stage, state.life
    if not stage and state.leader is None and state.params.method == "DESCENDING":
        return None
    front = life.front if stage else state.leader
    for number, phase in enumerate(state.params.phases[stage:], stage + 1):
        if phase.admission != "LEADER" or (front is not None and front not in life.out):
            data = {"stage": number, "end_ms": from_ms + phase.duration_ms}
            return Turn("phase.opened", "RUNNING", data)
    return None


def _further_round(state: LotState, from_ms: int) -> Event | None:
    """A round for those who bid in the one just over, and for who led before: he may answer."""
    extension, life = state.params.extension, state.life
    if extension is None or not life.round_called:
        return None
    bidders = bidders_since(state, life.round_from)
    bidders |= {bidder for bidder in (life.round_leader, state.leader) if bidder is not None}
    bidders -= set(life.out)
    end_ms = min(from_ms + extension.by_ms, latest_end_ms(state))
    if len(bidders) < 2 or end_ms <= from_ms:
        return None
    data = {"round": life.round + 1, "end_ms": end_ms, "bidders": sorted(bidders)}
    return Turn("round.opened", "RUNNING", data)


def bidders_since(state: LotState, number: int) -> set[int]:
    """Who made a valid bid after accepted bid `number`."""
    found: set[int] = set()
    node = state.book
    while node is not None:
        if node.n > number:
            found.add(node.bidder)
        node = node.below
    return found


def after_close(state: LotState, at_ms: int) -> list[Event]:
    """What the rules make of a closed lot by themselves; nothing for one without terms."""
    if state.params.terms is None or state.status != "BIDDING_CLOSED":
        return []
    return settle(state, at_ms)


def settle(state: LotState, at_ms: int) -> list[Event]:
    """The first that is still to come: boxes, equal bids, a further phase, the reserve, the result.

    Never empty: a closed lot either waits for something or has its result.
    """
    if first := drawing.awaited(state, at_ms):
        return first
    if (phase := _next_phase(state, at_ms)) is not None:
        return [phase]
    reserve = state.params.reserve
    if (
        reserve is not None
        and reserve.commitment is not None
        and state.life.reserve_minor is None
        and state.leader is not None
    ):
        assert reserve.reveal_ms is not None
        return [Turn("reserve.awaited", state.status, {"due_ms": at_ms + reserve.reveal_ms})]
    return result(state, at_ms)


def absence(state: LotState, at_ms: int) -> list[Event]:
    """Who did not take part is recorded at the end of the bidding (Decree 62/2017 Art. 10(3))."""
    terms = state.params.terms
    missing = sorted(absent(state))
    if terms is None or "ABSENT" not in terms.forfeit_grounds:
        return []
    if set(missing) == state.life.absent:
        return []  # nobody, or known since the bidding closed before
    data = {"bidders": missing, "claims_until_ms": at_ms + terms.claim_ms}
    return [Turn("absence.noted", "BIDDING_CLOSED", data)]


def result(state: LotState, at_ms: int) -> list[Event]:
    """The leader, the question of consent, or the failure."""
    terms = state.params.terms
    assert terms is not None
    if state.leader is None:
        return [fail(why_nobody(state))]
    if not reaches_reserve(state):
        return [fail("BELOW_RESERVE")]
    if len(participants(state)) < terms.min_participants:
        return _alone(state, terms, at_ms)
    return leader_determined(state, at_ms)


def reaches_reserve(state: LotState) -> bool:
    """Whether the price reaches the reserve, public or revealed; one not revealed is none."""
    reserve = state.params.reserve
    least = None if reserve is None else reserve.minor
    if least is None:
        least = state.life.reserve_minor
    return least is None or (state.price_minor or 0) >= least


def runner_up_may_buy(award_minor: int | None, state: LotState) -> bool:
    """Art. 51(1), one step deep: the next bid and the deposit reach the refused price.

    `state` is the lot without the refuser's bids.
    """
    terms, following = state.params.terms, state.price_minor
    if terms is None or award_minor is None or following is None:
        return False
    covered = following + deposits.covering_minor(state) >= award_minor
    return (
        (terms.runner_up == "NEXT_BID" or (terms.runner_up == "DEPOSIT_COVERS" and covered))
        and state.life.offers < terms.runner_up_depth
        and reaches_reserve(state)
    )


def participants(state: LotState) -> set[int]:
    """Who takes part in the sense of Art. 49: by valid bids, or by presence while a price falls.

    Those whose bids are void took part nevertheless: the auction was competitive.
    """
    if state.params.method == "DESCENDING":
        return {standing.bidder for standing in standings(state)} | set(state.life.present)
    return {standing.bidder for standing in standings(state)} | {
        bidder for bidder, ground in state.life.out.items() if ground == "WITHDREW"
    }


def _alone(state: LotState, terms: Terms, at_ms: int) -> list[Event]:
    """Art. 49: one sole bidder may buy under conditions."""
    if terms.single_bidder == "ALWAYS":
        return leader_determined(state, at_ms)
    if terms.single_bidder == "NEVER" and len(state.admitted) == 1:
        return [fail("SOLE_REGISTRANT")]
    if (
        terms.single_bidder == "NEVER"
        or terms.failures < terms.single_after_failures
        or "COMPLAINT" in state.life.holds
    ):
        return [fail("TOO_FEW_PARTICIPANTS")]
    return [
        Turn(
            "consent.awaited",
            "AWAIT_OWNER_CONSENT",
            _leader(state) | {"due_ms": at_ms + terms.consent_ms},
        )
    ]


def leader_determined(state: LotState, at_ms: int) -> list[Event]:
    """The provisional result; announced at once only where no auctioneer does it."""
    turn = Turn("leader.determined", "LEADER_DETERMINED", _leader(state))
    return [turn, *announced_at_once(state._replace(status="LEADER_DETERMINED"), at_ms)]


def announced_at_once(state: LotState, at_ms: int) -> list[Event]:
    """The announcement where no auctioneer makes it, unless a hold stands."""
    terms = state.params.terms
    if (
        terms is None
        or terms.announcement != "IMMEDIATE"
        or state.status != "LEADER_DETERMINED"
        or state.life.holds
    ):
        return []
    return [announced(state, terms, at_ms, None)]


def announced(state: LotState, terms: Terms, at_ms: int, act: dict[str, Any] | None) -> Event:
    """The winner is announced: from now on the sale binds (Art. 46(3))."""
    data = _leader(state) | {"due_ms": at_ms + terms.minutes_ms, "announced_ms": at_ms}
    return Turn("winner.announced", "ANNOUNCED", data | (act or {}))


def _leader(state: LotState) -> dict[str, Any]:
    return {"bidder": state.leader, "price_minor": state.price_minor}


def fail(code: str) -> Turn:
    """The auction failed (Law 01/2016 Art. 52(1)); `code` is one of `grounds.FAILURES`."""
    return Turn("lot.failed", "FAILED", {"code": code})


def why_nobody(state: LotState) -> str:
    """Which case of Art. 52(1) it is that no valid bid is left."""
    grounds = set(state.life.out.values())
    if "REFUSED_WIN" in grounds:
        return "WIN_REFUSED"
    if "WITHDREW" in grounds:
        return "WITHDRAWN"
    return "NO_BID" if state.admitted else "NO_REGISTRANT"
