"""The descending method: the price is a function of the log's time, acceptance names a step."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auction_engine.rules.descending import (
    MOST_STEPS,
    end_of,
    ladder,
    price_at,
    prices_minor,
    step_at,
)
from auction_engine.rules.events import BidRefused, LotClosed
from auction_engine.rules.lot import Falling, minimum_minor
from auction_engine.rules.machine import next_due_ms
from auction_engine.rules.parts import Descent, ParamsError

from .courses import DESCENT, MILLION, MINUTE, START, A, B, C, Course, conducted, open_lot


def shape(name: str, **changes: Any) -> Descent:
    return Descent(name, MINUTE, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("descent", "prices"),
    [
        (shape("LINEAR", floor_minor=70, step_minor=10), (100, 90, 80, 70)),
        (shape("LINEAR", floor_minor=75, step_minor=10), (100, 90, 80, 75)),
        (shape("LINEAR", floor_minor=99, step_minor=500), (100, 99)),
        (shape("PERCENT_OF_START", floor_minor=70, step_bp=1_000), (100, 90, 80, 70)),
        (shape("PERCENT_OF_PREVIOUS", floor_minor=60, step_bp=1_000), (100, 90, 81, 72, 64, 60)),
        (shape("PERCENT_OF_START", floor_minor=97, step_bp=1), (100, 99, 98, 97)),
        (shape("PERCENT_OF_PREVIOUS", floor_minor=98, step_bp=1), (100, 99, 98)),
        (shape("TABLE", prices=(95, 60)), (100, 95, 60)),
    ],
)
def test_the_prices_of_every_shape(descent: Descent, prices: tuple[int, ...]) -> None:
    assert prices_minor(100, descent) == prices


@given(
    start=st.integers(2, 10_000),
    floor=st.integers(1, 9_999),
    name=st.sampled_from(("LINEAR", "PERCENT_OF_START", "PERCENT_OF_PREVIOUS")),
    step=st.integers(1, 3_000),
)
def test_prices_fall_strictly_from_the_start_to_the_floor(
    start: int, floor: int, name: str, step: int
) -> None:
    floor = min(floor, start - 1)
    how = {"step_minor": step} if name == "LINEAR" else {"step_bp": step}
    if name == "LINEAR" and (start - floor) / step > MOST_STEPS:
        with pytest.raises(ParamsError, match="more than 1000 steps"):
            prices_minor(start, shape(name, floor_minor=floor, **how))
        return
    try:
        prices = prices_minor(start, shape(name, floor_minor=floor, **how))
    except ParamsError:
        return  # a percentage so small that it takes off one at a time
    assert len(prices) <= MOST_STEPS + 1
    assert (prices[0], prices[-1]) == (start, floor)
    assert all(a > b for a, b in pairwise(prices))


class TestTheClock:
    def test_every_price_stands_for_its_whole_interval_the_first_too(self) -> None:
        lot = open_lot(falling=True)
        for step, millions in enumerate((1_000, 950, 900, 850, 800)):
            at_ms = START + step * MINUTE
            for moment in (at_ms, at_ms + MINUTE - 1):
                assert (step_at(lot.now, moment), price_at(lot.now, moment)) == (
                    step,
                    millions * MILLION,
                )

    def test_the_last_price_ends_it(self) -> None:
        lot = open_lot(falling=True)
        assert next_due_ms(lot.now) == START + 5 * MINUTE
        lot.tick(START + 5 * MINUTE - 1)
        assert lot.now.status == "RUNNING"
        lot.tick(START + 5 * MINUTE)
        assert lot.ended() == ("FAILED", "NO_BID")

    def test_opened_late_the_price_is_where_the_time_says(self) -> None:
        lot = Course(conducted(falling=True)).admit(A).enter(A)
        assert lot.bid(A, 1_000, START + 2 * MINUTE, step=0) == "STALE_PRICE"
        assert lot.bid(A, 900, START + 2 * MINUTE, step=2) == "ACCEPTED"

    def test_before_the_opening_the_starting_price_is_shown(self) -> None:
        lot = Course(conducted(falling=True)).admit(A)
        assert price_at(lot.now, START - MINUTE) == 1_000 * MILLION
        assert minimum_minor(lot.now) is None
        assert lot.bid(A, 1_000, step=0) == "NOT_OPEN_YET"

    def test_the_end_is_the_last_price_s(self) -> None:
        params = conducted(falling=True)
        assert len(ladder(params)) == 5
        assert end_of(params, Falling(3, START)) == START + 2 * MINUTE


class TestAcceptance:
    @pytest.mark.parametrize(
        ("millions", "step"), [(1_000, 0), (900, 2), (950, 0), (950, 2), (900, 1), (950, None)]
    )
    def test_what_does_not_name_the_step_and_its_price_is_stale_never_re_priced(
        self, millions: int, step: int | None
    ) -> None:
        lot = open_lot(falling=True)
        lot.after(MINUTE)
        assert lot.bid(A, millions, step=step) == "STALE_PRICE"
        refused = lot.events[-1]
        assert isinstance(refused, BidRefused)
        assert refused.minimum_minor == 950 * MILLION, "what could be accepted is told"
        assert lot.now.leader is None

    def test_the_first_recorded_wins_and_the_next_is_too_late(self) -> None:
        lot = open_lot(falling=True)
        lot.after(MINUTE)
        assert lot.bid(A, 950, step=1) == "ACCEPTED"
        assert LotClosed(A, 950 * MILLION, 1) in lot.events
        assert lot.bid(B, 950, step=1) == "TOO_LATE"

    def test_in_the_last_millisecond_of_a_step_and_the_first_of_the_next(self) -> None:
        lot = open_lot(falling=True)
        assert lot.bid(A, 950, START + MINUTE - 1, step=1) == "STALE_PRICE"
        assert lot.bid(B, 1_000, START + MINUTE, step=0) == "STALE_PRICE"
        assert lot.bid(C, 950, START + MINUTE, step=1) == "ACCEPTED"

    def test_equal_acceptances_stand_beside_each_other_until_the_step_is_over(self) -> None:
        same = replace(DESCENT, draw_same_step=True)
        lot = open_lot(falling=True, descent=same, terms=None)
        lot.after(MINUTE + 10_000)
        assert lot.bid(A, 950, step=1) == "ACCEPTED"
        assert lot.now.end_ms == START + 2 * MINUTE
        assert lot.bid(B, 950, step=1) == "ACCEPTED"
        assert lot.bid(A, 950, step=1) == "ALREADY_ACCEPTED"
        assert (lot.now.leader, lot.now.accepted) == (A, 2)
        lot.tick(START + 2 * MINUTE)
        assert lot.bid(C, 900, step=2) == "TOO_LATE"
