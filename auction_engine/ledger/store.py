"""What the recorder reads and writes, in plain SQL over asyncpg: the hot path of the ledger."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Any

import asyncpg
import orjson

from auction_engine.ledger.errors import BidIdTaken, ClockInDoubt, OwnershipLost
from auction_engine.ledger.journal import JournalRecord, log_ms

JOURNAL_COLUMNS = ("lot_id", "seq", "kind", "bidder", "bid_id", "body", "hash")
HEAD_COLUMNS = (
    "lot_id",
    "shard",
    "seq",
    "hash",
    "phase",
    "status",
    "due_ms",
    "end_ms",
    "price_minor",
    "leader",
    "accepted",
    "refused",
    "extensions",
)
_HEAD_TYPES = (
    "bigint",
    "smallint",
    "int",
    "bytea",
    "text",
    "text",
    "bigint",
    "bigint",
    "bigint",
    "bigint",
    "int",
    "int",
    "int",
)
_CONSUME = "UPDATE shard SET consumed = $3 WHERE id = $1 AND epoch = $2 AND consumed = $4"
_NOW_MS = " RETURNING (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
_HEADS = (  # built from the constants above, never from input
    f"INSERT INTO lot_head ({', '.join(HEAD_COLUMNS)}) SELECT * FROM unnest("  # noqa: S608
    + ", ".join(f"${i}::{kind}[]" for i, kind in enumerate(_HEAD_TYPES, 1))
    + ") ON CONFLICT (lot_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in HEAD_COLUMNS[2:])
)


async def connect(
    database_url: str,
    *,
    timeout_s: float = 10.0,
    application: str = "auction-recorder",
    idle_in_transaction_s: float | None = None,
) -> asyncpg.Connection:
    """A connection that may append to the journal but not change it.

    No statement timeout, whatever the server's default: a COMMIT cut short has an unknown
    outcome. A server that says nothing for `timeout_s` is given up (TimeoutError); whoever
    committed must read the outcome back over a new connection. `idle_in_transaction_s`: a
    transaction whose client says nothing for so long is rolled back and lets go of its locks.
    """
    settings = {"application_name": application, "statement_timeout": "0"}
    if idle_in_transaction_s is not None:
        idle_ms = int(idle_in_transaction_s * 1000)
        settings["idle_in_transaction_session_timeout"] = str(idle_ms)
    connection = await asyncpg.connect(
        database_url.replace("postgresql+asyncpg://", "postgresql://"),
        timeout=timeout_s,
        command_timeout=timeout_s,
        server_settings=settings,
    )
    try:
        await connection.execute("SET ROLE auction_app")
        await connection.execute("SET synchronous_commit = on")
    except BaseException:
        connection.terminate()
        raise
    return connection


async def commit_batch(
    connection: asyncpg.Connection,
    shard: int,
    epoch: int,
    after: str,
    consumed: str,
    records: Sequence[JournalRecord],
    heads: Sequence[tuple[Any, ...]],
    ahead_max_ms: int | None = None,
) -> None:
    """Write one batch and the id of the last command it consumed, in one transaction.

    Raises OwnershipLost if `epoch` is not the shard's any more or its last consumed id is not
    `after` (a ledger that lost its last commits must not be built upon), BidIdTaken if a bid id
    already has a row, ClockInDoubt if `consumed` is ahead of PostgreSQL's clock by more than
    `ahead_max_ms`; nothing is written then. On any other error the outcome may be unknown: read
    `consumed` back over a new connection before doing anything else.
    """
    try:
        async with connection.transaction():
            # First, because it locks the row: a take-over waits for us or we see its epoch.
            now_ms = await connection.fetchval(_CONSUME + _NOW_MS, shard, epoch, consumed, after)
            if now_ms is None:
                raise OwnershipLost(f"Shard {shard} is not at {after} under epoch {epoch}.")
            if ahead_max_ms is not None and log_ms(consumed) - now_ms > ahead_max_ms:
                raise ClockInDoubt(f"The log is at {consumed}, the ledger's clock at {now_ms}.")
            if records:
                await connection.copy_records_to_table(
                    "journal", records=records, columns=JOURNAL_COLUMNS
                )
                await connection.execute(_HEADS, *zip(*heads, strict=True))
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "journal_one_row_per_bid_id":
            raise BidIdTaken("A bid id of this batch is already recorded.") from None
        raise


async def acquire_shard(
    connection: asyncpg.Connection, shard: int, owner: str, lease_s: float
) -> int | None:
    """Take the shard if nobody holds a live lease; return the new epoch, else None.

    Leases run by PostgreSQL's clock only. The caller must renew before `lease_s` has passed. The
    epoch is taken from that clock too: a ledger restored to an earlier state never gives one twice.
    """
    epoch: int | None = await connection.fetchval(
        """
        INSERT INTO shard (id, epoch, owner, lease_until)
        VALUES ($1, extract(epoch FROM clock_timestamp())::bigint, $2,
                clock_timestamp() + $3 * interval '1 second')
        ON CONFLICT (id) DO UPDATE
           SET epoch = greatest(shard.epoch + 1, excluded.epoch), owner = $2,
               lease_until = clock_timestamp() + $3 * interval '1 second'
         WHERE shard.lease_until < clock_timestamp() OR shard.owner = $2
        RETURNING epoch
        """,
        shard,
        owner,
        float(lease_s),
    )
    return epoch


async def renew_lease(
    connection: asyncpg.Connection, shard: int, epoch: int, lease_s: float
) -> None:
    """Hold the shard for `lease_s` more. Raises OwnershipLost if the epoch is not ours."""
    done = await connection.execute(
        "UPDATE shard SET lease_until = clock_timestamp() + $3 * interval '1 second'"
        " WHERE id = $1 AND epoch = $2",
        shard,
        epoch,
        float(lease_s),
    )
    if done != "UPDATE 1":
        raise OwnershipLost(f"Shard {shard} is no longer owned with epoch {epoch}.")


async def release_shard(connection: asyncpg.Connection, shard: int, epoch: int) -> None:
    """Let go of the shard so that another recorder need not wait for the lease to end."""
    await connection.execute(
        "UPDATE shard SET lease_until = clock_timestamp() WHERE id = $1 AND epoch = $2",
        shard,
        epoch,
    )


async def consumed_id(connection: asyncpg.Connection, shard: int) -> str:
    """The log id of the last command whose outcome is on disk; '0-0' before the first."""
    found = await connection.fetchval("SELECT consumed FROM shard WHERE id = $1", shard)
    return found or "0-0"


async def journal_of(
    connection: asyncpg.Connection, lots: Iterable[int], after_seq: int = 0
) -> AsyncGenerator[tuple[int, int, bytes, bytes]]:
    """(lot, seq, body, hash) of these lots' entries after `after_seq`, in journal order."""
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(
            "SELECT lot_id, seq, body, hash FROM journal"
            " WHERE lot_id = ANY($1::bigint[]) AND seq > $2 ORDER BY lot_id, seq",
            list(lots),
            after_seq,
            prefetch=2000,
        ):
            yield row[0], row[1], row[2], row[3]


async def live_lots(connection: asyncpg.Connection, shard: int) -> list[int]:
    """Lots of the shard that can be bid on, or to which something will happen by itself."""
    rows = await connection.fetch(
        "SELECT lot_id FROM lot_head"
        " WHERE shard = $1 AND (phase <> 'closed' OR due_ms IS NOT NULL) ORDER BY lot_id",
        shard,
    )
    return [row[0] for row in rows]


async def first_answers(
    connection: asyncpg.Connection, keys: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], dict[str, Any]]:
    """The recorded entry for each (bidder, bid_id) that has one, decoded."""
    rows = await connection.fetch(
        "SELECT j.body FROM unnest($1::bigint[], $2::uuid[]) AS k(bidder, bid_id)"
        " JOIN journal j ON j.bidder = k.bidder AND j.bid_id = k.bid_id",
        [key[0] for key in keys],
        [key[1] for key in keys],
    )
    entries = (orjson.loads(row[0]) for row in rows)
    return {(entry["bidder"], entry["bid_id"]): entry for entry in entries}


async def is_on_disk(connection: asyncpg.Connection, shard: int, epoch: int, consumed: str) -> bool:
    """Whether the batch up to `consumed` was committed under `epoch`.

    A write of its own: with a synchronous standby its commit waits for that copy, and so for the
    commit in doubt; a mere read could see what only one disk has.
    """
    done: str = await connection.execute(_CONSUME, shard, epoch, consumed, consumed)
    return done == "UPDATE 1"


async def server_ms(connection: asyncpg.Connection) -> int:
    """PostgreSQL's clock, UTC milliseconds."""
    found = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp()) * 1000")
    return int(found)


async def archived(
    connection: asyncpg.Connection, lot: int
) -> tuple[asyncpg.Record, list[bytes]] | None:
    """The head of a closed lot and its entries other than bids; None if it is not closed."""
    head = await connection.fetchrow(
        "SELECT * FROM lot_head WHERE lot_id = $1 AND phase = 'closed'", lot
    )
    if head is None:
        return None
    rows = await connection.fetch(
        "SELECT body FROM journal WHERE lot_id = $1 AND kind NOT LIKE 'bid.%' ORDER BY seq", lot
    )
    return head, [row[0] for row in rows]
