"""The least a fan-out in this language can cost: one prebuilt frame, `transport.write` to each.

A bare uvloop server that answers the WebSocket handshake and does nothing else: no conflation, no
limits, no pings, nothing read. Run by `Worker`.
"""

from __future__ import annotations

import asyncio
import base64
import time
from hashlib import sha1
from typing import Any, cast

from auction_engine.live.messages import frame_of
from loadtests import procs
from loadtests.worker import Orders, obey

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class _Peer(asyncio.Protocol):
    def __init__(self, transports: dict[asyncio.Transport, None]) -> None:
        self._transports = transports
        self._request = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._transport in self._transports:
            return
        self._request += data
        if b"\r\n\r\n" not in self._request:
            return
        key = self._request.lower().partition(b"sec-websocket-key:")[0]
        value = self._request[len(key) + 18 :].split(b"\r\n", 1)[0].strip()
        accept = base64.b64encode(sha1(value + _GUID, usedforsecurity=False).digest())
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self._transports[self._transport] = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._transports.pop(self._transport, None)


class RawFanout:
    """The server, by orders: `listen`, `run SECONDS INTERVAL PAYLOAD_BYTES`."""

    def __init__(self) -> None:
        self._transports: dict[asyncio.Transport, None] = {}

    async def obey(self, order: str) -> dict[str, Any]:
        words = order.split()
        if words[0] == "run":
            return await self._run(float(words[1]), float(words[2]), int(words[3]))
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Peer(self._transports), "127.0.0.1", 0, backlog=4096
        )
        return {"port": self._server.sockets[0].getsockname()[1]}

    async def _run(self, seconds: float, interval_s: float, size: int) -> dict[str, Any]:
        frame = frame_of(b"x" * size)
        started: list[float] = []
        clock, end = time.perf_counter, time.perf_counter() + seconds
        while (begun := clock()) < end:
            started.append(time.time())
            for transport in self._transports:
                transport.write(frame)
            # The same courtesy as the gateway's: never more than half of the time.
            took = clock() - begun
            await asyncio.sleep(max(interval_s - took, took))
        return {"started_s": started}


def _make(spec: dict[str, Any]) -> Orders:
    procs.raise_file_limit()
    return RawFanout().obey


if __name__ == "__main__":
    obey(_make)
