"""Altering a ledger as only a superuser can: the guard off, then on again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson

from auction_engine.ledger.journal import GENESIS, Position, canonical, chain, event_of, head_record
from auction_engine.ledger.store import HEAD_COLUMNS
from auction_engine.rules.machine import apply

Entries = list[dict[str, Any]]


@asynccontextmanager
async def unguarded(superuser_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection on which the journal may be changed."""
    connection = await asyncpg.connect(superuser_url)
    try:
        await connection.execute("ALTER TABLE journal DISABLE TRIGGER journal_append_only")
        yield connection
        await connection.execute("ALTER TABLE journal ENABLE ALWAYS TRIGGER journal_append_only")
    finally:
        await connection.close()


async def alter(superuser_url: str, *statements: str) -> None:
    """Run statements with the guard off."""
    async with unguarded(superuser_url) as connection:
        for statement in statements:
            await connection.execute(statement)


async def entries_of(connection: asyncpg.Connection, lot: int) -> Entries:
    rows = await connection.fetch("SELECT body FROM journal WHERE lot_id = $1 ORDER BY seq", lot)
    return [orjson.loads(row[0]) for row in rows]


async def rewrite(connection: asyncpg.Connection, lot: int, entries: Entries) -> None:
    """Write the lot's journal anew: numbers, bytes, columns, chain and head all sound."""
    await connection.execute("DELETE FROM journal WHERE lot_id = $1", lot)
    digest, state = GENESIS, None
    for seq, entry in enumerate(entries, 1):
        entry["seq"] = seq
        body = canonical(entry)
        digest = chain(digest, body)
        state = apply(state, event_of(entry))
        await connection.execute(
            "INSERT INTO journal (lot_id, seq, kind, bidder, bid_id, body, hash)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            lot,
            seq,
            entry["kind"],
            entry.get("bidder"),
            entry.get("bid_id"),
            body,
            digest,
        )
    assert state is not None
    head = dict(
        zip(HEAD_COLUMNS, head_record(lot, 0, Position(len(entries), digest), state), strict=True)
    )
    for name, value in head.items():
        if name not in ("lot_id", "shard"):
            await connection.execute(
                f"UPDATE lot_head SET {name} = $2 WHERE lot_id = $1", lot, value
            )
