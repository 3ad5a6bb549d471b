"""What an organisation's book says of its own money: auction fees, VAT, dossiers.

None of this lies in the escrow account. What is owed out of escrow for auction costs is paid there
(`payouts`) and arrives here as any payment of the fee does.
"""

from auction_engine.rules.postings import chart
from auction_engine.rules.postings.entry import Cause, Entry, check, credit, debit, reversal
from auction_engine.rules.proceeds.auction_fee import Charge


def fee_charged(book: int, lot: int, charge: Charge, cause: Cause) -> Entry:
    """The auction service fee is invoiced, VAT apart. Raises EntryError NO_LEGS for a fee of 0."""
    legs = []
    if charge.net_minor:
        legs.append(debit("RECEIVABLE.AUCTION_FEE", charge.gross_minor, chart.of_lot(lot)))
        legs.append(credit("INCOME.AUCTION_FEE", charge.net_minor))
    if charge.vat_minor:
        legs.append(credit("PAYABLE.VAT", charge.vat_minor))
    key = f"fee:{chart.of_lot(lot)}/{cause}"
    return check(Entry(book, "auction_fee.charged", key, cause, tuple(legs)))


def fee_paid(book: int, lot: int, amount_minor: int, cause: Cause) -> Entry:
    """The fee, or part of it, has arrived on the organisation's own account."""
    key = chart.of_lot(lot)
    legs = (
        debit("BANK.OPERATING", amount_minor),
        credit("RECEIVABLE.AUCTION_FEE", amount_minor, key),
    )
    return check(Entry(book, "auction_fee.paid", f"fee-paid:{key}/{cause}", cause, legs))


def dossier_fee(book: int, lot: int, bidder: int, amount_minor: int, cause: Cause) -> Entry:
    """A bidder has paid for the dossier."""
    legs = (debit("BANK.OPERATING", amount_minor), credit("INCOME.DOSSIER_FEE", amount_minor))
    key = f"dossier:{chart.of_bidder(lot, bidder)}"
    return check(Entry(book, "dossier_fee.paid", key, cause, legs))


def dossier_fee_returned(paid: Entry, cause: Cause) -> Entry:
    """The session is not held: the dossier fee goes back (Circular 03/2025/TT-BTC Art. 7(1))."""
    back = reversal(paid, f"{paid.key}/returned", cause)
    return check(back._replace(kind="dossier_fee.returned"))
