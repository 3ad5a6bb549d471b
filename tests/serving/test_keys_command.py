"""`auction-engine keys`, as an operator types it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from identity.folk import AN, folk_of
from typer.testing import CliRunner, Result

from auction_engine.cli import app
from auction_engine.errors import AuctionError
from auction_engine.identity import keyfile, people
from auction_engine.settings import Settings


@pytest.fixture
def operator(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    return settings


def keys(*words: str) -> Result:
    return CliRunner().invoke(app, ["keys", *words])


def registered(settings: Settings) -> None:
    async def work() -> None:
        async with folk_of(settings) as folk:
            await people.register(folk.engine, folk.vault, AN, "hash", "vi")

    asyncio.run(work())


def test_without_keys_it_says_so_and_makes_none(operator: Settings) -> None:
    for word in ("list", "rotate", "reseal"):
        answer = keys(word)
        assert isinstance(answer.exception, AuctionError)
        assert "no keys" in answer.exception.sentence
    assert not keyfile.path_of(operator).exists()


def test_rotating_resealing_and_listing(operator: Settings) -> None:
    registered(operator)
    path = keyfile.path_of(operator)
    secrets = [key.hex() for key in keyfile.read(path).sealing.values()]
    old = keyfile.read(path).active.hex()
    assert f"{old}  made" in keys("list").stdout
    rotated = keys("rotate")
    assert rotated.exit_code == 0
    new = keyfile.read(path).active.hex()
    assert new in rotated.stdout
    before = keys("list").stdout.splitlines()
    assert [line.split("  ")[2:] for line in before] == [
        ["opens only", "3 values"],
        ["seals now", "0 values"],
    ]
    resealed = keys("reseal")
    assert resealed.exit_code == 0
    assert f"3 values are sealed with key {new}" in resealed.stdout
    after = keys("list").stdout.splitlines()
    assert [line.split("  ")[3] for line in after] == ["0 values", "3 values"]
    for secret in secrets:
        assert secret not in rotated.stdout + resealed.stdout + "".join(after)


def test_a_lost_key_is_named(operator: Settings, tmp_path: Path) -> None:
    registered(operator)
    path = keyfile.path_of(operator)
    lost = keyfile.read(path).active.hex()
    path.rename(tmp_path / "away.json")
    keyfile.obtain(path)
    assert f"{lost}  LOST" in keys("list").stdout
    assert keys("reseal").exit_code == 1
