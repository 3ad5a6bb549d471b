"""Sales of an agency taken through any lawful course, as entries of its book."""

from __future__ import annotations

import random
from datetime import date

from auction_engine.rules.postings import deposits, payouts, proceeds
from auction_engine.rules.postings.chart import of_bidder, of_lot
from auction_engine.rules.postings.entry import Cause, Entry, Name
from auction_engine.rules.proceeds.distribution import distribute
from auction_engine.rules.proceeds.in_kind import take
from auction_engine.rules.proceeds.interest import by_term
from auction_engine.rules.proceeds.withheld import receipts

from .books import Book
from .estates import HOUSE, NEW, anything

BUYER, STATE = 7, 77
PAYABLES = (
    "PAYABLE.COSTS", "PAYABLE.RENT_1Y", "PAYABLE.TAXES", "PAYABLE.CREDITOR",
    "PAYABLE.DEBTOR_SURPLUS", "PAYABLE.STATE_FEE",
)  # fmt: skip


def paid_in(
    book: int, lot: int, kind: proceeds.Received, line: int, minor: int
) -> tuple[Entry, Entry]:
    """A transfer comes in and is given to the sale."""
    cause = Cause("LINE", line)
    key = f"{kind}/line:{line}"
    return (
        deposits.received(book, "BANK.AGENCY", line, minor),
        proceeds.received(book, lot, kind, key, [(line, minor)], cause),
    )


class Sale:
    """One sale taken through any lawful course, every entry posted to a book that checks it."""

    def __init__(self, chance: random.Random, lot: int = 12, number: int = 1) -> None:
        self.chance, self.lot, self.number = chance, lot, number
        self.book = Book("AGENCY")
        self.steps, self.lines, self.orders = 0, 1_000 * lot, 1_000 * lot
        self.refund = Name("LIAB.REFUND", of_bidder(lot, BUYER))
        self.price_held, self.estate, self.late = (
            Name(code, of_lot(lot))
            for code in ("LIAB.PURCHASE_PRICE", "LIAB.ESTATE", "LIAB.BUYER_INTEREST")
        )
        self.case = anything(chance, NEW)
        self.deposit = chance.randrange(1, 10**9)
        self.balance = chance.randrange(1, 10**10)
        self.interest = 0
        self.paid_out: dict[int, int] = {}

    @property
    def price(self) -> int:
        return self.deposit + self.balance

    def cause(self) -> Cause:
        self.steps += 1
        return Cause("JOURNAL", self.lot, self.steps)

    def line(self, kind: proceeds.Received, minor: int) -> None:
        self.lines += 1
        self.post(*paid_in(self.number, self.lot, kind, self.lines, minor))

    def post(self, *entries: Entry) -> None:
        self.book.post(*entries)

    def park(self) -> None:
        for term in range(1, self.chance.randint(0, 3) + 1):
            self.lines += 1
            self.post(
                deposits.taken(self.number, "BANK.AGENCY", self.lines, self.price),
                proceeds.parked(self.number, self.lot, term, self.lines, self.price, self.cause()),
            )
            earned = self.chance.randrange(10**7)
            found = by_term(
                NEW.parking, earned, date(2026, 12, term), date(2027, 1, term), date(2026, 12, 20)
            )
            self.interest += earned
            self.post(
                proceeds.matured(self.number, self.lot, term, self.price, found, self.cause())
            )

    def distribute(self) -> None:
        self.post(proceeds.delivered(self.number, self.lot, self.price, self.cause()))
        found = distribute(NEW, self.book.owed(*self.estate), self.case)
        paid = receipts(NEW, self.case, found)
        self.post(proceeds.distributed(self.number, self.lot, found, paid, self.cause()))
        assert self.book.owed(*self.estate) == 0
        assert self.book.total(PAYABLES) == found.estate_minor

    def pay_out(self) -> None:
        for name, minor in self.book.of(*PAYABLES).items():
            if self.chance.random() < 0.5:
                continue
            self.orders += 1
            self.lines += 1
            self.post(payouts.ordered(self.number, self.orders, 1, name, minor))
            if self.chance.random() < 0.3:
                self.post(payouts.refused(self.number, self.orders, 1, name, minor))
                continue
            self.post(payouts.booked(self.number, "BANK.AGENCY", self.lines, self.orders, 1, minor))
            party = STATE if "party" not in name.key else int(name.key.rpartition(":")[2])
            self.paid_out[party] = self.paid_out.get(party, 0) + minor

    def annul(self) -> None:
        codes = ("LIAB.PURCHASE_PRICE", "LIAB.ESTATE", "LIAB.BUYER_INTEREST", *PAYABLES)
        held, owed = self.book.of(*codes), self.price + self.interest
        self.post(
            proceeds.annulled(
                self.number, self.lot, owed, held, self.paid_out, self.refund, self.cause()
            )
        )
        assert self.book.of("LIAB.REFUND", *codes) == {self.refund: owed}
        for party, minor in self.paid_out.items():
            self.lines += 1
            self.post(
                deposits.received(self.number, "BANK.AGENCY", self.lines, minor),
                proceeds.recovered(
                    self.number,
                    self.lot,
                    party,
                    f"back:{self.lot}/{party}",
                    [(self.lines, minor)],
                    self.cause(),
                ),
            )
        assert self.book.balances[Name("BANK.AGENCY")] == owed

    def run(self) -> str:
        """Any course; its last turn."""
        if self.chance.random() < 0.2 and self.case.claims:
            return self.in_kind()
        self.line("earnest.received", self.deposit)
        if self.chance.random() < 0.2:
            return self.default()
        self.line("price.paid", self.balance)
        self.park()
        turn = self.chance.choice(["annul", "rescind", "deliver", "deliver", "deliver"])
        if turn == "rescind":
            late = self.book.owed(*self.late)
            self.post(
                proceeds.buyer_rescinded(
                    self.number, self.lot, BUYER, self.price, late, self.cause()
                )
            )
            assert self.book.owed(*self.refund) == self.price + late
        elif turn == "annul":
            self.annul()
        else:
            self.distribute()
            self.pay_out()
            if self.chance.random() < 0.5:
                self.annul()
                return "annul after payouts" if self.paid_out else "annul"
        return turn

    def default(self) -> str:
        rest = self.chance.choice([0, self.balance // 2 + 1])
        if rest:
            self.line("price.paid", rest)
        who = self.chance.choice(["ENFORCEMENT_AGENCY", "STATE_BUDGET_AFTER_COSTS", "ESTATE"])
        costs = self.chance.randrange(2 * self.deposit)
        self.post(
            proceeds.payment_defaulted(
                self.number, self.lot, BUYER, self.deposit, rest, who, self.cause(), costs, HOUSE
            )
        )
        assert self.book.owed(*self.price_held) == 0
        return "default"

    def in_kind(self) -> str:
        taker = self.chance.choice(self.case.claims).party
        found = take(NEW, self.case, taker, self.price, others_agree=True)
        if found.to_pay_minor:
            self.line("top_up.paid", found.to_pay_minor)
        self.post(*proceeds.in_kind(self.number, self.lot, found, self.cause()))
        assert self.book.owed(*self.estate) == 0
        assert self.book.of("RECEIVABLE.IN_KIND") == {}
        return "in kind, free" if found.free else "in kind"
