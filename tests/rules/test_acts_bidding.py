"""Pauses, incidents, new dates, void bids and holds: what each does to time and to the result."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from auction_engine.rules.commands import Admit, DraftLot, ListLot, Tick
from auction_engine.rules.descending import price_at, step_at
from auction_engine.rules.fates import deposit_fates
from auction_engine.rules.machine import next_due_ms
from auction_engine.rules.params import Extension
from auction_engine.rules.parts import Reserve

from .courses import (
    CLOSES,
    DAY_MS,
    DESCENT,
    END,
    MILLION,
    MINUTE,
    OPENS,
    START,
    A,
    B,
    C,
    Course,
    conducted,
    open_lot,
    terms,
    window,
)

WHY = "Messages were found."


def two(**changes: Any) -> Course:
    """A 1,350 and B 1,500, the lot still open."""
    return open_lot(**changes).bids((A, 1_350), (B, 1_500))


def pause(lot: Course, minutes: int = 3) -> Course:
    lot.act("pause", ground="AUCTIONEER")
    lot.after(minutes * MINUTE)
    return lot


class TestPauses:
    def test_time_stands_still_and_is_given_back(self) -> None:
        lot = pause(two(), 100)
        assert next_due_ms(lot.now) is None
        assert lot.bid(C, 1_600) == "PAUSED"
        lot.act("resume")
        assert lot.now.end_ms == END + 100 * MINUTE
        assert lot.bid(C, 1_600, END + 100 * MINUTE - 1) == "ACCEPTED"

    def test_a_pause_puts_the_last_possible_end_off_too(self) -> None:
        capped = Extension(MINUTE, 10 * MINUTE, None, 5 * MINUTE)
        lot = pause(two(extension=capped))
        lot.act("resume")
        assert lot.bid(C, 1_600, END + 3 * MINUTE - 1) == "ACCEPTED"
        assert lot.now.end_ms == END + 8 * MINUTE
        lot = two(extension=capped)
        assert lot.bid(C, 1_600, END - 1) == "ACCEPTED"
        assert lot.now.end_ms == END + 5 * MINUTE

    def test_two_pauses_add_up(self) -> None:
        lot = pause(two())
        lot.act("resume")
        pause(lot, 2).act("resume")
        assert lot.now.end_ms == END + 5 * MINUTE
        assert lot.now.life.paused_ms == 5 * MINUTE

    def test_the_owner_s_time_to_consent_stands_still_too(self) -> None:
        lot = open_lot(terms=terms(failures=1)).bids((A, 1_000)).closed()
        due_ms = lot.now.life.due_ms
        assert due_ms is not None
        pause(lot, 10)
        assert lot.tick(due_ms) == []
        lot.act("resume")
        assert lot.now.life.due_ms == due_ms + lot.at_ms - END

    def test_a_lot_closed_by_hand_can_be_paused(self) -> None:
        lot = pause(two(closed_by="AUCTIONEER", end_ms=None))
        lot.act("resume")
        assert lot.now.end_ms is None

    def test_who_asked_for_a_pause_ends_it(self) -> None:
        lot = two()
        lot.act("pause", role="AUCTIONEER", ground="COMPLAINT_AUTHORITY")
        lot.refused("NOT_YOURS", "resume", role="AUCTIONEER")
        lot.act("resume", role="AGENCY")
        assert lot.now.status == "RUNNING"

    def test_without_terms_an_incident_can_be_decided_too(self) -> None:
        lot = two(terms=None)
        lot.act("report_incident", role="CLOCK", what="The ledger did not answer.")
        lot.after(MINUTE)
        lot.act("decide_incident", choice="CONTINUE")
        assert (lot.now.status, lot.now.end_ms) == ("RUNNING", END + MINUTE)

    def test_an_incident_leaves_an_officer_s_pause_standing(self) -> None:
        lot = two()
        lot.act("pause", role="AGENCY", ground="PROSECUTION")
        for _ in range(2):
            lot.act("report_incident", what="x")
        lot.after(MINUTE)
        lot.act("decide_incident", choice="CONTINUE")
        assert (lot.now.status, lot.now.life.ground) == ("PAUSED", "PROSECUTION")
        lot.after(MINUTE)
        lot.act("resume", role="AGENCY")
        assert lot.now.end_ms == END + 2 * MINUTE, "given back once, and whole"


class TestVoidInAPause:
    """What was decided on before a pause is found anew when bids became void in it."""

    def test_another_leads(self) -> None:
        lot = pause(two().closed())
        lot.act("withdraw_bid", B)
        lot.act("resume")
        assert lot.ended() == ("LEADER_DETERMINED", None)
        assert lot.last("leader.determined").data["bidder"] == A

    def test_nobody_is_left(self) -> None:
        lot = pause(two().closed())
        lot.act("withdraw_bid", A)
        lot.act("withdraw_bid", B)
        lot.act("resume")
        assert lot.ended() == ("FAILED", "WITHDRAWN")

    def test_the_reserve_is_not_reached_any_more(self) -> None:
        lot = pause(two(reserve=Reserve(minor=1_400 * MILLION)).closed())
        lot.act("withdraw_bid", B)
        lot.act("resume")
        assert lot.ended() == ("FAILED", "BELOW_RESERVE")

    def test_who_does_not_lead_changes_nothing(self) -> None:
        lot = pause(two().closed())
        lot.act("withdraw_bid", A)
        lot.act("resume")
        assert lot.ended() == ("LEADER_DETERMINED", None)
        assert lot.now.leader == B

    def test_after_an_incident_too(self) -> None:
        lot = two().closed()
        lot.act("report_incident", what="x")
        lot.act("disqualify", bidder=B, ground="COLLUSION", reason=WHY)
        lot.act("decide_incident", choice="CONTINUE")
        assert lot.now.status == "FAILED", "a disqualified bidder is no second participant"

    def test_in_an_open_lot_the_clock_simply_goes_on(self) -> None:
        lot = pause(two())
        lot.act("withdraw_bid", B)
        lot.act("resume")
        assert (lot.now.status, lot.now.leader) == ("RUNNING", A)


class TestVoid:
    def test_a_withdrawal_after_the_close_asks_again_whether_one_bidder_may_buy(self) -> None:
        lot = open_lot(terms=terms(failures=1)).bids((A, 1_000)).closed()
        lot.act("withdraw_bid", A)
        assert lot.ended() == ("FAILED", "WITHDRAWN")

    def test_a_disqualified_sole_bidder_leaves_an_auction_nobody_bid_in(self) -> None:
        lot = open_lot().bids((A, 1_000))
        lot.act("disqualify", bidder=A, ground="FALSE_PAPERS", reason=WHY)
        lot.closed()
        assert lot.ended() == ("FAILED", "NO_BID")

    def test_who_does_not_lead_may_withdraw_and_loses_his_deposit_too(self) -> None:
        lot = two()
        lot.act("withdraw_bid", A)
        assert lot.now.leader == B
        assert lot.now.life.forfeits == {A: "WITHDREW"}

    def test_without_the_ground_in_the_terms_nothing_is_lost(self) -> None:
        lot = two(terms=terms(forfeit_grounds=("REFUSED_WIN",)))
        lot.act("withdraw_bid", B)
        assert (lot.now.leader, lot.now.life.forfeits) == (A, {})

    def test_a_lot_without_terms_closed_gives_the_lead_to_the_next(self) -> None:
        lot = two(terms=None).closed()
        lot.act("disqualify", bidder=B, ground="DISORDER", reason=WHY)
        assert (lot.now.status, lot.now.leader) == ("BIDDING_CLOSED", A)

    def test_who_is_out_before_the_opening_is_not_counted(self) -> None:
        lot = registered(A, B)
        lot.act("disqualify", bidder=B, ground="FALSE_PAPERS", reason=WHY)
        lot.refused("ALREADY_OUT", "withdraw_registration", B)
        lot.tick(START)
        assert lot.ended() == ("FAILED", "TOO_FEW_PARTICIPANTS")


class TestFallingPrices:
    def test_a_pause_holds_the_price(self) -> None:
        lot = open_lot(falling=True)
        lot.after(MINUTE + 30_000)
        assert price_at(lot.now, lot.at_ms) == 950 * MILLION
        pause(lot, 10)
        assert price_at(lot.now, lot.at_ms) == 950 * MILLION
        lot.act("resume")
        assert step_at(lot.now, lot.at_ms + 29_999) == 1
        assert step_at(lot.now, lot.at_ms + 30_000) == 2

    def test_a_withdrawn_acceptance_gives_its_price_the_full_time_again(self) -> None:
        lot = open_lot(falling=True)
        lot.after(MINUTE + 59_999)
        lot.bid(A, 950, step=1)
        lot.after(DAY_MS)
        lot.act("withdraw_bid", A)
        assert lot.now.status == "RUNNING"
        assert price_at(lot.now, lot.at_ms + MINUTE - 1) == 950 * MILLION
        assert price_at(lot.now, lot.at_ms + MINUTE) == 900 * MILLION
        assert lot.bid(A, 950, step=1) == "OUT"
        assert lot.bid(B, 950, step=1) == "ACCEPTED"

    def test_withdrawn_in_a_pause_it_has_the_full_time_after_it(self) -> None:
        lot = open_lot(falling=True)
        lot.bid(A, 1_000, step=0)
        pause(lot, 5).act("withdraw_bid", A)
        assert lot.now.status == "PAUSED", "a withdrawal ends nobody's pause"
        lot.after(5 * MINUTE)
        lot.act("resume")
        assert price_at(lot.now, lot.at_ms + MINUTE - 1) == 1_000 * MILLION
        assert price_at(lot.now, lot.at_ms + MINUTE) == 950 * MILLION

    def test_at_the_floor_the_last_price_stands_once_more_and_then_it_failed(self) -> None:
        lot = open_lot(falling=True)
        lot.after(4 * MINUTE)
        lot.bid(A, 800, step=4)
        lot.act("withdraw_bid", A)
        assert lot.now.end_ms == lot.at_ms + MINUTE
        lot.closed()
        assert lot.ended() == ("FAILED", "WITHDRAWN")

    def test_after_a_refused_win_others_of_the_same_step_stand(self) -> None:
        same = replace(DESCENT, draw_same_step=True)
        lot = open_lot(falling=True, descent=same, terms=None)
        lot.bid(A, 1_000, step=0)
        assert lot.bid(B, 1_000, step=0) == "ACCEPTED"
        lot.act("disqualify", bidder=A, ground="DISORDER", reason=WHY)
        assert (lot.now.status, lot.now.leader) == ("RUNNING", B)
        lot.closed()
        lot.act("disqualify", bidder=B, ground="DISORDER", reason=WHY)
        assert (lot.now.status, price_at(lot.now, lot.at_ms)) == ("RUNNING", 1_000 * MILLION)

    def test_others_who_accepted_the_same_price_keep_it_for_one_step_more(self) -> None:
        same = replace(DESCENT, draw_same_step=True)
        lot = open_lot(falling=True, descent=same, terms=None)
        lot.bid(A, 1_000, step=0)
        lot.bid(B, 1_000, step=0)
        lot.closed()
        lot.act("disqualify", bidder=A, ground="DISORDER", reason=WHY)
        assert (lot.now.status, lot.now.leader) == ("RUNNING", B)
        assert lot.now.end_ms == lot.at_ms + MINUTE, "the price falls no further"
        assert lot.bid(C, 1_000, step=0) == "ACCEPTED"
        lot.closed()
        assert (lot.now.status, lot.now.leader) == ("BIDDING_CLOSED", B)


class TestHolds:
    def test_no_time_runs_out_while_a_suit_is_pending(self) -> None:
        lot = two().closed().announced().signed()
        due_ms = lot.now.life.due_ms
        assert due_ms is not None
        lot.after(DAY_MS)
        lot.act("hold", role="COURT", ground="LITIGATION")
        assert next_due_ms(lot.now) is None
        assert lot.tick(due_ms + 100 * DAY_MS) == []
        lot.act("release", role="COURT", ground="LITIGATION")
        assert lot.now.life.due_ms == due_ms + (lot.at_ms - END - DAY_MS)
        lot.paid()
        assert lot.now.status == "PAID"

    def test_only_the_last_of_several_lets_time_run_again(self) -> None:
        lot = two().closed().announced().signed()
        due_ms = lot.now.life.due_ms
        assert due_ms is not None
        lot.act("hold", role="AGENCY", ground="LITIGATION")
        lot.after(DAY_MS)
        lot.act("hold", role="PROCURATOR", ground="COMPLAINT")
        lot.act("release", role="AGENCY", ground="LITIGATION")
        lot.after(DAY_MS)
        assert next_due_ms(lot.now) is None
        lot.act("release", role="PROCURATOR", ground="COMPLAINT")
        assert lot.now.life.due_ms == due_ms + 2 * DAY_MS

    def test_what_was_lost_before_the_minutes_is_not_taken_from_the_time_to_pay(self) -> None:
        lot = two().closed().announced()
        lot.act("hold", role="AGENCY", ground="COMPLAINT")
        lot.after(40 * DAY_MS)
        lot.act("release", role="AGENCY", ground="COMPLAINT")
        lot.signed()
        assert lot.now.life.due_ms == END + 70 * DAY_MS

    def test_a_buyer_who_has_paid_does_not_wait_longer_for_a_suit(self) -> None:
        lot = two().closed().announced().signed().paid()
        lot.act("hold", role="AGENCY", ground="LITIGATION")
        lot.after(61 * DAY_MS)
        lot.act("buyer_rescinds", B)
        assert lot.now.status == "RESCINDED_BY_BUYER"

    def test_where_no_auctioneer_announces_the_release_does(self) -> None:
        lot = two(terms=terms(announcement="IMMEDIATE"))
        lot.act("hold", role="AGENCY", ground="COMPLAINT")
        lot.closed()
        assert lot.ended() == ("LEADER_DETERMINED", None)
        lot.act("release", role="AGENCY", ground="COMPLAINT")
        assert lot.ended() == ("ANNOUNCED", None)

    def test_a_hold_within_a_pause_is_given_back_once(self) -> None:
        lot = open_lot(terms=terms(failures=1)).bids((A, 1_000)).closed()
        due_ms = lot.now.life.due_ms
        assert due_ms is not None
        lot.act("hold", role="AGENCY", ground="COMPLAINT")
        lot.after(2 * MINUTE)
        pause(lot, 3)
        lot.act("release", role="AGENCY", ground="COMPLAINT")
        lot.after(MINUTE)
        lot.act("resume")
        assert lot.now.life.due_ms == due_ms + 6 * MINUTE

    def test_a_stopped_lot_s_hold_can_be_released_and_a_new_date_set(self) -> None:
        lot = open_lot()
        lot.act("hold", role="AGENCY", ground="COMPLAINT")
        lot.act("stop", ground="PRIORITY_PURCHASE", reason="A co-owner buys.")
        new = {"start_ms": END + DAY_MS, "end_ms": END + 2 * DAY_MS}
        lot.refused("HELD", "reschedule", **new)
        lot.act("release", role="AGENCY", ground="COMPLAINT")
        lot.act("reschedule", **new)
        assert lot.now.status == "PUBLISHED"


def registered(*bidders: int, **changes: Any) -> Course:
    lot = Course(conducted(terms=window(**changes)))
    lot.tick(OPENS)
    for bidder in bidders:
        lot.act("register", bidder)
    lot.admit(*bidders)
    return lot


class TestBeforeTheOpening:
    def test_who_was_admitted_to_the_draft_is_admitted_to_the_lot(self) -> None:
        lot = Course(None)
        lot.do(DraftLot(conducted()))
        lot.admit(A)
        lot.act("appoint", auctioneer=9_003)
        lot.do(ListLot(conducted(increment_minor=MILLION)))
        assert set(lot.now.admitted) == {A}
        assert lot.now.life.auctioneer == 9_003
        assert lot.now.params.increment_minor == MILLION

    def test_undecided_dossiers_put_the_opening_off(self) -> None:
        lot = registered(A, B)
        lot.act("register", C)
        lot.tick(START)
        assert lot.ended() == ("POSTPONED", None)
        assert lot.now.life.ground == "DOSSIERS_UNDECIDED"
        lot.do(Admit(C, "B-003"))
        lot.act("reschedule", start_ms=START + DAY_MS, end_ms=END + DAY_MS)
        lot.tick(START + DAY_MS)
        assert lot.now.status == "RUNNING"

    def test_a_change_lets_go_whom_it_found(self) -> None:
        lot = registered(A)
        lot.act("change", what="START_PRICE")
        lot.act("register", B)
        lot.admit(B).tick(CLOSES)
        lot.refused("REGISTRATION_OVER", "withdraw_registration", B)
        lot.act("withdraw_registration", A)
        assert {b: f.kind for b, f in deposit_fates(lot.now).items()} == {
            A: "REFUND_DUE",
            B: "HELD",
        }

    @pytest.mark.parametrize("act", ["postpone", "reschedule"])
    def test_another_time_lets_everybody_go(self, act: str) -> None:
        lot = registered(A, B, C)
        lot.tick(CLOSES)
        lot.act("postpone", ground="FORCE_MAJEURE")
        if act == "reschedule":
            lot.act("reschedule", start_ms=START + DAY_MS, end_ms=END + DAY_MS)
            lot.do(Tick())
        lot.act("withdraw_registration", A)
        assert deposit_fates(lot.now)[A].kind == "REFUND_DUE"
        assert A not in lot.now.admitted

    def test_without_a_window_for_dossiers_too(self) -> None:
        lot = Course(conducted()).admit(A, B)
        lot.refused("REGISTRATION_OVER", "withdraw_registration", A)
        lot.act("change", what="TIME")
        lot.act("withdraw_registration", A)
        lot.refused("NOT_REGISTERED", Admit(A, "B-001"))

    def test_a_new_date_forgets_the_pauses_of_the_old_one(self) -> None:
        capped = Extension(MINUTE, 10 * MINUTE, None, 5 * MINUTE)
        lot = pause(open_lot(extension=capped))
        lot.act("resume")
        lot.act("stop", ground="OWNER_RECLAIMED", reason="x")
        lot.act("reschedule", start_ms=START + DAY_MS, end_ms=END + DAY_MS)
        lot.tick(START + DAY_MS)
        lot.bid(A, 1_000, END + DAY_MS - 1)
        assert lot.now.end_ms == END + DAY_MS + 5 * MINUTE

    def test_a_held_lot_does_not_open_by_itself(self) -> None:
        lot = registered(A, B)
        lot.act("hold", role="ORGANISATION", ground="COMPLAINT")
        lot.tick(START)
        assert (lot.now.status, lot.now.life.ground) == ("POSTPONED", "HELD")
