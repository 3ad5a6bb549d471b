"""HTTPS, slow clients, and faults of our own."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import plain
import pytest
from house import PASSWORD, House

from auction_engine.bidding.connections import make_redis
from auction_engine.http import bodies, pages
from auction_engine.http.app import make_app
from auction_engine.live.gateway import Gateway


async def test_over_https_cookies_are_secure_and_browsers_stay_there(house: House) -> None:
    """The application as a server with TLS would call it."""
    redis = make_redis(house.settings.redis_url or "")
    try:
        app = make_app(house.settings, Gateway(house.settings, redis), house.engine)
        transport = httpx.ASGITransport(app, client=("192.0.2.1", 1))
        async with plain.client("https://auction.example", transport=transport) as client:
            answer = await client.post("/api/login", json={"login": "an", "password": PASSWORD})
            assert "; secure" in answer.headers["set-cookie"].lower()
            assert answer.headers["strict-transport-security"].startswith("max-age=")
            answer = await client.get("/login?lang=en")
            for cookie in answer.headers.get_list("set-cookie"):
                assert {"secure", "httponly", "samesite=lax"} <= {
                    part.strip().lower() for part in cookie.split(";")
                }
            assert (await client.get("/metrics")).status_code == 403
    finally:
        await redis.aclose()


async def test_a_body_that_does_not_come_is_not_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_BODY_S", 0.3)
    port = int(house.base.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(
            b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        answer = await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"TIMED_OUT"' in answer


async def test_a_client_that_leaves_harms_nobody(house: House) -> None:
    port = int(house.base.rpartition(":")[2])
    for _ in range(5):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        await writer.drain()
        found: socket.socket = writer.get_extra_info("socket")
        assert found is not None
        writer.transport.abort()
    async with house.browser() as client:
        assert (await client.get("/health/ready")).status_code == 200


@pytest.mark.parametrize("size", ["20000", "999999999999999999999", "-5", "x"])
async def test_a_body_too_large_is_refused_before_it_is_sent(house: House, size: str) -> None:
    port = int(house.base.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(
            b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: " + size.encode() + b"\r\n\r\n"
        )
        answer = await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()
        await writer.wait_closed()
    assert answer.split(b" ")[1] in (b"413", b"400")


async def test_a_fault_of_our_own_shows_no_traceback(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise ZeroDivisionError("the secret of the house")

    monkeypatch.setattr(pages, "accepted_bids", broken)
    monkeypatch.setattr("auction_engine.http.api.accepted_bids", broken)
    async with house.browser() as client:
        page = await client.get(f"/lots/{house.lots[0]}/record?lang=en")
        api = await client.get(f"/api/lots/{house.lots[0]}/bids")
    assert page.status_code == api.status_code == 500
    assert "The server failed" in page.text
    assert api.json()["code"] == "INTERNAL"
    for answer in (page, api):
        assert "secret" not in answer.text
        assert "ZeroDivision" not in answer.text
        assert answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("line", "host", "origin", "status"),
    [
        ("GET //[", "x", None, b"404"),
        ("GET /", "[", None, b"200"),
        ("GET //[", "", None, b"404"),
        ("POST /logout", "x", "http://[", b"403"),
        ("POST /api/login", "[", "http://[", b"403"),
    ],
)
async def test_addresses_that_are_none_are_refused_like_others(
    house: House, line: str, host: str, origin: str | None, status: bytes
) -> None:
    port = int(house.base.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = "" if origin is None else f"Origin: {origin}\r\n"
    try:
        writer.write(f"{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{said}\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()
        await writer.wait_closed()
    assert answer.split(b" ")[1] == status
