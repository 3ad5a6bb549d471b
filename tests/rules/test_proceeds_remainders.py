"""Dividing without drift: every đồng goes to somebody, and to nobody twice."""

from __future__ import annotations

import os
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auction_engine.rules.proceeds.remainders import share, shares

# The figure of the architecture: PROCEEDS_DIVISIONS=100000 takes a few seconds.
DIVISIONS = int(os.environ.get("PROCEEDS_DIVISIONS", "20000"))


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (0, [], []),
        (0, [0, 0], [0, 0]),
        (100, [1], [100]),
        (10, [1, 1, 1], [4, 3, 3]),  # a tie goes by order
        (11, [1, 1, 1], [4, 4, 3]),
        (10, [0, 1, 1, 1], [0, 4, 3, 3]),
        (10, [3, 3, 1], [4, 4, 2]),  # 4.29, 4.29, 1.43: the third has the largest remainder
        (1, [1, 2], [0, 1]),
        (7, [5, 3, 1], [4, 2, 1]),  # 3.89, 2.33, 0.78
        (2**53 - 1, [1, 1], [2**52, 2**52 - 1]),
    ],
)
def test_by_largest_remainder(total: int, weights: list[int], parts: list[int]) -> None:
    assert share(total, weights) == parts


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, [2, -1]), (1, []), (1, [0, 0])])
def test_what_cannot_be_divided_is_refused(total: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"negative|nobody"):
        share(total, weights)


def test_the_arithmetic_is_shown() -> None:
    first, second, third = shares(100, [10, 20, 60])
    assert (first.minor, first.remainder, first.extra) == (11, 10, 0)  # 1000 / 90
    assert (second.minor, second.remainder, second.extra) == (22, 20, 0)
    assert (third.minor, third.remainder, third.extra) == (67, 60, 1)


def test_many_random_divisions_never_lose_or_make_a_dong() -> None:
    chance = random.Random(20_260_701)
    for _ in range(DIVISIONS):
        size = chance.randint(1, 12)
        weights = [chance.randrange(0, 10 ** chance.randint(1, 13)) for _ in range(size)]
        weights[chance.randrange(size)] += 1
        total = chance.randrange(0, 10 ** chance.randint(1, 14))
        parts = share(total, weights)
        assert sum(parts) == total
        of = sum(weights)
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part * of - total * weight) < of  # less than one đồng off


@given(st.lists(st.integers(0, 2**60), min_size=1, max_size=20), st.data())
def test_nobody_gets_more_than_the_debt_while_it_does_not_suffice(
    debts: list[int], data: st.DataObject
) -> None:
    total = data.draw(st.integers(0, sum(debts)))
    parts = share(total, debts)
    assert sum(parts) == total
    assert all(0 <= part <= debt for part, debt in zip(parts, debts, strict=True))


@given(st.lists(st.integers(1, 10**12), min_size=2, max_size=8), st.integers(0, 10**13))
def test_no_other_division_is_closer(weights: list[int], total: int) -> None:
    """Moving one đồng from any share to any other never lessens the sum of squared errors."""
    parts, of = share(total, weights), sum(weights)
    exact = [Fraction(total * weight, of) for weight in weights]
    off = [part - goal for part, goal in zip(parts, exact, strict=True)]
    assert max(off) - min(off) <= 1
