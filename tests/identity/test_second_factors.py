"""What second factors are made of: recovery codes, devices by name, what waits for one answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.bidding.connections import make_redis
from auction_engine.errors import SettingsError
from auction_engine.identity import (
    accounts,
    devices,
    factors,
    identities,
    one_use,
    recovery_codes,
    throttle,
)
from auction_engine.identity.oidc_fetch import is_safe
from auction_engine.ledger.database import make_engine, transaction
from auction_engine.settings import load


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(database_url, pool_size=4)
    yield engine
    await engine.dispose()


@pytest.fixture
async def valkey(redis_url: str) -> AsyncIterator[Redis]:
    client = make_redis(redis_url)
    yield client
    await client.aclose()


async def test_of_many_that_try_one_recovery_code_one_gets_in(engine: AsyncEngine) -> None:
    an = await accounts.create(engine, "an", "An", "bidder")
    binh = await accounts.create(engine, "binh", "Binh", "bidder")
    async with transaction(engine) as connection:
        codes = await recovery_codes.renew(connection, an.id)

    async def tries(account: int, code: str) -> bool:
        async with transaction(engine) as connection:
            return await recovery_codes.accept(connection, account, code)

    assert not await tries(binh.id, codes[0])
    assert sum(await asyncio.gather(*(tries(an.id, codes[0]) for _ in range(4)))) == 1
    async with transaction(engine) as connection:
        assert await recovery_codes.left(connection, an.id) == 9
        fresh = await recovery_codes.renew(connection, an.id)
    assert not await tries(an.id, codes[1])
    assert await tries(an.id, fresh[0].replace("1", "l").replace("0", "o").lower())


@pytest.mark.parametrize("typed", ["", "x", "1234-5678-9ABC-DEF", "1234-5678-9ABC-DEFU", "é" * 16])
def test_what_cannot_be_a_recovery_code(typed: str) -> None:
    assert recovery_codes.plain_code(typed) is None


@pytest.mark.parametrize(
    ("agent", "named"),
    [
        (
            "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/126.0.0.0 Mobile Safari/537.36",
            ("Chrome", "Android"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
            "like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
            ("Safari", "iOS"),
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
            ("Firefox", "Windows"),
        ),
        ("", ("", "")),
        ("<script>" * 500, ("", "")),
    ],
)
def test_a_device_is_called_what_its_owner_calls_it(agent: str, named: tuple[str, str]) -> None:
    assert devices.browser_of(agent) == named


async def test_a_device_is_news_only_if_it_is_not_the_first(engine: AsyncEngine) -> None:
    an = await accounts.create(engine, "an", "An", "bidder")

    async def news(cookie: str) -> bool:
        async with transaction(engine) as connection:
            return await devices.seen(connection, an.id, devices.mark(cookie))

    assert [await news(cookie) for cookie in ("a", "a", "b", "a", "b", "c")] == [
        False, False, True, False, False, True,
    ]  # fmt: skip
    for number in range(40):
        await news(f"more {number}")
    async with engine.connect() as connection:
        kept = await connection.scalar(text("SELECT count(*) FROM known_device"))
    assert kept == 30


async def test_an_identity_opens_one_account_and_an_account_has_one(engine: AsyncEngine) -> None:
    an = await accounts.create(engine, "an", "An", "bidder")
    binh = await accounts.create(engine, "binh", "Binh", "bidder")
    async with transaction(engine) as connection:
        assert await identities.link(connection, an.id, "https://id", "lan")
        assert not await identities.link(connection, an.id, "https://id", "lan")
        for account, subject in ((binh.id, "lan"), (an.id, "minh")):
            with pytest.raises(identities.IdentityTaken):
                await identities.link(connection, account, "https://id", subject)
    assert await identities.account_of(engine, "https://id", "lan") == an.id
    assert await identities.account_of(engine, "https://other", "lan") is None
    own = await factors.of_account(engine, an.id)
    assert (own.ways, own.second, own.linked) == (1, False, frozenset({"https://id"}))


async def test_what_waits_for_one_answer_is_given_once(valkey: Redis) -> None:
    await one_use.keep(valkey, one_use.VISIT, "secret", {"a": 1})
    assert await one_use.look(valkey, one_use.VISIT, "secret") == {"a": 1}
    assert await one_use.take(valkey, one_use.HALF, "secret") is None
    taken = await asyncio.gather(*(one_use.take(valkey, one_use.VISIT, "secret") for _ in range(5)))
    assert [found for found in taken if found is not None] == [{"a": 1}]
    assert all(b"secret" not in key for key in await valkey.keys("*"))
    assert await one_use.take(valkey, one_use.VISIT, "x" * 200) is None


async def test_long_answers_stay_possible_when_short_ones_are_used_up(
    valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "SECOND_DAY", 3)
    tried = [await throttle.admit_second(valkey, 7, f"192.0.2.{n}", True) for n in range(5)]
    assert tried == [True, True, True, False, False]
    assert await throttle.admit_second(valkey, 7, "192.0.2.9", False)
    assert await throttle.admit_second(valkey, 8, "192.0.2.1", True)
    await throttle.forgive_second(valkey, 7, "192.0.2.9")
    assert await throttle.admit_second(valkey, 7, "192.0.2.77", True)


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://id.example/token", True),
        ("http://127.0.0.1:9000/token", True),
        ("http://localhost/token", True),
        ("http://id.example/token", False),
        ("http://127.0.0.1.evil.example/", False),
        ("ftp://id.example/", False),
        ("//id.example/", False),
        ("http://[", False),
        (None, False),
        (7, False),
    ],
)
def test_secrets_go_nowhere_without_tls(address: object, safe: bool) -> None:
    assert is_safe(address) is safe


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://id.example"},
        {"issuer": "id.example"},
        {"issuer": "https://id.example/?a"},
        {"client_secret": ""},
        {"scopes": "profile"},
        {"algorithms": ["none"]},
        {"algorithms": ["HS256"]},
        {"secret": "x"},
    ],
)
def test_settings_of_a_provider_that_would_not_be_safe(wrong: dict[str, object]) -> None:
    right = {"issuer": "https://id.example", "client_id": "a", "client_secret": "b"}
    assert load(oidc=right).oidc is not None
    with pytest.raises(SettingsError, match="AUCTION_OIDC"):
        load(oidc=right | wrong)


def test_the_secret_of_the_provider_is_passed_on_and_not_shown() -> None:
    told = {"issuer": "https://id.example", "client_id": "a", "client_secret": "hidden"}
    settings = load(oidc=told)
    assert "hidden" in settings.environment()["AUCTION_OIDC"]
    assert "hidden" not in repr(settings)
