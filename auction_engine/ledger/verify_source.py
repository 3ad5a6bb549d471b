"""Reading the whole ledger in one snapshot and constant memory, for `verify` and checkpoints."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from auction_engine.ledger.errors import LedgerError
from auction_engine.ledger.verify_report import Problem

_ROWS_AT_ONCE = 4_000
_HEADS_AT_ONCE = 500

# As text: PostgreSQL's one spelling of a UUID is the spelling the body must have.
_JOURNAL = (
    "SELECT lot_id, seq, kind, bidder, bid_id::text, body, hash FROM journal ORDER BY lot_id, seq"
)
_HEADS = (
    "SELECT h.lot_id, h.shard, h.seq, h.hash, h.phase, h.status, h.due_ms, h.end_ms,"
    " h.price_minor, h.leader, h.accepted, h.refused, h.extensions, l.shard AS listed_shard"
    " FROM lot_head h LEFT JOIN lot l ON l.id = h.lot_id ORDER BY h.lot_id"
)
_REPEATED_BID_ID = """
    SELECT lot_id, seq, bidder, bid_id::text FROM (
        SELECT lot_id, seq, bidder, bid_id,
               row_number() OVER (PARTITION BY bidder, bid_id ORDER BY lot_id, seq) AS place
          FROM journal WHERE bid_id IS NOT NULL) AS placed
     WHERE place > 1 ORDER BY lot_id, seq LIMIT 1
"""


@asynccontextmanager
async def snapshot(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A read-only transaction that sees one moment of the ledger, even while it is written.

    Raises LedgerError if the ledger cannot be read.
    """
    try:
        connection = await asyncpg.connect(
            database_url.replace("postgresql+asyncpg://", "postgresql://"),
            server_settings={"application_name": "auction-verify", "statement_timeout": "0"},
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise LedgerError(f"The ledger cannot be reached: {error}.") from None
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection
    except asyncpg.UndefinedTableError:
        raise LedgerError(
            "There is no ledger in this database yet; run `auction-engine migrate`."
        ) from None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise LedgerError(f"The ledger could not be read to its end: {error}.") from None
    finally:
        await connection.close()


async def journal_batches(connection: asyncpg.Connection) -> AsyncIterator[list[Any]]:
    """Every journal row in the order of lot and number, some thousands at a time."""
    cursor = await connection.cursor(_JOURNAL)
    while batch := await cursor.fetch(_ROWS_AT_ONCE):
        yield batch


async def repeated_bid_id(connection: asyncpg.Connection) -> None:
    """Raise Problem for the first entry whose (bidder, bid id) an earlier entry already has."""
    row = await connection.fetchrow(_REPEATED_BID_ID)
    if row is not None:
        raise Problem(
            row[0], row[1], f"bid id {row[3]} of bidder {row[2]} is recorded a second time"
        )


class Heads:
    """`lot_head` in the order of lots, read alongside the journal."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._cursor: Any = None
        self._batch: list[Any] = []
        self._next = 0

    async def none_before(self, lot: int | None) -> None:
        """Raise Problem for a head not taken yet of a lot before `lot` (None: of any lot)."""
        head = await self._peek()
        if head is not None and (lot is None or head["lot_id"] < lot):
            raise Problem(
                head["lot_id"],
                1,
                f"the entry is missing: lot_head has {head['seq']} entries, the journal none",
            )

    async def take(self, lot: int) -> asyncpg.Record:
        """The head of `lot`, after `none_before(lot)`. Raises Problem if it has none."""
        head = await self._peek()
        if head is None or head["lot_id"] != lot:
            raise Problem(lot, None, "the lot has journal entries but no row in lot_head")
        self._next += 1
        return head

    async def _peek(self) -> asyncpg.Record | None:
        if self._next == len(self._batch):
            if self._cursor is None:
                self._cursor = await self._connection.cursor(_HEADS)
            self._batch, self._next = await self._cursor.fetch(_HEADS_AT_ONCE), 0
        return self._batch[self._next] if self._batch else None
