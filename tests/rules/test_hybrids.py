"""Hybrid lots with sealed phases: falling price, sealed bids of the others, best bid."""

from __future__ import annotations

import pytest

from auction_engine.rules.events import BidRefused, BidSealed
from auction_engine.rules.lot import minimum_minor
from auction_engine.rules.parts import Phase
from auction_engine.rules.terms import Terms
from tests.rules.lots import MILLION, MINUTE, START, A, B, C
from tests.rules.rounds import (
    FALLING,
    HYBRID_TERMS,
    OPEN_MS,
    OPENED,
    REBID_MS,
    SEALED_END,
    TAKEN,
    D,
    SealedPlay,
    closed_with,
    hybrid,
    sealing,
    turn,
)


def _sealed_phase(play: SealedPlay, **amounts: int) -> int:
    """Boxes of B, C, D in millions, opened; the moment the next phase began."""
    for name, amount in amounts.items():
        play.seal({"b": B, "c": C, "d": D}[name], amount * MILLION, TAKEN + MINUTE)
    kinds = play.tick(SEALED_END)
    assert kinds[0] == "lot.closed"
    if not amounts:
        assert kinds[-1] == "phase.opened"
        return SEALED_END
    assert kinds[-1] == "keys.awaited"
    play.open(SEALED_END + MINUTE, ("1a", "1b"))
    return SEALED_END + MINUTE


def test_in_a_hybrid_the_boxes_are_opened_before_the_next_phase() -> None:
    play = hybrid()
    assert (play.now.price_minor, minimum_minor(play.now)) == (700 * MILLION, 750 * MILLION)
    refused = play.seal(A, 900 * MILLION, TAKEN)
    assert isinstance(refused, BidRefused)
    assert refused.reason == "NOT_IN_ROUND"
    begun = _sealed_phase(play, b=750, c=900, d=749)
    assert play.kinds[-1] == "phase.opened"
    read = [e["data"] for e in play.entries if e["kind"] == "box.read"]
    assert [r.get("fault") for r in read] == [None, None, "BELOW_MIN_INCREMENT"]
    assert (play.now.leader, play.now.price_minor) == (C, 900 * MILLION)
    assert play.now.end_ms == begun + 5 * MINUTE
    play.verified()


def test_the_first_leader_may_answer_the_best_of_the_others() -> None:
    play = hybrid()
    begun = _sealed_phase(play, b=750, c=900)
    (low,) = play.bid(A, 949 * MILLION, begun + 1)
    assert isinstance(low, BidRefused)
    assert (low.reason, low.minimum_minor) == ("BELOW_MIN_INCREMENT", 950 * MILLION)
    (other,) = play.bid(C, 1_000 * MILLION, begun + 2)
    assert isinstance(other, BidRefused)
    assert other.reason == "NOT_IN_ROUND"
    play.bid(A, 950 * MILLION, begun + 3)
    play.tick(begun + 5 * MINUTE)
    assert (play.now.status, play.now.life.winner) == ("ANNOUNCED", A)
    assert play.now.life.award_minor == 950 * MILLION
    play.verified()


def test_the_best_bid_may_itself_be_sealed() -> None:
    play = hybrid("SEALED")
    begun = _sealed_phase(play, b=900)
    assert isinstance(play.seal(B, 2_000 * MILLION, begun + 1), BidRefused)
    assert isinstance(play.seal(A, 960 * MILLION, begun + 1), BidSealed)
    assert play.now.life.sealed is not None
    assert play.now.life.sealed.round == 5
    play.tick(begun + 5 * MINUTE)
    play.open(begun + 6 * MINUTE, ("2a", "2b"))
    assert (play.now.life.winner, play.now.life.award_minor) == (A, 960 * MILLION)
    play.verified()


@pytest.mark.parametrize("best", ["ASCENDING", "SEALED"])
def test_no_valid_bid_lapses_because_nobody_bids_in_a_later_phase(best: str) -> None:
    """Sóc Sơn 2024: a high bid of an earlier round must bind who made it."""
    play = hybrid(best)
    begun = _sealed_phase(play, c=5_000)
    play.tick(begun + 5 * MINUTE)
    assert (play.now.status, play.now.life.winner) == ("ANNOUNCED", C)
    assert play.now.life.award_minor == 5_000 * MILLION
    play.verified()


@pytest.mark.parametrize("best", ["ASCENDING", "SEALED"])
def test_an_acceptance_nobody_beats_stands(best: str) -> None:
    play = hybrid(best)
    begun = _sealed_phase(play)
    play.tick(begun + 5 * MINUTE)
    assert (play.now.life.winner, play.now.life.award_minor) == (A, 700 * MILLION)
    play.verified()


def test_a_refusal_goes_down_to_the_next_bid_of_whatever_phase() -> None:
    terms = Terms(
        min_participants=1, single_bidder="ALWAYS", single_after_failures=0,
        announcement="IMMEDIATE", runner_up="NEXT_BID", runner_up_depth=5,
    )  # fmt: skip
    play = hybrid(terms=terms)
    begun = _sealed_phase(play, b=800, c=900)
    play.tick(begun + 5 * MINUTE)
    events = play.act("refuse_win", begun + 6 * MINUTE, "BIDDER", C)
    assert turn(events, "runner_up.offered").data["bidder"] == B
    play.verified()


def test_ties_of_a_sealed_phase_are_settled_before_the_next() -> None:
    play = hybrid()
    begun = _sealed_phase(play, b=900, c=900)
    assert play.entries[-1]["data"] == {
        "round": 4, "bidders": [B, C], "end_ms": begun + REBID_MS,
    }  # fmt: skip
    play.seal(C, 901 * MILLION, begun + 1)
    play.tick(begun + REBID_MS)
    assert play.open(begun + REBID_MS + 1, ("1c", "1d"))[-1] == "phase.opened"
    assert (play.now.leader, play.now.life.front, play.now.life.stage) == (C, A, 2)
    play.verified()


def test_keys_missing_in_a_phase_stop_the_lot_and_not_only_the_phase() -> None:
    play = hybrid()
    play.seal(B, 900 * MILLION, TAKEN + 1)
    play.tick(SEALED_END)
    assert play.tick(SEALED_END + OPEN_MS) == ["round.failed"]
    assert (play.now.status, play.now.life.forfeits) == ("STOPPED", {})
    play.verified()


def test_a_phase_for_a_leader_who_is_out_is_passed_over() -> None:
    play = hybrid()
    play.seal(B, 760 * MILLION, TAKEN + 1)
    play.act("disqualify", TAKEN + 2, reason="seen", bidder=A, ground="COLLUSION")
    assert play.now.leader is None
    play.tick(SEALED_END)
    play.open(SEALED_END + 1, ("1a", "1b"))
    assert (play.now.status, play.now.life.winner) == ("ANNOUNCED", B)
    play.verified()


def test_without_the_leader_the_sealed_bids_are_measured_as_they_were_made() -> None:
    play = hybrid()
    play.seal(B, 740 * MILLION, TAKEN + 1)
    play.act("disqualify", TAKEN + 2, reason="seen", bidder=A, ground="COLLUSION")
    play.tick(SEALED_END)
    play.open(SEALED_END + 1, ("1a", "1b"))
    read = [e["data"] for e in play.entries if e["kind"] == "box.read"]
    assert read[0]["fault"] == "BELOW_MIN_INCREMENT"
    assert play.now.status == "FAILED"
    play.verified()


def test_nobody_accepts_so_there_are_no_further_phases() -> None:
    phases = (Phase("SEALED", 10 * MINUTE, "ALL_BUT_LEADER", sealing(1)),)
    play = SealedPlay(
        method="DESCENDING", end_ms=None, descent=FALLING, phases=phases, terms=HYBRID_TERMS
    )
    over = START + 6 * MINUTE
    assert play.tick(over)[-1] == "lot.failed"
    answer = play.seal(B, 900 * MILLION, over)
    assert isinstance(answer, BidRefused)
    assert answer.reason == "CLOSED"


def test_before_its_phase_a_box_is_of_the_wrong_method() -> None:
    phases = (Phase("SEALED", 10 * MINUTE, "ALL_BUT_LEADER", sealing(1)),)
    play = SealedPlay(
        method="DESCENDING", end_ms=None, descent=FALLING, phases=phases, terms=HYBRID_TERMS
    )
    answer = play.seal(B, 900 * MILLION, START + 1)
    assert isinstance(answer, BidRefused)
    assert answer.reason == "WRONG_METHOD"


def test_a_sealed_round_may_come_first() -> None:
    play = closed_with({A: 1_100, B: 1_300}, phases=(Phase("ASCENDING", 5 * MINUTE),))
    assert play.open(OPENED)[-1] == "phase.opened"
    play.bid(A, 1_350 * MILLION, OPENED + 1)
    play.tick(OPENED + 5 * MINUTE)
    assert (play.now.leader, play.now.life.front) == (A, B)
    play.verified()
