"""From the announcement on: minutes, refusals, runner-up, payment; three defaults that differ."""

from __future__ import annotations

from typing import Any

import pytest

from auction_engine.rules.fates import deposit_fates
from auction_engine.rules.parts import Reserve

from .courses import DAY_MS, END, MILLION, A, B, C, Course, open_lot, terms
from .lives import SALT, SECRET, SIGNED_TOO, sold


def three(**changes: Any) -> Course:
    """C 1,300, A 1,350, B 1,500, announced."""
    lot = open_lot(terms=terms(**changes)).bids((C, 1_300), (A, 1_350), (B, 1_500))
    return lot.closed().announced()


class TestThreeDefaults:
    """Refused minutes, a refused win and a default in payment are not the same (domain §8, 13)."""

    def test_refused_minutes_fail_at_once_and_offer_it_to_nobody(self) -> None:
        lot = sold()
        lot.act("refuse_minutes", B)
        assert lot.ended() == ("FAILED", "MINUTES_REFUSED")
        assert lot.now.life.forfeits == {B: "REFUSED_MINUTES"}

    def test_a_refused_win_offers_it_to_the_next(self) -> None:
        lot = sold()
        lot.act("refuse_win", B)
        assert lot.ended() == ("RUNNER_UP_OFFERED", None)
        assert lot.now.life.forfeits == {B: "REFUSED_WIN"}

    def test_who_signed_and_does_not_pay_has_broken_a_contract(self) -> None:
        lot = sold().signed()
        lot.refused("WRONG_STATUS", "refuse_win", B)
        lot.due()
        assert lot.ended() == ("PAYMENT_DEFAULT", None)
        assert deposit_fates(lot.now)[B] == (
            "FORFEITED",
            "PAYMENT_DEFAULT",
            "ENFORCEMENT_AGENCY",
        )

    def test_a_pack_may_leave_the_deposit_of_a_defaulter_alone(self) -> None:
        lot = sold(forfeit_beneficiaries=(("PAYMENT_DEFAULT", "NOT_FORFEITED"),)).signed()
        lot.due()
        assert lot.now.life.forfeits == {}
        lot.act("rescind", reason="Nothing was paid.")
        assert deposit_fates(lot.now)[B].kind == "REFUND_DUE"

    def test_a_winner_who_has_signed_cannot_choose_the_cheaper_default(self) -> None:
        lot = sold()
        lot.act("sign_minutes", B, **{"as": "WINNER"})
        lot.refused("ALREADY_SIGNED", "refuse_win", B)
        lot.refused("ALREADY_SIGNED", "refuse_minutes", B)


class TestMinutes:
    def test_the_time_to_sign_begins_again_when_the_house_is_late(self) -> None:
        lot = sold()
        lot.due()
        late_ms = lot.at_ms
        assert lot.ended() == ("ANNOUNCED", None)
        lot.after(5 * DAY_MS)
        lot.house_signs()
        assert lot.now.life.due_ms == late_ms + 5 * DAY_MS + 3 * DAY_MS
        lot.act("sign_minutes", B, **{"as": "WINNER"})
        assert lot.now.life.due_ms == END + 30 * DAY_MS + 5 * DAY_MS, "the house's delay is lost"

    def test_time_lost_by_the_house_and_by_a_suit_is_given_back_once(self) -> None:
        lot = sold()
        lot.due()
        lot.act("hold", role="AGENCY", ground="COMPLAINT")
        lot.after(5 * DAY_MS)
        lot.act("release", role="AGENCY", ground="COMPLAINT")
        lot.signed()
        assert lot.now.life.due_ms == END + 30 * DAY_MS + 5 * DAY_MS

    def test_a_winner_who_signed_first_is_not_late(self) -> None:
        lot = sold()
        lot.act("sign_minutes", B, **{"as": "WINNER"})
        lot.due()
        lot.after(DAY_MS)
        lot.house_signs()
        assert lot.ended() == ("AWAIT_PAYMENT", None)
        assert lot.now.life.due_ms == END + 30 * DAY_MS + DAY_MS

    def test_after_the_house_has_signed_silence_refuses(self) -> None:
        lot = sold()
        lot.due()
        lot.house_signs()
        lot.due()
        assert lot.ended() == ("FAILED", "MINUTES_REFUSED")

    def test_a_representative_s_refusal_holds_nothing_up(self) -> None:
        lot = sold(signatories=SIGNED_TOO)
        for who in ("OWNER", "REPRESENTATIVE"):
            lot.act("note_refused_signature", who=who)
            lot.refused("ALREADY_SIGNED", "note_refused_signature", who=who)
        lot.refused("ALREADY_SIGNED", "sign_minutes", role="AGENCY", **{"as": "OWNER"})
        lot.signed()
        assert lot.ended() == ("AWAIT_PAYMENT", None)
        assert lot.now.life.unsigned == ("OWNER", "REPRESENTATIVE")

    def test_a_new_winner_has_minutes_of_his_own(self) -> None:
        lot = sold().house_signs()
        lot.act("refuse_win", B)
        lot.act("accept_offer", A)
        assert lot.now.life.signed == ()
        lot.signed()
        assert lot.ended() == ("AWAIT_PAYMENT", None)


class TestRunnerUp:
    @pytest.mark.parametrize(
        ("next_bid", "offered"), [(1_350, True), (1_300, True), (1_299, False), (1_250, False)]
    )
    def test_the_next_bid_and_the_deposit_reach_the_refused_one(
        self, next_bid: int, offered: bool
    ) -> None:
        lot = open_lot().bids((A, next_bid), (B, 1_500)).closed().announced()
        lot.act("refuse_win", B)
        assert (lot.now.status == "RUNNER_UP_OFFERED") is offered

    def test_never_below_the_reserve(self) -> None:
        lot = open_lot(reserve=SECRET).bids((A, 1_150), (B, 1_300)).closed()
        lot.act("reveal_reserve", reserve_minor=1_200 * MILLION, salt=SALT)
        lot.announced().act("refuse_win", B)
        assert lot.ended() == ("FAILED", "WIN_REFUSED")
        lot = open_lot(reserve=Reserve(minor=1_200 * MILLION)).bids((A, 1_200), (B, 1_300))
        lot.closed().announced().act("refuse_win", B)
        assert lot.ended() == ("RUNNER_UP_OFFERED", None)

    def test_one_step_deep(self) -> None:
        lot = three()
        lot.act("refuse_win", B)
        lot.act("accept_offer", A)
        lot.act("refuse_win", A)
        assert lot.ended() == ("FAILED", "WIN_REFUSED")
        assert lot.now.life.forfeits == {A: "REFUSED_WIN", B: "REFUSED_WIN"}

    def test_deeper_where_the_rules_say_so(self) -> None:
        lot = three(runner_up="NEXT_BID", runner_up_depth=2, deposit_minor=0)
        lot.act("refuse_win", B)
        lot.act("accept_offer", A)
        lot.act("refuse_win", A)
        assert (lot.now.status, lot.now.leader) == ("RUNNER_UP_OFFERED", C)

    def test_not_at_all_where_they_say_so(self) -> None:
        lot = three(runner_up="NONE", runner_up_depth=0)
        lot.act("refuse_win", B)
        assert lot.ended() == ("FAILED", "WIN_REFUSED")

    def test_an_offer_waits_while_a_suit_is_pending(self) -> None:
        lot = three()
        lot.act("refuse_win", B)
        lot.act("hold", role="AGENCY", ground="LITIGATION")
        lot.refused("HELD", "accept_offer", A)
        lot.after(30 * DAY_MS)
        assert lot.ended() == ("RUNNER_UP_OFFERED", None)
        lot.act("release", role="AGENCY", ground="LITIGATION")
        lot.act("accept_offer", A)
        assert lot.ended() == ("ANNOUNCED", None)

    def test_a_failed_lot_has_no_winner(self) -> None:
        lot = three()
        lot.act("refuse_win", B)
        lot.act("decline_offer", A)
        assert (lot.now.life.winner, lot.now.life.award_minor) == (None, None)


class TestPayment:
    def test_in_parts_until_it_is_whole(self) -> None:
        lot = sold().signed()
        lot.act("record_payment", amount_minor=1_299 * MILLION, reference="1")
        assert lot.ended() == ("AWAIT_PAYMENT", None)
        lot.refused("AMOUNT_NOT_DUE", "record_payment", amount_minor=2 * MILLION, reference="2")
        lot.act("record_payment", amount_minor=MILLION, reference="2")
        assert lot.ended() == ("PAID", None)

    def test_the_extension_counts_from_the_sale(self) -> None:
        lot = sold().signed()
        lot.act("extend_payment", due_ms=END + 60 * DAY_MS, agreement="3/12")
        assert lot.tick(END + 60 * DAY_MS - 1) == []
        lot.due()
        assert lot.ended() == ("PAYMENT_DEFAULT", None)

    def test_one_bidder_at_the_starting_price_whose_deposit_is_all_of_it(self) -> None:
        """Number plates: the deposit is the starting price, and one bidder may buy."""
        own = terms(deposit_minor=1_000 * MILLION, single_bidder="ALWAYS")
        lot = open_lot(A, terms=own).bids((A, 1_000)).closed().announced().signed()
        assert lot.ended() == ("PAID", None)

    def test_consent_announces_where_no_auctioneer_does(self) -> None:
        own = terms(failures=1, announcement="IMMEDIATE")
        lot = open_lot(terms=own).bids((A, 1_000)).closed()
        lot.act("consent")
        assert lot.ended() == ("ANNOUNCED", None)
