"""Requests between processes and servers in memory: they take time, get lost, come late.

A request travels, is carried out at the server in one step, and its answer travels back. Whoever
waits learns no more than over a real connection: after a lost connection the request may have been
carried out, may never be, or may still be.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any

from auction_engine.simulation.clocks import MachineClock
from auction_engine.simulation.loop import WORLD, Process

# One way between two parts; the time a server takes is on top.
_TRAVEL_S = 0.0002
_LONGEST_LATE_S = 2.0
# What work returns that will be answered later: see `Server.asking`.
LATER = object()

# A failpoint: (operation, "before" | "during" | "after") at which a process is killed.
Failpoint = tuple[str, str]


class Server:
    """What every server in memory has: a clock, and the ways in which it fails its clients."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, chance: random.Random, takes_s: float
    ) -> None:
        self.loop = loop
        self.chance = chance
        self.clock = MachineClock(loop)
        self.down = False
        self.silent = False
        self.trouble = 0.0  # the share of requests whose connection is lost
        self.cuts = 0
        self.asking: Request | None = None  # the request being carried out
        self._takes_s = takes_s
        self._unheard: list[Request] = []

    def travel_s(self) -> float:
        return _TRAVEL_S * (0.5 + self.chance.random())

    def work_s(self) -> float:
        return (_TRAVEL_S + self._takes_s) * (0.5 + self.chance.random())

    def cut(self) -> None:
        """Every connection is lost, with what travels on it."""
        self.cuts += 1
        unheard, self._unheard = self._unheard, []
        for request in unheard:
            request.lose()

    def be_silent(self) -> None:
        """Take requests and do nothing until `speak`."""
        self.silent = True

    def speak(self) -> None:
        """Do what was asked meanwhile, in order."""
        self.silent = False
        unheard, self._unheard = self._unheard, []
        for request in unheard:
            request.arrive()

    def put_aside(self, request: "Request") -> None:
        """Keep a request that is not to be heard yet; its sender gives up after a while."""
        self._unheard.append(request)


class Wire:
    """One process's connection to one server. Nothing passes once the process is dead."""

    def __init__(self, server: Server, process: Process) -> None:
        self.server = server
        self.process = process
        self.down = False
        self.failpoint: Failpoint | None = None
        self.on_failpoint: Callable[[], None] = process.kill

    def call(
        self, name: str, work: Callable[..., Any], *args: Any, timeout_s: float = 5.0
    ) -> "asyncio.Future[Any]":
        """Have `work(*args)` carried out at the server; the future gets its result or error."""
        request = Request(self, name, work, args, timeout_s)
        request.send()
        return request.future

    def reached(self, name: str, when: str) -> bool:
        """Whether this is where the process is to be killed; it is dead then."""
        if self.failpoint != (name, when):
            return False
        self.failpoint = None
        self.on_failpoint()
        return True


class Request:
    """One request on its way there and back."""

    __slots__ = ("_args", "_cuts", "_deaf", "_name", "_timeout_s", "_wire", "_work", "future")

    def __init__(
        self,
        wire: Wire,
        name: str,
        work: Callable[..., Any],
        args: tuple[Any, ...],
        timeout_s: float,
    ) -> None:
        self.future: asyncio.Future[Any] = wire.server.loop.create_future()
        self._wire = wire
        self._name = name
        self._work = work
        self._args = args
        self._timeout_s = timeout_s
        self._cuts = wire.server.cuts
        self._deaf = False  # the answer will not be heard

    def send(self) -> None:
        wire, server = self._wire, self._wire.server
        if wire.failpoint is not None and wire.reached(self._name, "before"):
            return
        if server.down or wire.down or not wire.process.alive:
            self._later(server.travel_s(), self.fail, ConnectionRefusedError("nobody is there"))
        elif server.trouble and server.chance.random() < server.trouble:
            self._send_in_trouble()
        else:
            self._later(server.travel_s(), self.arrive)

    def _send_in_trouble(self) -> None:
        server = self._wire.server
        fate, self._deaf = server.chance.random(), True
        lost_s = server.travel_s()
        if fate < 0.4:  # carried out, but the answer is lost
            self._later(lost_s, self.arrive)
            lost_s += server.work_s()
        elif fate < 0.7:  # carried out some time after its sender gave it up
            self._later(server.chance.uniform(0, _LONGEST_LATE_S), self.arrive)
        self._later(lost_s, self.lose)

    def arrive(self) -> None:
        """At the server."""
        wire, server = self._wire, self._wire.server
        if server.down or (server.cuts != self._cuts and not self._deaf):
            self.lose()
            return
        if server.silent:
            server.put_aside(self)
            self._later(self._timeout_s, self.fail, TimeoutError("no answer"))
            return
        if wire.failpoint is not None and wire.reached(self._name, "during"):
            self._work(*self._args, server.chance.randrange(5))  # only so many steps of it
            return
        server.asking = self
        try:
            found = self._work(*self._args)
        except Exception as error:
            self._later(server.work_s(), self.fail, error)
            return
        if wire.failpoint is not None and wire.reached(self._name, "after"):
            return
        if found is not LATER:
            self._later(server.work_s(), self._hear, found)

    def answer(self, found: Any) -> None:
        """Answer a request whose work said LATER."""
        self._later(self._wire.server.travel_s(), self._hear, found)

    def lose(self) -> None:
        """Its connection is lost; what was to come back does not."""
        self.fail(ConnectionResetError("the connection was lost"))

    def _hear(self, found: Any) -> None:
        wire = self._wire
        if self._deaf or wire.down or wire.server.cuts != self._cuts:
            self.lose()
        elif not self.future.done():
            self.future.set_result(found)

    def fail(self, error: BaseException) -> None:
        """Tell whoever waits, if somebody still does."""
        if not self.future.done():
            self.future.set_exception(error)

    def _later(self, delay_s: float, step: Callable[..., None], *args: Any) -> None:
        loop = self._wire.server.loop
        loop.call_at(loop.time() + delay_s, step, *args, context=WORLD)
