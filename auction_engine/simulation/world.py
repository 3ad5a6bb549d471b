"""The world of one run: servers, recorders, gateways and people, as a plan says."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from auction_engine.bidding.client import LogClient
from auction_engine.bidding.ports import Clock, LogOf
from auction_engine.bidding.recorder import Recorder
from auction_engine.simulation.bidders import STYLES, Bidder
from auction_engine.simulation.clocks import BEGIN_S, MachineClock
from auction_engine.simulation.gateway import Gateway
from auction_engine.simulation.history import Entry, History, Sent
from auction_engine.simulation.ledger import LedgerServer, MemoryLedger
from auction_engine.simulation.log import LogServer, MemoryLog
from auction_engine.simulation.loop import Process, VirtualLoop
from auction_engine.simulation.plan import Plan
from auction_engine.simulation.recorders import RecorderHost
from auction_engine.simulation.staff import Desk
from auction_engine.simulation.wire import Wire

ON_DISK = "1 a bid is in the ledger when its answer is heard"
# Of one broken promise no more than this many cases are kept.
_TOLD_OF_EACH = 3


@dataclass(frozen=True)
class Build:
    """The parts under test. Others than these are builds broken on purpose, in tests."""

    recorder: type[Recorder] = Recorder
    client: type[LogClient] = LogClient
    ledger: type[LedgerServer] = LedgerServer
    log: type[LogServer] = LogServer


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was not kept. `invariant` names it."""

    invariant: str
    text: str


@dataclass(frozen=True)
class Ports:
    """What one process is connected to."""

    ledger: MemoryLedger
    log_of: LogOf
    clock: Clock
    wires: dict[str, Wire]


class Place(Protocol):
    """Where processes run, one at a time: a recorder's machine or a gateway's."""

    name: str
    process: Process
    wires: dict[str, Wire]

    def start(self) -> None:
        """Start a process, as a supervisor does."""

    def kill(self) -> None:
        """The process is gone, from one moment to the next."""


class World:
    """Everything of one run. `broken` collects the promises that were not kept."""

    def __init__(
        self,
        loop: VirtualLoop,
        plan: Plan,
        chance: random.Random,
        build: Build,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self.loop, self.plan, self.chance, self.build = loop, plan, chance, build
        self._trace = trace
        self.history = History()
        self.counts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.broken: list[Violation] = []
        self.calm = False  # no more faults
        self.over = False  # no more bidding
        self.log = build.log(loop, chance)
        self.ledger = build.ledger(loop, chance)
        self.recorders = [
            RecorderHost(self, shard, f"recorder {shard}/{n}")
            for shard in range(plan.shards)
            for n in range(2)
        ]
        self.gateways = [Gateway(self, f"gateway {n}") for n in range(plan.gateways)]
        self.places: list[Place] = [*self.recorders, *self.gateways]
        self.bidders = [Bidder(self, account, chance.choice(STYLES)) for account in plan.bidders]
        self.desks = [Desk(self, lot) for lot in plan.lots]

    def ports(self, process: Process, machine: MachineClock | None = None) -> Ports:
        """Connections of a new process."""
        to_log, to_ledger = Wire(self.log, process), Wire(self.ledger, process)
        return Ports(
            MemoryLedger(self.ledger, to_ledger),
            lambda server, shard: MemoryLog(server, shard, to_log),
            (machine or MachineClock(self.loop)).as_port(),
            {"log": to_log, "ledger": to_ledger},
        )

    def people_s(self) -> float:
        """How long a message takes between a person and a gateway; messages may overtake."""
        slow = 20.0 if self.chance.random() < 0.05 else 1.0
        return slow * self.chance.uniform(0.002, 0.06)

    def tell(self, who: str, what: str) -> None:
        """A line of the trace, if somebody wants it."""
        if self._trace is not None:
            self._trace(f"{self.loop.time():10.4f}  {who:<12} {what}")

    def violate(self, invariant: str, text: str) -> None:
        """Remember a promise that was not kept."""
        if sum(known.invariant == invariant for known in self.broken) < _TOLD_OF_EACH:
            self.broken.append(Violation(invariant, text))
        self.tell("BROKEN", f"{invariant}: {text}")

    def unexpected(self, name: str, error: BaseException) -> None:
        """A part ended, or raised, for no fault that could excuse it."""
        self.violate("no part ends by itself", f"{name}: {error!r}")

    def head(self, lot: int, column: str) -> Any:
        """What the ledger's head of a lot says now; None before it is listed."""
        return self.ledger.heads.get(lot, {}).get(column)

    def owner(self, shard: int) -> RecorderHost:
        """The recorder that the ledger says owns the shard, or any that waits for it."""
        hosts = [host for host in self.recorders if host.shard == shard]
        row = self.ledger.shards.get(shard)
        for host in hosts:
            if row is not None and host.process.alive and host.recorder.owner == row.owner:
                return host
        return self.chance.choice(hosts)

    def check_on_disk(self, sent: Sent, entry: Entry) -> None:
        """1: at the moment a bidder hears of it, the bid is in the ledger."""
        if sent.key not in self.ledger.keys:
            self.violate(ON_DISK, f"not there: {entry}")

    def true_s(self) -> float:
        """UTC seconds, as they are."""
        return BEGIN_S + self.loop.time()
