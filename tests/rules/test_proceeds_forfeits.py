"""A lost deposit: to whom it goes in which book."""

from __future__ import annotations

from typing import get_args

import pytest

from auction_engine.rules.postings.chart import CHART, BookKind
from auction_engine.rules.proceeds.errors import ProceedsError
from auction_engine.rules.proceeds.forfeits import split
from auction_engine.rules.terms import BENEFICIARIES

from .estates import HOUSE, MIDDLE, NEW


@pytest.mark.parametrize(
    ("beneficiary", "costs", "parts"),
    [
        ("STATE_BUDGET_AFTER_COSTS", 0, [("PAYABLE.STATE_BUDGET", 200)]),
        (
            "STATE_BUDGET_AFTER_COSTS",
            30,
            [("PAYABLE.AUCTION_COST", 30), ("PAYABLE.STATE_BUDGET", 170)],
        ),
        ("STATE_BUDGET_AFTER_COSTS", 200, [("PAYABLE.AUCTION_COST", 200)]),
        ("STATE_BUDGET_AFTER_COSTS", 900, [("PAYABLE.AUCTION_COST", 200)]),
        ("ENFORCEMENT_AGENCY", 30, [("PAYABLE.AGENCY", 200)]),
        ("OWNER", 30, [("PAYABLE.OWNER", 200)]),
        ("ESTATE", 30, [("PAYABLE.AGENCY", 200)]),
    ],
)
def test_in_the_organisations_book(
    beneficiary: str, costs: int, parts: list[tuple[str, int]]
) -> None:
    legs = split(beneficiary, 12, 200, costs)
    assert [(leg.account.code, -leg.amount_minor) for leg in legs] == parts
    assert {leg.account.key for leg in legs} == {"lot:12"}


@pytest.mark.parametrize(
    ("beneficiary", "parts"),
    [
        ("ENFORCEMENT_AGENCY", [("PAYABLE.FORFEITED[lot:12]", 200)]),
        ("ESTATE", [("LIAB.ESTATE[lot:12]", 200)]),
        (
            "STATE_BUDGET_AFTER_COSTS",
            [("PAYABLE.COSTS[lot:12/party:2]", 30), ("PAYABLE.STATE_BUDGET[lot:12]", 170)],
        ),
    ],
)
def test_in_the_agencys_book(beneficiary: str, parts: list[tuple[str, int]]) -> None:
    legs = split(beneficiary, 12, 200, 30, "AGENCY", HOUSE)
    assert [(str(leg.account), -leg.amount_minor) for leg in legs] == parts


def test_every_beneficiary_of_a_pack_has_an_account_or_loses_nothing() -> None:
    for beneficiary in BENEFICIARIES:
        for book in get_args(BookKind):
            try:
                legs = split(beneficiary, 12, 200, 30, book, HOUSE)
            except ProceedsError as error:
                known = (beneficiary, book, error.code)
                assert known in {
                    ("NOT_FORFEITED", "ORGANISATION", "NOT_FORFEITED"),
                    ("NOT_FORFEITED", "AGENCY", "NOT_FORFEITED"),
                    ("OWNER", "AGENCY", "NO_ACCOUNT"),  # an agency sells for the estate
                }
            else:
                assert sum(leg.amount_minor for leg in legs) == -200
                assert all(book in CHART[leg.account.code].books for leg in legs)


def test_the_default_of_a_buyer_changed_hands_in_2026() -> None:
    got = {
        pack.id: split(pack.forfeit.beneficiaries["PAYMENT_DEFAULT"], 12, 200, 0, "AGENCY")
        for pack in (MIDDLE, NEW)
    }
    assert [legs[0].account.code for legs in got.values()] == [
        "PAYABLE.STATE_BUDGET",
        "PAYABLE.FORFEITED",
    ]


@pytest.mark.parametrize(("amount", "costs"), [(0, 0), (-1, 0), (2**53, 0), (5, -1)])
def test_what_is_no_amount_is_refused(amount: int, costs: int) -> None:
    with pytest.raises(ProceedsError) as refused:
        split("OWNER", 12, amount, costs)
    assert refused.value.code == "BAD_AMOUNT"


def test_costs_in_an_agencys_book_are_somebodys() -> None:
    with pytest.raises(ProceedsError) as refused:
        split("STATE_BUDGET_AFTER_COSTS", 12, 200, 30, "AGENCY")
    assert refused.value.code == "NO_PAYEE"
