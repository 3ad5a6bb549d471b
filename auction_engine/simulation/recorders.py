"""A machine that records for a shard, or waits to; its process can die and come back."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from auction_engine.simulation.clocks import MachineClock
from auction_engine.simulation.loop import Process

if TYPE_CHECKING:
    from auction_engine.simulation.world import World


class RecorderHost:
    """One place where a recorder runs, one process at a time."""

    def __init__(self, world: "World", shard: int, name: str) -> None:
        self.name = name
        self.shard = shard
        self.clock = MachineClock(world.loop)
        self._world = world
        self.start()

    def start(self) -> None:
        """Start a process, as a supervisor does."""
        world = self._world
        self.process = Process(world.loop, self.name)
        ports = world.ports(self.process, self.clock)
        self.wires = ports.wires
        self.recorder = world.build.recorder(
            "",
            world.log,  # type: ignore[arg-type]  # the server itself, as `log_of` wants it
            self.shard,
            world.plan.limits,
            ledger=ports.ledger,
            log_of=ports.log_of,
            clock=ports.clock,
        )
        task = self.process.spawn(self.recorder.run(), "recorder")
        task.add_done_callback(partial(self._ended, self.process))

    def _ended(self, process: Process, task: "asyncio.Task[None]") -> None:
        if process.alive and not task.cancelled():
            self._world.unexpected(self.name, task.exception() or RuntimeError("it returned"))

    def kill(self) -> None:
        """The process is gone; `start` begins another."""
        self.process.kill()
