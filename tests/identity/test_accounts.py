from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.identity import accounts, sessions
from auction_engine.identity.accounts import AccountError
from auction_engine.identity.passwords import Passwords
from auction_engine.ledger.database import make_engine


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(database_url, pool_size=2)
    yield engine
    await engine.dispose()


async def test_an_account_is_found_by_login_and_by_id(engine: AsyncEngine) -> None:
    made = await accounts.create(engine, " Nguyễn.An ", "Nguyễn An", "bidder", "hash")
    assert made.login == "nguyễn.an"
    assert await accounts.find(engine, made.id) == made
    assert await accounts.find_by_login(engine, "NGUYỄN.AN") == (made, "hash")
    # The same letters written with combining accents.
    assert await accounts.find_by_login(engine, "nguye\u0302\u0303n.an") == (made, "hash")
    assert await accounts.find(engine, made.id + 1) is None
    assert await accounts.find_by_login(engine, "nobody") is None


async def test_what_cannot_be_an_account_is_refused(engine: AsyncEngine) -> None:
    await accounts.create(engine, "an", "An", "bidder")
    for login in ("an", "AN ", "", "   ", "x" * 101, "a\nb", "a\x00b"):
        with pytest.raises(AccountError):
            await accounts.create(engine, login, "An", "bidder")
    with pytest.raises(AccountError):
        await accounts.create(engine, "binh", "Bình", "root")  # type: ignore[arg-type]


async def test_a_session_leads_to_its_account_until_it_is_removed(engine: AsyncEngine) -> None:
    an = await accounts.create(engine, "an", "An", "officer")
    token, csrf = await sessions.create(engine, an.id)
    other, _ = await sessions.create(engine, an.id)
    assert len({token, other, csrf}) == 3
    viewer = await sessions.find(engine, token)
    mine = sessions.digest(token)
    all_of_them = frozenset({"HEAD", "OFFICER", "ACCOUNTANT"})
    assert viewer == sessions.Viewer(
        an.id, "An", "officer", csrf, session=mine, fresh=True, duties=all_of_them
    )
    for wrong in ("", token[:-1], token + "A", token.swapcase(), csrf, "é" * 43):
        assert await sessions.find(engine, wrong) is None
    await sessions.remove(engine, token)
    assert await sessions.find(engine, token) is None
    assert await sessions.find(engine, other) is not None


async def test_signing_in_clears_what_has_expired(engine: AsyncEngine, superuser_url: str) -> None:
    import asyncpg

    an = await accounts.create(engine, "an", "An", "bidder")
    old, _ = await sessions.create(engine, an.id)
    connection = await asyncpg.connect(superuser_url)
    try:
        await connection.execute("UPDATE web_session SET expires_at = now()")
        assert await sessions.find(engine, old) is None
        await sessions.create(engine, an.id)
        assert await connection.fetchval("SELECT count(*) FROM web_session") == 1
    finally:
        await connection.close()


async def test_a_renewed_hash_replaces_the_old(engine: AsyncEngine) -> None:
    an = await accounts.create(engine, "an", "An", "bidder", "old")
    await accounts.set_password_hash(engine, an.id, "new")
    assert await accounts.find_by_login(engine, "an") == (an, "new")
    assert Passwords().outdated(
        "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$ZmFrZWZha2VmYWtlZmFrZWZha2VmYWtl"
    )


async def test_nobody_is_in_an_account_that_is_closed_or_barred(engine: AsyncEngine) -> None:
    account = await accounts.create(engine, "an", "An", "bidder")
    token, _ = await sessions.create(engine, account.id)
    assert await sessions.find(engine, token, frozenset({"binh"})) is not None
    assert await sessions.find(engine, token, frozenset({"an"})) is None
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE account SET state = 'CLOSED'"))
    assert await sessions.find(engine, token) is None
