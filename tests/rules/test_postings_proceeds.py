"""The agency's and the organisation's books: each entry by itself, and whole sales at random."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from auction_engine.rules.postings import charges, deposits, payouts, proceeds
from auction_engine.rules.postings.chart import of_bidder, of_lot, of_party
from auction_engine.rules.postings.entry import Cause, EntryError, Name
from auction_engine.rules.proceeds.auction_fee import Charge
from auction_engine.rules.proceeds.claims import Item
from auction_engine.rules.proceeds.distribution import distribute
from auction_engine.rules.proceeds.errors import ProceedsError
from auction_engine.rules.proceeds.in_kind import take
from auction_engine.rules.proceeds.interest import TermInterest
from auction_engine.rules.proceeds.withheld import receipts

from .books import Book
from .estates import BANK, HOUSE, NEW, WORKER, case, claim
from .sales import BUYER, PAYABLES, Sale, paid_in

AGENCY, HOUSE_BOOK, LOT = 1, 2, 12
REFUND = Name("LIAB.REFUND", of_bidder(LOT, BUYER))
ESTATE, PRICE = Name("LIAB.ESTATE", of_lot(LOT)), Name("LIAB.PURCHASE_PRICE", of_lot(LOT))
LATE = Name("LIAB.BUYER_INTEREST", of_lot(LOT))


def journal(n: int) -> Cause:
    return Cause("JOURNAL", LOT, n)


def sold(earnest: int = 200, balance: int = 800) -> Book:
    book = Book("AGENCY")
    book.post(*paid_in(AGENCY, LOT, "earnest.received", 1, earnest))
    book.post(*paid_in(AGENCY, LOT, "price.paid", 2, balance))
    return book


CASE = case(
    claim(WORKER, "LABOUR_MAINTENANCE_INJURY", 300, owes_fee=False),
    claim(BANK, "OTHER", 600),
    costs=(Item(HOUSE, 40),),
)


def distributed(book: Book) -> None:
    """Deliver, distribute, everything still to be paid out."""
    found = distribute(NEW, 1_000, CASE)
    book.post(
        proceeds.delivered(AGENCY, LOT, 1_000, journal(5)),
        proceeds.distributed(AGENCY, LOT, found, receipts(NEW, CASE, found), journal(6)),
    )


class TestEntries:
    def test_earnest_and_balance_make_the_price(self) -> None:
        assert sold().of("LIAB.PURCHASE_PRICE", "LIAB.SUSPENSE") == {PRICE: 1_000}

    def test_a_term_deposit_and_its_interest(self) -> None:
        book = sold()
        book.post(
            deposits.taken(AGENCY, "BANK.AGENCY", 8, 1_000),
            proceeds.parked(AGENCY, LOT, 1, 8, 1_000, Cause("ACT", 3)),
        )
        assert book.balances[Name("BANK.AGENCY")] == 0
        interest = TermInterest(4, 3, 20, 11)
        book.post(proceeds.matured(AGENCY, LOT, 1, 1_000, interest, Cause("ACT", 4)))
        assert book.balances[Name("BANK.AGENCY")] == 1_007
        assert book.of("LIAB.ESTATE", "LIAB.BUYER_INTEREST") == {ESTATE: 4, LATE: 3}

    def test_a_term_deposit_that_came_back_by_statement(self) -> None:
        book = sold()
        book.post(
            deposits.taken(AGENCY, "BANK.AGENCY", 8, 1_000),
            proceeds.parked(AGENCY, LOT, 1, 8, 1_000, Cause("ACT", 3)),
            deposits.received(AGENCY, "BANK.AGENCY", 9, 1_000),
            proceeds.matured(
                AGENCY, LOT, 1, 1_000, TermInterest(0, 0, 31, 0), Cause("LINE", 9), [(9, 1_000)]
            ),
        )
        assert book.of("LIAB.SUSPENSE") == {}
        assert book.balances[Name("BANK.AGENCY")] == 1_000

    def test_delivery_and_distribution_in_one_entry(self) -> None:
        book = sold()
        distributed(book)
        assert book.of("LIAB.ESTATE", "LIAB.PURCHASE_PRICE", *PAYABLES) == {
            Name("PAYABLE.COSTS", of_party(LOT, HOUSE)): 40,
            Name("PAYABLE.DEBTOR_SURPLUS", of_party(LOT, 1)): 60,
            Name("PAYABLE.CREDITOR", of_party(LOT, WORKER)): 300,
            Name("PAYABLE.CREDITOR", of_party(LOT, BANK)): 582,
            Name("PAYABLE.STATE_FEE", of_lot(LOT)): 18,
        }

    def test_the_receipts_of_another_distribution_are_refused(self) -> None:
        found, other = distribute(NEW, 1_000, CASE), distribute(NEW, 900, CASE)
        with pytest.raises(EntryError) as refused:
            proceeds.distributed(AGENCY, LOT, found, receipts(NEW, CASE, other), journal(6))
        assert refused.value.code == "UNBALANCED"

    def test_nothing_to_distribute_is_no_entry(self) -> None:
        found = distribute(NEW, 0, CASE)
        with pytest.raises(EntryError) as refused:
            proceeds.distributed(AGENCY, LOT, found, receipts(NEW, CASE, found), journal(6))
        assert refused.value.code == "NO_LEGS"

    def test_the_same_cause_is_the_same_entry(self) -> None:
        one, two = (proceeds.delivered(AGENCY, LOT, 1_000, journal(5)) for _ in range(2))
        other = proceeds.delivered(AGENCY, LOT, 1_000, journal(6))
        assert one == two
        assert one.key != other.key

    def test_a_bankrupts_money_is_owed_to_the_trustee(self) -> None:
        given = replace(CASE, mode="BANKRUPTCY", trustee=99)
        found = distribute(NEW, 1_000, given)
        book = sold()
        book.post(proceeds.delivered(AGENCY, LOT, 1_000, journal(5)))
        book.post(proceeds.distributed(AGENCY, LOT, found, receipts(NEW, given, found), journal(6)))
        assert book.of(*PAYABLES) == {Name("PAYABLE.CREDITOR", of_party(LOT, 99)): 1_000}


class TestDefault:
    def test_the_deposit_is_the_agencys_the_rest_the_buyers(self) -> None:
        book = sold(200, 300)
        entry = proceeds.payment_defaulted(
            AGENCY, LOT, BUYER, 200, 300, "ENFORCEMENT_AGENCY", journal(5)
        )
        book.post(entry)
        assert book.of("PAYABLE.FORFEITED", "LIAB.PURCHASE_PRICE", "LIAB.REFUND") == {
            Name("PAYABLE.FORFEITED", of_lot(LOT)): 200,
            REFUND: 300,
        }

    def test_until_2026_costs_and_the_state_budget(self) -> None:
        book = Book("AGENCY")
        book.post(*paid_in(AGENCY, LOT, "earnest.received", 1, 200))
        who = "STATE_BUDGET_AFTER_COSTS"
        book.post(
            proceeds.payment_defaulted(AGENCY, LOT, BUYER, 200, 0, who, journal(5), 30, HOUSE)
        )
        assert book.of("PAYABLE.COSTS", "PAYABLE.STATE_BUDGET", "LIAB.REFUND") == {
            Name("PAYABLE.COSTS", of_party(LOT, HOUSE)): 30,
            Name("PAYABLE.STATE_BUDGET", of_lot(LOT)): 170,
        }

    def test_nothing_is_lost_on_no_ground(self) -> None:
        with pytest.raises(ProceedsError):
            proceeds.payment_defaulted(AGENCY, LOT, BUYER, 200, 0, "NOT_FORFEITED", journal(5))


class TestGivingBack:
    def test_a_buyer_who_rescinds_gets_price_and_late_interest(self) -> None:
        book = sold()
        book.post(
            deposits.taken(AGENCY, "BANK.AGENCY", 8, 1_000),
            proceeds.parked(AGENCY, LOT, 1, 8, 1_000, Cause("ACT", 3)),
        )
        interest = TermInterest(4, 3, 20, 11)
        book.post(proceeds.matured(AGENCY, LOT, 1, 1_000, interest, Cause("ACT", 4)))
        book.post(proceeds.buyer_rescinded(AGENCY, LOT, BUYER, 1_000, 3, journal(5)))
        assert book.of("LIAB.REFUND", "LIAB.BUYER_INTEREST", "LIAB.ESTATE") == {
            REFUND: 1_003,
            ESTATE: 4,
        }

    def test_annulled_before_delivery(self) -> None:
        book = sold()
        held = book.of("LIAB.PURCHASE_PRICE")
        book.post(proceeds.annulled(AGENCY, LOT, 1_000, held, {}, REFUND, journal(5)))
        assert book.of("LIAB.PURCHASE_PRICE", "LIAB.REFUND") == {REFUND: 1_000}

    def test_annulled_with_interest_that_had_gone_to_the_estate(self) -> None:
        book = sold()
        book.post(
            deposits.taken(AGENCY, "BANK.AGENCY", 8, 1_000),
            proceeds.parked(AGENCY, LOT, 1, 8, 1_000, Cause("ACT", 3)),
        )
        interest = TermInterest(4, 3, 20, 11)
        book.post(proceeds.matured(AGENCY, LOT, 1, 1_000, interest, Cause("ACT", 4)))
        held = book.of("LIAB.PURCHASE_PRICE", "LIAB.ESTATE", "LIAB.BUYER_INTEREST")
        book.post(proceeds.annulled(AGENCY, LOT, 1_007, held, {}, REFUND, journal(5)))
        assert book.of("LIAB.REFUND", "LIAB.ESTATE", "LIAB.BUYER_INTEREST") == {REFUND: 1_007}

    def test_annulled_after_distribution_what_was_paid_out_is_to_come_back(self) -> None:
        book = sold()
        distributed(book)
        worker = Name("PAYABLE.CREDITOR", of_party(LOT, WORKER))
        book.post(
            payouts.ordered(AGENCY, 5, 1, worker, 300),
            payouts.booked(AGENCY, "BANK.AGENCY", 8, 5, 1, 300),
        )
        held = book.of(*PAYABLES)
        book.post(proceeds.annulled(AGENCY, LOT, 1_000, held, {WORKER: 300}, REFUND, journal(9)))
        assert book.of("LIAB.REFUND", *PAYABLES) == {REFUND: 1_000}
        assert book.balances[Name("RECEIVABLE.ANNULLED", of_party(LOT, WORKER))] == 300
        book.post(
            deposits.received(AGENCY, "BANK.AGENCY", 10, 300),
            proceeds.recovered(AGENCY, LOT, WORKER, "back/10", [(10, 300)], Cause("LINE", 10)),
        )
        assert book.balances[Name("BANK.AGENCY")] == book.owed("LIAB.REFUND", REFUND.key) == 1_000

    def test_an_account_forgotten_is_found(self) -> None:
        book = sold()
        distributed(book)
        held = book.of(*PAYABLES[:-1])  # without the fee
        with pytest.raises(EntryError) as refused:
            proceeds.annulled(AGENCY, LOT, 1_000, held, {}, REFUND, journal(9))
        assert refused.value.code == "BUYER_SHORT"


class TestInKind:
    def test_the_whole_price_goes_through_and_cancels_out(self) -> None:
        found = take(NEW, CASE, BANK, 700, others_agree=True)
        book = Book("AGENCY")
        book.post(*paid_in(AGENCY, LOT, "top_up.paid", 1, found.to_pay_minor))
        entries = proceeds.in_kind(AGENCY, LOT, found, journal(5))
        assert [entry.kind for entry in entries] == [
            "in_kind.taken",
            "estate.distributed",
            "in_kind.set_off",
        ]
        book.post(*entries)
        assert found.set_off_minor == 360
        assert book.of("LIAB.ESTATE", "RECEIVABLE.IN_KIND", *PAYABLES) == {
            Name("PAYABLE.COSTS", of_party(LOT, HOUSE)): 40,
            Name("PAYABLE.CREDITOR", of_party(LOT, WORKER)): 300,
            Name("PAYABLE.STATE_FEE", of_lot(LOT)): 10,
        }
        assert book.balances[Name("BANK.AGENCY")] == 350

    def test_who_pays_nothing_moves_nothing(self) -> None:
        found = take(NEW, CASE, BANK, 40, others_agree=True)
        assert proceeds.in_kind(AGENCY, LOT, found, journal(5)) == ()

    def test_who_gets_nothing_pays_the_whole_price(self) -> None:
        found = take(NEW, CASE, BANK, 340, others_agree=True)
        book = Book("AGENCY")
        book.post(*paid_in(AGENCY, LOT, "top_up.paid", 1, 340))
        book.post(*proceeds.in_kind(AGENCY, LOT, found, journal(5)))
        assert book.total(PAYABLES) == 340


class TestOrganisation:
    def test_the_fee_with_its_tax(self) -> None:
        book = Book("ORGANISATION")
        book.post(
            charges.fee_charged(HOUSE_BOOK, LOT, Charge(1_000, 100, "MOST"), journal(5)),
            charges.fee_paid(HOUSE_BOOK, LOT, 700, Cause("LINE", 4)),
            charges.fee_paid(HOUSE_BOOK, LOT, 400, Cause("LINE", 5)),
        )
        assert book.balances[Name("BANK.OPERATING")] == 1_100
        assert book.balances[Name("RECEIVABLE.AUCTION_FEE", of_lot(LOT))] == 0
        assert (book.owed("INCOME.AUCTION_FEE"), book.owed("PAYABLE.VAT")) == (1_000, 100)

    def test_a_fee_without_tax_and_none_at_all(self) -> None:
        entry = charges.fee_charged(HOUSE_BOOK, LOT, Charge(9, 0, "AGREED"), journal(5))
        assert len(entry.legs) == 2
        with pytest.raises(EntryError) as refused:
            charges.fee_charged(HOUSE_BOOK, LOT, Charge(0, 0, "ACTUAL_COSTS"), journal(5))
        assert refused.value.code == "NO_LEGS"

    def test_a_dossier_fee_and_its_return(self) -> None:
        book = Book("ORGANISATION")
        paid = charges.dossier_fee(HOUSE_BOOK, LOT, BUYER, 500, Cause("LINE", 4))
        back = charges.dossier_fee_returned(paid, journal(9))
        book.post(paid, back)
        assert back.reverses == paid.key
        assert not any(book.balances.values())

    def test_more_than_is_owed_is_not_taken_as_fee(self) -> None:
        book = Book("ORGANISATION")
        book.post(charges.fee_charged(HOUSE_BOOK, LOT, Charge(10, 1, "MOST"), journal(5)))
        with pytest.raises(AssertionError):
            book.post(charges.fee_paid(HOUSE_BOOK, LOT, 12, Cause("LINE", 4)))


def test_after_any_lawful_course_the_money_of_others_is_all_owed() -> None:
    turns = set()
    for seed in range(1_500):
        sale = Sale(random.Random(seed))
        turns.add(sale.run())
        assert sale.book.escrow() == 0
    assert turns == {
        "annul", "annul after payouts", "default", "deliver", "in kind", "in kind, free", "rescind",
    }  # fmt: skip
