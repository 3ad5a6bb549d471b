"""A network between a page and the program: it can fall silent, and it can be cut."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit


class Wire:
    """Forwards TCP connections to the program; `base` is its own address."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._speaking = asyncio.Event()
        self._speaking.set()
        self.down = False
        self.base = ""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.base = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self._server.close()
        self.release()
        self.cut()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._server.wait_closed()

    def hold(self) -> None:
        """From now on the program hears the page, but the page hears nothing."""
        self._speaking.clear()

    def release(self) -> None:
        """What was held arrives."""
        self._speaking.set()

    def cut(self) -> None:
        """Every connection is lost, and with it what was held."""
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
        theirs, out = await asyncio.open_connection(*self._upstream)
        pair = {writer, out}
        self._open |= pair
        jobs = [
            asyncio.create_task(self._pump(reader, out, held=False)),
            asyncio.create_task(self._pump(theirs, writer, held=True)),
        ]
        try:
            await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            self._open -= pair
            for end in pair:
                end.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, out: asyncio.StreamWriter, held: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if held:
                    await self._speaking.wait()
                out.write(data)
                await out.drain()


@contextlib.asynccontextmanager
async def wire_to(base: str) -> AsyncIterator[Wire]:
    wire = Wire(base)
    await wire.start()
    try:
        yield wire
    finally:
        await wire.stop()
