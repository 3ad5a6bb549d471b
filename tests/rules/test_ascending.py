"""The ascending method. V1 to V4 are the test vectors of the domain rules, by number."""

from __future__ import annotations

import pytest

from auction_engine.rules.commands import Admit, Bid, CloseLot, CommandRefused, ListLot, Tick
from auction_engine.rules.events import (
    BidAccepted,
    BidderAdmitted,
    BidRefused,
    LotClosed,
    LotExtended,
    LotListed,
    LotOpened,
)
from auction_engine.rules.lot import minimum_minor
from auction_engine.rules.machine import apply, decide, next_due_ms
from auction_engine.rules.money import MAX_AMOUNT_MINOR
from auction_engine.rules.params import Extension

from .lots import END, EXTENSION, MILLION, MINUTE, START, STRANGER, A, B, C, Play, params

BY_HAND = {"closed_by": "AUCTIONEER", "end_ms": None}


class TestVectors:
    def test_v1_a_first_bid_equal_to_the_starting_price_is_valid(self) -> None:
        play = Play()
        assert play.accepted(A, 1_000 * MILLION).n == 1
        assert (play.now.price_minor, play.now.leader) == (1_000 * MILLION, A)

    def test_v2_a_first_bid_below_the_starting_price_is_refused(self) -> None:
        play = Play()
        refused = play.refused(A, 999 * MILLION)
        assert (refused.reason, refused.minimum_minor) == ("BELOW_START", 1_000 * MILLION)
        assert play.refused(A, 1_000 * MILLION - 1).reason == "BELOW_START"
        assert play.now.price_minor is None

    def test_v3_a_bid_below_price_plus_increment_is_refused(self) -> None:
        play = Play()
        play.accepted(A, 1_000 * MILLION)
        refused = play.refused(B, 1_040 * MILLION)
        assert (refused.reason, refused.minimum_minor) == ("BELOW_MIN_INCREMENT", 1_050 * MILLION)
        assert play.refused(B, 1_050 * MILLION - 1).reason == "BELOW_MIN_INCREMENT"
        assert play.now.leader == A

    def test_v4_an_equal_bid_is_refused_so_no_tie_can_arise(self) -> None:
        play = Play()
        play.accepted(A, 1_000 * MILLION)
        play.accepted(B, 1_050 * MILLION)
        refused = play.refused(C, 1_050 * MILLION)
        assert (refused.reason, refused.minimum_minor) == ("BELOW_MIN_INCREMENT", 1_100 * MILLION)
        assert play.now.leader == B


class TestWindow:
    def test_a_bid_one_millisecond_before_the_start_is_refused(self) -> None:
        play = Play()
        refused = play.refused(A, 1_000 * MILLION, START - 1)
        assert (refused.reason, refused.minimum_minor) == ("NOT_OPEN_YET", 1_000 * MILLION)
        assert play.now.phase == "scheduled"

    def test_a_bid_at_the_start_opens_the_lot_by_itself(self) -> None:
        play = Play()
        opened, accepted = play.bid(A, 1_000 * MILLION, START)
        assert isinstance(opened, LotOpened)
        assert isinstance(accepted, BidAccepted)

    def test_a_bid_one_millisecond_before_the_end_counts(self) -> None:
        play = Play()
        play.accepted(A, 1_000 * MILLION, END - 1)
        assert play.now.phase == "open"

    @pytest.mark.parametrize("at_ms", [END, END + 1, END + 10 * MINUTE])
    def test_a_bid_at_or_after_the_end_finds_the_lot_closed_before_any_tick(
        self, at_ms: int
    ) -> None:
        play = Play()
        play.accepted(A, 1_000 * MILLION)
        closed, refused = play.bid(B, 1_100 * MILLION, at_ms)
        assert closed == LotClosed(A, 1_000 * MILLION, 1)
        assert isinstance(refused, BidRefused)
        assert (refused.reason, refused.minimum_minor) == ("CLOSED", None)
        assert play.now.leader == A

    def test_a_first_bid_after_the_whole_window_opens_and_closes_the_lot(self) -> None:
        events = Play().bid(A, 1_000 * MILLION, END)
        assert [event.kind for event in events] == ["lot.opened", "lot.closed", "bid.refused"]

    def test_a_late_tick_closes_with_what_was_recorded(self) -> None:
        play = Play()
        play.accepted(A, 1_000 * MILLION)
        assert play.do(Tick(), END + 5 * MINUTE) == [LotClosed(A, 1_000 * MILLION, 1)]

    def test_ticks_do_nothing_before_their_time_and_nothing_twice(self) -> None:
        play = Play()
        assert play.do(Tick(), START - 1) == []
        assert play.do(Tick(), START) == [LotOpened()]
        assert play.do(Tick(), START) == []
        assert play.do(Tick(), END - 1) == []
        assert play.do(Tick(), END) == [LotClosed(None, None, 0)]
        assert play.do(Tick(), END) == []

    def test_what_is_due_next(self) -> None:
        play = Play()
        assert next_due_ms(play.now) == START
        play.do(Tick(), START)
        assert next_due_ms(play.now) == END
        play.do(Tick(), END)
        assert next_due_ms(play.now) is None

    def test_what_could_be_bid_next(self) -> None:
        play = Play()
        assert minimum_minor(play.now) == 1_000 * MILLION
        play.accepted(A, 1_200 * MILLION)
        assert minimum_minor(play.now) == 1_250 * MILLION
        play.do(Tick(), END)
        assert minimum_minor(play.now) is None


class TestReasons:
    def test_a_stranger_is_refused(self) -> None:
        refused = Play().refused(STRANGER, 1_000 * MILLION)
        assert (refused.reason, refused.minimum_minor) == ("NOT_ADMITTED", None)

    def test_the_leader_may_not_raise_himself(self) -> None:
        play = Play()
        play.accepted(A, 1_000 * MILLION)
        refused = play.refused(A, 1_050 * MILLION)
        assert (refused.reason, refused.minimum_minor) == ("ALREADY_LEADING", None)
        play.accepted(B, 1_050 * MILLION)
        play.accepted(A, 1_100 * MILLION)

    def test_the_leader_may_raise_himself_where_the_rules_say_so(self) -> None:
        play = Play(allow_self_raise=True)
        play.accepted(A, 1_000 * MILLION)
        assert play.refused(A, 1_049 * MILLION).reason == "BELOW_MIN_INCREMENT"
        assert play.accepted(A, 1_050 * MILLION).n == 2

    @pytest.mark.parametrize(
        ("bidder", "amount", "at_ms", "reason"),
        [
            (STRANGER, 1, START - 1, "NOT_OPEN_YET"),
            (STRANGER, 1, START + MINUTE, "NOT_ADMITTED"),
            (A, 1, START + MINUTE, "ALREADY_LEADING"),
            (STRANGER, 1, END, "CLOSED"),
        ],
    )
    def test_the_first_reason_that_holds_is_given(
        self, bidder: int, amount: int, at_ms: int, reason: str
    ) -> None:
        play = Play()
        if at_ms >= START:
            play.accepted(A, 1_000 * MILLION, START)
        assert play.refused(bidder, amount, at_ms).reason == reason

    def test_refused_bids_change_only_their_count(self) -> None:
        play = Play(extension=EXTENSION)
        play.accepted(A, 1_000 * MILLION, END - 1)
        before = play.now
        play.refused(B, 1_049 * MILLION, END - 1)
        assert play.now == before._replace(refused=before.refused + 1)

    def test_an_outcome_repeats_what_was_bid(self) -> None:
        play = Play()
        play.do(Tick(), START)
        bid = Bid(A, "7d0c1f4e-6d0f-4a53-9f0c-0e5b2a1d3c4b", 1_000 * MILLION)
        assert play.do(bid, START) == [BidAccepted(A, bid.bid_id, bid.amount_minor, 1)]
        low = Bid(B, "7d0c1f4e-6d0f-4a53-9f0c-0e5b2a1d3c4c", 5)
        assert play.do(low, START) == [
            BidRefused(B, low.bid_id, 5, "BELOW_MIN_INCREMENT", 1_050 * MILLION)
        ]


class TestExtension:
    @staticmethod
    def late(at_ms: int, amount: int = 1_000 * MILLION, **rule: int) -> tuple[Play, list[object]]:
        values = {"trigger_ms": MINUTE, "by_ms": 2 * MINUTE, "max_count": 2} | rule
        play = Play(extension=Extension(**values))
        play.do(Tick(), START)
        return play, list(play.bid(A, amount, at_ms))

    def test_a_bid_just_outside_the_trigger_moves_nothing(self) -> None:
        play, events = self.late(END - MINUTE - 1)
        assert [type(event) for event in events] == [BidAccepted]
        assert play.now.end_ms == END

    @pytest.mark.parametrize("before_ms", [MINUTE, MINUTE - 1, 1])
    def test_a_bid_inside_the_trigger_moves_the_end(self, before_ms: int) -> None:
        play, events = self.late(END - before_ms)
        assert events[1] == LotExtended(END - before_ms + 2 * MINUTE, 1, 1)
        assert (play.now.end_ms, play.now.extensions, play.now.extended_by) == (
            END - before_ms + 2 * MINUTE,
            1,
            1,
        )

    @pytest.mark.parametrize("by_ms", [1, MINUTE - 1, MINUTE])
    def test_the_end_never_moves_back_nor_stays_as_an_extension(self, by_ms: int) -> None:
        play, events = self.late(END - MINUTE, by_ms=by_ms)
        assert [type(event) for event in events] == [BidAccepted]
        assert play.now.end_ms == END

    def test_one_millisecond_more_is_an_extension(self) -> None:
        play, _ = self.late(END - MINUTE, by_ms=MINUTE + 1)
        assert play.now.end_ms == END + 1

    def test_a_refused_bid_moves_nothing(self) -> None:
        play, events = self.late(END - 1, amount=1)
        assert [type(event) for event in events] == [BidRefused]
        assert play.now.end_ms == END

    def test_the_cap_holds(self) -> None:
        play, _ = self.late(END - 1)
        second = play.now.end_ms
        assert second is not None
        play.accepted(B, 1_050 * MILLION, second - 1)
        third = play.now.end_ms
        assert third == second - 1 + 2 * MINUTE
        play.accepted(A, 1_100 * MILLION, third - 1)
        assert (play.now.end_ms, play.now.extensions) == (third, 2)
        assert play.do(Tick(), third - 1) == []
        assert play.do(Tick(), third) == [LotClosed(A, 1_100 * MILLION, 3)]

    def test_a_bid_after_the_old_end_counts_once_it_moved(self) -> None:
        play, _ = self.late(END - 1)
        assert play.do(Tick(), END) == []
        assert play.accepted(B, 1_050 * MILLION, END + 1).n == 2
        assert next_due_ms(play.now) == play.now.end_ms

    def test_the_trigger_is_measured_from_the_moved_end(self) -> None:
        play, _ = self.late(END - 1)
        moved = play.now.end_ms
        assert moved is not None
        play.accepted(B, 1_050 * MILLION, moved - MINUTE - 1)
        assert play.now.extensions == 1
        play.accepted(A, 1_100 * MILLION, moved - MINUTE)
        assert play.now.extensions == 2

    def test_without_the_rule_a_last_second_bid_moves_nothing(self) -> None:
        play = Play()
        play.accepted(A, 1_000 * MILLION, END - 1)
        assert (play.now.end_ms, play.now.extensions) == (END, 0)


class TestClosingByTheAuctioneer:
    def test_no_clock_closes_it(self) -> None:
        play = Play(**BY_HAND)
        play.accepted(A, 1_000 * MILLION, START)
        assert next_due_ms(play.now) is None
        assert play.do(Tick(), START + 10_000 * MINUTE) == []
        play.accepted(B, 1_050 * MILLION, START + 10_000 * MINUTE)
        assert play.do(CloseLot(), START + 10_001 * MINUTE) == [LotClosed(B, 1_050 * MILLION, 2)]
        assert play.refused(A, 2_000 * MILLION, START + 10_001 * MINUTE).reason == "CLOSED"

    def test_it_can_be_closed_from_its_start(self) -> None:
        play = Play(**BY_HAND)
        with pytest.raises(CommandRefused) as caught:
            play.do(CloseLot(), START - 1)
        assert caught.value.code == "NOT_YOURS_TO_CLOSE"
        assert play.do(CloseLot(), START) == [LotOpened(), LotClosed(None, None, 0)]

    def test_not_twice_and_not_a_lot_of_the_clock(self) -> None:
        by_hand, by_clock = Play(**BY_HAND), Play()
        by_hand.do(CloseLot(), START)
        for play in (by_hand, by_clock):
            with pytest.raises(CommandRefused) as caught:
                play.do(CloseLot(), START + MINUTE)
            assert caught.value.code == "NOT_YOURS_TO_CLOSE"


class TestLargestAmounts:
    def test_the_largest_amount_can_be_bid_and_nothing_beats_it(self) -> None:
        play = Play()
        play.accepted(A, MAX_AMOUNT_MINOR)
        assert minimum_minor(play.now) is None
        refused = play.refused(B, MAX_AMOUNT_MINOR)
        assert (refused.reason, refused.minimum_minor) == ("BELOW_MIN_INCREMENT", None)

    def test_the_minimum_may_be_exactly_the_largest_amount(self) -> None:
        play = Play()
        play.accepted(A, MAX_AMOUNT_MINOR - 50 * MILLION)
        assert minimum_minor(play.now) == MAX_AMOUNT_MINOR
        assert play.refused(B, MAX_AMOUNT_MINOR - 1).minimum_minor == MAX_AMOUNT_MINOR
        play.accepted(B, MAX_AMOUNT_MINOR)

    def test_the_largest_starting_price_is_a_valid_first_bid(self) -> None:
        play = Play(starting_price_minor=MAX_AMOUNT_MINOR, increment_minor=MAX_AMOUNT_MINOR)
        play.accepted(A, MAX_AMOUNT_MINOR)
        assert minimum_minor(play.now) is None


class TestListingAndAdmission:
    def test_a_lot_listed_inside_its_window_opens_at_once(self) -> None:
        assert decide(None, ListLot(params()), START) == [LotListed(params()), LotOpened()]
        assert decide(None, ListLot(params()), START - 1) == [LotListed(params())]
        assert len(decide(None, ListLot(params()), END - 1)) == 2

    def test_a_lot_whose_window_is_over_is_not_listed(self) -> None:
        with pytest.raises(CommandRefused) as caught:
            decide(None, ListLot(params()), END)
        assert caught.value.code == "WINDOW_PAST"

    @pytest.mark.parametrize("command", [Tick(), CloseLot(), Admit(A, "B-001"), Bid(A, "x", 1)])
    def test_nothing_can_be_asked_of_an_unlisted_lot(self, command: object) -> None:
        with pytest.raises(CommandRefused) as caught:
            decide(None, command, START)  # type: ignore[arg-type]
        assert caught.value.code == "UNKNOWN_LOT"

    def test_a_lot_is_listed_once(self) -> None:
        with pytest.raises(CommandRefused) as caught:
            Play().do(ListLot(params()), START)
        assert caught.value.code == "ALREADY_LISTED"

    def test_admission_gives_a_code_and_opens_the_door_only(self) -> None:
        play = Play(admitted=())
        assert play.do(Admit(A, "B-042", robot=True), START - 1) == [
            BidderAdmitted(A, "B-042", True)
        ]
        assert play.now.leader_code is None
        play.accepted(A, 1_000 * MILLION)
        assert play.now.leader_code == "B-042"

    @pytest.mark.parametrize(
        ("command", "at_ms", "code"),
        [
            (Admit(A, "B-777"), START, "ALREADY_ADMITTED"),
            (Admit(9, "B-001"), START, "CODE_TAKEN"),
            (Admit(9, "B-009"), END, "CLOSED"),
        ],
    )
    def test_admissions_that_are_refused(self, command: Admit, at_ms: int, code: str) -> None:
        play = Play()
        before = play.state
        with pytest.raises(CommandRefused) as caught:
            play.do(command, at_ms)
        assert caught.value.code == code
        assert play.state == before

    def test_apply_refuses_what_cannot_begin_a_history(self) -> None:
        with pytest.raises(ValueError, match="before the lot was listed"):
            apply(None, LotOpened())
        with pytest.raises(ValueError, match="only once"):
            apply(Play().now, LotListed(params()))
