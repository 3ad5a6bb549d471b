"""The log in memory: a server that can lose its data, and the port `ShardLog` to it."""

import asyncio
import random
from collections.abc import Awaitable, Mapping, Sequence

from auction_engine.bidding import wire as commands
from auction_engine.bidding.ports import Booked, Entries, Mark
from auction_engine.bidding.valkey import EVENTS_KEPT, TICK_AGAIN_MS, TICKS_AT_ONCE
from auction_engine.ledger.journal import log_order
from auction_engine.simulation.loop import WORLD
from auction_engine.simulation.streams import Place, ShardData, Stream
from auction_engine.simulation.wire import LATER, Request, Server, Wire

# A read that finds nothing waits so long for the first entry.
_BLOCK_S = 1.0
_TAKES_S = 0.0001
_PROBE = b'{"k":"probe","lot":0}'
_EVERYTHING = 5  # steps of `publish`


class LogServer(Server):
    """All shards' streams and hot views. `ordered` remembers every command by its log id."""

    def __init__(self, loop: asyncio.AbstractEventLoop, chance: random.Random) -> None:
        super().__init__(loop, chance, _TAKES_S)
        self.ordered: dict[str, list[bytes]] = {}
        self.fullest = 0
        self._shards: dict[int, ShardData] = {}
        self._waiting: dict[Request, tuple[int, str, Place, int]] = {}

    def shard(self, number: int) -> ShardData:
        """The shard's keys; there from the first use, as in Valkey."""
        if number not in self._shards:
            self._shards[number] = ShardData()
        return self._shards[number]

    def copy(self) -> dict[int, ShardData]:
        """Everything as it is now: what a stale replica will have."""
        return {number: data.copy() for number, data in self._shards.items()}

    def become(self, copy: dict[int, ShardData]) -> None:
        """Have only what `copy` has; {} for nothing at all."""
        self._shards = copy

    # --- carried out in one step each ------------------------------------------------------

    def append(self, shard: int, values: Sequence[bytes], limit: int) -> int:
        inbox = self.shard(shard).inbox
        taken = max(0, min(limit - len(inbox), len(values)))
        for value in values[:taken]:
            self._order(inbox, value)
        self._wake(shard, "inbox")
        return taken

    def _order(self, inbox: Stream, value: bytes) -> None:
        name = inbox.add(self.clock.wall_ms(), value)
        self.ordered.setdefault(name, []).append(value)
        self.fullest = max(self.fullest, len(inbox))

    def tick(self, shard: int, limit: int) -> int:
        data, now_ms = self.shard(shard), self.clock.wall_ms()
        room = min(limit - len(data.inbox), TICKS_AT_ONCE)
        if room > 0:
            due = sorted((at_ms, lot) for lot, at_ms in data.deadlines.items() if at_ms <= now_ms)
            for _, lot in due[:room]:
                self._order(data.inbox, commands.encode_tick(lot))
                data.deadlines[lot] = now_ms + TICK_AGAIN_MS
            self._wake(shard, "inbox")
        if not data.deadlines:
            return -1
        return max(0, min(data.deadlines.values()) - now_ms)

    def read(self, shard: int, which: str, after: Place, count: int) -> object:
        found = self._stream(shard, which).after(after, count)
        if found:
            return found
        request = self.asking
        assert request is not None
        self._waiting[request] = (shard, which, after, count)
        self.loop.call_later(_BLOCK_S, self._in_vain, request, context=WORLD)
        return LATER

    def newest(self, shard: int, which: str) -> tuple[str, bytes] | None:
        return self._stream(shard, which).newest()

    def publish(
        self,
        shard: int,
        batch: bytes,
        consumed: str,
        accepted: Mapping[int, list[Booked]],
        due: Mapping[int, int | None],
        mark: Mark,
        steps: int = _EVERYTHING,
    ) -> tuple[int, Mark]:
        """A pipeline: with fewer `steps` the rest of it never arrived."""
        data = self.shard(shard)
        found = data.mark
        if steps > 0:
            data.events.add(self.clock.wall_ms(), batch)
            data.events.keep(EVENTS_KEPT)
        if steps > 1:
            for lot, bids in accepted.items():
                data.add_to_book(lot, bids)
        if steps > 2:
            data.set_deadlines(due)
        if steps > 3:
            data.mark = mark
        if steps > 4:
            data.inbox.trim(log_order(consumed))
        self._wake(shard, "events")
        return len(data.inbox), found

    def raise_inbox(self, shard: int, place: str) -> bool:
        inbox = self.shard(shard).inbox
        if inbox.last >= log_order(place):
            return False
        inbox.add_at(log_order(place), _PROBE)
        self._wake(shard, "inbox")
        return True

    def set_mark(self, shard: int, mark: Mark) -> None:
        self.shard(shard).mark = mark

    def found_mark(self, shard: int) -> Mark:
        return self.shard(shard).mark

    def missing_books(self, shard: int, lots: Sequence[int]) -> list[int]:
        books = self.shard(shard).books
        return [lot for lot in lots if lot not in books]

    def restore(
        self,
        shard: int,
        due: Mapping[int, int | None],
        books: Mapping[int, list[Booked]],
    ) -> None:
        data = self.shard(shard)
        for lot, bids in books.items():
            data.books.pop(lot, None)
            if bids:
                data.add_to_book(lot, bids)
        data.set_deadlines(due)

    # --- reads that wait ---------------------------------------------------------------------

    def _stream(self, shard: int, which: str) -> Stream:
        data = self.shard(shard)
        return data.inbox if which == "inbox" else data.events

    def _wake(self, shard: int, which: str) -> None:
        stream = self._stream(shard, which)
        for request, (number, name, after, count) in [*self._waiting.items()]:
            if number == shard and name == which and (found := stream.after(after, count)):
                del self._waiting[request]
                request.answer(found)

    def _in_vain(self, request: Request) -> None:
        if self._waiting.pop(request, None) is not None:
            request.answer([])

    def cut(self) -> None:
        super().cut()
        waiting, self._waiting = self._waiting, {}
        for request in waiting:
            request.lose()


class MemoryLog:
    """The port `ShardLog` to a `LogServer`, for one process."""

    def __init__(self, server: LogServer, shard: int, wire: Wire) -> None:
        self.shard = shard
        self._server = server
        self._wire = wire

    def append(self, commands: Sequence[bytes], limit: int) -> Awaitable[int]:
        """See `ShardLog`, here and below."""
        return self._wire.call("append", self._server.append, self.shard, list(commands), limit)

    def commands(self, after: str, count: int) -> Awaitable[Entries]:
        return self._read("inbox", after, count)

    def batches(self, after: str, count: int) -> Awaitable[Entries]:
        return self._read("events", after, count)

    def _read(self, which: str, after: str, count: int) -> Awaitable[Entries]:
        place = log_order(after)
        return self._wire.call("read", self._server.read, self.shard, which, place, count)

    def newest_batch(self) -> Awaitable[tuple[str, bytes] | None]:
        return self._wire.call("newest", self._server.newest, self.shard, "events")

    def tick(self, limit: int) -> Awaitable[int]:
        return self._wire.call("tick", self._server.tick, self.shard, limit)

    async def publish(
        self,
        batch: bytes,
        consumed: str,
        accepted: Mapping[int, list[Booked]],
        due: Mapping[int, int | None],
        mark: Mark,
    ) -> tuple[int, Mark]:
        work = self._server.publish
        found: tuple[int, Mark] = await self._wire.call(
            "publish", work, self.shard, batch, consumed, accepted, due, mark
        )
        return found

    async def raise_inbox(self, place: str) -> bool:
        found: bool = await self._wire.call("raise", self._server.raise_inbox, self.shard, place)
        return found

    async def mark(self, mark: Mark) -> None:
        await self._wire.call("mark", self._server.set_mark, self.shard, mark)

    async def found_mark(self) -> Mark:
        found: Mark = await self._wire.call("found_mark", self._server.found_mark, self.shard)
        return found

    async def missing_books(self, lots: list[int]) -> list[int]:
        found: list[int] = await self._wire.call(
            "missing_books", self._server.missing_books, self.shard, lots
        )
        return found

    async def restore(
        self, due: Mapping[int, int | None], books: Mapping[int, list[Booked]]
    ) -> None:
        await self._wire.call("restore", self._server.restore, self.shard, due, books)
