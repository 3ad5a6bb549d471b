"""The demonstration's process: one session after the other, for as long as it runs."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import structlog
import uvloop
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.bidding.client import LogClient
from auction_engine.bidding.connections import make_redis
from auction_engine.bidding.tasks import end
from auction_engine.demo.auctioneer import conduct, wind_up
from auction_engine.demo.cases import ensure_cases
from auction_engine.demo.cashier import Cashier
from auction_engine.demo.people import ensure_logins, ensure_robots
from auction_engine.demo.plan import RESULTS_S
from auction_engine.demo.registering import Registering
from auction_engine.demo.stage import current_or_next, until_over
from auction_engine.demo.swarm import play
from auction_engine.errors import AuctionError
from auction_engine.identity import tickets
from auction_engine.ledger.database import make_engine
from auction_engine.rules.commands import CommandRefused
from auction_engine.settings import Settings

# "auction" in a telephone's letters and the demonstration's own number.
_LOCK = 28_284_660_001
_LOCK_LOOK_S = 1.0
_AGAIN_S = 2.0
_LEAVING_S = 3.0
# What may go away for a while and come back; everything else is a fault and ends the process.
_PASSING = (
    OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError,
    RedisError, AuctionError, CommandRefused,
)  # fmt: skip
_log = structlog.get_logger(__name__)


class _LockLost(OSError):
    """The connection that held the lock is gone, and the lock with it."""


def run(settings: Settings) -> None:
    """Keep the demonstration going until SIGTERM or SIGINT. Both addresses must be set."""
    uvloop.run(_until_signalled(settings))


async def _until_signalled(settings: Settings) -> None:
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    going = asyncio.create_task(keep_going(settings, registering=True))
    waiting = asyncio.create_task(_wait_for(asked))
    await asyncio.wait([going, waiting], return_when=asyncio.FIRST_COMPLETED)
    if going.done():
        going.result()  # a fault: the process ends with it
    going.cancel()
    # Time to leave in good order; after that the cancellation is repeated until it is heard.
    await asyncio.wait([going], timeout=_LEAVING_S)
    await end([going, waiting])


async def _wait_for(event: asyncio.Event) -> None:
    await event.wait()


async def keep_going(
    settings: Settings, results_s: float = RESULTS_S, registering: bool = False
) -> None:
    """One session after the other until cancelled; finds a session that is on and goes on.

    Waits while another process does the same with this database. Servers that go away are waited
    for. `registering`: a session beside it has its registration open.
    """
    while True:
        try:
            async with _only_one(settings.database_url or "") as lock:
                await _while_held(lock, settings, results_s, registering)
        except* _PASSING as group:
            first = _first(group)
            _log.warning("demo_interrupted", error=type(first).__name__, text=str(first))
        await asyncio.sleep(_AGAIN_S)


async def _while_held(
    lock: asyncpg.Connection, settings: Settings, results_s: float, registering: bool
) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(_watch_lock(lock))
        group.create_task(_direct(settings, results_s, registering))


async def _watch_lock(lock: asyncpg.Connection) -> None:
    while True:
        await asyncio.sleep(_LOCK_LOOK_S)
        if lock.is_closed():
            raise _LockLost("The demonstration's lock was lost.")
        await lock.execute("SELECT 1", timeout=5)


@asynccontextmanager
async def _only_one(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Hold the demonstration's lock of this database; waits until it is free."""
    connection = await asyncpg.connect(
        database_url, timeout=5, server_settings={"application_name": "auction-demo"}
    )
    try:
        await _take_lock(connection)
        yield connection
    finally:
        connection.terminate()


async def _take_lock(connection: asyncpg.Connection) -> None:
    # Asked again and again: waiting inside PostgreSQL would hold a snapshot that stops clean-up.
    while True:
        if await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
            return
        await asyncio.sleep(_LOCK_LOOK_S)


async def _direct(settings: Settings, results_s: float, registering: bool) -> None:
    # Robots all ask for tickets at once when the gateway has been away.
    redis = make_redis(settings.redis_url or "", connections=64)
    engine = make_engine(settings.database_url or "", pool_size=3)
    log = LogClient(redis, settings.database_url or "", settings.shards, settings.limits)
    try:
        await log.start()
        people = await ensure_logins(engine)
        robots = await ensure_robots(engine)
        await ensure_cases(settings, engine)
        cashier = Cashier(settings.database_url or "", log, people)
        async with asyncio.TaskGroup() as group:
            group.create_task(_sessions(settings, redis, engine, log, cashier, robots, results_s))
            if registering:
                clerk = people["demo.auctioneer"]
                beside = Registering(settings, engine, log, cashier, robots, clerk)
                group.create_task(beside.keep(live_url(settings), _tickets(redis, settings)))
    finally:
        await log.stop()
        await engine.dispose()
        await redis.aclose()


async def _sessions(
    settings: Settings, redis: Redis, engine: AsyncEngine, log: LogClient,
    cashier: Cashier, robots: list[int], results_s: float,
) -> None:  # fmt: skip
    while True:
        await _one_session(settings, redis, engine, log, cashier, robots, results_s)


def _tickets(redis: Redis, settings: Settings) -> Callable[[int], Awaitable[str]]:
    async def ticket_for(account: int) -> str:
        # Robots have no password; they stand where the page's own ticket request ends.
        try:
            return await tickets.issue(redis, account, settings.limits.ticket_ttl_s)
        except RedisError as error:
            raise OSError(f"no ticket: {error}") from error

    return ticket_for


async def _one_session(
    settings: Settings, redis: Redis, engine: AsyncEngine, log: LogClient,
    cashier: Cashier, robots: list[int], results_s: float,
) -> None:  # fmt: skip
    ticket_for = _tickets(redis, settings)
    lots = await current_or_next(engine, log, settings.shards, cashier, robots)
    _log.info("demo_session_on", lots=len(lots))
    auctioneer = asyncio.create_task(conduct(engine, log, lots), name="auctioneer")
    over = asyncio.create_task(until_over(engine, lots), name="until over")
    try:
        async with await play(live_url(settings), ticket_for, lots):
            await asyncio.wait([auctioneer, over], return_when=asyncio.FIRST_COMPLETED)
            if auctioneer.done():
                auctioneer.result()
    finally:
        await end([auctioneer, over])
    await asyncio.sleep(results_s)
    await wind_up(engine, log, lots, cashier)
    _log.info("demo_session_over")


def live_url(settings: Settings) -> str:
    """Where this machine's own gateways listen for live connections."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    place = f"[{host}]" if ":" in host else host
    return f"ws://{place}:{settings.port}/live"


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
