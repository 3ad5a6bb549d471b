"""A system that takes our events, as well or as badly as a test wants."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson


@dataclass
class Got:
    """One message as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return dict(orjson.loads(self.body))

    def is_signed_with(self, secret: str) -> bool:
        """Whether one of the signatures is that secret's, checked as a consumer would."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode()
        expected = base64.b64encode(hmac.digest(key, content + self.body, sha256)).decode()
        return f"v1,{expected}" in self.headers["webhook-signature"].split(" ")


@dataclass
class Consumer:
    """`answers` gives the answer's status line for a message; bytes are sent as they are and then
    nothing more, None is nothing at all, ever."""

    origin: str = ""
    answers: Callable[[Got], str | bytes | None] = lambda got: "204 Taken"
    got: list[Got] = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def of(self, path: str) -> list[Got]:
        return [one for one in self.got if one.path == path]

    async def next(self) -> None:
        """Wait for another message."""
        self._arrived.clear()
        await self._arrived.wait()

    async def until(self, true: Callable[[], bool], timeout_s: float = 20) -> None:
        """Wait until something is true of what has come."""
        async with asyncio.timeout(timeout_s):
            while not true():
                self._arrived.clear()
                await self._arrived.wait()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                pairs = (line.partition(": ") for line in head[1:] if line)
                headers = {name.lower(): text for name, _, text in pairs}
                body = await reader.readexactly(int(headers["content-length"]))
                got = Got(head[0].split(" ")[1], headers, body)
                self.got.append(got)
                self._arrived.set()
                status = self.answers(got)
                if status is None:
                    await asyncio.Event().wait()
                if isinstance(status, bytes):
                    writer.write(status)
                    await writer.drain()
                    continue
                more = f"Location: {self.origin}/elsewhere\r\n" if "3" in str(status)[:1] else ""
                writer.write(f"HTTP/1.1 {status}\r\n{more}Content-Length: 0\r\n\r\n".encode())
                await writer.drain()


@contextlib.asynccontextmanager
async def consumer() -> AsyncIterator[Consumer]:
    made = Consumer()
    tasks: set[asyncio.Task[None]] = set()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await made.take(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    made.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
