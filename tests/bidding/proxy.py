"""A wire between two parts that can be cut at the worst moment."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, unquote, urlsplit

from redis.connection import parse_url


class Wire:
    """Forwards TCP connections to a server.

    `lose_answer_to`: the next request with these bytes reaches the server and is carried out, but
    its answer is lost with the connection. `lose` says how often that shall happen.
    """

    def __init__(self, upstream: str | tuple[str, int]) -> None:
        self._upstream = upstream
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.lose_answer_to: bytes | None = None
        self.lose = 0
        self.lost = 0
        self.delay_s = 0.0  # between an answer lost and the connection's end
        self.down = False
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def cut(self) -> None:
        """Every connection is lost."""
        for writer in self._open:
            writer.transport.abort()

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._connect(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.down:
            writer.transport.abort()
            return
        if isinstance(self._upstream, str):
            theirs, out = await asyncio.open_unix_connection(self._upstream)
        else:
            theirs, out = await asyncio.open_connection(*self._upstream)
        self._open |= {writer, out}
        deaf = asyncio.Event()
        jobs = [
            asyncio.create_task(self._forth(reader, out, deaf)),
            asyncio.create_task(self._back(theirs, writer, deaf)),
        ]
        try:
            await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            self._open -= {writer, out}
            writer.transport.abort()
            out.transport.abort()

    async def _forth(
        self, reader: asyncio.StreamReader, out: asyncio.StreamWriter, deaf: asyncio.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if self.lose and self.lose_answer_to and self.lose_answer_to in data:
                    self.lose -= 1
                    self.lost += 1
                    deaf.set()
                out.write(data)
                await out.drain()

    async def _back(
        self, theirs: asyncio.StreamReader, writer: asyncio.StreamWriter, deaf: asyncio.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await theirs.read(65536):
                if deaf.is_set():
                    await asyncio.sleep(self.delay_s)
                    return
                writer.write(data)
                await writer.drain()


@contextlib.asynccontextmanager
async def wire_to_redis(url: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to the log and the address of its near end."""
    parts = parse_url(url)
    upstream = parts.get("path") or (parts.get("host", "localhost"), parts.get("port", 6379))
    wire = Wire(upstream)
    await wire.start()
    secret = f":{parts['password']}@" if "password" in parts else ""
    try:
        yield wire, f"redis://{secret}127.0.0.1:{wire.port}/{parts.get('db', 0)}"
    finally:
        await wire.stop()


@contextlib.asynccontextmanager
async def wire_to_postgres(url: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to the ledger and the address of its near end."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    upstream: str | tuple[str, int]
    if "host" in query:
        upstream = f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"
    else:
        upstream = (parts.hostname or "localhost", parts.port or 5432)
    wire = Wire(upstream)
    await wire.start()
    secret = f":{parts.password}" if parts.password else ""
    user = unquote(parts.username or "postgres")
    try:
        yield (
            wire,
            f"postgresql://{user}{secret}@127.0.0.1:{wire.port}{parts.path}?sslmode=disable",
        )
    finally:
        await wire.stop()
