"""What the books of an organisation say of deposits: held, made earnest money, given back, lost.

A deposit is held by a pending entry and leaves by exactly one other, which may be pending in turn
(earnest money). `request` is the payment request under which it was asked for; keys are made of it,
so that the same step is the same entry however often it is attempted.
"""

from collections.abc import Sequence

from auction_engine.rules.postings import chart
from auction_engine.rules.postings.entry import Cause, Entry, Leg, Name, credit, debit

Part = tuple[int, int]  # a bank statement line and what is taken of it, minor units


def hold_key(request: int) -> str:
    """The key of the entry that holds a deposit."""
    return f"hold:{request}"


def earnest_key(request: int) -> str:
    """The key of the entry that makes it earnest money."""
    return f"earnest:{request}"


def received(book: int, bank: str, line: int, amount_minor: int) -> Entry:
    """Money arrived: it lies in suspense until it is known whose it is."""
    legs = (debit(bank, amount_minor), credit("LIAB.SUSPENSE", amount_minor, chart.of_line(line)))
    return Entry(book, "line.received", f"line:{line}", Cause("LINE", line), legs)


def taken(book: int, bank: str, line: int, amount_minor: int) -> Entry:
    """The bank took money that was not ordered: whoever keeps the account owes it."""
    key = chart.of_line(line)
    legs = (debit("RECEIVABLE.UNEXPLAINED", amount_minor, key), credit(bank, amount_minor))
    return Entry(book, "line.unexplained", f"line:{line}", Cause("LINE", line), legs)


def allocated(
    book: int,
    kind: str,
    key: str,
    parts: Sequence[Part],
    to: Name,
    cause: Cause,
    pending: bool = False,
) -> Entry:
    """What lay in suspense for these lines belongs to `to`."""
    total = sum(amount for _, amount in parts)
    legs = [debit("LIAB.SUSPENSE", amount, chart.of_line(line)) for line, amount in parts]
    return Entry(book, kind, key, cause, (*legs, Leg(to, -total)), pending=pending)


def held(
    book: int, request: int, lot: int, bidder: int, parts: Sequence[Part], cause: Cause
) -> Entry:
    """A deposit is complete and held (Law 01/2016 Art. 39(1)-(2))."""
    to = Name("LIAB.DEPOSIT", chart.of_bidder(lot, bidder))
    return allocated(book, "deposit.held", hold_key(request), parts, to, cause, pending=True)


def earnest(
    book: int, request: int, lot: int, bidder: int, amount_minor: int, cause: Cause
) -> Entry:
    """The winner's deposit becomes earnest money (Art. 39(5))."""
    key = chart.of_bidder(lot, bidder)
    legs = (debit("LIAB.DEPOSIT", amount_minor, key), credit("LIAB.EARNEST", amount_minor, key))
    return Entry(
        book,
        "deposit.earnest",
        earnest_key(request),
        cause,
        legs,
        pending=True,
        resolves=hold_key(request),
    )


def refund_due(
    book: int,
    request: int,
    lot: int,
    bidder: int,
    amount_minor: int,
    interest_minor: int,
    was_earnest: bool,
    cause: Cause,
) -> Entry:
    """The deposit is to go back, with its interest (Art. 39(3)-(4))."""
    key = chart.of_bidder(lot, bidder)
    legs = [_from(was_earnest, amount_minor, key)]
    if interest_minor:
        legs.append(debit("LIAB.DEPOSIT_INTEREST", interest_minor, key))
    legs.append(credit("LIAB.REFUND", amount_minor + interest_minor, key))
    return Entry(
        book,
        "deposit.refund_due",
        f"refund:{request}",
        cause,
        tuple(legs),
        resolves=earnest_key(request) if was_earnest else hold_key(request),
    )


def forfeited(
    book: int,
    request: int,
    lot: int,
    bidder: int,
    shares: Sequence[Leg],
    was_earnest: bool,
    cause: Cause,
) -> Entry:
    """The deposit is lost (Art. 39(6)); `shares` are credits to those it belongs to now."""
    total = -sum(leg.amount_minor for leg in shares)
    legs = (_from(was_earnest, total, chart.of_bidder(lot, bidder)), *shares)
    return Entry(
        book,
        "deposit.forfeited",
        f"forfeit:{request}",
        cause,
        legs,
        resolves=earnest_key(request) if was_earnest else hold_key(request),
    )


def forfeit_undone(
    book: int, request: int, lot: int, bidder: int, legs: Sequence[Leg], cause: Cause
) -> Entry:
    """The auction counts as not held: what was lost goes back (Decree 62/2017 Art. 16a(4)).

    `legs` are debits of those it was due to; of what they have been paid, they owe it back.
    """
    total = sum(leg.amount_minor for leg in legs)
    to = credit("LIAB.REFUND", total, chart.of_bidder(lot, bidder))
    return Entry(book, "forfeit.undone", f"forfeit-undone:{request}", cause, (*legs, to))


def remitted(
    book: int, request: int, lot: int, bidder: int, amount_minor: int, cause: Cause
) -> Entry:
    """The contract is made: the earnest money is due to the enforcement agency."""
    legs = (
        debit("LIAB.EARNEST", amount_minor, chart.of_bidder(lot, bidder)),
        credit("PAYABLE.AGENCY", amount_minor, chart.of_lot(lot)),
    )
    resolves = earnest_key(request)
    return Entry(book, "earnest.due", f"remit:{request}", cause, legs, resolves=resolves)


def to_return(book: int, line: int, amount_minor: int, cause: Cause) -> Entry:
    """Money in suspense is to go back to who sent it."""
    key = chart.of_line(line)
    legs = (debit("LIAB.SUSPENSE", amount_minor, key), credit("LIAB.RETURN", amount_minor, key))
    return Entry(book, "line.returned", f"return:{line}", cause, legs)


def interest(book: int, line: int, shares: Sequence[tuple[int, int, int]], cause: Cause) -> Entry:
    """The bank's interest, shared out among deposits: (lot, bidder, amount in minor units)."""
    total = sum(amount for _, _, amount in shares)
    credits = [
        credit("LIAB.DEPOSIT_INTEREST", amount, chart.of_bidder(lot, bidder))
        for lot, bidder, amount in shares
        if amount
    ]
    legs = (debit("LIAB.SUSPENSE", total, chart.of_line(line)), *credits)
    return Entry(book, "interest.shared", f"interest:{line}", cause, legs)


def interest_due(
    book: int, request: int, lot: int, bidder: int, amount_minor: int, to: Name, cause: Cause
) -> Entry:
    """The interest of a deposit that has gone is due to whom the deposit went."""
    key = chart.of_bidder(lot, bidder)
    legs = (debit("LIAB.DEPOSIT_INTEREST", amount_minor, key), Leg(to, -amount_minor))
    return Entry(book, "interest.due", f"interest-due:{request}/{cause}", cause, legs)


def guaranteed(
    book: int, request: int, lot: int, bidder: int, amount_minor: int, cause: Cause
) -> Entry:
    """A bank guarantees the deposit: a memorandum, no money (Art. 39(1))."""
    key = chart.of_bidder(lot, bidder)
    legs = (
        debit("MEMO.GUARANTEE", amount_minor, key),
        credit("MEMO.GUARANTOR", amount_minor, key),
    )
    return Entry(book, "deposit.guaranteed", f"guarantee:{request}", cause, legs)


def guarantee_ended(
    book: int, request: int, lot: int, bidder: int, amount_minor: int, cause: Cause
) -> Entry:
    """The guarantee is given back, or was called and paid."""
    key = chart.of_bidder(lot, bidder)
    legs = (
        debit("MEMO.GUARANTOR", amount_minor, key),
        credit("MEMO.GUARANTEE", amount_minor, key),
    )
    return Entry(book, "guarantee.ended", f"guarantee-end:{request}", cause, legs)


def _from(was_earnest: bool, amount_minor: int, key: str) -> Leg:
    return debit("LIAB.EARNEST" if was_earnest else "LIAB.DEPOSIT", amount_minor, key)
