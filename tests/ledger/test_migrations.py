from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from auction_engine.ledger.migrate import current_revision, newest_revision, upgrade
from auction_engine.ledger.schema import Base

_ROOT = Path(__file__).resolve().parents[2]
_UPGRADE = "import sys; from auction_engine.ledger.migrate import upgrade; upgrade(sys.argv[1])"


def seen(database_url: str, look: Callable[[Connection], Any]) -> Any:
    """What `look` finds over a SQLAlchemy connection."""

    async def work() -> Any:
        engine = create_async_engine(
            database_url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool
        )
        async with engine.connect() as connection:
            found = await connection.run_sync(look)
        await engine.dispose()
        return found

    return asyncio.run(work())


def upgrading(database_url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _UPGRADE, database_url],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> str:
    _, errors = process.communicate(timeout=60)
    return errors if process.returncode else ""


def test_an_empty_database_is_brought_to_the_newest_revision(empty_database_url: str) -> None:
    assert seen(empty_database_url, current_revision) is None
    upgrade(empty_database_url)
    assert seen(empty_database_url, current_revision) == newest_revision() is not None


def test_a_second_upgrade_changes_nothing(database_url: str) -> None:
    upgrade(database_url)
    assert seen(database_url, current_revision) == newest_revision()


def test_two_upgrades_at_once_both_succeed(empty_database_url: str) -> None:
    processes = [upgrading(empty_database_url) for _ in range(2)]
    assert [ended(process) for process in processes] == ["", ""]
    assert seen(empty_database_url, current_revision) == newest_revision()


def test_an_upgrade_waits_for_another_longer_than_for_a_table(empty_database_url: str) -> None:
    source = (_ROOT / "migrations" / "env.py").read_text()
    key = re.search(r"_ADVISORY_LOCK = ([\d_]+)", source)
    short = re.search(r"lock_timeout = '(\d+)s'", source)
    assert key is not None
    assert short is not None

    async def hold() -> subprocess.Popen[str]:
        connection = await asyncpg.connect(empty_database_url)
        await connection.execute("SELECT pg_advisory_lock($1)", int(key[1]))
        process = upgrading(empty_database_url)
        await asyncio.sleep(int(short[1]) + 2)
        assert process.poll() is None
        await connection.close()
        return process

    assert ended(asyncio.run(hold())) == ""
    assert seen(empty_database_url, current_revision) == newest_revision()


def test_a_table_in_use_ends_the_upgrade_soon_and_leaves_nothing(empty_database_url: str) -> None:
    async def hold() -> str:
        connection = await asyncpg.connect(empty_database_url)
        making = connection.transaction()
        await making.start()
        # The first migration makes this table, and so waits for whoever is making it too.
        await connection.execute("CREATE TABLE account (id int)")
        try:
            return await asyncio.to_thread(ended, upgrading(empty_database_url))
        finally:
            await making.rollback()
            await connection.close()

    started = time.monotonic()
    assert "lock timeout" in asyncio.run(hold())
    assert time.monotonic() - started < 30
    assert seen(empty_database_url, current_revision) is None


def test_the_models_are_the_migrated_schema(database_url: str) -> None:
    def differences(connection: Connection) -> Any:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, Base.metadata)

    assert seen(database_url, differences) == []
