"""Automatic bids against the closed formula of a second price auction, and case by case."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auction_engine.rules.commands import Bid
from auction_engine.rules.events import BidAccepted, BidAutomatic, BidRefused, MaximumSet
from auction_engine.rules.increments import step_minor
from auction_engine.rules.lot import standings
from auction_engine.rules.parts import Phase

from .courses import END, MILLION, MINUTE, A, B, C, Course, conducted, open_lot
from .lots import EXTENSION

TABLE = ((150, 5), (300, 20), (None, 50))


def proxy(*bidders: int, **changes: Any) -> Course:
    return open_lot(*bidders, automatic_bids=True, **changes)


def secret(lot: Course, bidder: int, millions: int) -> list[tuple[int, int]]:
    """Set a maximum; the automatic bids that follow, in millions."""
    before = len(lot.events)
    assert lot.bid(bidder, millions, automatic=True) == "MAXIMUM"
    return offers(lot, before)


def offers(lot: Course, since: int = 0) -> list[tuple[int, int]]:
    return [
        (event.bidder, event.amount_minor // MILLION)
        for event in lot.events[since:]
        if isinstance(event, BidAccepted | BidAutomatic)
    ]


class TestCases:
    def test_a_first_maximum_bids_the_starting_price_only(self) -> None:
        lot = proxy()
        assert secret(lot, A, 5_000) == [(A, 1_000)]

    def test_a_higher_one_outbids_the_lower_by_a_step(self) -> None:
        lot = proxy()
        secret(lot, A, 1_500)
        assert secret(lot, B, 3_000) == [(A, 1_500), (B, 1_550)]

    def test_a_lower_one_is_outbid_by_a_step(self) -> None:
        lot = proxy()
        secret(lot, A, 3_000)
        assert secret(lot, B, 1_500) == [(B, 1_500), (A, 1_550)]

    def test_the_last_step_may_be_smaller_when_the_maximum_ends(self) -> None:
        lot = proxy()
        secret(lot, A, 1_520)
        assert secret(lot, B, 1_500) == [(B, 1_500), (A, 1_520)]
        lot = proxy()
        secret(lot, A, 1_500)
        assert secret(lot, B, 1_520) == [(A, 1_500), (B, 1_520)]

    def test_of_two_equal_maxima_the_earlier_leads_and_is_first_on_record(self) -> None:
        lot = proxy()
        secret(lot, A, 1_500)
        assert secret(lot, B, 1_500) == [(A, 1_500), (B, 1_500)]
        assert (lot.now.leader, lot.now.price_minor) == (A, 1_500 * MILLION)
        assert [s.bidder for s in standings(lot.now)] == [A, B]
        lot.closed()
        assert lot.ended() == ("LEADER_DETERMINED", None)

    def test_a_bid_as_high_as_a_maximum_is_accepted_and_does_not_lead(self) -> None:
        lot = proxy()
        secret(lot, A, 1_500)
        before = len(lot.events)
        assert lot.bid(B, 1_500) == "ACCEPTED"
        assert offers(lot, before) == [(A, 1_500), (B, 1_500)]
        assert lot.now.leader == A
        assert lot.bid(C, 1_500) == "BELOW_MIN_INCREMENT"
        lot.act("withdraw_bid", A)
        assert (lot.now.leader, lot.now.price_minor) == (B, 1_500 * MILLION)

    def test_a_bid_above_a_maximum_shows_who_is_next(self) -> None:
        lot = proxy()
        secret(lot, A, 1_500)
        before = len(lot.events)
        assert lot.bid(B, 2_000) == "ACCEPTED"
        assert offers(lot, before) == [(A, 1_500), (B, 2_000)]

    def test_a_maximum_that_leaves_no_step_before_the_bid_stays_unspent(self) -> None:
        lot = proxy()
        secret(lot, A, 1_480)
        before = len(lot.events)
        assert lot.bid(B, 1_500) == "ACCEPTED"
        assert offers(lot, before) == [(B, 1_500)]
        lot.act("withdraw_bid", B)
        assert (lot.now.leader, lot.now.price_minor) == (A, 1_000 * MILLION)
        assert lot.bid(C, 1_050) == "ACCEPTED"
        assert lot.now.leader == A, "the maximum still speaks for A"

    def test_raising_one_s_own_maximum_changes_nothing_anybody_sees(self) -> None:
        lot = proxy()
        secret(lot, A, 1_500)
        secret(lot, B, 1_200)
        assert lot.now.price_minor == 1_250 * MILLION
        assert secret(lot, A, 9_000) == []
        assert (lot.now.leader, lot.now.price_minor) == (A, 1_250 * MILLION)
        assert lot.bid(A, 9_000, automatic=True) == "BELOW_OWN_MAXIMUM"
        refused = lot.events[-1]
        assert isinstance(refused, BidRefused)
        assert refused.minimum_minor == 9_000 * MILLION + 1

    def test_the_next_own_maximum_lies_on_a_step_where_steps_are_demanded(self) -> None:
        lot = proxy(increment_rule="FROM_START_MULTIPLE")
        secret(lot, A, 1_500)
        assert lot.bid(A, 1_500, automatic=True) == "BELOW_OWN_MAXIMUM"
        refused = lot.events[-1]
        assert isinstance(refused, BidRefused)
        assert refused.minimum_minor == 1_550 * MILLION

    def test_a_lead_kept_below_a_step_is_brought_up_to_it_by_a_higher_maximum(self) -> None:
        lot = proxy()
        secret(lot, A, 1_520)
        secret(lot, B, 1_500)
        assert secret(lot, A, 2_000) == [(A, 1_550)]
        assert secret(lot, A, 3_000) == []

    def test_a_manual_leader_may_set_a_maximum(self) -> None:
        lot = proxy()
        lot.bid(A, 1_000)
        assert secret(lot, A, 1_400) == []
        assert lot.bid(B, 1_200) == "ACCEPTED"
        assert offers(lot)[-2:] == [(B, 1_200), (A, 1_250)]

    def test_an_automatic_answer_moves_the_end_once(self) -> None:
        lot = proxy(extension=EXTENSION)
        secret(lot, A, 3_000)
        lot.bid(B, 1_500, END - 1)
        moved = [event for event in lot.events if event.kind == "lot.extended"]
        assert len(moved) == 1
        assert lot.now.extended_by == lot.now.accepted

    def test_withdrawing_takes_the_maximum_along(self) -> None:
        lot = proxy()
        secret(lot, A, 3_000)
        secret(lot, B, 2_000)
        lot.act("withdraw_bid", A)
        assert (lot.now.leader, lot.now.price_minor) == (B, 2_000 * MILLION)
        assert set(lot.now.life.maxima) == {B}
        assert lot.bid(C, 2_050) == "ACCEPTED"
        assert lot.now.leader == C

    def test_nothing_is_bid_for_who_may_not_bid_in_a_phase(self) -> None:
        lot = proxy(phases=(Phase("ASCENDING", MINUTE, "ALL_BUT_LEADER"),))
        secret(lot, A, 9_000)
        lot.bid(B, 1_050)
        lot.closed()
        assert lot.now.life.stage == 1
        assert lot.bid(A, 9_000) == "NOT_IN_ROUND"
        assert lot.bid(B, 1_150) == "ACCEPTED"
        assert lot.now.leader == B


# --- the formula ----------------------------------------------------------------------------------


class Model:
    """Second price by the book: every bidder's highest maximum so far, in the order they came."""

    def __init__(self, lot: Course) -> None:
        self._lot = lot
        self.maxima: dict[int, int] = {}
        self._order: list[int] = []

    def set(self, bidder: int, maximum: int) -> None:
        if maximum > self.maxima.get(bidder, 0):
            self.maxima[bidder] = maximum
            if bidder in self._order:
                self._order.remove(bidder)
            self._order.append(bidder)

    def expected(self) -> tuple[int | None, int | None]:
        """(leader, price): min(second maximum + step, top maximum), the earlier of equals."""
        if not self.maxima:
            return None, None
        ranked = sorted(self.maxima, key=lambda b: (-self.maxima[b], self._order.index(b)))
        leader = ranked[0]
        params = self._lot.now.params
        if len(ranked) == 1:
            return leader, params.starting_price_minor
        second = self.maxima[ranked[1]]
        return leader, min(self.maxima[leader], second + step_minor(params, second))


def small(**changes: Any) -> Course:
    """Starting at 100, steps as they are asked for; six bidders."""
    values = {"starting_price_minor": 100, "automatic_bids": True, "increment_minor": 10}
    lot = Course(conducted(**(values | changes))).admit(1, 2, 3, 4, 5, 6)
    lot.tick(lot.now.params.start_ms)
    return lot


MAXIMA = st.lists(st.tuples(st.integers(1, 6), st.integers(90, 420)), max_size=25)
STEPS = st.sampled_from(
    [
        {"increment_minor": 10},
        {"increment_minor": 1},
        {"increment_minor": 37},
        {"increment_rule": "TABLE", "increment_table": TABLE},
        {"increment_rule": "FROM_START_MULTIPLE"},
        {"increment_rule": "FROM_CURRENT_MULTIPLE"},
    ]
)


@given(STEPS, MAXIMA)
@settings(max_examples=200, deadline=None)
def test_the_price_is_the_second_maximum_and_a_step(
    steps: dict[str, Any], maxima: list[tuple[int, int]]
) -> None:
    lot = small(**steps)
    model = Model(lot)
    for number, (bidder, maximum) in enumerate(maxima):
        events = lot.do(Bid(bidder, f"{number:036d}", maximum, automatic=True))
        if any(isinstance(event, MaximumSet) for event in events):
            model.set(bidder, maximum)
        assert (lot.now.leader, lot.now.price_minor) == model.expected()


@given(STEPS, MAXIMA)
@settings(max_examples=100, deadline=None)
def test_a_refused_maximum_could_not_have_led(
    steps: dict[str, Any], maxima: list[tuple[int, int]]
) -> None:
    """Whoever is refused for the amount could not have led with it."""
    lot = small(**steps)
    for number, (bidder, maximum) in enumerate(maxima):
        price = lot.now.price_minor
        events = lot.do(Bid(bidder, f"{number:036d}", maximum, automatic=True))
        refused = [event for event in events if isinstance(event, BidRefused)]
        if refused and refused[0].reason in ("BELOW_START", "BELOW_MIN_INCREMENT"):
            least = 100 if price is None else price + step_minor(lot.now.params, price)
            assert maximum < least


@given(
    STEPS, st.lists(st.tuples(st.integers(1, 6), st.integers(90, 420), st.booleans()), max_size=30)
)
@settings(max_examples=200, deadline=None)
def test_manual_bids_count_as_maxima_that_are_spent_at_once(
    steps: dict[str, Any], bids: list[tuple[int, int, bool]]
) -> None:
    """The leader's price is never above his limit, nor below what the others bid."""
    lot = small(**steps)
    limits: dict[int, int] = {}
    for number, (bidder, amount, automatic) in enumerate(bids):
        events = lot.do(Bid(bidder, f"{number:036d}", amount, automatic=automatic))
        if not any(isinstance(event, BidRefused) for event in events):
            limits[bidder] = max(amount, limits.get(bidder, 0))
        state = lot.now
        if state.leader is None or state.price_minor is None:
            assert not limits
            continue
        assert state.price_minor <= limits[state.leader] == max(limits.values())
        bid = [(s.amount_minor, -s.n, s.bidder) for s in standings(state)]
        assert max(bid)[2] == state.leader


@pytest.mark.parametrize("rule", ["FROM_START_MULTIPLE", "FROM_CURRENT_MULTIPLE"])
def test_automatic_bids_stay_on_the_steps(rule: str) -> None:
    lot = small(increment_rule=rule)
    for bidder, amount in ((1, 200), (2, 350), (3, 340), (1, 400)):
        lot.do(Bid(bidder, f"{bidder}{amount:035d}", amount, automatic=True))
    assert all(amount % 10 == 0 for _, amount in _amounts(lot))


def _amounts(lot: Course) -> list[tuple[int, int]]:
    return [(e.bidder, e.amount_minor) for e in lot.events if isinstance(e, BidAutomatic)]
