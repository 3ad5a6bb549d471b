"""Migration 0019 over a ledger in use: whoever is staff already may do what he could before."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
from alembic import command

from auction_engine.identity.duties import OF_ROLE
from auction_engine.ledger import migrate


async def _staff(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        for role in ("bidder", "organisation", "officer", "procurator"):
            await connection.execute(
                "INSERT INTO account (login, name, role) VALUES ($1, $1, $1)", role
            )
    finally:
        await connection.close()


async def _duties(database_url: str) -> dict[str, set[str]]:
    connection = await asyncpg.connect(database_url)
    try:
        found: dict[str, set[str]] = {}
        rows: list[Any] = await connection.fetch(
            "SELECT a.role, d.duty FROM account a JOIN body_duty d ON d.account_id = a.id"
        )
        for role, duty in rows:
            found.setdefault(role, set()).add(duty)
        return found
    finally:
        await connection.close()


def test_staff_keeps_every_duty_and_nobody_else_gets_one(empty_database_url: str) -> None:
    config = migrate._config(empty_database_url)
    command.upgrade(config, "0018")
    asyncio.run(_staff(empty_database_url))
    command.upgrade(config, "0019")
    expected = {role: set(duties) for role, duties in OF_ROLE.items()}
    assert asyncio.run(_duties(empty_database_url)) == expected
    command.downgrade(config, "0018")
    command.upgrade(config, "0019")
    assert asyncio.run(_duties(empty_database_url)) == expected
