"""The auction service fee: brackets, limits, failures, VAT, day of payment."""

from __future__ import annotations

from datetime import date

import pytest

from auction_engine.rules import packs
from auction_engine.rules.pack import Pack
from auction_engine.rules.pack_proceeds import AuctionFee, FeeBracket, FeeTier
from auction_engine.rules.proceeds import auction_fee
from auction_engine.rules.proceeds.auction_fee import Charge, for_failure, for_success, vat
from auction_engine.rules.proceeds.errors import ProceedsError

from .estates import MILLION, NEW, OLD

BILLION = 1_000 * MILLION

# An illustration, not law: Circular 335/2016, share of the sold value by tiers.
SOLD_VALUE = (
    FeeTier(over_minor=0, rate_bp=500),
    FeeTier(over_minor=50 * MILLION, rate_bp=150),
    FeeTier(over_minor=BILLION, rate_bp=20),
    FeeTier(over_minor=10 * BILLION, rate_bp=15),
    FeeTier(over_minor=20 * BILLION, rate_bp=10),
)
# State land plots by Decision 1311/QD-BTP, as one auction house quotes it.
LAND = tuple(
    FeeBracket(up_to_minor=up_to, base_minor=base, above_start_bp=100)
    for up_to, base in (
        (1 * BILLION, 13_640_000),
        (5 * BILLION, 22_730_000),
        (10 * BILLION, 31_820_000),
        (50 * BILLION, 40_910_000),
        (100 * BILLION, 50_000_000),
        (None, 59_090_000),
    )
)


def rule_of(pack: Pack = NEW) -> AuctionFee:
    assert pack.fees is not None
    assert pack.fees.auction is not None
    return pack.fees.auction


@pytest.mark.parametrize(
    ("sold", "fee"),
    [
        (10 * MILLION, 1_000_000),  # 5 % are 500 000: the least there is
        (50 * MILLION - 1, 2_499_999),
        (50 * MILLION, 2_500_000),
        (50 * MILLION + 67, 2_500_001),
        (BILLION, 16_750_000),
        (BILLION + 500, 16_750_001),
        (10 * BILLION, 34_750_000),
        (20 * BILLION, 49_750_000),
        (100 * BILLION, 129_750_000),
        (900 * BILLION, 300 * MILLION),  # the limit for one contract
    ],
)
def test_by_tiers_of_the_sold_value(sold: int, fee: int) -> None:
    assert auction_fee.most(rule_of(OLD), sold, sold, SOLD_VALUE) == fee


@pytest.mark.parametrize(
    ("start", "won", "fee"),
    [
        (BILLION - 1, BILLION - 1, 13_640_000),
        (BILLION, BILLION, 13_640_000),
        (BILLION + 1, BILLION + 1, 22_730_000),
        (5 * BILLION, 5 * BILLION, 22_730_000),
        (10 * BILLION, 10 * BILLION, 31_820_000),
        (50 * BILLION, 50 * BILLION, 40_910_000),
        (100 * BILLION, 100 * BILLION, 50_000_000),
        (100 * BILLION + 1, 100 * BILLION + 1, 59_090_000),
        (BILLION, BILLION + 99, 13_640_000),  # 1 % of 99 đồng is less than one
        (BILLION, BILLION + 100, 13_640_001),
        (BILLION, 39_636 * MILLION, 400 * MILLION),  # 13.64 + 386.36 million: just the limit
        (BILLION, 39_636 * MILLION + 100, 400 * MILLION),
    ],
)
def test_by_the_bracket_of_the_starting_price(start: int, won: int, fee: int) -> None:
    rule = auction_fee.with_brackets(rule_of(), LAND)
    assert for_success(rule, start, won) == Charge(fee, 0, "MOST")


def test_brackets_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ValueError, match="above the bracket before"):
        auction_fee.with_brackets(rule_of(), (LAND[1], LAND[0], LAND[-1]))


class TestAgreed:
    RULE = auction_fee.with_brackets(rule_of(), LAND)

    @pytest.mark.parametrize("agreed", [1_000_000, 13_000_000, 23_640_000])
    def test_within_the_limits_it_stands(self, agreed: int) -> None:
        charge = for_success(self.RULE, BILLION, 2 * BILLION, agreed_minor=agreed)
        assert charge == Charge(agreed, 0, "AGREED")

    @pytest.mark.parametrize(
        ("agreed", "code"), [(999_999, "BELOW_LEAST"), (23_640_001, "ABOVE_MOST")]
    )
    def test_outside_it_is_refused(self, agreed: int, code: str) -> None:
        with pytest.raises(ProceedsError) as refused:
            for_success(self.RULE, BILLION, 2 * BILLION, agreed_minor=agreed)
        assert refused.value.code == code

    def test_without_agreement_and_limit_there_is_no_fee(self) -> None:
        free = rule_of().model_copy(update={"max_minor": None})
        with pytest.raises(ProceedsError) as refused:
            for_success(free, BILLION, 2 * BILLION)
        assert refused.value.code == "NOT_AGREED"
        assert for_success(free, BILLION, 2 * BILLION, agreed_minor=MILLION).net_minor == MILLION


class TestFailure:
    RULE = auction_fee.with_brackets(rule_of(), LAND)

    @pytest.mark.parametrize(
        ("costs", "net", "basis"),
        [
            (0, 0, "ACTUAL_COSTS"),
            (13_640_000, 13_640_000, "ACTUAL_COSTS"),
            (13_640_001, 13_640_000, "COSTS_CAPPED"),
        ],
    )
    def test_its_costs_but_never_more_than_a_sale_would_have_earned(
        self, costs: int, net: int, basis: str
    ) -> None:
        found = for_failure(self.RULE, BILLION, costs)
        assert (found.net_minor, found.basis) == (net, basis)

    def test_or_than_was_agreed(self) -> None:
        found = for_failure(self.RULE, BILLION, 9 * MILLION, agreed_minor=8 * MILLION)
        assert found == Charge(8 * MILLION, 0, "COSTS_CAPPED")

    def test_or_than_the_tiers_of_the_price_come_to(self) -> None:
        found = for_failure(rule_of(OLD), 50 * MILLION, 3 * MILLION, sold_value=SOLD_VALUE)
        assert found.net_minor == 2_500_000

    def test_costs_below_zero_are_refused(self) -> None:
        with pytest.raises(ValueError, match="not negative"):
            for_failure(self.RULE, BILLION, -1)


@pytest.mark.parametrize(
    ("net", "rate", "tax"),
    [
        (13_640_000, 1_000, 1_364_000),
        (13_640_000, 800, 1_091_200),
        (5, 1_000, 1),  # half a đồng is rounded up
        (4, 1_000, 0),
        (0, 1_000, 0),
        (13_640_000, 0, 0),
    ],
)
def test_vat_is_a_line_of_its_own(net: int, rate: int, tax: int) -> None:
    assert vat(net, rate) == tax
    charge = Charge(net, tax, "MOST")
    assert charge.gross_minor == net + tax


def test_vat_comes_on_top_of_success_and_failure() -> None:
    rule = auction_fee.with_brackets(rule_of(), LAND)
    assert for_success(rule, BILLION, BILLION, vat_bp=1_000).gross_minor == 15_004_000
    assert for_failure(rule, BILLION, 5 * MILLION, vat_bp=800).vat_minor == 400_000


def test_it_is_due_twenty_working_days_after_the_end() -> None:
    # a Monday; four weeks without a day off
    assert auction_fee.due_day(NEW, date(2026, 10, 19)) == date(2026, 11, 16)
    assert auction_fee.due_day(packs.load("cn-courts"), date(2026, 10, 19)) is None
