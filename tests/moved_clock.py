"""A program whose time a test moves forward: the weeks that notices take pass in no time.

All that tells the program the time is moved together: PostgreSQL's clock by functions that stand
in front of its own in one database, Valkey's where the log asks it, Python's in this process. The
program itself knows nothing of it. Sessions of browsers end meanwhile, as they do for people.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from auction_engine.bidding import valkey
from auction_engine.bidding.connections import make_redis
from auction_engine.http import serve  # every module that reads a clock is imported by it
from auction_engine.settings import Settings

_KEY = "test:moved_ms"
_SHADOWS = """
    CREATE SCHEMA moved;
    CREATE TABLE moved.clock (by interval NOT NULL);
    INSERT INTO moved.clock VALUES (interval '0');
    CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        'SELECT pg_catalog.clock_timestamp() + (SELECT by FROM moved.clock)';
    CREATE FUNCTION moved.now() RETURNS timestamptz LANGUAGE sql STABLE AS
        'SELECT pg_catalog.now() + (SELECT by FROM moved.clock)';
    GRANT USAGE ON SCHEMA moved TO PUBLIC;
    GRANT SELECT ON moved.clock TO PUBLIC;
"""
# Columns filled by the database's clock: which function that is was settled when they were made.
_FILLED = """
    SELECT format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT moved.%s',
                  d.adrelid::regclass, a.attname, pg_get_expr(d.adbin, d.adrelid))
      FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
     WHERE pg_get_expr(d.adbin, d.adrelid) IN ('now()', 'clock_timestamp()')
"""
_LUA_NOW = f"redis.call('TIME')\ntime[1] = time[1] + (redis.call('GET', '{_KEY}') or 0) / 1000"
_LUA_ID = "string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)) .. '-*'"


@dataclass
class MovedClock:
    """How far the time is ahead of the world's, in seconds."""

    settings: Settings
    ahead_s: int = 0

    def now(self, zone: tzinfo | None = None) -> datetime:
        """The time as the program knows it."""
        return datetime.fromtimestamp(time.time(), zone)

    async def to(self, moment_ms: int) -> None:
        """Move to `moment_ms`, which must be in the future: no clock here goes backwards."""
        ahead_s = math.ceil(self.ahead_s + moment_ms / 1000 - time.time())
        assert ahead_s > self.ahead_s, "time only goes forward"
        # The ledger's clock first: the recorder trusts no log that is ahead of it.
        connection = await asyncpg.connect(self.settings.database_url)
        try:
            by = "UPDATE moved.clock SET by = make_interval(secs => $1)"
            await connection.execute(by, float(ahead_s))
        finally:
            await connection.close()
        redis = make_redis(self.settings.redis_url or "")
        try:
            await redis.set(_KEY, ahead_s * 1000)
        finally:
            await redis.aclose()
        self.ahead_s = ahead_s


@contextlib.asynccontextmanager
async def moved_clock(settings: Settings) -> AsyncIterator[MovedClock]:
    """Around `running_house`, with a fresh database and this process for oneself."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        filled = await connection.fetch(_FILLED)
        await connection.execute(_SHADOWS)
        for row in filled:
            await connection.execute(row[0])
        name = await connection.fetchval("SELECT quote_ident(current_database())")
        path = f"ALTER DATABASE {name} SET search_path = moved, pg_catalog, public"
        await connection.execute(path)
    finally:
        await connection.close()
    clock = MovedClock(settings)
    with pytest.MonkeyPatch.context() as patch:
        _move_log(patch)
        _move_python(patch, clock)
        yield clock


def _move_log(patch: pytest.MonkeyPatch) -> None:
    """The log's scripts and the question after its time add what the test has set."""
    append = valkey._APPEND.replace("'*'", _LUA_ID)
    tick = valkey._TICK.replace("redis.call('TIME')", _LUA_NOW).replace("'*'", _LUA_ID)
    assert append != valkey._APPEND
    assert _LUA_NOW in tick
    patch.setattr(valkey, "_APPEND", f"local time = {_LUA_NOW}\n{append}")
    patch.setattr(valkey, "_TICK", tick)
    asked = Redis.time

    async def moved(self: Any) -> tuple[int, int]:
        seconds, micros = await asked(self)
        return seconds + int(await self.get(_KEY) or 0) // 1000, micros

    patch.setattr(Redis, "time", moved)


def _move_python(patch: pytest.MonkeyPatch, clock: MovedClock) -> None:
    assert serve is not None
    real = time.time
    patch.setattr(time, "time", lambda: real() + clock.ahead_s)
    for name, module in list(sys.modules.items()):
        if name.startswith("auction_engine") and getattr(module, "datetime", None) is datetime:
            patch.setattr(module, "datetime", _Moved)


class _Kind(type):
    """Everything but the time of day is the real class's, and so is everything made."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, datetime)

    def __getattr__(cls, name: str) -> Any:
        return getattr(datetime, name)

    def __call__(cls, *values: Any, **more: Any) -> datetime:
        return datetime(*values, **more)  # noqa: DTZ001 (what the program says)


class _Moved(metaclass=_Kind):
    @staticmethod
    def now(tz: tzinfo | None = None) -> datetime:
        return datetime.fromtimestamp(time.time(), tz)
