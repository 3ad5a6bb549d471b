"""One run: bidders under load, faults at moments of chance, then everything is compared."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson
from bidding.harness import agrees_with_ledger, client_of, now_ms, params, until

from auction_engine.bidding.connections import make_redis
from auction_engine.ledger.verify import verify

from .bidders import Bidder, History
from .checker import Journal, check
from .world import World

BIDDERS = 24
LOTS = 3
# From the end of a fault until every open lot has accepted and acknowledged a bid again: some three
# seconds; a machine with much else to do takes longer.
RECOVERED_WITHIN_S = 40.0
MOST_MEGABYTES = 220
MOST_LOG_LINES = 4_000
MEMBERS_OF_A_BOOK = 200

Fault = Callable[[World, random.Random], Awaitable[None]]


@dataclass
class Run:
    """What came out of it. `wrong` holds what the checks do not accept."""

    wrong: list[str] = field(default_factory=list)
    faults: int = 0
    acknowledged: int = 0
    during: int = 0
    rows: int = 0
    reconnects: int = 0
    recovery_s: list[float] = field(default_factory=list)
    seconds: float = 0.0
    stuck: str | None = None


async def drive(world: World, seed: int, fault: Fault, times: int) -> Run:
    chance = random.Random(seed)
    history, run, started_s = History(), Run(), time.monotonic()
    lots, due, due_ms = await put_up(world)
    redis = make_redis(world.settings.redis_url or "", connections=64)
    stop = asyncio.Event()
    people = [
        Bidder(
            100 + n,
            f"B-{n:03d}",
            [*lots, due],
            world.ports,
            redis,
            history,
            random.Random(seed + n),
            stop,
        )
        for n in range(BIDDERS)
    ]
    tasks = [asyncio.create_task(one.run()) for one in people]
    try:
        await until(lambda: history.acknowledged >= 60)
        first_ms = now_ms()
        for _ in range(times):
            await asyncio.sleep(chance.uniform(0.1, 0.8))
            await fault(world, chance)
            run.faults += 1
            await recover(world, history, lots, run)
        last_ms = now_ms()
        await until(
            lambda: _closed(world, due), RECOVERED_WITHIN_S + max(0, due_ms - now_ms()) / 1000
        )
        stop.set()
        async with asyncio.timeout(RECOVERED_WITHIN_S + 10):
            await asyncio.gather(*tasks)
    except (AssertionError, TimeoutError) as error:
        run.stuck = f"{error!r}; unanswered {len(history.unanswered())}"
        first_ms = last_ms = 0
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await _judge(world, run, history, [*lots, due], (first_ms, last_ms))
    if run.stuck is None:
        with contextlib.suppress(AssertionError):
            await until(
                lambda: agrees_with_ledger(redis, world.settings.database_url or "", lots), 5
            )
        if not await agrees_with_ledger(redis, world.settings.database_url or "", lots):
            run.wrong.append("the order books are not the ledger's")
    await redis.aclose()
    run.seconds = time.monotonic() - started_s
    return run


async def put_up(world: World) -> tuple[list[int], int, int]:
    """Three lots that stay open, one that closes during the run, everybody admitted."""
    *lots, due = world.lots(LOTS + 1)
    async with client_of(world.settings) as client:
        await client.probe(0, timeout_s=30)
        due_ms = now_ms() + 6_000
        for lot in lots:
            await client.list_lot(0, lot, params())
        await client.list_lot(0, due, params(end_ms=due_ms, extension=None))
        await asyncio.gather(
            *(
                client.admit(0, lot, 100 + n, f"B-{n:03d}", False)
                for lot in [*lots, due]
                for n in range(BIDDERS)
            )
        )
    return lots, due, due_ms


async def recover(world: World, history: History, lots: list[int], run: Run) -> None:
    """Start again what was killed; wait until every open lot accepts a bid."""
    await asyncio.to_thread(world.revive)
    ended_ns = time.monotonic_ns()

    def accepted() -> bool:
        return all(history.newest.get(lot, 0) > ended_ns for lot in lots)

    try:
        await until(accepted, RECOVERED_WITHIN_S)
    except AssertionError:
        silent = [lot for lot in lots if history.newest.get(lot, 0) <= ended_ns]
        raise AssertionError(f"lots {silent} accept nothing after the fault") from None
    run.recovery_s.append((time.monotonic_ns() - ended_ns) / 1e9)


async def _judge(
    world: World, run: Run, history: History, lots: list[int], window: tuple[int, int]
) -> None:
    journal = await _journal(world, lots)
    report = await verify(world.settings.database_url or "")
    run.wrong += check(history, journal)
    if not report.clean:
        run.wrong.append(f"verify: {report.problem}")
    rows = [e for entries in journal.values() for e in entries if e["kind"].startswith("bid.")]
    run.rows, run.acknowledged = len(rows), history.acknowledged
    run.during = sum(
        e["kind"] == "bid.accepted" and window[0] < e["at_ms"] < window[1] for e in rows
    )
    run.reconnects = history.reconnects
    for child in world.children:
        if child.running and child.megabytes > MOST_MEGABYTES:
            run.wrong.append(f"{child.log.name} holds {child.megabytes:.0f} MB")
        if child.log_lines > MOST_LOG_LINES:
            run.wrong.append(f"{child.log.name} has {child.log_lines} lines")


async def _journal(world: World, lots: list[int]) -> Journal:
    connection = await asyncpg.connect(world.settings.database_url)
    rows = await connection.fetch(
        "SELECT lot_id, body FROM journal WHERE lot_id = ANY($1::bigint[]) ORDER BY lot_id, seq",
        lots,
    )
    await connection.close()
    journal: dict[int, list[dict[str, Any]]] = {}
    for lot, body in rows:
        journal.setdefault(lot, []).append(orjson.loads(body))
    return journal


async def _closed(world: World, lot: int) -> bool:
    try:
        return any(e["kind"] == "lot.closed" for e in (await _journal(world, [lot]))[lot])
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
