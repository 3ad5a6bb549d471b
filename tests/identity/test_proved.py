"""Accounts of people whose identity a provider vouches for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from auction_engine.identity import accounts, people, sessions
from auction_engine.identity.personal import Wrong
from auction_engine.identity.proved import Claims, Found, register_from_identity
from auction_engine.settings import Settings
from identity.folk import AN, BINH, Folk, folk_of

CLAIMS = Claims("Nguyễn Văn An", "079200012345", email="an@example.com", email_verified=True)


@pytest.fixture
async def folk(settings: Settings) -> AsyncIterator[Folk]:
    async with folk_of(settings) as made:
        yield made


async def come(folk: Folk, claims: Claims = CLAIMS) -> Found:
    async with folk.engine.begin() as connection:
        return await register_from_identity(connection, folk.vault, claims)


async def test_the_first_time_an_account_is_made_and_then_found(folk: Folk) -> None:
    made = await come(folk)
    assert made.made
    again = await come(folk, replace(CLAIMS, identity="079 200 012 345"))
    assert (again.account, again.made) == (made.account, False)
    row = await folk.person(made.account)
    assert row["identity_proved_at"] is not None
    assert row["email_confirmed_at"] is not None
    [welcome] = await folk.letters()
    assert welcome[0] == "an@example.com"


@pytest.mark.parametrize(
    "claims", [replace(CLAIMS, email_verified=False), replace(CLAIMS, email=None)]
)
async def test_an_address_the_provider_is_not_sure_of_is_not_taken(
    folk: Folk, claims: Claims
) -> None:
    row = await folk.person((await come(folk, claims)).account)
    assert row["email"] is None
    assert row["email_confirmed_at"] is None


async def test_an_address_of_another_account_is_not_taken(folk: Folk) -> None:
    await folk.registered(replace(BINH, email="an@example.com"))
    assert (await folk.person((await come(folk)).account))["email"] is None


async def test_whoever_registered_with_the_same_address_keeps_everything(folk: Folk) -> None:
    account = await folk.registered()
    await sessions.create(folk.engine, account)
    found = await come(folk)
    assert found == Found(account)
    kept = await accounts.find_by_login(folk.engine, (await _login(folk, account)))
    assert kept is not None
    assert kept[1] is not None
    assert (await folk.person(account))["identity_proved_at"] is not None


async def test_whoever_was_first_under_a_strangers_number_is_out(folk: Folk) -> None:
    """Otherwise somebody could wait in the account for the person it belongs to."""
    squatter = replace(
        AN, email="squatter@example.com", name="Somebody Else", bank="B", bank_account="0071000123",
        bank_holder="Somebody Else",
    )  # fmt: skip
    account = await folk.registered(squatter)
    await sessions.create(folk.engine, account)
    await folk.sql(
        "INSERT INTO recovery_code (account_id, code_hash) VALUES (:a, :h)", a=account, h=b"x"
    )
    await folk.sql(
        "INSERT INTO passkey (credential_id, account_id, handle, public_key, sign_count, name)"
        " VALUES (:h, :a, :h, :h, 0, 'k')",
        a=account, h=b"x",
    )  # fmt: skip
    found = await come(folk)
    assert found.account == account
    assert len(found.ended) == 1
    kept = await accounts.find_by_login(folk.engine, (await _login(folk, account)))
    assert kept is not None
    assert kept[1] is None
    for table in ("web_session", "recovery_code", "passkey", "one_use_token"):
        assert await folk.sql(f"SELECT 1 FROM {table}") == []
    told = [(to, kind) for to, kind, _ in await folk.letters()]
    assert told[-1] == ("squatter@example.com", "people.taken_over")
    assert CLAIMS.name not in (await folk.letters())[-1][2]
    # From now on it is the proved person's, and nothing of the other's is left in it.
    async with folk.engine.connect() as connection:
        own = await people.own(connection, folk.vault, account)
    assert own is not None
    assert (own.name, own.phone, own.bank_account) == (CLAIMS.name, None, None)
    assert await come(folk) == Found(account)


async def _login(folk: Folk, account: int) -> str:
    [row] = await folk.sql("SELECT login FROM account WHERE id = :a", a=account)
    return str(row["login"])


async def test_a_number_that_cannot_be_right_makes_nothing(folk: Folk) -> None:
    with pytest.raises(Wrong):
        await come(folk, replace(CLAIMS, identity="12"))
    assert await folk.sql("SELECT 1 FROM person") == []


def test_no_repr_says_who_it_is() -> None:
    assert "079200012345" not in repr(CLAIMS)
    assert "An" not in repr(CLAIMS)
