"""What the doctor says of keys and letters, against real servers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from identity.folk import AN, folk_of
from post.mailserver import free_port, mail_server

from auction_engine import doctor_people
from auction_engine.identity import keyfile, people
from auction_engine.settings import Settings


def said(settings: Settings) -> dict[str, tuple[str, str]]:
    """What was found: level and text."""
    found = doctor_people.findings(settings, settings.database_url or "")
    return {what: (level, text) for level, what, text, _ in found}


def registered(settings: Settings) -> None:
    async def work() -> None:
        async with folk_of(settings) as folk:
            await people.register(folk.engine, folk.vault, AN, "hash", "vi")

    asyncio.run(work())


def test_before_the_first_start(settings: Settings) -> None:
    assert said(settings)["keys"][0] == "warn"
    assert not keyfile.path_of(settings).exists()


def test_keys_that_are_there_lost_or_open_to_others(settings: Settings, tmp_path: Path) -> None:
    registered(settings)
    found = said(settings)
    assert found["keys"][0] == "ok"
    assert found["sealed data"] == ("ok", "3 values, all with the newest key")
    path = keyfile.path_of(settings)
    keyfile.rotate(path)
    assert said(settings)["sealed data"] == ("warn", "3 of 3 values have an older key")
    path.chmod(0o644)
    assert said(settings)["keys"][0] == "fail"
    path.rename(tmp_path / "away.json")
    assert said(settings)["sealed data"][0] == "fail"
    keyfile.obtain(path)  # another installation's
    assert said(settings)["sealed data"] == ("fail", "the keys of 3 of 3 values are lost")


@pytest.mark.parametrize("running", [True, False])
def test_the_mail_server_is_asked(settings: Settings, running: bool) -> None:
    assert said(settings)["mail"][0] == "warn"
    with mail_server() as server:
        url = server.url if running else f"smtp://127.0.0.1:{free_port()}"
        told = settings.model_copy(update={"smtp_url": url})
        assert said(told)["mail"][0] == ("ok" if running else "fail")
        assert said(told)["links"][0] == "warn"
