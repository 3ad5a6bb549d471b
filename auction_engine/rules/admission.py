"""Who may bid just now, not everybody in every round or phase, and how late at most."""

from auction_engine.rules import deposits
from auction_engine.rules.events import Reason
from auction_engine.rules.lot import LotState


def bidders_in(state: LotState) -> set[int]:
    """Who is admitted, not out, and has a deposit where one must be on record."""
    return set(state.admitted) - set(state.life.out) - deposits.without(state)


def barred(state: LotState, bidder: int) -> Reason | None:
    """Why an admitted bidder may not bid in this round or phase, or at all."""
    life = state.life
    if bidder in life.out:
        return "OUT"
    if deposits.missing(state, bidder):
        return "DEPOSIT_MISSING"
    if life.in_round is not None and bidder not in life.in_round:
        return "NOT_IN_ROUND"
    if life.stage:
        admission = state.params.phases[life.stage - 1].admission
        if admission != "ALL" and (admission == "LEADER") != (bidder == life.front):
            return "NOT_IN_ROUND"
    return None


def may_raise_himself(state: LotState) -> bool:
    """Whether the leader may outbid himself: by the auction rules, or in a phase of his own."""
    stage = state.life.stage
    if state.params.allow_self_raise:
        return True
    return stage > 0 and state.params.phases[stage - 1].admission == "LEADER"


def latest_end_ms(state: LotState) -> int:
    """Beyond this no extension goes (UTC ms): the cap, put off by what stood still."""
    extension, first_ms = state.params.extension, state.params.end_ms
    if extension is None or extension.cap_ms is None or first_ms is None:
        return 2**53
    return first_ms + state.life.paused_ms + extension.cap_ms
