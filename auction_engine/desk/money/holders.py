"""Who keeps a book, and the account at a bank it stands for."""

from typing import Any

from auction_engine.desk.money.payouts import Payee
from auction_engine.desk.money.record import MoneyError, act
from auction_engine.rules.postings import chart


async def name_account(
    connection: Any,
    book: int,
    name: str,
    number: str,
    bic: str,
    bank_bin: str | None,
    account: int,
    reason: str,
) -> None:
    """Set the bank account of a book: payments come to it and leave from it.

    `bank_bin` is the six-digit number of the bank in payment QR codes, None without them.
    `account` is the person who says so. Raises MoneyError NO_REASON, NO_PAYEE.
    """
    if not reason.strip():
        raise MoneyError("NO_REASON", "Write down why; it goes into the record.")
    if not (name.strip() and number.strip() and bic.strip()):
        raise MoneyError("NO_PAYEE", "Name, account and bank are all needed.")
    async with connection.transaction():
        body = {"name": name, "account": number, "bic": bic, "bin": bank_bin}
        await act(connection, book, account, "bank_account", body, reason)
        await connection.execute(
            "INSERT INTO bank_account (book_id, name, account, bin, bic)"
            " VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (book_id) DO UPDATE SET name = excluded.name, account = excluded.account,"
            " bin = excluded.bin, bic = excluded.bic",
            book,
            name,
            number,
            bank_bin,
            bic,
        )


async def state_costs(
    connection: Any, book: int, lot: int, amount_minor: int, account: int, reason: str
) -> None:
    """State what the auction of a lot has cost: a lost deposit pays that first (Art. 39(8)).

    Stated again, the newest counts for what is lost afterwards. Raises MoneyError NO_REASON,
    BAD_AMOUNT.
    """
    if not reason.strip():
        raise MoneyError("NO_REASON", "Name the papers behind this sum.")
    if amount_minor < 0:
        raise MoneyError("BAD_AMOUNT", "Costs are not below zero.")
    body = {"lot": lot, "amount_minor": amount_minor}
    await act(connection, book, account, "costs", body, reason)


async def sender_of(connection: Any, *requests: int) -> Payee:
    """Who paid for any of these requests last, as the bank told; the way a refund goes back."""
    row = await connection.fetchrow(
        "SELECT l.name, l.account, l.bank FROM allocation a"
        " JOIN bank_line l ON l.id = a.line_id WHERE a.request_id = ANY($1::bigint[])"
        " ORDER BY l.id DESC LIMIT 1",
        list(requests),
    )
    return Payee(None, None, None) if row is None else Payee(*row)


async def account_of(connection: Any, book: int) -> Payee:
    """The bank account of a book, where others pay to."""
    row = await connection.fetchrow(
        "SELECT name, account, bic FROM bank_account WHERE book_id = $1", book
    )
    return Payee(None, None, None) if row is None else Payee(*row)


async def costs_left(connection: Any, book: int, lot: int) -> int | None:
    """The auction costs of a lot not covered by forfeits yet; None until they are stated."""
    stated = await connection.fetchval(
        "SELECT (body->>'amount_minor')::bigint FROM money_act WHERE book_id = $1"
        " AND kind = 'costs' AND body->>'lot' = $2 ORDER BY id DESC LIMIT 1",
        book,
        str(lot),
    )
    if stated is None:
        return None
    covered = await connection.fetchval(
        "SELECT coalesce(-sum(p.amount_minor), 0)::bigint FROM posting p"
        " JOIN money_account a ON a.id = p.account_id JOIN transfer t ON t.id = p.transfer_id"
        " WHERE a.book_id = $1 AND a.code = 'PAYABLE.AUCTION_COST' AND a.key = $2"
        " AND t.kind IN ('deposit.forfeited', 'forfeit.undone')",
        book,
        chart.of_lot(lot),
    )
    return max(0, int(stated) - int(covered))
