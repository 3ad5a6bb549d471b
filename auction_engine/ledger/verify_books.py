"""The books, recomputed: seals, every transfer, every sum, every account, the escrow of each book.

Seals come first: they name a transfer that was altered, deleted or inserted even where all sums
still hold. What follows needs no seal. Memory does not grow with the books.
"""

from collections.abc import AsyncIterator

import asyncpg

from auction_engine.ledger import books_seal, store
from auction_engine.ledger.books_seal import DIGEST_BYTES, Seal
from auction_engine.ledger.checkpoint import Place
from auction_engine.ledger.errors import LedgerError
from auction_engine.ledger.journal import GENESIS
from auction_engine.ledger.verify_books_sql import ACCOUNTS, CHECKS
from auction_engine.ledger.verify_report import Problem
from auction_engine.rules.postings.chart import CHART

_SEALS = "SELECT n, upto, transfers, digests, hash FROM money_seal ORDER BY n"
_SEALS_AT_ONCE = 8


async def transfers(connection: asyncpg.Connection) -> int:
    """How many transfers there are."""
    return int(await connection.fetchval("SELECT count(*) FROM transfer"))


async def verify_books(
    connection: asyncpg.Connection, expected: Place | None = None
) -> AsyncIterator[int]:
    """Check everything, within the caller's snapshot; yields how many transfers were read since.

    `expected` is the last seal of a checkpoint, with its hash. Raises Problem for the first row
    that does not hold.
    """
    last = 0 if expected is None else expected[0]
    upto, previous, n = 0, GENESIS, 0
    async for seal in _seals(connection):
        n += 1
        if seal.n != n:
            raise Problem(None, None, "it is missing", row=f"seal {n}")
        yield await _sealed(connection, seal, previous, upto)
        if expected is not None and n == last and seal.hash != expected[1]:
            what = "the hash is not the checkpoint's"
            raise Problem(None, None, what, expected[1], seal.hash, row=f"seal {n}")
        upto, previous = seal.upto, seal.hash
    if n < last:
        what = f"it is missing: the checkpoint has {last} seals"
        raise Problem(None, None, what, row=f"seal {n + 1}")
    yield int(await connection.fetchval("SELECT count(*) FROM transfer WHERE id > $1", upto))
    for what, sql in CHECKS:
        row = await connection.fetchrow(sql)
        if row is not None:
            raise Problem(None, None, what, row["expected"], row["found"], row=row["name"])
    await _accounts(connection)


async def seal_verified(database_url: str) -> int:
    """Seal what can be; how many transfers. 0 where this database cannot be written by us.

    Raises LedgerError if it cannot be reached.
    """
    try:
        connection = await store.connect(database_url, application="auction-verify")
    except asyncpg.InsufficientPrivilegeError:
        return 0
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise LedgerError(f"The ledger cannot be reached: {error}.") from None
    try:
        return await books_seal.seal(connection)
    except (asyncpg.ReadOnlySQLTransactionError, asyncpg.InsufficientPrivilegeError):
        return 0
    finally:
        await connection.close()


async def _seals(connection: asyncpg.Connection) -> AsyncIterator[Seal]:
    cursor = await connection.cursor(_SEALS)
    while batch := await cursor.fetch(_SEALS_AT_ONCE):
        for row in batch:
            yield Seal(*row)


async def _sealed(connection: asyncpg.Connection, seal: Seal, previous: bytes, after: int) -> int:
    """Check a seal, and the transfers it is over; how many those are."""
    name = f"seal {seal.n}"
    computed = books_seal.chained(previous, seal.n, seal.upto, seal.transfers, seal.digests)
    if computed != seal.hash:
        what = "the hash is not that of the seal before and its content"
        raise Problem(None, None, what, computed, seal.hash, row=name)
    digests = (
        seal.digests[at : at + DIGEST_BYTES] for at in range(0, len(seal.digests), DIGEST_BYTES)
    )
    expected = dict(zip(seal.transfers, digests, strict=False))
    found = {
        content[0]: books_seal.digest(content)
        for content in await books_seal.contents(connection, after, seal.upto)
    }
    for transfer in sorted(expected.keys() | found.keys()):
        row = f"transfer {transfer}"
        if transfer not in found:
            raise Problem(None, None, f"it is missing: {name} has it", row=row)
        if transfer not in expected:
            raise Problem(None, None, f"it was inserted later: {name} does not have it", row=row)
        if found[transfer] != expected[transfer]:
            what = f"its content is not what {name} has"
            raise Problem(None, None, what, expected[transfer], found[transfer], row=row)
    return len(found)


async def _accounts(connection: asyncpg.Connection) -> None:
    """Raise Problem for a kind of account that is not as the chart has it."""
    for row in await connection.fetch(ACCOUNTS):
        of = CHART.get(row["code"])
        name = f"account {row['id']} {row['code']}[{row['key']}]"
        if of is None or row["kind"] not in of.books:
            raise Problem(None, None, f"the chart has none such in an {row['kind']}", row=name)
        debit_side = of.nature in ("ASSET", "EXPENSE", "MEMO")
        expected = (debit_side, of.overdrawn, of.hot, of.escrow)
        found = (row["debit_side"], row["overdrawn"], row["hot"], row["escrow"])
        if found != expected:
            what = "debit side, overdrawn, hot, escrow are not the chart's"
            raise Problem(None, None, what, expected, found, row=name)
