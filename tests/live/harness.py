"""A real gateway on a real port beside plain HTTP, and clients from polite to hostile."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import orjson
import uvicorn
from bidding.harness import LOT, new_id
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from auction_engine.bidding.connections import make_redis
from auction_engine.identity import tickets
from auction_engine.live.gateway import Gateway
from auction_engine.settings import Settings

PROTOCOL = [Subprotocol("auction.v1")]


def bid(amount: int, lot: int = LOT) -> dict[str, Any]:
    """A new bid, as a page sends it."""
    return {"t": "bid", "lot": lot, "bid_id": new_id(), "amount_minor": amount}


class Room:
    """A served gateway."""

    def __init__(self, gateway: Gateway, port: int) -> None:
        self.gateway = gateway
        self.port = port
        self.url = f"ws://127.0.0.1:{port}/live"

    async def ticket(self, account: int, ttl_s: int = 30) -> str:
        return await tickets.issue(self.gateway.redis, account, ttl_s)

    @contextlib.asynccontextmanager
    async def client(self, account: int | None = None, **options: Any) -> AsyncIterator[Client]:
        """A connection that was welcomed; with an account, it may bid."""
        async with self.connection(**options) as socket:
            client = Client(socket)
            hello = {"t": "hello"}
            if account is not None:
                hello["ticket"] = await self.ticket(account)
            await client.say(hello)
            assert (await client.hear("welcome"))["bidder"] == (account is not None)
            yield client

    def connection(self, **options: Any) -> connect:
        values = {"subprotocols": PROTOCOL, "compression": None, "ping_interval": None}
        return connect(self.url, **(values | options))


class Client:
    """Says and hears messages; keeps all it heard."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard: list[dict[str, Any]] = []

    async def say(self, message: dict[str, Any] | str | bytes) -> None:
        data = message if isinstance(message, str | bytes) else orjson.dumps(message).decode()
        await self.socket.send(data)

    async def next(self, timeout_s: float = 10) -> dict[str, Any]:
        async with asyncio.timeout(timeout_s):
            message = orjson.loads(await self.socket.recv())
        self.heard.append(message)
        return message

    async def hear(self, kind: str, timeout_s: float = 10, **fields: Any) -> dict[str, Any]:
        """The next message of this kind (with these fields); others are kept in `heard`."""
        async with asyncio.timeout(timeout_s):
            while True:
                message = await self.next()
                if message["t"] == kind and all(message[k] == v for k, v in fields.items()):
                    return message

    async def watch(self, lot: int, **position: int) -> dict[str, Any]:
        await self.say({"t": "watch", "lot": lot, **position})
        while True:
            message = await self.next()
            if message["t"] in ("snapshot", "update") and message["lot"] == lot:
                return message

    async def code(self, timeout_s: float = 10) -> int | None:
        """Why the server closes, after everything it says before that."""
        with contextlib.suppress(Exception):
            while True:
                await self.next(timeout_s)
        return self.socket.close_code


@contextlib.asynccontextmanager
async def room_of(settings: Settings) -> AsyncIterator[Room]:
    async def hello(_: object) -> PlainTextResponse:
        return PlainTextResponse("plain")

    redis = make_redis(settings.redis_url or "", connections=64)
    gateway = Gateway(settings, redis)
    await gateway.start()
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            Starlette(routes=[Route("/", hello)]),
            http="httptools",
            loop="none",
            lifespan="off",
            ws=gateway.new_connection,  # type: ignore[arg-type]
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(server.serve([listening]))
    try:
        yield Room(gateway, listening.getsockname()[1])
    finally:
        Raw.hang_up_all()
        await gateway.stop()
        server.should_exit = True
        await task
        for left in list(gateway._connections):
            left.transport.abort()  # one that was told to go and has not yet
        await asyncio.sleep(0)
        listening.close()
        await redis.aclose()


class Raw:
    """A socket that speaks as much of RFC 6455 as it wants to; ends with its room at the latest."""

    _opened: ClassVar[list[Raw]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._opened.append(self)

    @classmethod
    def hang_up_all(cls) -> None:
        """Abort what the tests have left open."""
        for raw in cls._opened:
            raw.writer.transport.abort()
        cls._opened.clear()

    @classmethod
    async def open(cls, port: int, path: str = "/live", extra: str = "") -> tuple[Raw, str]:
        """A raw socket after its handshake, and the answer's head."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            (
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Protocol: auction.v1\r\n{extra}\r\n"
            ).encode()
        )
        async with asyncio.timeout(5):
            head = await reader.readuntil(b"\r\n\r\n")
        return cls(reader, writer), head.decode()

    def frame(self, payload: bytes, opcode: int = 1, fin: bool = True, masked: bool = True) -> None:
        size = len(payload)
        head = bytes([(0x80 if fin else 0) | opcode])
        bit = 0x80 if masked else 0
        if size < 126:
            head += bytes([bit | size])
        else:
            head += bytes([bit | 126]) + struct.pack(">H", size)
        if masked:
            mask = os.urandom(4)
            payload = mask + bytes(b ^ mask[n % 4] for n, b in enumerate(payload))
        self.writer.write(head + payload)

    def say(self, message: dict[str, Any]) -> None:
        self.frame(orjson.dumps(message))

    async def receive(self, timeout_s: float = 10) -> tuple[int, bytes]:
        """The next frame: opcode and payload."""
        async with asyncio.timeout(timeout_s):
            first, second = await self.reader.readexactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack(">H", await self.reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", await self.reader.readexactly(8))
            return first & 0x0F, await self.reader.readexactly(size)

    async def code(self, timeout_s: float = 10) -> int | None:
        """The code of the server's close frame, None if it just hangs up."""
        try:
            while True:
                opcode, payload = await self.receive(timeout_s)
                if opcode == 8:
                    return int.from_bytes(payload[:2], "big")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def gone(self, timeout_s: float = 6) -> None:
        """Wait until the server has ended the connection altogether, not only its half."""
        async with asyncio.timeout(timeout_s):
            with contextlib.suppress(ConnectionError):
                while True:
                    self.writer.write(b"\x8a\x80\0\0\0\0")  # a pong; an ended peer answers RST
                    await self.writer.drain()
                    await asyncio.sleep(0.05)

    def close(self) -> None:
        self.writer.transport.abort()
