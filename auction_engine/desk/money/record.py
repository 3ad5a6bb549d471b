"""What all parts of the money desk share: books of a lot, acts by hand, locks."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

from auction_engine.errors import AuctionError
from auction_engine.ledger import books
from auction_engine.rules.postings.chart import BookKind

# Classes of PostgreSQL's two-number advisory locks; the program's others have one number.
_REQUEST, _BOOK, _LOT = 5_201, 5_202, 5_203
_NUMBERS = 2**31


class MoneyError(AuctionError):
    """Something about the money cannot be done. `code` is stable; nothing was done.

    `field` names what was wrong of what was sent, where the code alone does not say it.
    """

    def __init__(self, code: str, text: str, field: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.field = field


class LotBooks(NamedTuple):
    """A lot, and in which books its money is kept."""

    lot: int
    session: int
    shard: int
    organisation: int
    agency: int


async def books_of(connection: Any, lot: int, currency: str, minor_digits: int) -> LotBooks:
    """The books of the lot's organisation and agency; they are opened when first needed.

    Raises MoneyError UNKNOWN_LOT.
    """
    row = await connection.fetchrow(
        "SELECT l.session_id, l.shard, o.name AS organisation, a.name AS agency FROM lot l"
        " JOIN auction_session s ON s.id = l.session_id JOIN body o ON o.id = s.organisation_id"
        " JOIN body a ON a.id = coalesce(l.agency_id, s.agency_id) WHERE l.id = $1",
        lot,
    )
    if row is None:
        raise MoneyError("UNKNOWN_LOT", "There is no such lot.")
    kinds: tuple[tuple[BookKind, str], ...] = (
        ("ORGANISATION", row["organisation"]),
        ("AGENCY", row["agency"]),
    )
    found = [
        await books.open_book(connection, kind, orjson.loads(name), currency, minor_digits)
        for kind, name in kinds
    ]
    return LotBooks(lot, row["session_id"], row["shard"], found[0], found[1])


async def act(
    connection: Any,
    book: int,
    account: int | None,
    kind: str,
    body: dict[str, Any],
    reason: str | None = None,
) -> int:
    """Record who did what to the money, and why; `account` None is the program. Returns its id."""
    found = await connection.fetchval(
        "INSERT INTO money_act (book_id, account_id, kind, reason, body)"
        " VALUES ($1, $2, $3, $4, $5) RETURNING id",
        book,
        account,
        kind,
        reason,
        orjson.dumps(body).decode(),
    )
    return int(found)


async def done_before(
    connection: Any, book: int, account: int | None, kind: str, body: dict[str, Any], reason: str
) -> bool:
    """Whether the newest act of this kind about all of `body` is this account's, in these words."""
    row = await connection.fetchrow(
        "SELECT account_id, reason FROM money_act WHERE book_id = $1 AND kind = $2"
        " AND body @> $3::jsonb ORDER BY id DESC LIMIT 1",
        book,
        kind,
        orjson.dumps(body).decode(),
    )
    return row is not None and (row["account_id"], row["reason"]) == (account, reason)


async def lock_requests(connection: Any, requests: Iterable[int]) -> None:
    """One at a time with payment requests, until the end of the transaction.

    All that are needed at once: in their order, so that nobody waits in a circle.
    """
    numbers = sorted({request % _NUMBERS for request in requests})
    if numbers:
        await connection.execute(
            "SELECT pg_advisory_xact_lock($1::int, n) FROM"
            " (SELECT n FROM unnest($2::int[]) WITH ORDINALITY AS u (n, at) ORDER BY at) AS asked",
            _REQUEST,
            numbers,
        )


async def lock_book(connection: Any, book: int) -> None:
    """One file, order or answer at a time in a book, until the end of the transaction."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock($1::int, $2::int)", _BOOK, book % _NUMBERS
    )


async def lock_lot(connection: Any, lot: int) -> None:
    """One at a time with the money of a lot, until the end of the transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock($1::int, $2::int)", _LOT, lot % _NUMBERS)
