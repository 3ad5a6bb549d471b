"""Seals: what was committed is chained into blocks of digests, after the fact.

Posting knows no chain, so that it need not wait in line for one. A seal lists the transfers with
ids up to `upto` that the seal before did not reach, with a digest of each one's whole content, and
hashes that after the seal before. Later alterations, deletions and insertions show, by number.
What is not sealed yet is not covered: seal often. Who can rewrite the table of seals can rewrite
all; a hash of the last seal kept elsewhere (`last`) shows that, as a checkpoint does for journals.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import asyncpg
import orjson

from auction_engine.ledger.journal import GENESIS

BLOCK = 1_000
DIGEST_BYTES = 32
# Any fixed number; the lock only keeps two from sealing at once.
_SEALING = 7_206_412_005

# First the newest id, then who still posts and above which id: whoever begins in between gets
# higher ids. See `transfer_begins` in migration 0005.
_NEWEST = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM transfer_id_seq"
_POSTING = """
    SELECT min(((classid::bigint << 32) | objid::bigint) & ((1::bigint << 48) - 1)) FROM pg_locks
     WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = 16709
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_TRANSFERS = """
    SELECT t.id, t.book_id, b.kind, b.name ->> 'vi', b.currency, b.minor_digits, t.kind, t.key,
           t.cause_kind, t.cause_id, t.cause_n, t.pending, t.resolves, t.reverses,
           t.booked_on::text, (extract(epoch FROM t.at) * 1000000)::bigint, t.note
      FROM transfer t LEFT JOIN book b ON b.id = t.book_id
     WHERE t.id > $1 AND t.id <= $2 ORDER BY t.id LIMIT $3
"""
_POSTINGS = """
    SELECT p.transfer_id, p.n, p.account_id, a.code, a.key, p.amount_minor
      FROM posting p LEFT JOIN money_account a ON a.id = p.account_id
     WHERE p.transfer_id > $1 AND p.transfer_id <= $2 ORDER BY p.transfer_id, p.n
"""


class Seal(NamedTuple):
    """A row of `money_seal`. `digests` are those of `transfers`, one after the other."""

    n: int
    upto: int
    transfers: list[int]
    digests: bytes
    hash: bytes


def digest(content: Sequence[Any]) -> bytes:
    """SHA-256 over the JSON of a transfer's content, as `contents` gives it."""
    return sha256(orjson.dumps(content)).digest()


def chained(previous: bytes, n: int, upto: int, transfers: list[int], digests: bytes) -> bytes:
    """The hash of a seal after the one with hash `previous`."""
    return sha256(previous + orjson.dumps([n, upto, transfers]) + digests).digest()


async def contents(
    connection: asyncpg.Connection, after: int, upto: int, limit: int | None = None
) -> list[list[Any]]:
    """All there is of transfers after id `after`, to `upto`, in order: the id, the rest, the legs.

    A leg of a transfer that does not exist is not seen here; triggers and `verify` look for it.
    """
    found = [list(row) for row in await connection.fetch(_TRANSFERS, after, upto, limit)]
    if not found:
        return []
    legs: dict[int, list[list[Any]]] = {}
    for id_, *leg in await connection.fetch(_POSTINGS, after, found[-1][0]):
        legs.setdefault(id_, []).append(leg)
    for row in found:
        row.append(legs.get(row[0]))
    return found


async def last(connection: asyncpg.Connection) -> tuple[int, int, bytes]:
    """(number, upto, hash) of the last seal; of none (0, 0, 32 zeros)."""
    row = await connection.fetchrow("SELECT n, upto, hash FROM money_seal ORDER BY n DESC LIMIT 1")
    return (0, 0, GENESIS) if row is None else (row[0], row[1], row[2])


async def seal(connection: asyncpg.Connection, block: int = BLOCK) -> int:
    """Seal what is committed and can have nothing before it any more; how many transfers.

    Waits for nobody and nobody waits for it: a transaction that posts keeps what came after its
    first id for the next time. Each block is a transaction of its own. 0 while another seals.
    """
    sealed = 0
    while count := await _seal_block(connection, block):
        sealed += count
        if count < block:
            break
    return sealed


async def _seal_block(connection: asyncpg.Connection, block: int) -> int:
    async with connection.transaction():
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _SEALING):
            return 0
        n, after, previous = await last(connection)
        newest = int(await connection.fetchval(_NEWEST))
        posting = await connection.fetchval(_POSTING)
        upto = newest if posting is None else min(newest, posting)
        rows = await contents(connection, after, upto, block)
        if not rows:
            return 0
        if len(rows) == block:
            upto = rows[-1][0]
        transfers = [row[0] for row in rows]
        digests = b"".join(digest(row) for row in rows)
        await connection.execute(
            "INSERT INTO money_seal (n, upto, transfers, digests, hash)"
            " VALUES ($1, $2, $3, $4, $5)",
            n + 1,
            upto,
            transfers,
            digests,
            chained(previous, n + 1, upto, transfers, digests),
        )
        return len(rows)
