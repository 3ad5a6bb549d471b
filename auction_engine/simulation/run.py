"""Running one seed from its plan to its verdict."""

import logging
import random
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import structlog

from auction_engine.simulation.checks import check
from auction_engine.simulation.course import Course
from auction_engine.simulation.faults import FAULTS
from auction_engine.simulation.loop import Stalled, VirtualLoop
from auction_engine.simulation.plan import make_plan
from auction_engine.simulation.world import Build, Violation, World


@dataclass(slots=True)
class Result:
    """What came out of one seed. `digest` is that of the final ledger."""

    seed: int
    lots: int = 0
    bids: int = 0
    entries: int = 0
    virtual_s: float = 0.0
    digest: str = ""
    faults: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[Violation] = field(default_factory=list)


def simulate(
    seed: int,
    lots: int,
    *,
    build: Build | None = None,
    trace: Callable[[str], None] | None = None,
) -> Result:
    """Run one seed. The same seed and number of lots give the same ledger, byte for byte.

    `trace` is called with each line of what happens.
    """
    chance = random.Random(seed)  # noqa: S311  # not for secrets: for repeating a run
    plan = make_plan(seed, lots, tuple(FAULTS), chance)
    loop = VirtualLoop()
    with _quiet_logs(loop, trace):
        try:
            world = World(loop, plan, chance, build or Build(), trace)
            loop.set_exception_handler(_heard_by(world))
            try:
                loop.run_until_complete(Course(world).run())
            except Stalled as stalled:
                world.unexpected("time", stalled)
            _end(loop, world)
            check(world)
        finally:
            loop.close()
    return _result(world)


def _heard_by(world: World) -> Callable[[Any, dict[str, Any]], None]:
    def handler(loop: Any, context: dict[str, Any]) -> None:
        # Futures nobody waits for any more are no fault of theirs; a failing callback is.
        if "handle" in context:
            world.unexpected("a callback", context.get("exception") or RuntimeError(context))

    return handler


def _end(loop: VirtualLoop, world: World) -> None:
    """Every process ends, so that nothing is left of the run."""
    for place in world.places:
        place.kill()
    try:
        loop.run_until_complete(_sleep(loop))
    except Stalled as stalled:
        world.unexpected("time", stalled)


async def _sleep(loop: VirtualLoop) -> None:
    future = loop.create_future()
    loop.call_later(30.0, future.set_result, None)
    await future


def _result(world: World) -> Result:
    journal = world.ledger.journal
    return Result(
        seed=world.plan.seed,
        lots=len(journal),
        bids=len(world.history.bids),
        entries=sum(len(rows) for rows in journal.values()),
        virtual_s=world.loop.time(),
        digest=digest(world),
        faults=world.faults,
        counts=world.counts,
        broken=world.broken,
    )


def digest(world: World) -> str:
    """SHA-256 over every journal entry, head and consumed id."""
    total = sha256()
    for lot, rows in sorted(world.ledger.journal.items()):
        for seq, row in sorted(rows.items()):
            total.update(b"%d %d " % (lot, seq))
            total.update(row[5] + row[6])
    for shard, owned in sorted(world.ledger.shards.items()):
        total.update(f"{shard} {owned.epoch} {owned.consumed}".encode())
    return total.hexdigest()


@contextmanager
def _quiet_logs(loop: VirtualLoop, trace: Callable[[str], None] | None) -> Any:
    """The program's own log lines go to the trace, or nowhere."""
    before = structlog.get_config()

    def to_trace(_logger: Any, _method: str, event: Any) -> Any:
        if trace is not None:
            words = " ".join(f"{key}={value}" for key, value in event.items() if key != "event")
            trace(f"{loop.time():10.4f}  {'log':<12} {event['event']} {words}")
        raise structlog.DropEvent

    level = logging.CRITICAL if trace is None else logging.NOTSET
    structlog.configure(
        processors=[to_trace],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)
