"""Bounds of plain connections: how many, how much, how long."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from house import House, running_house

from auction_engine.http import protocol
from auction_engine.http.protocol import Doors
from auction_engine.settings import Limits, Settings


@contextlib.asynccontextmanager
async def house_of(settings: Settings, **limits: Any) -> AsyncIterator[House]:
    changed = settings.model_copy(update={"limits": Limits(**limits)})
    async with running_house(changed, lots=0) as house:
        yield house


@contextlib.asynccontextmanager
async def raw(house: House) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    port = int(house.base.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def rest(reader: asyncio.StreamReader, timeout_s: float = 5) -> bytes:
    """Everything until the server hangs up."""
    async with asyncio.timeout(timeout_s):
        with contextlib.suppress(ConnectionError):
            return await reader.read()
    return b""


@pytest.mark.parametrize(
    "part",
    [b"X-A: " + b"a" * 990 + b"\r\n", b"a" * 1000, b"\r\n" * 500],
    ids=["headers", "one header", "empty lines"],
)
async def test_headers_without_end_are_cut(settings: Settings, part: bytes) -> None:
    async with house_of(settings) as house, raw(house) as (reader, writer):
        begun = b"" if part.startswith(b"\r") else b"GET / HTTP/1.1\r\nHost: x\r\nX-B: "
        writer.write(begun)
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 5_000_000 and not reader.at_eof():
                writer.write(part)
                sent += len(part)
                await writer.drain()
                await asyncio.sleep(0.001)
        assert sent < 1_000_000
        assert (await rest(reader)).startswith((b"HTTP/1.1 431 ", b""))


async def test_large_headers_are_told_so(settings: Settings) -> None:
    async with house_of(settings) as house:
        for size, status in ((12_000, b"200"), (17_000, b"431"), (60_000, b"431")):
            async with raw(house) as (reader, writer):
                writer.write(
                    b"GET /api/time HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-A: "
                    + b"a" * size
                    + b"\r\n\r\n"
                )
                assert (await rest(reader)).split(b" ")[1] == status


async def test_a_body_is_no_header(settings: Settings) -> None:
    """The bound of the head must not cut what the bound of a body allows."""
    async with house_of(settings) as house, raw(house) as (reader, writer):
        for _ in range(3):
            body = b'{"login": "' + b"x" * 16_000 + b'", "password": "y"}'
            writer.write(
                b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body)
            )
            for at in range(0, len(body), 1000):
                writer.write(body[at : at + 1000])
                await writer.drain()
                await asyncio.sleep(0.001)
            async with asyncio.timeout(5):
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 401 ")
                await reader.readuntil(b"}")


async def test_trailers_without_end_are_cut(settings: Settings) -> None:
    async with house_of(settings) as house, raw(house) as (reader, writer):
        writer.write(
            b"POST /logout HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: "
        )
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 5_000_000 and not reader.at_eof():
                writer.write(b"a" * 1000)
                sent += 1000
                await writer.drain()
                await asyncio.sleep(0.001)
        assert sent < 1_000_000


@pytest.mark.parametrize(
    "said",
    [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET /api/time HTTP/1.1\r\nHost: x\r\n\r\n\r\n"],
    ids=["nothing", "half a request", "a request and an empty line"],
)
async def test_who_sends_no_whole_request_is_sent_away(settings: Settings, said: bytes) -> None:
    async with house_of(settings, head_timeout_s=0.5) as house, raw(house) as (reader, writer):
        writer.write(said[:-2] if said.endswith(b"\r\n\r\n\r\n") else said)
        if said.endswith(b"\r\n\r\n\r\n"):
            await reader.readuntil(b"}")
            writer.write(b"\r\n")  # would end uvicorn's own timer and start none
        await rest(reader, 3)


async def test_a_request_whose_body_never_ends_is_ended(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_MESSAGE_S", 0.5)
    async with house_of(settings) as house, raw(house) as (reader, writer):
        writer.write(b"GET /api/time HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        await reader.readuntil(b"}")
        writer.write(b"a")
        await rest(reader, 3)


async def test_one_address_has_so_many_connections(settings: Settings) -> None:
    async with house_of(settings, plain_connections_per_address=4) as house:
        async with contextlib.AsyncExitStack() as stack:
            held = [await stack.enter_async_context(raw(house)) for _ in range(4)]
            await asyncio.sleep(0.1)
            async with raw(house) as (reader, _):
                assert (await rest(reader)).startswith(b"HTTP/1.1 429 ")
            held[0][1].transport.abort()
            await asyncio.sleep(0.1)
            async with raw(house) as (reader, writer):
                writer.write(b"GET /api/time HTTP/1.1\r\nHost: x\r\n\r\n")
                assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")


async def test_live_connections_are_not_plain_ones(settings: Settings) -> None:
    """A handshake gives the place back, and the timer of its headers does not end it."""
    async with (
        house_of(settings, plain_connections_per_address=3, head_timeout_s=0.5) as house,
        contextlib.AsyncExitStack() as stack,
    ):
        lives = [await stack.enter_async_context(house.live()) for _ in range(6)]
        await asyncio.sleep(0.8)
        for live in lives:
            assert (await live.hear("welcome"))["bidder"] is False
            await live.say(t="time", at=1)
            await live.hear("time")


def test_places_are_counted_by_group_and_trusted_proxies_are_not() -> None:
    limits = Limits(plain_connections_per_address=1, plain_connections_max=4)
    doors = Doors(Settings(limits=limits, trusted_proxies=("10.0.0.0/8",)))
    taken = [doors.admit(a)[0] for a in ("10.0.0.1", "10.0.0.1", "2001:db8::1")]
    assert None not in taken
    assert doors.admit("2001:db8::2") == (None, 429)
    assert doors.admit("192.0.2.1")[1] == 0
    assert doors.admit("192.0.2.2") == (None, 503)
    assert doors.inside == 4
    for group in (*taken, "192.0.2.1"):
        doors.leave(str(group))
    assert doors.inside == 0
