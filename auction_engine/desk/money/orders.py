"""The order to the bank: a batch as it is told to it, and as it is posted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from auction_engine.bank import pain001
from auction_engine.desk.complaints import holding
from auction_engine.desk.money.record import MoneyError
from auction_engine.rules.postings import payouts as postings
from auction_engine.rules.postings.entry import Entry, Name


async def file_of(
    connection: Any, book: int, batch: Any, paid: Sequence[Any], now: datetime
) -> pain001.Batch:
    """What is told to the bank. Raises MoneyError NO_BANK_ACCOUNT."""
    own = await connection.fetchrow(
        "SELECT a.name, a.account, a.bic, b.currency, b.minor_digits FROM book b"
        " LEFT JOIN bank_account a ON a.book_id = b.id WHERE b.id = $1",
        book,
    )
    if own["account"] is None:
        raise MoneyError(
            "NO_BANK_ACCOUNT", "Enter the bank account of this book first; it is the payer."
        )
    return pain001.Batch(
        message_id=batch["message_id"],
        created_at=now,
        requested_on=batch["requested_on"],
        debtor_name=own["name"],
        debtor_account=own["account"],
        debtor_bank=own["bic"] or "",
        currency=own["currency"],
        minor_digits=own["minor_digits"],
        payments=tuple(
            pain001.Payment(
                end_to_end=postings.end_to_end(one["id"], one["attempt"]),
                amount_minor=one["amount_minor"],
                name=one["name"],
                account=one["account"],
                bank=one["bank"],
                text=one["text"],
            )
            for one in paid
        ),
    )


def entry_of(book: int, row: Any) -> Entry:
    """What is posted when it is told."""
    owed = Name(row["code"], row["account_key"])
    return postings.ordered(book, row["id"], row["attempt"], owed, row["amount_minor"])


async def check_held(connection: Any, payouts: Sequence[int]) -> None:
    """Nothing in dispute leaves while a complaint about its lot is open.

    Raises MoneyError COMPLAINT_OPEN.
    """
    held = await holding.held_payment(connection, payouts)
    if held is not None:
        raise MoneyError(
            "COMPLAINT_OPEN",
            f"Payment {held.payout} waits: the complaint {held.complaint} is open.",
        )
