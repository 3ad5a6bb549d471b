"""A gateway in memory: the real client of the log between bidders and the servers."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from auction_engine.bidding.client import LogClient
from auction_engine.simulation.board import Board
from auction_engine.simulation.history import Answer, Sent
from auction_engine.simulation.loop import WORLD, Process

if TYPE_CHECKING:
    from auction_engine.simulation.world import World

Hear = Callable[[Sent, Answer], None]


class Gateway:
    """A place where gateways run: one process at a time, started again after it was killed."""

    def __init__(self, world: "World", name: str) -> None:
        self.name = name
        self._world = world
        self.up = False
        self.start()

    def start(self) -> None:
        """Start a process; it takes bids once it knows every shard."""
        world = self._world
        self.process = Process(world.loop, self.name)
        ports = world.ports(self.process)
        self.wires = ports.wires
        connect = partial(ports.ledger.connect, "")
        self.board = Board(connect, ports.ledger, world.history)
        self.client: LogClient = world.build.client(
            world.log,  # type: ignore[arg-type]  # the server itself, as `log_of` wants it
            "",
            world.plan.shards,
            world.plan.limits,
            on_events=self.board.take,
            on_gap=self.board.read,
            on_death=partial(world.unexpected, self.name),
            ledger=ports.ledger,
            log_of=ports.log_of,
            clock=ports.clock,
        )
        self.process.spawn(self._run(self.process, self.client), "gateway")

    async def _run(self, process: Process, client: LogClient) -> None:
        try:
            await client.start()
            self.up = process.alive
            await asyncio.get_running_loop().create_future()
        finally:
            await client.stop()

    def kill(self) -> None:
        self.up = False
        self.process.kill()

    def hand(self, sent: Sent, hear: Hear) -> None:
        """A bid is on its way here; `hear` gets what comes back."""
        delay_s = self._world.people_s()
        loop = self._world.loop
        at_s = loop.time() + delay_s
        loop.call_at(at_s, self._take, self.process, sent, hear, context=self.process.context)

    def _take(self, process: Process, sent: Sent, hear: Hear) -> None:
        if process.alive and self.up and process is self.process:
            sent.deliveries += 1
            sink = partial(self._answer, process, sent, hear)
            where = sent.shard, sent.lot
            self.client.bid(*where, *sent.key, sent.amount_minor, sink, sent.how)

    def _answer(
        self,
        process: Process,
        sent: Sent,
        hear: Hear,
        entry: dict[str, Any] | None,
        code: str | None,
        repeat: bool,
    ) -> None:
        if process.alive:
            loop = self._world.loop
            at_s = loop.time() + self._world.people_s()
            answer = Answer(at_s, entry, code)
            loop.call_at(at_s, hear, sent, answer, context=WORLD)

    def enter(self, shard: int, lot: int, bidder: int) -> None:
        """A bidder comes into the room here; nobody waits for an answer."""
        if self.up:
            self._world.loop.call_soon(
                self.client.enter, shard, lot, bidder, context=self.process.context
            )

    async def ask(self, job: Callable[[LogClient], Coroutine[Any, Any, None]]) -> Any:
        """Have staff's command sent from here.

        Returns None when it was confirmed, else the error: CommandRefused, LogUnanswered, or
        TimeoutError if this gateway says nothing.
        """
        if not self.up:
            return TimeoutError()
        task = self.process.spawn(job(self.client), "staff")
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.wait([task], timeout=20)
        if not task.done() or task.cancelled():
            return TimeoutError()
        return task.exception()
