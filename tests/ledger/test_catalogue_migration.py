"""The catalogue's tables can be taken away again and brought back."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
from alembic import command

from auction_engine.ledger import migrate

_TABLES = {"lot_search", "search_mark", "notice_version", "saved_search", "search_letter"}


def tables(database_url: str) -> set[str]:
    async def work() -> Any:
        connection = await asyncpg.connect(database_url)
        try:
            return await connection.fetch("SELECT tablename FROM pg_tables")
        finally:
            await connection.close()

    return {row[0] for row in asyncio.run(work())}


def test_the_catalogue_goes_down_and_up(empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url)
    assert tables(empty_database_url) >= _TABLES
    command.downgrade(migrate._config(empty_database_url), "0009")
    assert not tables(empty_database_url) & _TABLES
    migrate.upgrade(empty_database_url)
    assert tables(empty_database_url) >= _TABLES
