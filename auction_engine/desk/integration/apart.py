"""Files of cases are looked at beside this process, so that no bid waits for them.

A small one takes milliseconds: a thread does it. Any other has a process of its own, `checkfile`.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from functools import partial

import orjson

from auction_engine.desk.integration import checkfile
from auction_engine.desk.integration.checkfile import LENGTH_BYTES, Frame
from auction_engine.errors import AuctionError

SMALL_BYTES = 128 * 1024
_PIECE = 64 * 1024


class CheckDied(AuctionError):
    """The process that looked at a file ended before it was done: too large, or too slow."""


@asynccontextmanager
async def checked(form: str, body: bytes, today: date) -> AsyncIterator[AsyncIterator[Frame]]:
    """The frames of a file (`checkfile.frames`), for the block. Raises CheckDied."""
    if len(body) <= SMALL_BYTES:
        look = partial(checkfile.frames, form, body, today)
        yield _each(await asyncio.to_thread(lambda: list(look())))
        return
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", checkfile.__name__, form, today.isoformat(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL, env={},
    )  # fmt: skip
    feeding = asyncio.create_task(_feed(child, body))
    try:
        yield _read(child)
    finally:
        feeding.cancel()
        if child.returncode is None:
            child.kill()
        await asyncio.gather(feeding, child.wait(), return_exceptions=True)


async def _each(found: list[Frame]) -> AsyncIterator[Frame]:
    for frame in found:
        # As they are read (`_read`), so that both are taken alike.
        yield orjson.loads(orjson.dumps(frame))


async def _feed(child: asyncio.subprocess.Process, body: bytes) -> None:
    """The file into the process, in pieces."""
    assert child.stdin is not None
    view = memoryview(body)
    try:
        for at in range(0, len(view), _PIECE):
            child.stdin.write(view[at : at + _PIECE])
            await child.stdin.drain()
        child.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has died; who reads will see


async def _read(child: asyncio.subprocess.Process) -> AsyncIterator[Frame]:
    """Its frames until it has said that it is done."""
    assert child.stdout is not None
    while True:
        try:
            length = int.from_bytes(await child.stdout.readexactly(LENGTH_BYTES))
            frame: Frame = orjson.loads(await child.stdout.readexactly(length))
        except asyncio.IncompleteReadError:
            raise CheckDied(f"The file's reader ended with {await child.wait()}.") from None
        yield frame
        if frame["t"] == "end":
            return
