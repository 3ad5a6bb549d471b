"""What follows the end of the bidding: further rounds and phases, absence, one bidder, failure."""

from __future__ import annotations

from typing import Any

import pytest

from auction_engine.rules.commands import CloseLot
from auction_engine.rules.lot import minimum_minor
from auction_engine.rules.params import Extension
from auction_engine.rules.parts import Phase

from .courses import (
    DAY_MS,
    END,
    MILLION,
    MINUTE,
    START,
    A,
    B,
    C,
    Course,
    conducted,
    open_lot,
    terms,
)
from .lives import ROUNDS

FIVE = 5 * MINUTE


def rounds(**changes: Any) -> Course:
    values = {"trigger_ms": MINUTE, "by_ms": FIVE, "max_count": 3, "cap_ms": None} | changes
    lot = open_lot(extension=Extension(**values, mode="ROUNDS"))
    lot.bid(A, 1_000, START + MINUTE)
    return lot


class TestRounds:
    def test_only_who_bid_goes_on(self) -> None:
        lot = rounds()
        lot.bid(B, 1_050, END - 1)
        lot.tick(END)
        assert (lot.now.life.in_round, lot.now.end_ms) == ({A, B}, END + FIVE)
        assert lot.bid(C, 1_100) == "NOT_IN_ROUND"

    def test_without_a_late_bid_there_is_none(self) -> None:
        lot = rounds()
        lot.bid(B, 1_050, END - MINUTE - 1)
        lot.tick(END)
        assert lot.now.status == "LEADER_DETERMINED"

    def test_who_led_before_the_round_may_answer_the_last_bid_of_it(self) -> None:
        lot = rounds()
        lot.bid(B, 1_050, START + MINUTE)
        lot.bid(C, 1_100, START + MINUTE)
        lot.bid(B, 1_150, END - 1)
        lot.tick(END)
        assert lot.now.life.in_round == {A, B, C}
        lot.bid(C, 1_200, END + FIVE - 1)
        lot.tick(END + FIVE)
        assert lot.now.life.in_round == {B, C}, "B led when that round began, and bid nothing in it"
        assert lot.bid(B, 1_250) == "ACCEPTED"

    def test_no_round_for_one_alone(self) -> None:
        lot = open_lot(extension=ROUNDS)
        lot.bid(A, 1_000, END - 1)
        lot.tick(END)
        assert lot.ended() == ("FAILED", "TOO_FEW_PARTICIPANTS")

    def test_nor_for_one_beside_those_who_are_out(self) -> None:
        lot = rounds()
        lot.bid(B, 1_050, END - 1)
        lot.act("withdraw_bid", B)
        lot.tick(END)
        assert (lot.now.status, lot.now.leader) == ("LEADER_DETERMINED", A)

    def test_who_led_before_and_withdrew_has_no_place_in_the_next(self) -> None:
        lot = rounds()
        lot.bid(B, 1_050, END - 1)
        lot.tick(END)
        lot.act("withdraw_bid", B)
        lot.tick(END + FIVE)
        assert (lot.now.status, lot.now.leader) == ("LEADER_DETERMINED", A)
        lot = rounds()
        lot.bid(B, 1_050, START + MINUTE)
        lot.bid(C, 1_100, END - 1)
        lot.tick(END)
        lot.bid(A, 1_150, END + FIVE - 1)
        lot.act("withdraw_bid", C)
        lot.tick(END + FIVE)
        assert (lot.now.status, lot.now.leader) == ("LEADER_DETERMINED", A)

    def test_no_more_than_the_rules_allow(self) -> None:
        lot = rounds(max_count=1)
        lot.bid(B, 1_050, END - 1)
        lot.tick(END)
        lot.bid(A, 1_100, END + FIVE - 1)
        lot.tick(END + FIVE)
        assert lot.now.status == "LEADER_DETERMINED"

    def test_not_beyond_the_last_possible_end(self) -> None:
        lot = rounds(max_count=None, cap_ms=FIVE + MINUTE)
        lot.bid(B, 1_050, END - 1)
        lot.tick(END)
        lot.bid(A, 1_100, END + FIVE - 1)
        lot.tick(END + FIVE)
        assert lot.now.end_ms == END + FIVE + MINUTE
        lot.bid(B, 1_150, END + FIVE + MINUTE - 1)
        lot.closed()
        assert lot.now.status == "LEADER_DETERMINED"


def hybrid(*phases: Phase, **changes: Any) -> Course:
    return open_lot(phases=phases, **changes)


ALL = Phase("ASCENDING", FIVE)
OTHERS = Phase("ASCENDING", FIVE, "ALL_BUT_LEADER")
LEADER = Phase("ASCENDING", FIVE, "LEADER")


class TestPhases:
    def test_a_falling_price_then_the_others_then_the_first_leader_s_best_bid(self) -> None:
        lot = hybrid(OTHERS, LEADER, falling=True)
        lot.after(MINUTE)
        assert lot.bid(A, 950, step=1) == "ACCEPTED"
        assert (lot.now.life.stage, lot.now.method) == (1, "ASCENDING")
        assert minimum_minor(lot.now) == 1_000 * MILLION
        assert lot.bid(A, 1_000) == "NOT_IN_ROUND"
        assert lot.bid(B, 1_000) == "ACCEPTED"
        lot.closed()
        assert lot.bid(B, 1_100) == "NOT_IN_ROUND"
        assert lot.bid(A, 1_100) == "ACCEPTED"
        assert lot.bid(A, 1_200) == "ACCEPTED", "in a phase of his own he may better himself"
        lot.closed()
        assert (lot.ended(), lot.now.leader) == (("LEADER_DETERMINED", None), A)

    def test_the_first_leader_may_better_himself_though_nobody_came_between(self) -> None:
        lot = hybrid(LEADER).bids((A, 1_000), (B, 1_050)).closed()
        assert lot.bid(B, 1_049) == "BELOW_MIN_INCREMENT"
        assert lot.bid(B, 1_100) == "ACCEPTED"

    def test_a_phase_nobody_bids_in_lets_no_bid_lapse(self) -> None:
        lot = hybrid(ALL, ALL).bids((A, 1_000), (B, 30_000)).closed()
        lot.closed().closed()
        assert (lot.ended(), lot.now.leader) == (("LEADER_DETERMINED", None), B)

    def test_a_falling_price_nobody_accepted_leads_to_no_phase(self) -> None:
        lot = hybrid(OTHERS, LEADER, falling=True).closed()
        assert lot.ended() == ("FAILED", "NO_BID")

    def test_late_bids_move_no_later_phase_and_rounds_bind_nobody_in_it(self) -> None:
        lot = hybrid(ALL, extension=ROUNDS)
        lot.bid(A, 1_000, START + MINUTE)
        lot.bid(B, 1_050, END - 1)
        lot.tick(END)
        lot.tick(END + FIVE)
        assert (lot.now.life.stage, lot.now.life.in_round) == (1, None)
        assert lot.bid(C, 1_100, END + 2 * FIVE - 1) == "ACCEPTED"
        lot.closed()
        assert lot.now.status == "LEADER_DETERMINED"


class TestAbsence:
    def lot(self, **changes: Any) -> Course:
        lot = Course(conducted(terms=terms(**changes))).admit(A, B, C).enter(A)
        lot.tick(START + MINUTE)
        return lot.bids((A, 1_000), (B, 1_050))

    def test_who_came_or_bid_was_there(self) -> None:
        lot = self.lot().closed()
        assert lot.last("absence.noted").data["bidders"] == [C]

    def test_who_was_disqualified_or_withdrew_was_there_too(self) -> None:
        lot = self.lot()
        lot.act("disqualify", bidder=C, ground="THREATS", reason="Letters.")
        lot.act("withdraw_bid", B)
        lot.closed()
        assert "absence.noted" not in lot.kinds

    def test_where_absence_costs_nothing_nobody_asks(self) -> None:
        lot = self.lot(forfeit_grounds=("WITHDREW",)).closed()
        assert "absence.noted" not in lot.kinds

    def test_a_claim_is_decided_even_before_the_time_to_claim_is_over(self) -> None:
        lot = self.lot().closed()
        lot.act("claim_force_majeure", C, reason="Stuck at sea.")
        lot.announced().act("decide_absence", bidder=C, excused=False)
        assert lot.now.life.forfeits == {C: "ABSENT"}

    def test_the_house_may_excuse_of_its_own_accord(self) -> None:
        lot = self.lot().closed().announced()
        lot.act("decide_absence", bidder=C, excused=True)
        lot.after(4 * DAY_MS)
        lot.refused("ALREADY_DECIDED", "decide_absence", bidder=C, excused=False)

    def test_who_comes_when_a_falling_price_goes_on_was_not_absent(self) -> None:
        lot = Course(conducted(falling=True)).admit(A, B, C).enter(A, C)
        lot.tick(START)
        lot.bid(A, 1_000, step=0)
        assert lot.last("absence.noted").data["bidders"] == [B]
        lot.act("withdraw_bid", A)
        assert lot.bid(B, 1_000, step=0) == "ACCEPTED"
        assert lot.last("absence.noted").data["bidders"] == []
        lot.announced()
        lot.refused("NOT_ABSENT", "decide_absence", bidder=B, excused=False)

    def test_an_annulled_session_had_nobody_absent(self) -> None:
        lot = self.lot()
        lot.act("report_incident", what="x")
        lot.act("decide_incident", choice="ANNUL")
        lot.refused("WRONG_STATUS", "decide_absence", bidder=C, excused=False)


class TestOneBidder:
    @pytest.mark.parametrize(
        ("own", "ended"),
        [
            ({}, ("FAILED", "TOO_FEW_PARTICIPANTS")),
            ({"failures": 1}, ("AWAIT_OWNER_CONSENT", None)),
            ({"failures": 1, "single_bidder": "NEVER"}, ("FAILED", "TOO_FEW_PARTICIPANTS")),
            ({"single_bidder": "ALWAYS"}, ("LEADER_DETERMINED", None)),
            ({"failures": 1, "single_after_failures": 2}, ("FAILED", "TOO_FEW_PARTICIPANTS")),
            ({"min_participants": 1}, ("LEADER_DETERMINED", None)),
        ],
    )
    def test_may_buy_or_not(self, own: dict[str, Any], ended: tuple[str, str | None]) -> None:
        assert open_lot(terms=terms(**own)).bids((A, 1_000)).closed().ended() == ended

    def test_a_complaint_that_comes_while_the_owner_thinks_stops_the_consent(self) -> None:
        lot = open_lot(terms=terms(failures=1)).bids((A, 1_000)).closed()
        lot.act("hold", role="PROCURATOR", ground="COMPLAINT")
        lot.refused("HELD", "consent")
        lot.after(30 * DAY_MS)
        lot.act("release", role="PROCURATOR", ground="COMPLAINT")
        lot.act("consent")
        assert lot.now.status == "LEADER_DETERMINED"

    def test_one_acceptor_among_several_present_is_no_sole_participant(self) -> None:
        lot = open_lot(falling=True)
        lot.bid(A, 1_000, step=0)
        assert lot.now.status == "LEADER_DETERMINED"
        alone = open_lot(A, falling=True)
        alone.bid(A, 1_000, step=0)
        assert alone.ended() == ("FAILED", "TOO_FEW_PARTICIPANTS")


def test_a_lot_without_terms_ends_with_its_bidding() -> None:
    lot = open_lot(terms=None).bids((A, 1_000)).closed()
    assert (lot.now.status, lot.now.settled) == ("BIDDING_CLOSED", True)
    hand = open_lot(terms=None, closed_by="AUCTIONEER", end_ms=None)
    hand.do(CloseLot())
    assert (hand.now.status, hand.now.settled) == ("BIDDING_CLOSED", True)
