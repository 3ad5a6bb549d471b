from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from auction_engine.identity import keycheck, keyfile, people, resealing
from auction_engine.identity.keyfile import KeysError
from auction_engine.identity.vault import Vault
from auction_engine.settings import Settings
from identity.folk import AN, HASH, Folk, folk_of


@pytest.fixture
async def folk(settings: Settings) -> AsyncIterator[Folk]:
    async with folk_of(settings) as made:
        yield made


@pytest.fixture
async def owner(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(settings.database_url)
    yield connection
    await connection.close()


async def crowd(folk: Folk, count: int) -> list[int]:
    """People, half of them not confirmed yet."""
    found = []
    for n in range(count):
        personal = replace(AN, email=f"an{n}@example.com", identity=f"0792000{n:05}")
        if n % 2:
            found.append(await folk.registered(personal))
        else:
            await people.register(folk.engine, folk.vault, personal, HASH, "vi")
    return found


async def keys_of(owner: asyncpg.Connection) -> set[bytes]:
    return {one.key for one in await resealing.counts(owner)}


async def test_everything_is_sealed_with_the_new_key_and_reads_the_same(
    folk: Folk, owner: asyncpg.Connection
) -> None:
    accounts = await crowd(folk, 6)
    before = await folk.letters()
    path = keyfile.path_of(folk.settings)
    old = keyfile.read(path).active
    new = keyfile.rotate(path).active
    assert await keys_of(owner) == {old}
    results = await resealing.reseal(owner, Vault.of(folk.settings))
    assert await keys_of(owner) == {new}
    assert sum(one.lost for one in results) == 0
    total = sum(one.values for one in await resealing.counts(owner))
    assert sum(one.done for one in results) == total > 0
    assert await folk.letters() == before
    async with folk.engine.connect() as connection:
        for account in accounts:
            found = await people.own(connection, folk.vault, account)
            assert found is not None
            assert found.name == AN.name
    # A second time there is nothing left to do.
    again = await resealing.reseal(owner, Vault.of(folk.settings))
    assert sum(one.done for one in again) == 0


async def test_interrupted_and_begun_again_it_ends_whole(
    folk: Folk, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crowd(folk, 8)
    monkeypatch.setattr(resealing, "BATCH", 1)
    path = keyfile.path_of(folk.settings)
    new = keyfile.rotate(path).active

    class Enough(Exception):
        pass

    seen = []

    def stop(batch: resealing.Resealed) -> None:
        seen.append(batch)
        if len(seen) == 3:
            raise Enough

    with pytest.raises(Enough):
        await resealing.reseal(owner, Vault.of(folk.settings), stop)
    done = [one for one in await resealing.counts(owner) if one.key == new]
    assert sum(one.values for one in done) == 3
    await resealing.reseal(owner, Vault.of(folk.settings))
    assert await keys_of(owner) == {new}


async def test_the_program_goes_on_meanwhile(folk: Folk, owner: asyncpg.Connection) -> None:
    [account] = await crowd(folk, 2)
    path = keyfile.path_of(folk.settings)

    async def write() -> None:
        for n in range(30):
            await people.change(folk.engine, folk.vault, account, phone=f"09000000{n:02}")

    async def rotate() -> None:
        for _ in range(4):
            await asyncio.to_thread(keyfile.rotate, path)
            await resealing.reseal(owner, Vault.of(folk.settings))

    await asyncio.gather(write(), rotate())
    async with folk.engine.connect() as connection:
        found = await people.own(connection, folk.vault, account)
    assert found is not None
    assert found.phone == "0900000029"


async def test_what_cannot_be_opened_is_counted_and_stays(
    folk: Folk, owner: asyncpg.Connection
) -> None:
    [account] = await crowd(folk, 2)
    before = (await folk.person(account))["data"]
    # Another row's value does not open here.
    await folk.sql("UPDATE person SET data = set_byte(data, length(data) - 1, 7)")
    changed = (await folk.person(account))["data"]
    if changed == before:  # it ended with a seven
        await folk.sql("UPDATE person SET data = set_byte(data, length(data) - 1, 8)")
        changed = (await folk.person(account))["data"]
    keyfile.rotate(keyfile.path_of(folk.settings))
    results = await resealing.reseal(owner, Vault.of(folk.settings))
    assert [one.column for one in results if one.lost] == ["person.data"]
    assert (await folk.person(account))["data"] == changed


async def test_the_ledger_knows_its_keys(
    folk: Folk, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    await keycheck.check(owner, folk.vault)
    await keycheck.check(owner, folk.vault)
    keyfile.rotate(keyfile.path_of(folk.settings))
    await keycheck.check(owner, Vault.of(folk.settings))
    other = tmp_path / "other.json"
    stranger = Vault(other, keyfile.obtain(other))
    with pytest.raises(KeysError, match="not the one"):
        await keycheck.check(owner, stranger)
