"""A creditor takes the property (Decree 152/2026 Art. 66): what he pays in each case."""

from __future__ import annotations

import random

import pytest

from auction_engine.rules import packs
from auction_engine.rules.pack_proceeds import ReAuction
from auction_engine.rules.proceeds.claims import Item
from auction_engine.rules.proceeds.errors import ProceedsError
from auction_engine.rules.proceeds.in_kind import price, take

from .estates import (
    BANK,
    COURT,
    DEBTOR,
    HOUSE,
    MILLION,
    NEW,
    OLD,
    SELLER,
    TAX,
    WORKER,
    anything,
    case,
    claim,
)

# Claims 300 + 500 + 200, costs 40, rent 60, taxes 20: together 1 120 million.
CASE = case(
    claim(WORKER, "LABOUR_MAINTENANCE_INJURY", 300 * MILLION, owes_fee=False),
    claim(BANK, "OTHER", 500 * MILLION),
    claim(SELLER, "OTHER", 200 * MILLION),
    costs=(Item(HOUSE, 40 * MILLION),),
    rent_minor=60 * MILLION,
    taxes=(Item(TAX, 20 * MILLION),),
)


def test_worth_more_than_everything_he_pays_the_price_less_his_claim() -> None:
    found = take(NEW, CASE, BANK, 1_200 * MILLION, others_agree=True)
    assert found.set_off_minor == 500 * MILLION
    assert found.top_up_minor == 700 * MILLION
    assert [(s.line, s.party, s.paid_minor // MILLION) for s in found.top_up] == [
        ("ENFORCEMENT_COSTS", HOUSE, 40),
        ("RENT_1Y", DEBTOR, 60),
        ("TRANSFER_TAXES_FEES", TAX, 20),
        ("RANK", WORKER, 300),
        ("RANK", SELLER, 200),
        ("SURPLUS", DEBTOR, 80),
    ]
    assert [s.party for s in found.set_off] == [BANK]


def test_worth_less_he_pays_the_price_less_the_share_he_would_get() -> None:
    # 770 - 120 - 300 leave 350 for 700: half of each claim
    found = take(NEW, CASE, BANK, 770 * MILLION, others_agree=True)
    assert found.set_off_minor == 250 * MILLION
    assert found.top_up_minor == 520 * MILLION
    assert sum(step.paid_minor for step in found.top_up) == found.top_up_minor
    assert found.fee_minor == 7_500_000
    assert found.to_pay_minor == 527_500_000


def test_the_boundary_of_both_rules_is_the_same_sum() -> None:
    just = take(NEW, CASE, BANK, 1_120 * MILLION, others_agree=True)
    assert just.top_up_minor == 620 * MILLION
    above = take(NEW, CASE, BANK, 1_120 * MILLION + 1, others_agree=True)
    assert above.top_up_minor == just.top_up_minor + 1


@pytest.mark.parametrize(
    ("worth", "free", "pays"),
    [(40 * MILLION, True, 0), (39, True, 0), (40 * MILLION + 1, False, 40 * MILLION + 1)],
)
def test_worth_no_more_than_the_costs_he_pays_nothing(worth: int, free: bool, pays: int) -> None:
    found = take(NEW, CASE, BANK, worth, others_agree=True)
    assert (found.free, found.to_pay_minor) == (free, pays)
    assert (found.distribution is None) == free
    assert not free or (found.top_up, found.set_off) == ((), ())
    assert not free or found.rule == "Decree 152/2026/ND-CP Art. 66(2)"


def test_the_sole_secured_creditor_pays_what_comes_before_him() -> None:
    alone = case(
        claim(
            BANK, "OTHER", 500, late_interest_minor=50,
            secured="JUDGMENT_CREDITOR", court_fee=Item(COURT, 25),
        ),
        costs=(Item(HOUSE, 40),),
    )  # fmt: skip
    found = take(NEW, alone, BANK, 590)
    assert (found.set_off_minor, found.top_up_minor) == (525, 65)
    old = take(OLD, alone, BANK, 590)
    assert (old.set_off_minor, old.top_up_minor) == (525, 65)
    assert not take(OLD, alone, BANK, 30).free  # the old rule gives nothing away


def test_costs_he_advanced_himself_are_paid_back_to_him() -> None:
    given = case(claim(BANK, "OTHER", 100), costs=(Item(BANK, 10),))
    found = take(NEW, given, BANK, 80)
    assert [(s.line, s.paid_minor) for s in found.top_up] == [("ENFORCEMENT_COSTS", 10)]
    assert found.set_off_minor == 70


def test_any_price_is_set_off_and_top_up() -> None:
    chance = random.Random(66)
    tried = 0
    while tried < 300:
        given = anything(chance, NEW)
        if not given.claims:
            continue
        tried += 1
        taker = chance.choice(given.claims).party
        found = take(NEW, given, taker, chance.randrange(1, 10**10), others_agree=True)
        if not found.free:
            assert found.price_minor == found.set_off_minor + found.top_up_minor
            assert sum(step.paid_minor for step in found.set_off) == found.set_off_minor
            assert 0 <= found.fee_minor <= found.set_off_minor
            owed = sum(one.total_minor for one in given.claims if one.party == taker)
            assert found.set_off_minor <= owed


@pytest.mark.parametrize(
    ("taker", "worth", "more", "code"),
    [
        (BANK, 770, {}, "NEEDS_CONSENT"),
        (HOUSE, 770, {"others_agree": True}, "NO_CLAIM"),
        (BANK, 0, {"others_agree": True}, "BAD_PRICE"),
        (BANK, 2**53, {"others_agree": True}, "BAD_PRICE"),
    ],
)
def test_what_is_refused(taker: int, worth: int, more: dict[str, bool], code: str) -> None:
    with pytest.raises(ProceedsError) as refused:
        take(NEW, CASE, taker, worth, **more)
    assert refused.value.code == code


def test_nobody_takes_a_bankrupts_property() -> None:
    with pytest.raises(ProceedsError) as refused:
        take(NEW, case(claim(BANK, "OTHER", 9), mode="BANKRUPTCY", trustee=99), BANK, 9)
    assert refused.value.code == "BANKRUPTCY"


class TestPrice:
    @pytest.mark.parametrize("pack", [OLD, NEW])
    @pytest.mark.parametrize("cuts", [2, 3])
    def test_from_the_second_cut_on_at_the_last_reduced_price(
        self, pack: object, cuts: int
    ) -> None:
        rule = pack.re_auction  # type: ignore[attr-defined]
        assert price(rule, cuts, 810 * MILLION) == 810 * MILLION

    @pytest.mark.parametrize("cuts", [0, 1])
    def test_not_before(self, cuts: int) -> None:
        with pytest.raises(ProceedsError) as refused:
            price(NEW.re_auction, cuts, 810 * MILLION)
        assert refused.value.code == "TOO_EARLY"

    def test_elsewhere_at_once_at_the_starting_price(self) -> None:
        assert price(packs.load("lt-bailiffs").re_auction, 0, 500) == 500

    def test_not_where_no_pack_allows_it(self) -> None:
        for rule in (None, packs.load("vn-voluntary").re_auction):
            with pytest.raises(ProceedsError) as refused:
                price(rule, 5, 500)
            assert refused.value.code == "NOT_ALLOWED"

    def test_a_share_of_the_value_must_be_given(self) -> None:
        rule = ReAuction(
            max_cut_bp=1_000, base="VALUATION", decided_by="COURT",
            in_kind_after_cuts=0, in_kind_price="SHARE_OF_VALUE",
        )  # fmt: skip
        with pytest.raises(ProceedsError) as refused:
            price(rule, 0, 500)
        assert refused.value.code == "NO_SHARE"
