"""Who is paid what: the law's order done by hand, and any case at random."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from auction_engine.rules import packs
from auction_engine.rules.pack import Pack
from auction_engine.rules.proceeds.claims import Case, Claim, Item
from auction_engine.rules.proceeds.distribution import Distribution, distribute, faults
from auction_engine.rules.proceeds.errors import ProceedsError

from .estates import (
    BANK,
    CHILD,
    COERCIVE,
    COURT,
    DEBTOR,
    HOUSE,
    INSURER,
    LATE,
    LENDER,
    MIDDLE,
    NEW,
    OLD,
    PAYMENT,
    SELLER,
    TAX,
    VALUER,
    WORKER,
    anything,
    case,
    claim,
    some,
)

# The figure of the architecture: PROCEEDS_DISTRIBUTIONS=100000.
DISTRIBUTIONS = int(os.environ.get("PROCEEDS_DISTRIBUTIONS", "3000"))
AFTER_COERCION = date(2026, 9, 1)

WAGES = claim(WORKER, "LABOUR_MAINTENANCE_INJURY", 300)
SUPPORT = claim(CHILD, "LABOUR_MAINTENANCE_INJURY", 100)
FEES = claim(COURT, "COURT_FEE", 50)
FINE = claim(TAX, "FINES_STATE", 70)
INSURANCE = claim(INSURER, "INSURANCE", 80)
SALE = claim(SELLER, "OTHER", 200)


def lines(found: Distribution) -> list[tuple[str, int, int]]:
    """Line, party, paid; the rank stands for its line."""
    return [(step.rank or step.line, step.party, step.paid_minor) for step in found.steps]


class TestRanks:
    ALL = case(
        SALE, INSURANCE, FINE, FEES, SUPPORT, WAGES,
        costs=(Item(HOUSE, 30), Item(VALUER, 10)), rent_minor=60, taxes=(Item(TAX, 20),),
    )  # fmt: skip

    def test_the_five_ranks_of_2026_with_enough_for_everybody(self) -> None:
        found = distribute(NEW, 1_000, self.ALL)
        assert lines(found) == [
            ("ENFORCEMENT_COSTS", HOUSE, 30),
            ("ENFORCEMENT_COSTS", VALUER, 10),
            ("RENT_1Y", DEBTOR, 60),
            ("TRANSFER_TAXES_FEES", TAX, 20),
            ("LABOUR_MAINTENANCE_INJURY", CHILD, 100),
            ("LABOUR_MAINTENANCE_INJURY", WORKER, 300),
            ("COURT_FEE", COURT, 50),
            ("FINES_STATE", TAX, 70),
            ("INSURANCE", INSURER, 80),
            ("OTHER", SELLER, 200),
            ("SURPLUS", DEBTOR, 80),
        ]
        assert found.surplus_minor == 80
        assert faults(found) == []

    def test_within_a_rank_by_the_debts_and_nothing_to_the_next(self) -> None:
        found = distribute(NEW, 120 + 301, self.ALL)
        paid = {step.party: step for step in found.steps if step.rank}
        # 301 for 400: 75.25 and 225.75; the đồng left over goes to the larger remainder
        child, worker = paid[CHILD], paid[WORKER]
        assert (child.paid_minor, child.remainder, child.extra) == (75, 100, 0)
        assert (worker.paid_minor, worker.remainder, worker.extra) == (226, 300, 1)
        assert (worker.pot_minor, worker.owed_minor, worker.short_minor) == (301, 400, 74)
        assert (worker.before_minor, worker.after_minor) == (226, 0)
        assert all(paid[party].paid_minor == 0 for party in (COURT, TAX, INSURER, SELLER))
        assert found.surplus_minor == 0

    @pytest.mark.parametrize("pack", [OLD, MIDDLE])
    def test_until_2026_fines_and_insurance_stand_with_the_others(self, pack: Pack) -> None:
        estate = replace(self.ALL, taxes=())
        found = distribute(pack, 100 + 400 + 50 + 35, estate)
        assert lines(found)[5:] == [
            ("COURT_FEE", COURT, 50),
            ("OTHER", SELLER, 20),
            ("OTHER", INSURER, 8),
            ("OTHER", TAX, 7),
        ]

    def test_until_2026_taxes_are_not_taken_off(self) -> None:
        with pytest.raises(ProceedsError, match="TRANSFER_TAXES_FEES") as refused:
            distribute(MIDDLE, 1_000, self.ALL)
        assert refused.value.code == "NOT_IN_ORDER"

    def test_costs_that_are_not_covered_leave_nothing_else(self) -> None:
        found = distribute(NEW, 21, self.ALL)
        assert lines(found)[:3] == [
            ("ENFORCEMENT_COSTS", HOUSE, 16),
            ("ENFORCEMENT_COSTS", VALUER, 5),
            ("RENT_1Y", DEBTOR, 0),
        ]

    def test_nothing_to_distribute_is_a_distribution(self) -> None:
        assert all(step.paid_minor == 0 for step in distribute(NEW, 0, self.ALL).steps)
        assert distribute(NEW, 0, case()).steps == ()

    def test_each_line_names_its_article(self) -> None:
        found = distribute(NEW, 1_000, self.ALL)
        articles = {step.line: step.rule for step in found.steps}
        assert articles["ENFORCEMENT_COSTS"] == "Law 106/2025/QH15 Art. 54(1)"
        assert articles["SURPLUS"] == "Law 106/2025/QH15 Art. 54(2)"
        old = distribute(OLD, 1_000, replace(self.ALL, taxes=()))
        assert {step.rule for step in old.steps if step.rank} == {"Law 26/2008/QH12 Art. 47(1)"}


class TestCutOff:
    def test_who_asked_before_the_coercive_decision_comes_first_in_every_rank(self) -> None:
        later = claim(LATE, "LABOUR_MAINTENANCE_INJURY", 100, requested_on=AFTER_COERCION)
        found = distribute(NEW, 250, case(later, SALE))
        assert lines(found) == [("OTHER", SELLER, 200), ("LABOUR_MAINTENANCE_INJURY", LATE, 50)]
        assert [step.stage for step in found.steps] == ["CUTOFF", "PAYMENT"]

    def test_the_day_of_the_decision_itself_is_in_time(self) -> None:
        found = distribute(NEW, 10, case(claim(LATE, "OTHER", 10, requested_on=COERCIVE)))
        assert found.steps[0].stage == "CUTOFF"

    def test_another_agencys_claim_shares_in_what_is_left(self) -> None:
        other = claim(LATE, "OTHER", 100, of_this_agency=False)
        found = distribute(NEW, 250, case(other, SALE))
        assert lines(found) == [("OTHER", SELLER, 200), ("OTHER", LATE, 50)]

    def test_what_comes_after_the_payment_gets_nothing_and_is_named(self) -> None:
        late = claim(LATE, "OTHER", 100, requested_on=date(2026, 12, 29))
        found = distribute(NEW, 250, case(SALE, late))
        assert lines(found) == [("OTHER", SELLER, 200), ("SURPLUS", DEBTOR, 50)]
        assert found.left_out == (1,)


class TestLateInterest:
    @pytest.mark.parametrize("pack", [OLD, MIDDLE, NEW])
    def test_principal_before_interest_in_a_rank_and_interest_before_the_next(
        self, pack: Pack
    ) -> None:
        one = claim(SELLER, "OTHER", 100, late_interest_minor=40)
        other = claim(BANK, "OTHER", 100)
        first = claim(WORKER, "LABOUR_MAINTENANCE_INJURY", 10, late_interest_minor=5)
        found = distribute(pack, 15 + 200 + 30, case(one, other, first))
        assert [(s.party, s.portion, s.paid_minor) for s in found.steps] == [
            (WORKER, "PRINCIPAL", 10),
            (WORKER, "LATE_INTEREST", 5),
            (SELLER, "PRINCIPAL", 100),
            (BANK, "PRINCIPAL", 100),
            (SELLER, "LATE_INTEREST", 30),
        ]
        assert found.paid_on(0) == 130
        assert "Art. 29(1)" in found.steps[1].rule or "Art. 6(1)" in found.steps[1].rule

    def test_a_pack_silent_about_it_pays_them_together(self) -> None:
        order = NEW.payment_order
        assert order is not None
        silent = NEW.model_copy(
            update={"payment_order": order.model_copy(update={"late_interest": None})}
        )
        one = claim(SELLER, "OTHER", 100, late_interest_minor=100)
        other = claim(BANK, "OTHER", 100)
        found = distribute(silent, 150, case(one, other))
        assert [(s.party, s.due_minor, s.paid_minor) for s in found.steps] == [
            (SELLER, 200, 100),
            (BANK, 100, 50),
        ]


class TestSecured:
    MORTGAGE = claim(
        BANK, "OTHER", 500, late_interest_minor=100, secured="JUDGMENT_CREDITOR",
        court_fee=Item(COURT, 25),
    )  # fmt: skip
    OUTSIDE = claim(LENDER, "OTHER", 400, secured="OUTSIDER")
    TOPS: dict[str, Any] = {"costs": (Item(HOUSE, 40),), "rent_minor": 60}  # noqa: RUF012

    @pytest.mark.parametrize("pack", [OLD, MIDDLE, NEW])
    def test_a_judgment_creditor_after_costs_rent_and_the_court_fee(self, pack: Pack) -> None:
        found = distribute(pack, 700, case(WAGES, self.MORTGAGE, **self.TOPS))
        assert lines(found) == [
            ("ENFORCEMENT_COSTS", HOUSE, 40),
            ("RENT_1Y", DEBTOR, 60),
            ("JUDGMENT_COURT_FEE", COURT, 25),
            ("SECURED", BANK, 500),
            ("SECURED", BANK, 75),
            ("LABOUR_MAINTENANCE_INJURY", WORKER, 0),
        ]

    @pytest.mark.parametrize("pack", [OLD, MIDDLE, NEW])
    def test_one_who_is_none_comes_before_everything_even_the_costs(self, pack: Pack) -> None:
        found = distribute(pack, 430, case(WAGES, self.OUTSIDE, **self.TOPS))
        assert lines(found)[:2] == [("OUTSIDER", LENDER, 400), ("ENFORCEMENT_COSTS", HOUSE, 30)]

    def test_several_mortgages_by_their_place(self) -> None:
        second = claim(LENDER, "OTHER", 300, secured="JUDGMENT_CREDITOR", place=2)
        found = distribute(NEW, 725, case(second, self.MORTGAGE))
        assert lines(found) == [
            ("JUDGMENT_COURT_FEE", COURT, 25),
            ("SECURED", BANK, 500),
            ("SECURED", BANK, 100),
            ("SECURED", LENDER, 100),
        ]

    def test_the_day_of_the_request_does_not_matter_to_a_mortgage(self) -> None:
        late = replace(self.OUTSIDE, requested_on=date(2027, 6, 1))
        found = distribute(NEW, 400, case(late))
        assert (lines(found), found.left_out) == ([("OUTSIDER", LENDER, 400)], ())

    def test_a_pack_that_ranks_them_does_so(self) -> None:
        order = NEW.payment_order
        assert order is not None
        ranked = order.model_copy(
            update={"secured_creditor_first": False, "ranks": ("COURT_FEE", "SECURED", "OTHER")}
        )
        pack = NEW.model_copy(update={"payment_order": ranked})
        found = distribute(pack, 600, case(SALE, self.OUTSIDE, FEES))
        assert lines(found) == [
            ("COURT_FEE", COURT, 50),
            ("SECURED", LENDER, 400),
            ("OTHER", SELLER, 150),
        ]


class TestModes:
    DEBT = claim(BANK, "OTHER", 500, secured="JUDGMENT_CREDITOR", court_fee=Item(COURT, 25))
    ALL = case(
        DEBT, WAGES, mode="BAD_DEBT", rent_minor=60, costs=(Item(HOUSE, 40),), taxes=(Item(TAX, 9),)
    )

    def test_bad_debts_pay_the_rent_first_then_the_bank(self) -> None:
        found = distribute(NEW, 650, self.ALL)
        assert lines(found) == [
            ("RENT_1Y", DEBTOR, 60),
            ("ENFORCEMENT_COSTS", HOUSE, 40),
            ("SECURED", BANK, 500),
            ("TRANSFER_TAXES_FEES", TAX, 9),
            ("JUDGMENT_COURT_FEE", COURT, 25),
            ("LABOUR_MAINTENANCE_INJURY", WORKER, 16),
        ]
        assert not any(step.verified for step in found.steps if step.line == "SECURED")
        assert found.steps[0].rule == "Law 106/2025/QH15 Art. 54(4)"
        assert faults(found) == []

    def test_a_pack_without_that_rule_refuses_it(self) -> None:
        with pytest.raises(ProceedsError, match="BAD_DEBT") as refused:
            distribute(OLD, 650, replace(self.ALL, taxes=()))
        assert refused.value.code == "MODE_NOT_IN_ORDER"

    @pytest.mark.parametrize(("pack", "law"), [(NEW, "Art. 54(5)"), (OLD, "Art. 47(4)")])
    def test_a_bankrupts_estate_is_not_divided_here(self, pack: Pack, law: str) -> None:
        bankrupt = case(WAGES, mode="BANKRUPTCY")
        with pytest.raises(ProceedsError, match="trustee") as refused:
            distribute(pack, 650, bankrupt)
        assert refused.value.code == "BANKRUPTCY"
        assert law in str(refused.value)
        found = distribute(pack, 650, replace(bankrupt, trustee=99))
        assert lines(found) == [("TRUSTEE", 99, 650)]
        assert faults(found) == []


@pytest.mark.parametrize("name", ["cn-courts", "lt-bailiffs", "vn-voluntary"])
def test_a_pack_without_an_order_distributes_nothing(name: str) -> None:
    with pytest.raises(ProceedsError) as refused:
        distribute(packs.load(name), 100, case(SALE))
    assert refused.value.code == "NO_ORDER"


@pytest.mark.parametrize(
    ("estate", "bad"),
    [
        (-1, case()),
        (2**53, case()),
        (1.5, case()),
        (10, case(claim(SELLER, "OTHER", -1))),
        (10, case(claim(SELLER, "OTHER", 1, late_interest_minor=True))),
        (10, case(costs=(Item(HOUSE, -5),))),
        (10, case(rent_minor=-5)),
        (10, case(claim(SELLER, "OTHER", 1, court_fee=Item(COURT, 1)))),
        (10, case(payment_on=date(2026, 8, 2))),
    ],
)
def test_what_is_no_case_is_refused(estate: Any, bad: Case) -> None:
    with pytest.raises(ProceedsError) as refused:
        distribute(NEW, estate, bad)
    assert refused.value.code in ("BAD_ESTATE", "BAD_CASE")


class TestFaults:
    """The check finds what is wrong with a distribution that was tampered with."""

    FOUND = distribute(NEW, 421, TestRanks.ALL)

    @pytest.mark.parametrize(
        ("number", "changes", "words"),
        [
            (4, {"paid_minor": 76, "after_minor": 225}, "the division comes to 75"),
            (0, {"before_minor": 420}, "does not follow"),
            (0, {"paid_minor": 31, "after_minor": 390}, "more than is owed"),
            (6, {"paid_minor": 1, "after_minor": -1}, "earlier line is short"),
        ],
    )
    def test_a_line_changed(self, number: int, changes: dict[str, int], words: str) -> None:
        steps = list(self.FOUND.steps)
        steps[number] = replace(steps[number], **changes)  # type: ignore[arg-type]
        assert any(words in fault for fault in faults(replace(self.FOUND, steps=tuple(steps))))

    def test_a_line_left_out(self) -> None:
        short = replace(self.FOUND, steps=self.FOUND.steps[:-1])
        assert faults(self.FOUND) == []
        assert faults(replace(distribute(NEW, 1_000, TestRanks.ALL), steps=short.steps)) != []


def by_law(pack: Pack, estate: int, given: Case) -> dict[tuple[str, int], Fraction]:
    """A second reading of Art. 54 / Art. 47, as sort keys, to compare the first with.

    Exact fractions of what each (line, party) gets; the keys only say who comes before whom.
    """
    order = pack.payment_order
    assert order is not None
    debts: list[tuple[tuple[Any, ...], str, int, int]] = []
    bad = given.mode == "BAD_DEBT"
    tops = {"RENT_1Y": 10, "ENFORCEMENT_COSTS": 11, "TRANSFER_TAXES_FEES": 30}
    if not bad:
        tops = {line: 10 + number for number, line in enumerate(order.off_top)}
    debts += [((tops["ENFORCEMENT_COSTS"],), "C", i.payee, i.amount_minor) for i in given.costs]
    debts += [((tops["RENT_1Y"],), "R", given.debtor, given.rent_minor)]
    debts += [((tops["TRANSFER_TAXES_FEES"],), "T", i.payee, i.amount_minor) for i in given.taxes]
    for one in given.claims:
        for part, minor in enumerate((one.principal_minor, one.late_interest_minor)):
            if (key := _key(one, given, bad, list(order.ranks))) is not None:
                debts.append(((*key, part), "D", one.party, minor))
        if one.court_fee is not None:
            at: tuple[Any, ...] = (31,) if bad else (20, one.place, 0)
            debts.append((at, "F", one.court_fee.payee, one.court_fee.amount_minor))
    got: dict[tuple[str, int], Fraction] = defaultdict(Fraction)
    left = Fraction(estate)
    for key in sorted({debt[0] for debt in debts}):
        here = [debt for debt in debts if debt[0] == key]
        owed = sum(debt[3] for debt in here)
        share = min(Fraction(1), left / owed) if owed else Fraction(0)
        for _, line, party, minor in here:
            got[line, party] += minor * share
        left -= owed * share
    got["S", given.debtor] += left
    return got


def _key(one: Claim, given: Case, bad: bool, ranks: list[str]) -> tuple[Any, ...] | None:
    if one.secured != "NONE":
        if bad:
            return (20, one.place, 1)
        return (0, one.place, 1) if one.secured == "OUTSIDER" else (20, one.place, 1)
    rank = ranks.index(one.rank if one.rank in ranks else "OTHER")
    if one.of_this_agency and one.requested_on <= given.coercive_on:
        return (40, rank)
    return (50, rank) if one.requested_on <= PAYMENT else None


_LETTER = {
    "ENFORCEMENT_COSTS": "C", "RENT_1Y": "R", "TRANSFER_TAXES_FEES": "T", "SURPLUS": "S",
    "JUDGMENT_COURT_FEE": "F", "SECURED": "D", "OUTSIDER": "D", "RANK": "D",
}  # fmt: skip


def test_any_case_comes_out_to_the_last_dong_and_by_the_law() -> None:
    chance = random.Random(106_2025)
    for number in range(DISTRIBUTIONS):
        pack = (NEW, MIDDLE, OLD)[number % 3]
        given = anything(chance, pack)
        owed = sum(one.total_minor for one in given.claims) + given.costs_minor
        estate = chance.choice([some(chance), owed // 2, owed, owed * 2])
        found = distribute(pack, estate, given)
        assert faults(found) == []
        paid: dict[tuple[str, int], int] = defaultdict(int)
        lots: dict[tuple[str, int], int] = defaultdict(int)
        for step in found.steps:
            paid[_LETTER[step.line], step.party] += step.paid_minor
            lots[_LETTER[step.line], step.party] += 1
        assert sum(paid.values()) == estate
        law = by_law(pack, estate, given)
        for key in {*law, *paid}:
            # less than one đồng off for each line that was rounded
            assert abs(paid[key] - law[key]) < max(1, lots[key]), (number, key)
