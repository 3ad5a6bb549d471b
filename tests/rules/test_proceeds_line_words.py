"""The lines of a statement in words."""

from __future__ import annotations

import random

from auction_engine.rules.proceeds.distribution import distribute
from auction_engine.rules.proceeds.line_words import division, title

from .estates import CHILD, HOUSE, NEW, OLD, SELLER, WORKER, anything, case, claim, some


def test_titles_name_rank_portion_and_stage() -> None:
    found = distribute(NEW, 1_000, case(claim(SELLER, "COURT_FEE", 5, late_interest_minor=2)))
    first, second, surplus = (title(step) for step in found.steps)
    assert first.en.endswith(": principal (requested by the coercive decision)")
    assert second.vi.endswith(": lãi chậm thi hành án (yêu cầu đến ngày có quyết định cưỡng chế)")
    assert surplus.en == "surplus, returned to the debtor"


def test_the_division_can_be_done_again() -> None:
    short = case(
        claim(CHILD, "LABOUR_MAINTENANCE_INJURY", 100),
        claim(WORKER, "LABOUR_MAINTENANCE_INJURY", 300),
    )
    child, worker = distribute(NEW, 301, short).steps
    text = division(child, "VND", 0)
    assert text is not None
    assert text.vi == text.en == "100 VND × 301 VND / 400 VND = 75 VND"
    text = division(worker, "VND", 0)
    assert text is not None
    assert text.en == (
        "300 VND × 301 VND / 400 VND = 225 VND + 1 VND (largest remainder) = 226 VND"
    )
    assert text.vi.endswith("+ 1 VND (số dư lớn nhất) = 226 VND")


def test_what_is_paid_in_full_has_no_division() -> None:
    full = distribute(NEW, 10, case(claim(HOUSE, "OTHER", 10)))
    assert division(full.steps[0], "VND", 0) is None


def test_every_line_of_any_case_has_words() -> None:
    chance = random.Random(54)
    seen = set()
    for pack in (NEW, OLD) * 100:
        for step in distribute(pack, some(chance), anything(chance, pack)).steps:
            words = title(step)
            assert words.vi
            assert words.vi != words.en
            seen.add(step.line)
    bankrupt = distribute(NEW, 9, case(mode="BANKRUPTCY", trustee=99)).steps[0]
    seen.add(bankrupt.line)
    assert title(bankrupt).en == "handed to the trustee under bankruptcy law"
    assert len(seen) == 9
