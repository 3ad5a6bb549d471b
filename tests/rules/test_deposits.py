"""Deposits on record: who is let in and may bid, what a released one changes and what not."""

from __future__ import annotations

from typing import Any

import pytest

from auction_engine.rules import deposits
from auction_engine.rules.commands import Admit, Seal
from auction_engine.rules.events import BidAccepted, BidderAdmitted, BidRefused, BidSealed, Turn
from auction_engine.rules.fates import EARNEST, HELD, REFUND_DUE, deposit_fates
from auction_engine.rules.freeze import params_of
from auction_engine.rules.grounds import RELEASES
from auction_engine.rules.invariants import InvariantBroken, check_step
from auction_engine.rules.lot import Deposit, LotState
from auction_engine.rules.machine import apply
from auction_engine.rules.params import LotParams, ParamsError
from auction_engine.rules.terms import DEPOSIT_MEANS, Terms

from .courses import (
    CLOSES,
    DAY_MS,
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
    deposited,
    open_lot,
    recorded,
    terms,
)
from .drafts import NEW, draft
from .rounds import box_of, sealing


def release(lot: Course, *bidders: int, ground: str = "BANK_REVERSAL") -> Course:
    for bidder in bidders:
        lot.act("release_deposit", bidder=bidder, ground=ground, reason="The bank says so.")
    return lot


class TestFrozen:
    def test_what_old_journals_say_is_said_in_the_same_bytes(self) -> None:
        said = conducted().to_json()["terms"]
        assert not {"deposits", "deposit_means"} & set(said)
        assert LotParams.from_json(conducted().to_json()) == conducted()

    def test_what_is_recorded_is_said_and_read_again(self) -> None:
        params = conducted(terms=recorded())
        said = params.to_json()["terms"]
        assert (said["deposits"], tuple(said["deposit_means"])) == ("RECORDED", DEPOSIT_MEANS)
        assert LotParams.from_json(params.to_json()) == params
        assert params.rules_hash != conducted().rules_hash

    @pytest.mark.parametrize(
        ("path", "changes"),
        [
            ("deposits", {"deposits": "SOMEWHERE"}),
            ("deposits", {"deposits": "RECORDED", "deposit_minor": 0}),
            ("deposit_means", {"deposit_means": ()}),
            ("deposit_means[1]", {"deposit_means": ("TRANSFER", "GOLD")}),
        ],
    )
    def test_terms_that_make_no_sense_are_refused(self, path: str, changes: Any) -> None:
        with pytest.raises(ParamsError) as caught:
            terms(**changes)
        assert caught.value.path == path

    def test_a_draft_says_that_they_are_recorded_and_the_pack_in_which_ways(self) -> None:
        frozen = params_of(NEW, draft(deposits="RECORDED")).terms
        assert frozen is not None
        assert (frozen.deposits, frozen.deposit_means) == ("RECORDED", ("TRANSFER", "GUARANTEE"))
        small = params_of(NEW, draft(deposits="RECORDED", deposit_minor=4_999_999)).terms
        assert small is not None
        assert small.deposit_means == ("TRANSFER", "CASH", "GUARANTEE")

    def test_unless_asked_or_without_a_deposit_they_stay_outside(self) -> None:
        for changes in ({}, {"deposits": "RECORDED", "deposit_minor": 0}):
            frozen = params_of(NEW, draft(**changes)).terms
            assert frozen is not None
            assert frozen.deposits == "OUTSIDE"


def test_every_ground_is_for_kinds_there_are_and_every_kind_has_a_ground() -> None:
    kinds = {means for fitting in RELEASES.values() for means in fitting}
    assert kinds == set(DEPOSIT_MEANS)


class TestLettingIn:
    def test_without_a_window_anybody_can_deposit_and_be_admitted_until_the_opening(self) -> None:
        own = Terms(deposit_minor=200 * MILLION, deposits="RECORDED")
        lot = Course(conducted(terms=own))
        lot.refused("DEPOSIT_MISSING", Admit(A, "B-001"))
        lot.deposit(A, B).admit(A)
        assert deposit_fates(lot.now) == {A: HELD, B: HELD}

    def test_dossiers_are_decided_without_a_deposit_being_there(self) -> None:
        lot = Course(conducted(terms=recorded()))
        lot.tick(OPENS)
        lot.act("register", A)
        lot.tick(CLOSES)
        lot.refused("DOSSIERS_UNDECIDED", "make_ready")
        lot.act("refuse_registration", bidder=A, reason="No deposit came.")
        lot.act("make_ready")

    def test_who_lost_the_deposit_before_the_opening_is_no_participant(self) -> None:
        lot = Course(conducted(terms=recorded(single_bidder="NEVER")))
        lot.tick(OPENS)
        for bidder in (A, B):
            lot.act("register", bidder)
        lot.deposit(A, B).admit(A, B)
        release(lot, B).tick(START)
        assert lot.ended() == ("FAILED", "SOLE_REGISTRANT")
        assert deposit_fates(lot.now) == {A: REFUND_DUE}


class TestBidding:
    def test_the_leader_stays_the_leader_and_can_be_outbid(self) -> None:
        lot = release(deposited().bids((A, 1_000), (B, 1_050)), B)
        assert (lot.now.leader, lot.now.price_minor) == (B, 1_050 * MILLION)
        assert lot.bid(C, 1_099) == "BELOW_MIN_INCREMENT"
        assert lot.bid(C, 1_100) == "ACCEPTED"
        assert lot.bid(B, 1_150) == "DEPOSIT_MISSING"
        last = lot.events[-1]
        assert isinstance(last, BidRefused)
        assert last.minimum_minor is None

    def test_a_maximum_bids_no_more_and_bids_again_when_the_deposit_is_back(self) -> None:
        lot = deposited(automatic_bids=True)
        assert lot.bid(A, 2_000, automatic=True) == "MAXIMUM"
        release(lot, A)
        assert lot.bid(B, 1_050) == "ACCEPTED"
        assert (lot.now.leader, lot.now.price_minor) == (B, 1_050 * MILLION)
        again = deposited(automatic_bids=True)
        again.bid(A, 2_000, automatic=True)
        release(again, A).deposit(A, transfer=77)
        assert again.bid(B, 1_050) == "ACCEPTED"
        assert (again.now.leader, again.now.price_minor) == (A, 1_100 * MILLION)

    def test_a_box_is_not_taken_and_one_that_is_in_stays_in(self) -> None:
        params: dict[str, Any] = {"method": "SEALED", "sealed": sealing(), "lot": 7}
        lot = deposited(**params)
        keys = sealing().public_keys
        ids = [f"00000000-0000-4000-8000-{n:012d}" for n in (1, 2)]
        box = box_of(1_000 * MILLION, 1, A, ids[0], keys)
        assert isinstance(lot.do(Seal(A, ids[0], box))[0], BidSealed)
        release(lot, A)
        told = lot.do(Seal(A, ids[1], box_of(1_100 * MILLION, 1, A, ids[1], keys)))
        assert told == [BidRefused(A, ids[1], None, "DEPOSIT_MISSING", None)]
        sealed = lot.now.life.sealed
        assert sealed is not None
        assert sealed.boxes[A] == (ids[0], box)

    def test_a_lot_that_keeps_no_record_asks_nobody(self) -> None:
        lot = open_lot().bids((A, 1_000))
        assert lot.now.life.deposits == {}
        assert deposit_fates(lot.now) == {A: HELD, B: HELD, C: HELD}

    def test_a_lot_stopped_gives_deposits_back_and_asks_for_them_again(self) -> None:
        lot = deposited()
        lot.act("stop", ground="NOT_FIT_FOR_AUCTION", reason="An entry in the register.")
        assert set(deposit_fates(lot.now).values()) == {REFUND_DUE}
        release(lot, A, B, C, ground="RETURNED")
        assert deposit_fates(lot.now) == {}
        lot.act("reschedule", start_ms=START + DAY_MS, end_ms=END + DAY_MS)
        lot.deposit(A, transfer=71).deposit(B, transfer=72)
        lot.tick(START + DAY_MS)
        assert lot.now.status == "RUNNING"
        assert lot.bid(C, 1_000) == "DEPOSIT_MISSING"
        assert lot.bid(A, 1_000) == "ACCEPTED"


class TestAbsence:
    def test_who_has_no_deposit_is_not_entitled_and_so_not_absent(self) -> None:
        lot = Course(conducted(terms=recorded()))
        lot.tick(OPENS)
        for bidder in (A, B, C):
            lot.act("register", bidder)
        lot.deposit(A, B, C).admit(A, B, C).tick(CLOSES)
        release(lot.enter(A), C).tick(START + MINUTE)
        lot.bids((A, 1_000)).closed()
        assert lot.now.life.absent == {B}


class TestAfterwards:
    def sold(self, means: str = "TRANSFER", refuser_released: bool = False) -> Course:
        """B over A, announced; B's deposit was made by `means`."""
        lot = Course(conducted(terms=recorded()))
        lot.tick(OPENS)
        for bidder in (A, B):
            lot.act("register", bidder)
        lot.deposit(A).deposit(B, means=means).admit(A, B).enter(A, B).tick(START + MINUTE)
        if refuser_released:
            lot.bids((A, 1_350), (B, 1_500))
            release(lot, B)
            return lot.closed().announced()
        return lot.bids((A, 1_350), (B, 1_500)).closed().announced()

    @pytest.mark.parametrize(
        ("means", "paid"),
        [("TRANSFER", 200), ("CASH", 200), ("GUARANTEE", 0), ("CARD_HOLD", 0), ("EXEMPT", 0)],
    )
    def test_only_money_that_is_there_has_paid_part_of_the_price(
        self, means: str, paid: int
    ) -> None:
        lot = self.sold(means).signed()
        left = (1_500 - paid) * MILLION
        lot.refused("AMOUNT_NOT_DUE", "record_payment", amount_minor=left + 1, reference="1")
        lot.act("record_payment", amount_minor=left, reference="1")
        assert lot.ended() == ("PAID", None)

    def test_a_deposit_that_proves_bad_after_the_award_is_still_to_be_paid(self) -> None:
        lot = self.sold().signed()
        lot.act("record_payment", amount_minor=100 * MILLION, reference="1")
        release(lot, B)
        assert deposits.credited_minor(lot.now) == 0
        lot.act("record_payment", amount_minor=1_200 * MILLION, reference="2")
        assert lot.ended() == ("AWAIT_PAYMENT", None)
        lot.act("record_payment", amount_minor=200 * MILLION, reference="3")
        assert lot.ended() == ("PAID", None)

    def test_a_winner_without_a_deposit_has_none_to_lose_and_helps_no_runner_up(self) -> None:
        lot = self.sold(refuser_released=True)
        assert deposit_fates(lot.now) == {A: REFUND_DUE}
        lot.act("refuse_win", B)
        assert lot.ended() == ("FAILED", "WIN_REFUSED")
        assert lot.now.life.forfeits == {}

    def test_with_one_he_loses_it_and_the_runner_up_may_buy(self) -> None:
        lot = self.sold()
        assert deposit_fates(lot.now) == {A: HELD, B: EARNEST}
        lot.act("refuse_win", B)
        assert lot.now.status == "RUNNER_UP_OFFERED"
        assert lot.now.life.forfeits == {B: "REFUSED_WIN"}

    def test_an_overpaid_deposit_helps_no_more_than_the_one_asked_for(self) -> None:
        state = self.sold().now
        more = {**state.life.deposits, B: Deposit(900 * MILLION, "TRANSFER", 1_002)}
        state = state._replace(life=state.life._replace(deposits=more))
        assert deposits.covering_minor(state) == 200 * MILLION


# --- each invariant bites ---------------------------------------------------------------------

WHO = {"by": 9_002, "role": "ORGANISATION"}


def held(bidder: int, amount: int = 200, means: str = "TRANSFER", transfer: int = 9) -> Turn:
    data = {"bidder": bidder, "amount_minor": amount * MILLION, "means": means}
    return Turn("deposit.held", "RUNNING", {**data, "transfer": transfer, **WHO})


def gone(bidder: int, ground: str = "BANK_REVERSAL") -> Turn:
    return Turn("deposit.released", "RUNNING", {"bidder": bidder, "ground": ground, **WHO})


def lacking() -> Course:
    return release(deposited().bids((A, 1_000)), C)


def lost() -> Course:
    lot = lacking()
    lot.act("withdraw_bid", A)
    return lot


@pytest.mark.parametrize(
    ("lot", "turn", "text"),
    [
        (open_lot, held(A), "where none are"),
        (deposited, held(A), "two deposits"),
        (lambda: release(lost(), B), held(A), "who is out"),
        (lacking, held(C, means="GOLD"), "do not take"),
        (lacking, held(C, 199), "less than"),
        (lacking, held(C, 1, "EXEMPT", 0), "an exemption of something"),
        (lacking, held(C, transfer=1_001), "of two bidders"),
        (lacking, gone(C), "was not held"),
        (deposited, gone(A, "GUARANTEE_LAPSED"), "does not fit"),
        (lost, gone(A), "forfeited deposit"),
    ],
)
def test_an_impossible_turn_is_noticed(lot: Any, turn: Turn, text: str) -> None:
    course = lot()
    state: LotState = course.now
    if text == "who is out":
        left = {b: d for b, d in state.life.deposits.items() if b != A}
        state = state._replace(life=state.life._replace(deposits=left))
    with pytest.raises(InvariantBroken, match=text):
        check_step(state, turn, apply(state, turn), course.at_ms)


def test_a_turn_that_changes_something_else_is_noticed() -> None:
    lot = lacking()
    state, turn = lot.now, held(C)
    after = apply(state, turn)
    other = after._replace(life=after.life._replace(absent=frozenset({A})))
    with pytest.raises(InvariantBroken, match="changed more"):
        check_step(state, turn, other, lot.at_ms)
    empty = after._replace(life=state.life)
    with pytest.raises(InvariantBroken, match="not on record"):
        check_step(state, turn, empty, lot.at_ms)
    turn = gone(A)
    with pytest.raises(InvariantBroken, match="not those not released"):
        check_step(state, turn, state, lot.at_ms)


def test_other_turns_leave_deposits_alone_and_nobody_is_admitted_without() -> None:
    lot = deposited()
    change = Turn("auctioneer.appointed", "RUNNING", {"auctioneer": 9_003, **WHO})
    after = apply(lot.now, change)
    after = after._replace(life=after.life._replace(deposits=dict(after.life.deposits)))
    with pytest.raises(InvariantBroken, match="changed the deposits"):
        check_step(lot.now, change, after, lot.at_ms)
    event = BidderAdmitted(9, "B-009", False)
    with pytest.raises(InvariantBroken, match="without a deposit was admitted"):
        check_step(lot.now, event, apply(lot.now, event), lot.at_ms)


def test_a_bid_of_a_bidder_without_a_deposit_is_noticed() -> None:
    lot = lacking()
    event = BidAccepted(C, "x", 1_050 * MILLION, 2)
    with pytest.raises(InvariantBroken, match="from a bidder without a deposit"):
        check_step(lot.now, event, apply(lot.now, event), lot.at_ms)
