"""Appending commands to a shard's inbox: bounded, in order, many at a time.

One task owns the connection. Callers put commands into a buffer; whatever gathered during one
round trip goes out in the next, so the batch grows with the load by itself.
"""

import asyncio
from collections.abc import Callable

import structlog
from redis.exceptions import RedisError

from auction_engine.bidding.ports import ShardLog
from auction_engine.bidding.tasks import end

_LARGEST_APPEND = 1_000
# When this many gather during one append, the next waits until this long after it began: fewer,
# larger appends cost every process less. A bid that comes alone never waits.
_CROWD = 4
_GAP_S = 0.001
_log = structlog.get_logger(__name__)

OnBusy = Callable[[], None]


class Inbox:
    """The writing end of one shard's inbox.

    `put` never blocks. A command whose append fails for want of an answer is appended again: most
    are idempotent (bid ids, ALREADY_LISTED, ALREADY_ADMITTED), so doubt costs nothing. What a
    person does once is not: such a command is given up in doubt, and its sender hears nothing.
    """

    def __init__(self, log: ShardLog, limit: int) -> None:
        self._log = log
        self._limit = limit
        self._buffer: list[tuple[bytes, OnBusy | None, bool]] = []
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.reachable = True

    def start(self) -> "asyncio.Task[None]":
        """Begin to append; the task has no end of its own. The caller must `stop`."""
        self._task = asyncio.create_task(self._run(), name=f"inbox {self._log.shard}")
        return self._task

    async def stop(self) -> None:
        """End after the append under way."""
        if self._task is not None:
            await end([self._task])

    def put(self, command: bytes, on_busy: OnBusy | None = None, once: bool = False) -> None:
        """Append `command` soon; with `once` never twice, rather not at all.

        `on_busy` is called if the inbox is full; then it is not in.
        """
        self._buffer.append((command, on_busy, once))
        self._ready.set()

    @property
    def waiting(self) -> int:
        """Commands not yet handed to Valkey."""
        return len(self._buffer)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._ready.wait()
            while self._buffer:
                started_s = loop.time()
                batch = self._buffer[:_LARGEST_APPEND]
                taken = await self._append(batch)
                del self._buffer[: len(batch)]
                for _, on_busy, _ in batch[taken:]:
                    if on_busy is not None:
                        on_busy()
                if len(batch) >= _CROWD:
                    await asyncio.sleep(started_s + _GAP_S - loop.time())
            self._ready.clear()

    async def _append(self, batch: list[tuple[bytes, OnBusy | None, bool]]) -> int:
        """Append as many as fit, in order; return how many of the batch are settled by that.

        After an append whose answer was lost any of them may be in already. None may be called
        busy then, so it goes on until all have found room, without those that may be in only once.
        """
        commands = [command for command, _, _ in batch]
        pause_s, done, doubt = 0.02, 0, False
        while True:
            try:
                done += await self._log.append(commands[done:], self._limit)
                self.reachable = True
                if done == len(commands):
                    return len(batch)
                if not doubt:
                    return done
            except (RedisError, OSError) as error:
                if not doubt:
                    commands = [command for command, _, once in batch if not once]
                self.reachable, doubt = False, True
                _log.warning("inbox_unreachable", shard=self._log.shard, error=type(error).__name__)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 0.5)
