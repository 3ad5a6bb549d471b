"""Whose the interest is: of an escrow account by amount and days, of a term deposit by the day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auction_engine.rules import packs
from auction_engine.rules.proceeds.errors import ProceedsError
from auction_engine.rules.proceeds.interest import Held, TermInterest, by_deposit, by_term

from .estates import MIDDLE, NEW, OLD

MONTH = (date(2026, 12, 1), date(2027, 1, 1))  # 31 days
SUMS = st.builds(Held, st.integers(0, 10**12), st.integers(0, 400))


class TestDeposits:
    def test_by_amount_and_days(self) -> None:
        held = [Held(200, 10), Held(200, 5), Held(100, 10), Held(500, 0)]
        assert by_deposit(80, held) == [40, 20, 20, 0]

    def test_the_odd_dong_goes_to_the_largest_remainder(self) -> None:
        assert by_deposit(100, [Held(1, 1), Held(1, 1), Held(1, 1)]) == [34, 33, 33]
        assert by_deposit(10, [Held(3, 1), Held(4, 1), Held(4, 1)]) == [3, 4, 3]  # .73, .64, .64

    def test_no_interest_is_nothing_for_everybody(self) -> None:
        assert by_deposit(0, [Held(5, 0)]) == [0]
        assert by_deposit(0, []) == []

    @pytest.mark.parametrize("held", [[], [Held(0, 9)], [Held(9, 0)]])
    def test_interest_on_nothing_is_refused(self, held: list[Held]) -> None:
        with pytest.raises(ProceedsError) as refused:
            by_deposit(1, held)
        assert refused.value.code == "NOTHING_HELD"

    @given(st.integers(0, 10**12), st.lists(SUMS, min_size=1, max_size=30))
    def test_all_of_it_is_given_out(self, interest: int, held: list[Held]) -> None:
        if any(one.amount_minor * one.days for one in held):
            assert sum(by_deposit(interest, held)) == interest


class TestTerm:
    @pytest.mark.parametrize("pack", [OLD, MIDDLE, NEW])
    @pytest.mark.parametrize(
        ("deliver_by", "estate", "buyer", "in_time"),
        [
            (date(2027, 2, 1), 31_000, 0, 31),
            (date(2026, 12, 31), 31_000, 0, 31),  # the term's last day is still in time
            (date(2026, 12, 30), 30_000, 1_000, 30),
            (date(2026, 12, 10), 10_000, 21_000, 10),
            (date(2026, 12, 1), 1_000, 30_000, 1),
            (date(2026, 11, 30), 0, 31_000, 0),
        ],
    )
    def test_in_time_to_the_estate_afterwards_to_the_buyer(
        self, pack: object, deliver_by: date, estate: int, buyer: int, in_time: int
    ) -> None:
        rule = pack.parking  # type: ignore[attr-defined]
        found = by_term(rule, 31_000, *MONTH, deliver_by)
        assert found == TermInterest(estate, buyer, in_time, 31 - in_time)

    def test_a_straddling_term_leaves_no_dong_over(self) -> None:
        found = by_term(NEW.parking, 100, *MONTH, date(2026, 12, 10))
        assert (found.estate_minor, found.buyer_minor) == (32, 68)  # 32.26, 67.74

    def test_annulled_all_of_it_is_the_buyers(self) -> None:
        found = by_term(NEW.parking, 31_000, *MONTH, date(2027, 2, 1), annulled=True)
        assert (found.estate_minor, found.buyer_minor) == (0, 31_000)

    @given(st.integers(0, 10**12), st.integers(1, 400), st.integers(-50, 500))
    def test_nothing_is_lost(self, interest: int, days: int, limit: int) -> None:
        since = date(2026, 7, 1)
        until, deliver_by = since + timedelta(days), since + timedelta(limit)
        found = by_term(NEW.parking, interest, since, until, deliver_by)
        assert found.estate_minor + found.buyer_minor == interest
        assert found.days_in_time + found.days_late == days
        in_time = sum(since + timedelta(n) <= deliver_by for n in range(days))
        assert found.days_in_time == in_time

    def test_refused(self) -> None:
        day = date(2026, 12, 1)
        for interest, until in ((1, day), (-1, date(2026, 12, 2))):
            with pytest.raises(ProceedsError) as refused:
                by_term(NEW.parking, interest, day, until, day)
            assert refused.value.code == "BAD_DAYS"
        with pytest.raises(ProceedsError) as refused:
            by_term(packs.load("cn-courts").parking, 1, *MONTH, day)
        assert refused.value.code == "NO_PARKING"
