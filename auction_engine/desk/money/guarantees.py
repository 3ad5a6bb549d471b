"""A bank's guarantee in the place of a deposit (Law 01/2016 Art. 39(1)): a paper, no money."""

from datetime import date
from typing import Any

from auction_engine.desk.money import record
from auction_engine.desk.money.record import MoneyError
from auction_engine.ledger import books
from auction_engine.rules.postings import deposits
from auction_engine.rules.postings.entry import Cause


async def accept(
    connection: Any,
    book: int,
    request: int,
    guarantor: str,
    document: str,
    valid_until: date,
    account: int,
    reason: str,
) -> None:
    """Note a guarantee for a deposit that was asked for; twice is once.

    Raises MoneyError: NO_REASON, UNKNOWN_REQUEST, PAID_ALREADY.
    """
    if not (reason.strip() and guarantor.strip() and document.strip()):
        raise MoneyError("NO_REASON", "Name the bank, the document, and why it is good.")
    async with connection.transaction():
        await record.lock_requests(connection, [request])
        row = await connection.fetchrow(
            "SELECT r.lot_id, r.payer, r.amount_minor, h.id AS held, g.act_id AS noted"
            " FROM payment_request r LEFT JOIN transfer h ON h.key = 'hold:' || r.id"
            " LEFT JOIN guarantee g ON g.request_id = r.id"
            " WHERE r.id = $1 AND r.book_id = $2 AND r.purpose = 'DEPOSIT'",
            request,
            book,
        )
        if row is None:
            raise MoneyError("UNKNOWN_REQUEST", "No such deposit is expected in this book.")
        if row["noted"] is not None:
            return
        if row["held"] is not None:
            raise MoneyError("PAID_ALREADY", "This deposit has been paid in money.")
        body = {"request": request, "guarantor": guarantor, "document": document}
        act = await record.act(connection, book, account, "guarantee", body, reason)
        await connection.execute(
            "INSERT INTO guarantee (request_id, act_id, guarantor, document, valid_until)"
            " VALUES ($1, $2, $3, $4, $5)",
            request,
            act,
            guarantor,
            document,
            valid_until,
        )
        entry = deposits.guaranteed(
            book, request, row["lot_id"], row["payer"], row["amount_minor"], Cause("ACT", act)
        )
        await books.post(connection, [entry])
