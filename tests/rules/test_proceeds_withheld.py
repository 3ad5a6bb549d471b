"""What a creditor gets in the hand: gross, enforcement fee, net."""

from __future__ import annotations

import random

import pytest

from auction_engine.rules import packs
from auction_engine.rules.fees import enforcement_fee
from auction_engine.rules.pack import Pack
from auction_engine.rules.proceeds.claims import Item
from auction_engine.rules.proceeds.distribution import distribute
from auction_engine.rules.proceeds.withheld import Receipt, receipts

from .estates import (
    BANK,
    CHILD,
    COURT,
    HOUSE,
    LENDER,
    MILLION,
    NEW,
    OLD,
    SELLER,
    WORKER,
    anything,
    case,
    claim,
    some,
)

BILLION = 1_000 * MILLION


def test_the_fee_of_six_billion_is_170_million() -> None:
    given = case(claim(BANK, "OTHER", 6 * BILLION, secured="JUDGMENT_CREDITOR"))
    found = distribute(NEW, 7 * BILLION, given)
    assert receipts(NEW, given, found) == (Receipt(BANK, 6 * BILLION, 6 * BILLION, 170 * MILLION),)
    assert receipts(NEW, given, found)[0].net_minor == 5_830 * MILLION


def test_it_is_taken_on_what_is_received_not_on_what_is_owed() -> None:
    given = case(claim(BANK, "OTHER", 6 * BILLION, secured="JUDGMENT_CREDITOR"))
    assert receipts(NEW, given, distribute(NEW, BILLION, given))[0].fee_minor == 30 * MILLION


def test_once_on_all_a_party_receives() -> None:
    parts = case(claim(SELLER, "OTHER", 4 * BILLION), claim(SELLER, "OTHER", 2 * BILLION))
    paid = receipts(NEW, parts, distribute(NEW, 9 * BILLION, parts))
    assert [(one.gross_minor, one.fee_minor) for one in paid] == [(6 * BILLION, 170 * MILLION)]


def test_nothing_for_the_exempt_the_outsider_costs_and_court_fees() -> None:
    given = case(
        claim(WORKER, "LABOUR_MAINTENANCE_INJURY", 40 * MILLION, owes_fee=False),
        claim(LENDER, "OTHER", 50 * MILLION, secured="OUTSIDER"),
        claim(BANK, "OTHER", 60 * MILLION, secured="JUDGMENT_CREDITOR", court_fee=Item(COURT, 9)),
        costs=(Item(HOUSE, 70),),
    )
    paid = {one.party: one for one in receipts(NEW, given, distribute(NEW, BILLION, given))}
    assert set(paid) == {WORKER, LENDER, BANK, COURT}
    assert [paid[party].fee_minor for party in (WORKER, LENDER, COURT)] == [0, 0, 0]
    assert paid[BANK].fee_minor == 1_800_000


def test_an_exempt_and_another_claim_of_one_party() -> None:
    given = case(
        claim(CHILD, "LABOUR_MAINTENANCE_INJURY", 40 * MILLION, owes_fee=False),
        claim(CHILD, "OTHER", 10 * MILLION),
    )
    (paid,) = receipts(NEW, given, distribute(NEW, BILLION, given))
    assert paid == Receipt(CHILD, 50 * MILLION, 10 * MILLION, 300_000)


@pytest.mark.parametrize(("owed", "fee"), [(4_680_000, 0), (4_680_001, 140_400)])
def test_free_up_to_two_base_salaries(owed: int, fee: int) -> None:
    given = case(claim(SELLER, "OTHER", owed))
    found = distribute(NEW, BILLION, given)
    assert receipts(NEW, given, found, base_salary_minor=2_340_000)[0].fee_minor == fee


def test_the_tiers_go_on_from_what_was_received_before() -> None:
    given = case(claim(SELLER, "OTHER", 2 * BILLION))
    found = distribute(NEW, 2 * BILLION, given)
    (paid,) = receipts(NEW, given, found, received_before={SELLER: 4 * BILLION})
    assert paid.fee_minor == 170 * MILLION - 120 * MILLION


def test_a_pack_without_the_fee_withholds_nothing() -> None:
    given = case(claim(SELLER, "OTHER", BILLION))
    found = distribute(NEW, BILLION, given)
    assert NEW.fees is not None
    pack = NEW.model_copy(update={"fees": packs.load("vn-voluntary").fees})
    assert receipts(pack, given, found)[0].fee_minor == 0


@pytest.mark.parametrize("pack", [OLD, NEW])
def test_gross_is_net_and_fee_in_any_case(pack: Pack) -> None:
    chance = random.Random(216)
    assert pack.fees is not None
    rule = pack.fees.enforcement
    assert rule is not None
    for _ in range(300):
        given = anything(chance, pack)
        found = distribute(pack, some(chance), given)
        for one in receipts(pack, given, found):
            assert one.gross_minor == one.net_minor + one.fee_minor
            assert 0 <= one.fee_minor <= one.charged_minor <= one.gross_minor
            assert one.fee_minor == enforcement_fee(rule, one.charged_minor)
