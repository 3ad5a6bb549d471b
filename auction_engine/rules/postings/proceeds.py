"""What an agency's book says of a sale: the price, its interest, and to whom it goes.

Money from a bank statement comes out of suspense, `parts` naming the lines. Keys are made of the
lot and the cause: the same fact is the same entry however often it is posted.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from auction_engine.rules.postings import chart, deposits
from auction_engine.rules.postings.deposits import Part
from auction_engine.rules.postings.entry import (
    Cause,
    Entry,
    EntryError,
    Leg,
    Name,
    check,
    credit,
    debit,
)
from auction_engine.rules.proceeds import forfeits
from auction_engine.rules.proceeds.distribution import Distribution
from auction_engine.rules.proceeds.in_kind import InKind
from auction_engine.rules.proceeds.interest import TermInterest
from auction_engine.rules.proceeds.order import Line
from auction_engine.rules.proceeds.withheld import CREDITORS, Receipt

Received = Literal["earnest.received", "price.paid", "top_up.paid"]

_PAYABLE: dict[Line, str] = {
    "ENFORCEMENT_COSTS": "PAYABLE.COSTS",
    "RENT_1Y": "PAYABLE.RENT_1Y",
    "TRANSFER_TAXES_FEES": "PAYABLE.TAXES",
    "SURPLUS": "PAYABLE.DEBTOR_SURPLUS",
    **dict.fromkeys(CREDITORS, "PAYABLE.CREDITOR"),
}


def received(
    book: int, lot: int, kind: Received, key: str, parts: Sequence[Part], cause: Cause
) -> Entry:
    """The organisation sent the earnest money, the buyer the balance, or a creditor his top-up."""
    account = "LIAB.ESTATE" if kind == "top_up.paid" else "LIAB.PURCHASE_PRICE"
    to = Name(account, chart.of_lot(lot))
    return check(deposits.allocated(book, kind, key, parts, to, cause))


def parked(book: int, lot: int, term: int, line: int, amount_minor: int, cause: Cause) -> Entry:
    """The bank's debit `line` put money into a term deposit (Decree 152/2026 Arts. 30(7), 65(2)).

    It was booked as unexplained when the statement came; now it is explained.
    """
    name = chart.of_term(lot, term)
    legs = (
        debit("BANK.TERM", amount_minor, name),
        credit("RECEIVABLE.UNEXPLAINED", amount_minor, chart.of_line(line)),
    )
    return check(Entry(book, "price.parked", f"park:{name}", cause, legs))


def matured(
    book: int,
    lot: int,
    term: int,
    amount_minor: int,
    interest: TermInterest,
    cause: Cause,
    parts: Sequence[Part] = (),
) -> Entry:
    """A term deposit came back with its interest (`interest.by_term` says whose it is).

    `parts`: the statement lines it came by; without them it is debited to the bank directly.
    """
    name = chart.of_term(lot, term)
    total = amount_minor + interest.estate_minor + interest.buyer_minor
    legs = [debit("LIAB.SUSPENSE", amount, chart.of_line(line)) for line, amount in parts]
    legs = legs or [debit("BANK.AGENCY", total)]
    legs.append(credit("BANK.TERM", amount_minor, name))
    if interest.estate_minor:
        legs.append(credit("LIAB.ESTATE", interest.estate_minor, chart.of_lot(lot)))
    if interest.buyer_minor:
        legs.append(credit("LIAB.BUYER_INTEREST", interest.buyer_minor, chart.of_lot(lot)))
    return check(Entry(book, "price.matured", f"mature:{name}", cause, tuple(legs)))


def delivered(book: int, lot: int, price_minor: int, cause: Cause) -> Entry:
    """The buyer has the property: the price may be distributed (Law 106/2025 Art. 54(6))."""
    key = chart.of_lot(lot)
    legs = (debit("LIAB.PURCHASE_PRICE", price_minor, key), credit("LIAB.ESTATE", price_minor, key))
    return check(Entry(book, "price.delivered", _key("deliver", lot, cause), cause, legs))


def distributed(
    book: int, lot: int, found: Distribution, paid: Sequence[Receipt], cause: Cause
) -> Entry:
    """The whole estate becomes debts to those the distribution names, less enforcement fees.

    `paid` is what `withheld.receipts` made of the same distribution. Raises EntryError UNBALANCED
    if it was of another one, NO_LEGS if there is nothing to distribute.
    """
    sums: dict[Name, int] = {}
    for step in found.steps:
        if step.line not in CREDITORS:
            name = Name(_PAYABLE[step.line], chart.of_party(lot, step.party))
            sums[name] = sums.get(name, 0) + step.paid_minor
    for receipt in paid:
        name = Name("PAYABLE.CREDITOR", chart.of_party(lot, receipt.party))
        sums[name] = sums.get(name, 0) + receipt.net_minor
    sums[Name("PAYABLE.STATE_FEE", chart.of_lot(lot))] = sum(one.fee_minor for one in paid)
    credits = [Leg(name, -minor) for name, minor in sums.items() if minor]
    estate = [debit("LIAB.ESTATE", found.estate_minor, chart.of_lot(lot))] if credits else []
    key = _key("distribute", lot, cause)
    return check(Entry(book, "estate.distributed", key, cause, (*estate, *credits)))


def in_kind(book: int, lot: int, found: InKind, cause: Cause) -> tuple[Entry, ...]:
    """A creditor has taken the property and paid his top-up into the estate: in this order.

    What is set off joins the estate as his debt, the whole price is distributed, and his debt and
    what he gets cancel out (Decree 152/2026 Art. 66). Nothing where he pays and gets nothing.
    """
    if found.distribution is None:
        return ()
    entry = distributed(book, lot, found.distribution, found.receipts, cause)
    net = found.price_minor - found.to_pay_minor
    if not net:
        return (entry,)
    key = chart.of_party(lot, found.taker)
    taken = (debit("RECEIVABLE.IN_KIND", net, key), credit("LIAB.ESTATE", net, chart.of_lot(lot)))
    off = (debit("PAYABLE.CREDITOR", net, key), credit("RECEIVABLE.IN_KIND", net, key))
    return (
        check(Entry(book, "in_kind.taken", _key("in-kind", lot, cause), cause, taken)),
        entry,
        check(Entry(book, "in_kind.set_off", _key("set-off", lot, cause), cause, off)),
    )


def payment_defaulted(
    book: int,
    lot: int,
    bidder: int,
    deposit_minor: int,
    rest_minor: int,
    beneficiary: str,
    cause: Cause,
    costs_outstanding_minor: int = 0,
    costs_payee: int | None = None,
) -> Entry:
    """The buyer did not pay in full: the deposit is lost, what else he paid goes back to him.

    Decree 152/2026 Art. 65(5); that the rest goes back whole is what holds if the contract says
    nothing else. Of a buyer with a guarantee or an exemption, `deposit_minor` is 0. Raises
    ProceedsError as `forfeits.split` does.
    """
    legs = [debit("LIAB.PURCHASE_PRICE", deposit_minor + rest_minor, chart.of_lot(lot))]
    if deposit_minor:
        legs += forfeits.split(
            beneficiary, lot, deposit_minor, costs_outstanding_minor, "AGENCY", costs_payee
        )
    if rest_minor:
        legs.append(credit("LIAB.REFUND", rest_minor, chart.of_bidder(lot, bidder)))
    key = _key("default", lot, cause)
    return check(Entry(book, "price.defaulted", key, cause, tuple(legs)))


def buyer_rescinded(
    book: int, lot: int, bidder: int, price_minor: int, interest_minor: int, cause: Cause
) -> Entry:
    """Not delivered in time: the buyer rescinds and gets price and late interest back (Art. 67(4)).

    Interest from the time for delivery was added to the estate and stays there (Art. 30(7)).
    """
    held = {Name("LIAB.PURCHASE_PRICE", chart.of_lot(lot)): price_minor}
    held[Name("LIAB.BUYER_INTEREST", chart.of_lot(lot))] = interest_minor
    to = Name("LIAB.REFUND", chart.of_bidder(lot, bidder))
    return _given_back(book, "sale.rescinded", _key("rescind", lot, cause), held, to, cause)


def annulled(
    book: int,
    lot: int,
    owed_minor: int,
    held: Mapping[Name, int],
    paid_out: Mapping[int, int],
    to: Name,
    cause: Cause,
) -> Entry:
    """The result is annulled: all the buyer paid, and all interest, is owed to him again.

    `held`: what the lot's accounts owe now, whether the price, the estate, interest or what was
    distributed and not paid out; `paid_out`: what each party has received, which it must pay back.
    `to` is the buyer's refund account. Raises EntryError BUYER_SHORT if they do not come to
    `owed_minor`: then an account was forgotten.
    """
    legs = dict(held)
    for party, minor in paid_out.items():
        legs[Name("RECEIVABLE.ANNULLED", chart.of_party(lot, party))] = minor
    if (found := sum(legs.values())) != owed_minor:
        text = f"Lot {lot}: the accounts come to {found}, the buyer is owed {owed_minor}."
        raise EntryError("BUYER_SHORT", text)
    return _given_back(book, "result.annulled", _key("annul", lot, cause), legs, to, cause)


def recovered(
    book: int, lot: int, party: int, key: str, parts: Sequence[Part], cause: Cause
) -> Entry:
    """A party paid back what it had received of an annulled result."""
    to = Name("RECEIVABLE.ANNULLED", chart.of_party(lot, party))
    return check(deposits.allocated(book, "annulled.recovered", key, parts, to, cause))


def _given_back(
    book: int, kind: str, key: str, held: Mapping[Name, int], to: Name, cause: Cause
) -> Entry:
    legs = [Leg(name, minor) for name, minor in held.items() if minor]
    total = sum(leg.amount_minor for leg in legs)
    return check(Entry(book, kind, key, cause, (*legs, Leg(to, -total)) if legs else ()))


def _key(what: str, lot: int, cause: Cause) -> str:
    return f"{what}:{chart.of_lot(lot)}/{cause}"
