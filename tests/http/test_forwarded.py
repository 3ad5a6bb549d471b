"""Whose address counts, and how much of what a proxy says is believed."""

from __future__ import annotations

import httpx
import plain
import pytest
from house import PASSWORD, House
from pydantic import ValidationError

from auction_engine.addresses import address_group, client_address, listed
from auction_engine.bidding.connections import make_redis
from auction_engine.http.app import make_app
from auction_engine.live.gateway import Gateway
from auction_engine.settings import Settings

PROXIES = ("10.0.0.0/8", "2001:db8:aa::/48")


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "198.51.100.9", "192.0.2.1"),  # a stranger's word
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "6.6.6.6, 192.0.2.1", "192.0.2.1"),  # the client made up the first
        ("10.0.0.1", "6.6.6.6, 192.0.2.1, 10.2.3.4", "192.0.2.1"),
        ("10.0.0.1", "10.9.9.9, 10.2.3.4", "10.9.9.9"),
        ("10.0.0.1", "6.6.6.6, rubbish", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.1:4711", "192.0.2.1"),
        ("10.0.0.1", "[2001:db8::5]:4711", "2001:db8::5"),
        ("2001:db8:aa::1", "2001:db8::5", "2001:db8::5"),
        ("::ffff:10.0.0.1", "::ffff:192.0.2.1", "192.0.2.1"),
        ("", "192.0.2.1", ""),
    ],
)
def test_the_client_is_the_last_one_no_proxy_of_ours(
    peer: str, said: str | None, client: str
) -> None:
    assert client_address(peer, said, PROXIES) == client
    assert client_address(peer, said, ()) == peer


def test_one_household_is_one_place() -> None:
    assert address_group("192.0.2.1") == "192.0.2.1"
    assert address_group("::ffff:192.0.2.1") == "192.0.2.1"
    assert address_group("2001:db8::1") == address_group("2001:db8::ffff:1") == "2001:db8::/64"
    assert address_group("2001:db8:0:1::1") != address_group("2001:db8::1")
    assert address_group("fe80::1%eth0") == "fe80::/64"
    assert address_group("unknown") == "unknown"
    assert not listed("unknown", ("0.0.0.0/0", "::/0"))


def test_a_proxy_is_an_address_or_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUCTION_TRUSTED_PROXIES", "10.0.0.1, 2001:db8::/32")
    assert Settings().trusted_proxies == ("10.0.0.1", "2001:db8::/32")
    monkeypatch.setenv("AUCTION_TRUSTED_PROXIES", "proxy.example")
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize("peer", ["10.0.0.1", "192.0.2.66"])
async def test_only_our_proxies_are_believed(house: House, peer: str) -> None:
    believed = peer.startswith("10.")
    settings = house.settings.model_copy(
        update={"trusted_proxies": PROXIES, "metrics_allow": ("198.51.100.7",)}
    )
    redis = make_redis(settings.redis_url or "")
    headers = {"X-Forwarded-For": "127.0.0.1, 198.51.100.7", "X-Forwarded-Proto": "https"}
    try:
        app = make_app(settings, Gateway(settings, redis), house.engine)
        transport = httpx.ASGITransport(app, client=(peer, 1))
        at = "http://auction.example"
        async with plain.client(at, transport=transport, headers=headers) as client:
            answer = await client.post("/api/login", json={"login": "an", "password": PASSWORD})
            assert answer.status_code == 200
            assert ("; secure" in answer.headers["set-cookie"].lower()) == believed
            assert ("strict-transport-security" in answer.headers) == believed
            assert (await client.get("/metrics")).status_code == (200 if believed else 403)
            await client.post("/api/login", json={"login": "an", "password": "wrong"})
        counted = b"".join(await redis.keys("signin:address:*")).decode()
        assert ("198.51.100.7" in counted) == believed
        assert (peer in counted) != believed
    finally:
        await redis.aclose()
