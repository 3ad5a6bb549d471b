from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from house import House, running_house

from auction_engine.addresses import listed
from auction_engine.settings import Settings


async def test_ready_names_the_recorder_that_is_away(house: House) -> None:
    async with house.browser() as client:
        assert (await client.get("/health/ready")).json() == {"ready": True}
        assert house.recorder is not None
        house.recorder.cancel()
        await asyncio.gather(house.recorder, return_exceptions=True)
        await asyncio.sleep(1.1)  # the last good look is shared for a second
        answer = await client.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json()["code"] == "NOT_READY"
        assert list(answer.json()["failed"]) == ["recorder-0"]
        assert "recorder-0" in answer.json()["text"]
        assert answer.headers["retry-after"] == "1"
        assert (await client.get("/health/live")).json() == {"live": True}


async def test_ready_names_the_ledger_that_is_away(
    house: House, servers: Any, database_name: str
) -> None:
    """Connections are cut and new ones refused, as when PostgreSQL is shut for repair."""
    execute = partial(asyncio.to_thread, servers.execute)
    session = {"Cookie": "session=" + "x" * 43}
    await execute(
        f'ALTER DATABASE "{database_name}" ALLOW_CONNECTIONS false',
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database_name}'",
    )
    try:
        await asyncio.sleep(1.1)
        async with house.browser() as client:
            answer = await client.get("/health/ready")
            assert answer.status_code == 503
            assert {"ledger", "recorder-0"} <= set(answer.json()["failed"])
            page = await client.get("/", headers=session)
            assert page.status_code == 503
            assert "<html" in page.text
            assert page.headers["retry-after"]
            for word in ("Traceback", "asyncpg", "sqlalchemy", database_name):
                assert word not in page.text + answer.text
            api = await client.post("/api/live-tickets", headers=session)
            assert (api.status_code, api.json()["code"]) == (503, "UNAVAILABLE")
    finally:
        await execute(f'ALTER DATABASE "{database_name}" ALLOW_CONNECTIONS true')
    async with house.browser() as client:
        for _ in range(75):
            if (await client.get("/health/ready")).status_code == 200:
                break
            await asyncio.sleep(0.2)
        assert (await client.get("/", headers=session)).status_code == 200


async def test_many_who_ask_share_one_look(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from auction_engine.bidding.client import LogClient

    probes = 0
    probe = LogClient.probe

    async def counted(self: LogClient, shard: int, timeout_s: float = 3) -> float:
        nonlocal probes
        probes += 1
        return await probe(self, shard, timeout_s)

    await asyncio.sleep(1.1)
    monkeypatch.setattr(LogClient, "probe", counted)
    async with house.browser() as client:
        answers = await asyncio.gather(*(client.get("/health/ready") for _ in range(30)))
        assert {answer.status_code for answer in answers} == {200}
        assert probes == 1
        await asyncio.sleep(1.1)
        await client.get("/health/ready")
        assert probes == 2


async def test_metrics_are_for_listed_addresses(house: House) -> None:
    async with house.browser() as client:
        answer = await client.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")
        assert "auction_bids_total" in answer.text


async def test_metrics_are_for_nobody_else(settings: Settings) -> None:
    elsewhere = settings.model_copy(update={"metrics_allow": ("10.0.0.0/8",)})
    async with running_house(elsewhere) as house, house.browser() as client:
        answer = await client.get("/metrics")
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("::2", False),
        ("unknown", False),
        ("", False),
        ("::1%lo", True),
    ],
)
def test_an_address_is_listed_or_not(address: str, allowed: bool) -> None:
    assert listed(address, ("127.0.0.0/8", "::1/128")) is allowed
