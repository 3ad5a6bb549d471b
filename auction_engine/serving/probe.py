"""Are PostgreSQL and Valkey (or Redis) there, and are they fit for the ledger and the log?

Used before serving, to say in one sentence what is wrong with servers of one's own, and by
`auction-engine doctor`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import redis

from auction_engine.errors import ServerError
from auction_engine.logs import clean_text

TIMEOUT_S = 5.0
POSTGRESQL_MIN, VALKEY_MIN, REDIS_MIN = 15, 8, 7


@dataclass(frozen=True)
class Database:
    """What a PostgreSQL says of itself. `clock_ms`: its clock minus ours, in milliseconds."""

    version: str
    major: int
    settings: dict[str, str]
    superuser: bool
    role: str
    clock_ms: float
    revision: str | None


@dataclass(frozen=True)
class Log:
    """What a Valkey or Redis says of itself. `settings` None: it does not tell."""

    kind: str
    version: str
    major: int
    settings: dict[str, str] | None
    clock_ms: float

    @property
    def new_enough(self) -> bool:
        return self.major >= (VALKEY_MIN if self.kind == "Valkey" else REDIS_MIN)


async def _best_clock(ask: Callable[[], Awaitable[float]]) -> float:
    """Difference of a server's clock to ours, from the quickest of five questions."""
    best = (float("inf"), 0.0)
    for _ in range(5):
        before, mark = time.time(), time.perf_counter()
        theirs = await ask()
        took = time.perf_counter() - mark
        best = min(best, (took, (theirs - (before + took / 2)) * 1000.0))
    return best[1]


async def _database(url: str) -> Database:
    connection = await asyncpg.connect(url, timeout=TIMEOUT_S, command_timeout=TIMEOUT_S)
    try:
        names = ["fsync", "synchronous_commit", "full_page_writes", "server_encoding"]
        names += ["max_connections", "superuser_reserved_connections"]
        settings = {name: await connection.fetchval(f"SHOW {name}") for name in names}
        role, superuser = await connection.fetchrow(
            "SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user"
        )
        revision = None
        if await connection.fetchval("SELECT to_regclass('alembic_version')"):
            revision = await connection.fetchval("SELECT version_num FROM alembic_version")

        async def now() -> float:
            return float(
                await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
            )

        return Database(
            version=str(await connection.fetchval("SHOW server_version")).split(" ")[0],
            major=connection.get_server_version().major,
            settings=settings,
            superuser=superuser,
            role=role,
            clock_ms=await _best_clock(now),
            revision=revision,
        )
    finally:
        await connection.close()


def database(url: str) -> Database:
    """Ask PostgreSQL. Raises ServerError. Must not be called from a running event loop."""
    try:
        return asyncio.run(_database(url))
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise ServerError(
            f"PostgreSQL at {clean_text(url)} cannot be used: {_reason(error)}; check "
            f"AUCTION_DATABASE_URL and the server."
        ) from None


def log(url: str) -> Log:
    """Ask Valkey or Redis. Raises ServerError."""
    try:
        client = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, decode_responses=True
        )
        with client:
            return _log(client)
    except (OSError, redis.RedisError, ValueError) as error:
        raise ServerError(
            f"Valkey or Redis at {clean_text(url)} cannot be used: {_reason(error)}; check "
            f"AUCTION_REDIS_URL and the server."
        ) from None


def _log(client: Any) -> Log:
    info = client.info("server")
    kind = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info["redis_version"])
    settings: dict[str, str] | None
    try:
        settings = {}
        for name in ("maxmemory-policy", "appendonly", "maxmemory"):
            settings.update(client.config_get(name))
    except redis.ResponseError:
        # Hosted services often forbid CONFIG.
        settings = None

    async def now() -> float:
        seconds, microseconds = client.time()
        return float(seconds) + float(microseconds) / 1e6

    clock_ms = asyncio.run(_best_clock(now))
    return Log(kind, version, int(version.split(".")[0]), settings, clock_ms)


def _reason(error: BaseException) -> str:
    text = clean_text(str(error)).strip().rstrip(".").replace("\n", " ")
    return text or type(error).__name__


def require(database_url: str, redis_url: str) -> None:
    """Raise ServerError unless both servers answer and are new and safe enough to serve with."""
    found = database(database_url)
    if found.major < POSTGRESQL_MIN:
        raise ServerError(
            f"PostgreSQL {found.version} is too old: {POSTGRESQL_MIN} or later is needed."
        )
    hot = log(redis_url)
    if not hot.new_enough:
        raise ServerError(
            f"{hot.kind} {hot.version} is too old: Valkey {VALKEY_MIN} or Redis {REDIS_MIN} or "
            f"later is needed."
        )
    policy = (hot.settings or {}).get("maxmemory-policy", "noeviction")
    if policy != "noeviction":
        raise ServerError(
            f"{hot.kind} may throw the log away when memory is short (maxmemory-policy {policy}): "
            f"set it to noeviction."
        )
