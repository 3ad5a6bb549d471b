from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.ledger.database import make_engine, transaction
from auction_engine.ledger.schema import Account


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(database_url, pool_size=1)
    yield engine
    await engine.dispose()


async def logins(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return list(await connection.scalars(select(Account.login)))


async def add(engine: AsyncEngine, login: str, *, fail: bool = False) -> None:
    async with transaction(engine) as connection:
        await connection.execute(
            Account.__table__.insert().values(login=login, name="N", role="bidder")
        )
        if fail:
            raise KeyError(login)


async def test_a_block_commits_at_its_end_or_leaves_nothing(engine: AsyncEngine) -> None:
    await add(engine, "lan")
    with pytest.raises(KeyError):
        await add(engine, "minh", fail=True)
    assert await logins(engine) == ["lan"]


async def test_every_use_of_a_connection_acts_as_the_program_s_role(engine: AsyncEngine) -> None:
    for _ in range(3):
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT current_user")) == "auction_app"
            await connection.rollback()
            assert await connection.scalar(text("SELECT current_user")) == "auction_app"


async def test_a_statement_does_not_run_for_ever(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await connection.scalar(text("SHOW statement_timeout")) == "10s"
        await connection.execute(text("SET LOCAL statement_timeout = '50ms'"))
        with pytest.raises(DBAPIError, match="statement timeout"):
            await connection.execute(text("SELECT pg_sleep(5)"))


async def test_an_unknown_role_of_an_account_is_refused(engine: AsyncEngine) -> None:
    with pytest.raises(DBAPIError, match="account_role"):
        async with transaction(engine) as connection:
            await connection.execute(
                Account.__table__.insert().values(login="x", name="N", role="admin")
            )
