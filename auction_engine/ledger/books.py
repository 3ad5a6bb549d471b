"""The books: double entry in PostgreSQL, over asyncpg (ADR 0009).

`post` says what moves, the database says whether it may (migration 0005): each transfer whole and
at zero, no account overdrawn, what is held let go once. Everything here is safe to repeat and safe
against others doing the same at the same moment. Amounts are minor units.
"""

from typing import Any, Literal

import asyncpg
import orjson

from auction_engine.ledger.books_posting import post
from auction_engine.ledger.books_reading import (
    balance,
    balances,
    escrow,
    held,
    movements,
    transfers_of,
)
from auction_engine.ledger.books_seal import seal
from auction_engine.ledger.books_types import (
    AlreadyResolved,
    Balance,
    BooksError,
    Contended,
    Escrow,
    Held,
    KeyReused,
    Movement,
    NotPending,
    NotReversible,
    Overdrawn,
    Posted,
    Transfer,
    Unbookable,
    UnknownAccount,
    UnknownBook,
)

__all__ = [
    "AlreadyResolved",
    "Balance",
    "BooksError",
    "Contended",
    "Escrow",
    "Held",
    "KeyReused",
    "Movement",
    "NotPending",
    "NotReversible",
    "Overdrawn",
    "Posted",
    "Transfer",
    "Unbookable",
    "UnknownAccount",
    "UnknownBook",
    "balance",
    "balances",
    "escrow",
    "held",
    "movements",
    "open_book",
    "post",
    "seal",
    "transfers_of",
]

_FIND = (
    "SELECT id, minor_digits FROM book WHERE kind = $1 AND name ->> 'vi' = $2::jsonb ->> 'vi'"
    " AND currency = $3"
)
_OPEN = (
    "INSERT INTO book (kind, name, currency, minor_digits, body_id)"
    " VALUES ($1, $2::jsonb, $3, $4, body_of($1, $2::jsonb))"
    " ON CONFLICT DO NOTHING"
)


async def open_book(
    connection: asyncpg.Connection,
    kind: Literal["ORGANISATION", "AGENCY"],
    name: dict[str, Any],
    currency: str,
    minor_digits: int,
) -> int:
    """The book of this holder (known by kind and Vietnamese name) in this currency; made if new.

    Raises KeyReused if it is kept with another number of minor digits.
    """
    said = orjson.dumps(name).decode()
    row = await connection.fetchrow(_FIND, kind, said, currency)
    if row is None:
        # Waits for another who opens the same book; then it is there for both.
        await connection.execute(_OPEN, kind, said, currency, minor_digits)
        row = await connection.fetchrow(_FIND, kind, said, currency)
    if row["minor_digits"] != minor_digits:
        raise KeyReused(
            f"Book {row['id']} is kept in {currency} with {row['minor_digits']} minor digits,"
            f" not {minor_digits}."
        )
    return int(row["id"])
