"""Fees. V24 is the vector of the domain rules, by number."""

from __future__ import annotations

import pytest

from auction_engine.rules import packs
from auction_engine.rules.fees import enforcement_fee, most_auction_fee
from auction_engine.rules.pack_proceeds import (
    AuctionFee,
    EnforcementFee,
    FeeBracket,
    Fees,
    FeeTier,
)

from .drafts import MILLION, NEW

BILLION = 1_000 * MILLION


def fees_of(name: str) -> Fees:
    fees = packs.load(name).fees
    assert fees is not None
    return fees


@pytest.fixture
def rule() -> EnforcementFee:
    found = fees_of(NEW.id).enforcement
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("received", "fee"),
    [
        (0, 0),
        (100, 3),
        (1 * BILLION, 30 * MILLION),
        (5 * BILLION, 150 * MILLION),
        (6 * BILLION, 170 * MILLION),  # V24
        (7 * BILLION, 190 * MILLION),
        (10 * BILLION, 220 * MILLION),
        (15 * BILLION, 245 * MILLION),
        (20 * BILLION, 245_500_000),
    ],
)
def test_v24_the_enforcement_fee_of_circular_216(
    rule: EnforcementFee, received: int, fee: int
) -> None:
    assert enforcement_fee(rule, received) == fee


@pytest.mark.parametrize("pack", ["vn-enforcement-2017", "vn-enforcement-2025", NEW.id])
@pytest.mark.parametrize(
    ("threshold", "at", "below", "less", "above"),
    [
        # the fee at the threshold; so far below it is `less`; so far above it is one đồng more
        (5 * BILLION, 150 * MILLION, 100, 3, 50),
        (7 * BILLION, 190 * MILLION, 50, 1, 100),
        (10 * BILLION, 220 * MILLION, 100, 1, 200),
        (15 * BILLION, 245 * MILLION, 200, 1, 10_000),
    ],
)
def test_around_every_threshold(
    pack: str, threshold: int, at: int, below: int, less: int, above: int
) -> None:
    rule = fees_of(pack).enforcement
    assert rule is not None
    assert enforcement_fee(rule, threshold - below) == at - less
    assert enforcement_fee(rule, threshold - 1) == at - 1  # a part of a đồng less, rounded down
    assert enforcement_fee(rule, threshold) == at
    assert enforcement_fee(rule, threshold + 1) == at
    assert enforcement_fee(rule, threshold + above - 1) == at
    assert enforcement_fee(rule, threshold + above) == at + 1


@pytest.mark.parametrize("salary", [1_490_000, 1_800_000, 2_340_000])
def test_around_the_free_amount_of_each_base_salary(rule: EnforcementFee, salary: int) -> None:
    free = 2 * salary
    assert enforcement_fee(rule, free - 1, salary) == 0
    assert enforcement_fee(rule, free, salary) == 0
    assert enforcement_fee(rule, free + 1, salary) == (free + 1) * 3 // 100


def test_it_is_rounded_down_once(rule: EnforcementFee) -> None:
    assert enforcement_fee(rule, 33) == 0  # 0.99
    assert enforcement_fee(rule, 5 * BILLION + 49) == 150 * MILLION  # + 0.98


def test_it_never_falls_as_the_amount_grows(rule: EnforcementFee) -> None:
    amounts = range(0, 20 * BILLION, 37 * MILLION)
    found = [enforcement_fee(rule, amount) for amount in amounts]
    assert found == sorted(found)


@pytest.mark.parametrize(("received", "fee"), [(4_680_000, 0), (4_680_001, 140_400)])
def test_nothing_is_owed_up_to_two_base_salaries(
    rule: EnforcementFee, received: int, fee: int
) -> None:
    assert enforcement_fee(rule, received, base_salary_minor=2_340_000) == fee


@pytest.mark.parametrize("salary", [None, 2_340_000])
def test_a_negative_amount_is_refused(rule: EnforcementFee, salary: int | None) -> None:
    with pytest.raises(ValueError, match="not negative"):
        enforcement_fee(rule, -1, salary)


@pytest.mark.parametrize(
    ("name", "most"), [("vn-enforcement-2017", 300 * MILLION), (NEW.id, 400 * MILLION)]
)
def test_the_auction_fee_has_a_limit_for_each_contract(name: str, most: int) -> None:
    rule = fees_of(name).auction
    assert rule is not None
    assert rule.min_minor == MILLION
    assert most_auction_fee(rule, BILLION, 2 * BILLION) == most


@pytest.mark.parametrize(
    ("start", "winning", "most"),
    [
        (1 * BILLION, 1 * BILLION, 13_640_000),
        (1 * BILLION, 2 * BILLION, 23_640_000),  # + 1 % of what the price rose
        (1 * BILLION + 1, 1 * BILLION + 1, 22_730_000),
        (5 * BILLION, 4 * BILLION, 22_730_000),
        (900 * BILLION, 900 * BILLION, 59_090_000),
        (1 * BILLION, 100 * BILLION, 400 * MILLION),
    ],
)
def test_brackets_by_the_starting_price(start: int, winning: int, most: int) -> None:
    rule = AuctionFee(
        max_minor=400 * MILLION,
        brackets=(
            FeeBracket(up_to_minor=1 * BILLION, base_minor=13_640_000, above_start_bp=100),
            FeeBracket(up_to_minor=5 * BILLION, base_minor=22_730_000, above_start_bp=100),
            FeeBracket(base_minor=59_090_000, above_start_bp=100),
        ),
        failed="ACTUAL_COSTS",
        due=fees_of(NEW.id).auction.due,  # type: ignore[union-attr]
    )
    assert most_auction_fee(rule, start, winning) == most


def test_without_a_rule_there_is_no_limit() -> None:
    rule = fees_of(NEW.id).auction
    assert rule is not None
    free = rule.model_copy(update={"max_minor": None})
    assert most_auction_fee(free, BILLION, BILLION) is None


@pytest.mark.parametrize("limits", [(5,), (0, 5, 5), (0, 9, 5)])
def test_tiers_must_rise_from_zero(limits: tuple[int, ...]) -> None:
    tiers = tuple(FeeTier(over_minor=limit, rate_bp=1) for limit in limits)
    with pytest.raises(ValueError, match="must be"):
        EnforcementFee(free_up_to_base_salaries=0, tiers=tiers)
