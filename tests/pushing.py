"""A push service of our own and a browser's half of its keys: what arrives is opened as a browser
opens it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import http_ece
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def written(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Device:
    """One browser's subscription at a service."""

    endpoint: str
    private: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = field(default_factory=lambda: os.urandom(16))

    def to_json(self, lang: str = "vi") -> dict[str, str]:
        point = self.private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        return {
            "endpoint": self.endpoint, "p256dh": written(point), "auth": written(self.secret),
            "lang": lang,
        }  # fmt: skip

    def open(self, body: bytes) -> dict[str, Any]:
        """Raises http_ece.ECEException for what was not sealed for this browser."""
        text = http_ece.decrypt(
            body, private_key=self.private, auth_secret=self.secret, version="aes128gcm"
        )
        return dict(orjson.loads(text))


@dataclass
class Push:
    """One request the service got."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Service:
    """A push service on this machine; `answers` are its statuses by path, 201 otherwise."""

    origin: str = ""
    answers: dict[str, int] = field(default_factory=dict)
    got: list[Push] = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def device(self, name: str) -> Device:
        return Device(f"{self.origin}/{name}")

    async def until(self, count: int, timeout_s: float = 15) -> list[Push]:
        """Wait for so many requests in all."""
        async with asyncio.timeout(timeout_s):
            while len(self.got) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.got

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                path = head[0].split(" ")[1]
                headers = {
                    name.lower(): text
                    for name, _, text in (line.partition(": ") for line in head[1:] if line)
                }
                body = await reader.readexactly(int(headers["content-length"]))
                self.got.append(Push(path, headers, body))
                self._arrived.set()
                status = self.answers.get(path, 201)
                writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def push_service(port: int = 0) -> AsyncIterator[Service]:
    service = Service()
    server = await asyncio.start_server(service.take, "127.0.0.1", port)
    service.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield service
    finally:
        server.close()
