"""A WebSocket client that costs next to nothing: what is measured is the server.

No library, no masking (the mask is zero), frames found but not decoded.
"""

from __future__ import annotations

import asyncio
import base64
import os
from typing import TypeVar, cast

import orjson

_PING, _CLOSE = 0x89, 0x88
_TEXT = 0x81


def text_frame(payload: bytes) -> bytes:
    """A client's text frame under a mask of zeros, which leaves the payload as it is."""
    size = len(payload)
    if size < 126:
        head = bytes((_TEXT, 0x80 | size))
    else:
        head = bytes((_TEXT, 0x80 | 126)) + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


def message(**fields: object) -> bytes:
    """A message of the live protocol as a frame."""
    return text_frame(orjson.dumps(fields))


class Socket(asyncio.Protocol):
    """One connection; a subclass says what to do with text in `text`."""

    def __init__(self, path: str = "/live", subprotocol: str | None = "auction.v1") -> None:
        self.path = path
        self.subprotocol = subprotocol
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost = False
        self._rest = b""

    def text(self, data: bytes, start: int, end: int) -> None:
        """A text frame's payload is data[start:end]."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        host, port = transport.get_extra_info("peername")[:2]
        lines = [
            f"GET {self.path} HTTP/1.1",
            f"Host: {host}:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        ]
        if self.subprotocol is not None:
            lines.append(f"Sec-WebSocket-Protocol: {self.subprotocol}")
        self.transport.write("\r\n".join([*lines, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        if not self.opened.done():
            data = self._handshake(data)
        position, size = 0, len(data)
        while size - position >= 2:
            head, length = 2, data[position + 1]
            if length == 126:
                head, length = 4, int.from_bytes(data[position + 2 : position + 4], "big")
            elif length == 127:
                head, length = 10, int.from_bytes(data[position + 2 : position + 10], "big")
            end = position + head + length
            if end > size or size - position < head:
                break
            first = data[position]
            if first == _TEXT:
                self.text(data, position + head, end)
            elif first == _PING:
                pong = bytes((0x8A, 0x80 | length)) + b"\0\0\0\0" + data[position + head : end]
                self.transport.write(pong)
            elif first == _CLOSE:
                self.transport.close()
            position = end
        self._rest = data[position:] if position < size else b""

    def _handshake(self, data: bytes) -> bytes:
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._rest = data
            return b""
        status = data.split(b"\r\n", 1)[0]
        if b" 101 " in status:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(ConnectionError(status.decode("latin-1")))
            self.transport.close()
        return data[end + 4 :]

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("closed before the handshake was answered"))


SocketT = TypeVar("SocketT", bound=Socket)


async def connect(socket: SocketT, port: int, number: int = 0, timeout_s: float = 60) -> SocketT:
    """Open `socket` to a port of this machine; `number` spreads many over loopback addresses."""
    loop = asyncio.get_running_loop()
    # One address has some 28,000 ports; a large crowd needs more than one.
    source = (f"127.0.0.{1 + number // 20_000}", 0) if number >= 20_000 else None
    async with asyncio.timeout(timeout_s):
        await loop.create_connection(lambda: socket, "127.0.0.1", port, local_addr=source)
        await socket.opened
    return socket
