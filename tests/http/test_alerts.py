"""Being told of being outbid: real encryption, one message, no address a stranger may choose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import http_ece
import httpx
import pytest
import pytest_asyncio
from house import START, STEP, House, new_id, running_house
from pushing import Device, Service, push_service
from py_vapid import Vapid02

from auction_engine.desk.alerts.services import Services
from auction_engine.settings import Settings


@pytest_asyncio.fixture
async def service() -> AsyncIterator[Service]:
    async with push_service() as service:
        yield service


@pytest_asyncio.fixture
async def house(settings: Settings, service: Service) -> AsyncIterator[House]:
    settings = settings.model_copy(update={"push_services": (service.origin,)})
    async with running_house(settings) as house:
        for login in ("an", "binh", "chi"):
            await house.account(login, "bidder")
        yield house


async def subscribe(client: httpx.AsyncClient, device: Device, lang: str = "vi") -> None:
    answer = await client.post("/api/alerts", json=device.to_json(lang))
    assert answer.json() == {"kept": True}


async def bid(client: httpx.AsyncClient, house: House, steps: int) -> None:
    amount = START + steps * STEP
    answer = await client.post(
        f"/api/lots/{house.lots[0]}/bids", json={"bid_id": new_id(), "amount_minor": amount}
    )
    assert answer.json()["t"] == "recorded", answer.text


async def rows(house: House, query: str) -> list[Any]:
    connection = await asyncpg.connect(house.settings.database_url)
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


async def test_who_is_outbid_is_told_in_a_sealed_message(house: House, service: Service) -> None:
    async with house.signed_in("an") as an, house.signed_in("binh") as binh:
        device, other = service.device("an-phone"), service.device("an-desk")
        await subscribe(an, device)
        await subscribe(an, other, "en")
        await bid(an, house, 0)
        await bid(binh, house, 1)
        first, second = sorted(await service.until(2), key=lambda push: push.path)
    assert [first.path, second.path] == ["/an-desk", "/an-phone"]
    told = device.open(second.body)
    assert told["title"] == "Apartment 1 (vi)"
    assert "4.250.000.000" in told["body"]
    assert told["url"] == f"/lots/{house.lots[0]}"
    assert "4,250,000,000" in other.open(first.body)["body"]
    assert b"4" + b".250" not in second.body
    assert b"Apartment" not in second.body
    with pytest.raises(http_ece.ECEException):
        other.open(second.body)
    assert Vapid02.verify(second.headers["authorization"])
    assert second.headers["topic"] == f"lot-{house.lots[0]}"
    assert second.headers["content-encoding"] == "aes128gcm"
    assert int(second.headers["ttl"]) <= 120


async def test_a_lead_that_has_come_back_is_not_told(house: House, service: Service) -> None:
    async with house.signed_in("an") as an, house.signed_in("binh") as binh:
        device, other = service.device("an"), service.device("binh")
        await subscribe(an, device)
        await subscribe(binh, other)
        await bid(an, house, 0)
        await bid(binh, house, 1)
        await bid(an, house, 2)
        (push,) = await service.until(1)
    # Both lost a lead within a moment; only one of them still has to know.
    assert push.path == "/binh"
    assert "4.300.000.000" in other.open(push.body)["body"]


async def test_an_address_that_is_gone_is_forgotten(house: House, service: Service) -> None:
    service.answers["/an"] = 410
    async with house.signed_in("an") as an, house.signed_in("binh") as binh:
        await subscribe(an, service.device("an"))
        await bid(an, house, 0)
        await bid(binh, house, 1)
        await service.until(1)
        async with asyncio.timeout(10):
            while await rows(house, "SELECT 1 FROM push_subscription"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_signing_out_ends_it_and_so_does_the_browser(house: House, service: Service) -> None:
    async with house.signed_in("an") as an, house.signed_in("binh") as binh:
        device = service.device("an")
        await subscribe(an, device)
        await subscribe(binh, service.device("binh"))
        # What is another's cannot be taken back.
        await binh.post("/api/alerts/remove", json={"endpoint": device.endpoint})
        assert len(await rows(house, "SELECT 1 FROM push_subscription")) == 2
        await binh.post("/api/alerts/remove", json={"endpoint": service.device("binh").endpoint})
        token = an.headers["X-CSRF-Token"]
        await an.post("/logout", data={"csrf": token})
        assert await rows(house, "SELECT 1 FROM push_subscription") == []


async def test_an_address_is_nowhere_to_be_read(
    house: House, service: Service, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    async with house.signed_in("an") as an:
        service.answers["/an-secret-place"] = 500
        await subscribe(an, service.device("an-secret-place"))
        await an.post("/api/alerts/try", json={})
        (row,) = await rows(house, "SELECT * FROM push_subscription")
        assert all(b"secret-place" not in value for value in row if isinstance(value, bytes))
    out = capsys.readouterr()
    assert "secret-place" not in caplog.text + out.out + out.err


async def test_a_browser_cannot_send_us_anywhere(house: House, service: Service) -> None:
    async with house.signed_in("an") as an:
        good = service.device("an").to_json()
        for endpoint in (
            "http://127.0.0.1:1/a", "https://push.example/a", "file:///etc/passwd", "",
            f"{service.origin}@push.example/a", f"{service.origin}.push.example/a",
        ):  # fmt: skip
            answer = await an.post("/api/alerts", json=good | {"endpoint": endpoint})
            assert answer.status_code == 400
        for wrong in ({"p256dh": "AAAA"}, {"auth": "AAAA"}, {"p256dh": 7}, {"lang": "fr"}):
            answer = await an.post("/api/alerts", json=good | wrong)
            assert answer.json()["code"] == "BAD_MESSAGE"
    assert service.got == []


LISTED = Services(("https://fcm.googleapis.com", "https://*.push.apple.com"))


@pytest.mark.parametrize(
    ("endpoint", "origin"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", "https://fcm.googleapis.com"),
        ("https://web.push.apple.com/Q", "https://web.push.apple.com"),
        ("https://push.apple.com/Q", None),
        ("https://web.push.apple.com:8443/Q", None),
        ("http://fcm.googleapis.com/x", None),
        ("https://fcm.googleapis.com:444/x", None),
        ("https://fcm.googleapis.com.example/x", None),
        ("https://user@fcm.googleapis.com/x", None),
        ("https://example\\.push.apple.com/x", None),
        ("https://127.0.0.1/.push.apple.com", None),
        ("https://[::1]/x", None),
        ("https://evil.example#.push.apple.com", None),
        ("https://[bad/x", None),
        ("", None),
    ],
)
def test_only_listed_services_are_spoken_to(endpoint: str, origin: str | None) -> None:
    assert LISTED.origin_of(endpoint) == origin
