"""The rival: every bid locks its lot's row, checks, writes and commits in PostgreSQL.

The same server, the same durability, tables of the journal's and lot_head's shape and indexes,
one transaction per bid from each of a hundred clients. What is left out favours it: no hash
chain, no log, no triggers.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import asynccontextmanager
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson

from loadtests import storm
from loadtests.instance import START_MINOR, Instance

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

CLIENTS = 100
_LOT = 1
_TABLES = """
    DROP TABLE IF EXISTS rowlock_bid, rowlock_lot;
    CREATE TABLE rowlock_bid (LIKE journal INCLUDING ALL);
    CREATE TABLE rowlock_lot (LIKE lot_head INCLUDING ALL);
"""
_LOT_ROW = """
    INSERT INTO rowlock_lot (lot_id, shard, seq, hash, phase, status, end_ms, price_minor,
                             leader, accepted, refused, extensions)
    VALUES ($1, 0, 0, $2, 'open', 'RUNNING', NULL, NULL, NULL, 0, 0, 0)
"""
_LOCK = (
    "SELECT seq, phase, price_minor, leader, accepted FROM rowlock_lot WHERE lot_id = $1 FOR UPDATE"
)
_INSERT = (
    "INSERT INTO rowlock_bid (lot_id, seq, kind, bidder, bid_id, body, hash)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)"
)
_ACCEPT = (
    "UPDATE rowlock_lot SET seq = $2, hash = $3, price_minor = $4, leader = $5,"
    " accepted = accepted + 1 WHERE lot_id = $1"
)
_REFUSE = "UPDATE rowlock_lot SET seq = $2, hash = $3, refused = refused + 1 WHERE lot_id = $1"


async def _connect(database_url: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(database_url)
    await connection.execute("SET synchronous_commit = on")
    return connection


@asynccontextmanager
async def clients(database_url: str, number: int) -> AsyncIterator[list[asyncpg.Connection]]:
    """Fresh tables with one lot, and `number` connections."""
    connections = list(await asyncio.gather(*(_connect(database_url) for _ in range(number))))
    try:
        await connections[0].execute(_TABLES)
        await connections[0].execute(_LOT_ROW, _LOT, bytes(32))
        yield connections
    finally:
        await asyncio.gather(*(connection.close() for connection in connections))


async def bid(connection: asyncpg.Connection, bidder: int, low: bool) -> bool:
    """One bid, decided and on disk when this returns; whether it was accepted.

    Unless it is to be too `low` it offers just enough, which in truth no bidder could know.
    """
    bid_id = uuid.uuid4()
    async with connection.transaction():
        row = await connection.fetchrow(_LOCK, _LOT)
        price = row["price_minor"]
        minimum = START_MINOR if price is None else price + 1
        amount_minor = 1 if low else minimum
        accepted = bool(
            row["phase"] == "open" and amount_minor >= minimum and row["leader"] != bidder
        )
        seq, kind = row["seq"] + 1, "bid.accepted" if accepted else "bid.refused"
        body = orjson.dumps(
            {
                "amount_minor": amount_minor, "at_ms": int(time.time() * 1000),
                "bid_id": str(bid_id), "bidder": bidder, "epoch": 1, "kind": kind, "lot": _LOT,
                "log": f"{int(time.time() * 1000)}-0", "n": row["accepted"] + 1, "seq": seq,
            }
        )  # fmt: skip
        digest = sha256(body).digest()
        await connection.execute(_INSERT, _LOT, seq, kind, bidder, bid_id, body, digest)
        if accepted:
            await connection.execute(_ACCEPT, _LOT, seq, digest, amount_minor, bidder)
        else:
            await connection.execute(_REFUSE, _LOT, seq, digest)
    return accepted


def _lows(every: int) -> Iterator[bool]:
    """Whether each bid in turn is to be too low: one in `every`, none if that is 0."""
    return (every > 0 and number % every == 0 for number in count(1))


async def closed_loop(instance: Instance, seconds: float, warmup_s: float, low_every: int,
                      connected: int = CLIENTS) -> dict[str, Any]:  # fmt: skip
    """Each client bids, waits for the commit, bids again."""
    lows = _lows(low_every)
    took: list[float] = []
    accepted = 0
    async with clients(instance.servers.database_url, connected) as connections:
        counting = time.perf_counter() + warmup_s
        end = counting + seconds

        async def client(number: int, connection: asyncpg.Connection) -> None:
            nonlocal accepted
            while (started := time.perf_counter()) < end:
                taken = await bid(connection, number, next(lows))
                if counting <= started and time.perf_counter() <= end:
                    took.append(time.perf_counter() - started)
                    accepted += taken

        before = instance.cpu_s()
        await asyncio.gather(*(client(i, c) for i, c in enumerate(connections, 1)))
        after = instance.cpu_s()
    took.sort()
    return {
        "offered_per_s": None,
        "acknowledged_share": 1.0,
        "acknowledged_per_s": round(len(took) / seconds, 1),
        "accepted_share": round(accepted / max(1, len(took)), 6),
        "bids": len(took),
        "p50_ms": storm.quantile_ms(took, 0.5),
        "p99_ms": storm.quantile_ms(took, 0.99),
        "max_ms": storm.quantile_ms(took, 1),
    } | cpu_per_1000(before, after, len(took) * (1 + warmup_s / seconds))


async def open_loop(instance: Instance, rate: float, seconds: float, warmup_s: float,
                    low_every: int, connected: int = CLIENTS) -> dict[str, Any]:  # fmt: skip
    """Bids due by the clock; they wait for a free client where there is none."""
    run = storm.Storm(rate, seconds, warmup_s)
    lows, waiting = _lows(low_every), asyncio.Queue[int | None]()

    async def client(number: int, connection: asyncpg.Connection) -> None:
        while (mine := await waiting.get()) is not None:
            taken = await bid(connection, number, next(lows))
            run.answered(mine, storm.RECORDED if taken else storm.REFUSED, time.perf_counter())

    run.send = waiting.put_nowait
    async with clients(instance.servers.database_url, connected) as connections:
        tasks = [asyncio.create_task(client(i, c)) for i, c in enumerate(connections, 1)]
        before = instance.cpu_s()
        await run.run()
        after = instance.cpu_s()
        while not waiting.empty():
            waiting.get_nowait()
        for _ in tasks:
            waiting.put_nowait(None)
        await asyncio.gather(*tasks)
    return run.figures() | cpu_per_1000(before, after, run.bids)


def cpu_per_1000(
    before: dict[str, float | None], after: dict[str, float | None], bids: float
) -> dict[str, float | None]:
    """CPU seconds per 1,000 bids of each process, as flat fields `cpu_s_per_1000_<process>`."""
    found: dict[str, float | None] = {}
    for name, end in after.items():
        start = before.get(name)
        used = None if start is None or end is None else end - start
        found[f"cpu_s_per_1000_{name}"] = (
            None if used is None or not bids else round(1000 * used / bids, 5)
        )
    return found
