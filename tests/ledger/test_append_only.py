"""The journal only grows, whoever asks: grants stop the program, a trigger everybody else."""

from __future__ import annotations

import asyncpg
import pytest

from auction_engine.ledger import store
from auction_engine.rules.commands import Tick

from .factories import START_MS, list_lot, writer

CHANGES = [
    "UPDATE journal SET kind = kind",
    "UPDATE journal SET body = body WHERE lot_id = -1",
    "DELETE FROM journal",
    "DELETE FROM journal WHERE seq = 2",
    "TRUNCATE journal",
    "TRUNCATE journal, lot_head",
    "INSERT INTO journal SELECT * FROM journal ON CONFLICT (lot_id, seq) DO UPDATE SET kind = 'x'",
    "MERGE INTO journal j USING (SELECT 1 AS one) s ON j.seq = s.one WHEN MATCHED THEN DELETE",
]


@pytest.fixture
async def entries(database_url: str) -> int:
    """A journal with one lot; how many entries it has."""
    async with writer(database_url) as journal:
        list_lot(journal, 1, bidders=3)
        journal.do(1, Tick(), START_MS)
        await journal.flush()
        return journal.at[1].seq


async def refused(connection: asyncpg.Connection, statement: str, entries: int) -> str:
    with pytest.raises(asyncpg.InsufficientPrivilegeError) as caught:
        await connection.execute(statement)
    assert await connection.fetchval("SELECT count(*) FROM journal") == entries
    await connection.close()
    return str(caught.value)


@pytest.mark.parametrize("statement", CHANGES)
async def test_the_program_s_role_may_not(database_url: str, entries: int, statement: str) -> None:
    text = await refused(await store.connect(database_url), statement, entries)
    assert "permission denied" in text


@pytest.mark.parametrize("statement", CHANGES)
@pytest.mark.parametrize("who", ["database_url", "superuser_url"])
async def test_owner_and_superuser_may_not_either(
    request: pytest.FixtureRequest, entries: int, who: str, statement: str
) -> None:
    connection = await asyncpg.connect(request.getfixturevalue(who))
    assert "append-only" in await refused(connection, statement, entries)


async def test_nor_a_session_that_skips_plain_triggers(superuser_url: str, entries: int) -> None:
    connection = await asyncpg.connect(superuser_url)
    await connection.execute("SET session_replication_role = replica")
    assert "append-only" in await refused(connection, "DELETE FROM journal", entries)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE journal DISABLE TRIGGER journal_append_only",
        "DROP TABLE journal",
        "DROP FUNCTION journal_is_append_only() CASCADE",
        "DELETE FROM lot_head",
        "DELETE FROM shard",
        "UPDATE lot SET shard = 0",
        "DELETE FROM lot",
        "DELETE FROM account",
        "UPDATE account SET role = 'officer'",
    ],
)
async def test_the_program_s_role_may_not_take_the_guard_away(
    database_url: str, statement: str
) -> None:
    connection = await store.connect(database_url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()
