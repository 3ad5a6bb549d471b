"""The faults: each is a coroutine that harms a world and, some time later, ends the harm.

It may be cancelled at any moment; `course` then ends every harm that is left.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from auction_engine.simulation.recorders import RecorderHost
from auction_engine.simulation.wire import Failpoint, Server

if TYPE_CHECKING:
    from auction_engine.simulation.world import Place, World

Fault = Callable[["World"], Awaitable[None]]

# Where a recorder can be killed for certain: on which wire, in which operation, when.
_FAILPOINTS: tuple[tuple[str, Failpoint], ...] = (
    ("ledger", ("acquire", "after")),
    ("ledger", ("commit", "before")),
    ("ledger", ("commit", "after")),
    ("ledger", ("answers", "before")),
    ("log", ("publish", "before")),
    ("log", ("publish", "during")),
    ("log", ("publish", "after")),
    ("log", ("raise", "after")),
)
_REACHED_WITHIN_S = 3.0


def _owner(world: "World") -> RecorderHost:
    return world.owner(world.chance.randrange(world.plan.shards))


async def _some_time(world: "World", least_s: float, most_s: float) -> None:
    await asyncio.sleep(world.chance.uniform(least_s, most_s))


# --- processes -------------------------------------------------------------------------------


async def _dead(world: "World", place: "Place", most_s: float) -> None:
    """Kill it now; after a while its supervisor starts it again."""
    world.tell("FAULT", f"{place.name} is killed")
    place.kill()
    await _some_time(world, 0.05, most_s)
    if not place.process.alive:
        place.start()


async def kill_recorder(world: "World") -> None:
    """The owner of a shard, at any moment."""
    await _dead(world, _owner(world), 4.0)


async def kill_recorder_at_failpoint(world: "World") -> None:
    """The owner of a shard, at one certain step."""
    host, (name, failpoint) = _owner(world), world.chance.choice(_FAILPOINTS)
    wire, reached = host.wires[name], asyncio.Event()

    def killed() -> None:
        world.tell("FAULT", f"{host.name} is killed {failpoint[1]} {failpoint[0]}")
        world.faults[f"killed {failpoint[1]} {failpoint[0]}"] += 1
        host.kill()
        reached.set()

    wire.failpoint, wire.on_failpoint = failpoint, killed
    try:
        async with asyncio.timeout(_REACHED_WITHIN_S):
            await reached.wait()
        await _some_time(world, 0.05, 3.0)
    except TimeoutError:
        pass
    wire.failpoint = None
    if not host.process.alive:
        host.start()


async def stop_recorder(world: "World") -> None:
    """Stopped for longer than its lease, perhaps; then it goes on as if nothing had been."""
    process = _owner(world).process
    world.tell("FAULT", f"{process.name} is stopped")
    process.stop()
    await _some_time(world, 0.1, 2.5 * world.plan.limits.lease_s)
    process.go_on()


async def kill_gateway(world: "World") -> None:
    await _dead(world, world.chance.choice(world.gateways), 2.0)


async def stop_gateway(world: "World") -> None:
    process = world.chance.choice(world.gateways).process
    process.stop()
    await _some_time(world, 0.1, 5.0)
    process.go_on()


async def kill_everything(world: "World") -> None:
    """Every process of ours at once, as when a machine loses power."""
    await asyncio.gather(*(_dead(world, place, 2.0) for place in world.places))


# --- the log ---------------------------------------------------------------------------------


async def _away(world: "World", server: Server, most_s: float) -> None:
    server.down = True
    server.cut()
    await _some_time(world, 0.02, most_s)
    server.down = False


async def log_away(world: "World") -> None:
    """Killed and started again with its data."""
    await _away(world, world.log, 3.0)


async def log_wiped(world: "World") -> None:
    """All its data is gone; perhaps it was only flushed, and no connection is lost."""
    world.log.become({})
    if world.chance.random() < 0.6:
        await _away(world, world.log, 1.0)


async def log_from_stale_copy(world: "World") -> None:
    """A fail-over to a copy that missed the newest writes and has a clock of its own."""
    copy = world.log.copy()
    await _some_time(world, 0.005, world.chance.choice((0.1, 1.0, 4.0)))
    world.log.become(copy)
    world.log.clock.step(world.chance.choice((-3.0, -0.4, -0.05, 0.0, 0.05, 0.4)))
    await _away(world, world.log, 0.5)


async def log_key_lost(world: "World") -> None:
    """One key is deleted."""
    data = world.log.shard(world.chance.randrange(world.plan.shards))
    which = world.chance.choice(("inbox", "events", "deadlines", "books", "mark"))
    setattr(data, which, getattr(type(data)(), which))


async def log_silent(world: "World") -> None:
    world.log.be_silent()
    await _some_time(world, 0.05, 7.0)
    world.log.speak()


async def log_in_trouble(world: "World") -> None:
    """Many connections are lost, before or after what was asked was done, or long before."""
    world.log.trouble = world.chance.uniform(0.1, 0.6)
    await _some_time(world, 0.3, 3.0)
    world.log.trouble = 0.0


# --- the ledger --------------------------------------------------------------------------------


async def ledger_away(world: "World") -> None:
    await _away(world, world.ledger, 4.0)


async def ledger_silent(world: "World") -> None:
    world.ledger.be_silent()
    await _some_time(world, 0.05, world.chance.choice((0.5, 4.0, 13.0)))
    world.ledger.speak()


async def ledger_in_trouble(world: "World") -> None:
    """Commits of unknown outcome: done, not done, or done later."""
    world.ledger.trouble = world.chance.uniform(0.1, 0.6)
    await _some_time(world, 0.3, 3.0)
    world.ledger.trouble = 0.0


# --- wires and clocks ----------------------------------------------------------------------------


async def wire_cut(world: "World") -> None:
    """One process does not reach one server."""
    place = world.chance.choice(world.places)
    wire = place.wires[world.chance.choice(("log", "ledger"))]
    world.tell("FAULT", f"{place.name} is cut off")
    wire.down = True
    await _some_time(world, 0.1, 4.0)
    wire.down = False


async def log_clock_steps(world: "World") -> None:
    """The clock that bids are ordered by jumps, and is corrected later, or not before the end."""
    seconds = world.chance.choice((0.1, 0.4, 2.0, 5.0)) * world.chance.choice((-1, 1))
    world.tell("FAULT", f"the log's clock steps {seconds:+} s")
    world.log.clock.step(seconds)
    await _some_time(world, 0.5, 8.0)
    world.log.clock.correct()


async def ledger_clock_steps(world: "World") -> None:
    """The clock that leases run by jumps."""
    world.ledger.clock.step(world.chance.uniform(-2.0, 4.0))
    await _some_time(world, 0.5, 8.0)
    world.ledger.clock.correct()


async def recorder_clock_steps(world: "World") -> None:
    _owner(world).clock.step(world.chance.uniform(-5.0, 5.0))


async def recorder_and_log_clock_step(world: "World") -> None:
    """Both are on one machine, whose clock jumps ahead."""
    seconds = world.chance.uniform(0.6, 5.0)
    for clock in (world.log.clock, *(host.clock for host in world.recorders)):
        clock.step(seconds)
    await _some_time(world, 0.5, 6.0)
    for clock in (world.log.clock, *(host.clock for host in world.recorders)):
        clock.correct()


async def clocks_drift(world: "World") -> None:
    for clock in (world.log.clock, *(host.clock for host in world.recorders)):
        clock.drift(world.chance.uniform(0.97, 1.03))


# --- load ----------------------------------------------------------------------------------------


async def crowd(world: "World") -> None:
    """Everybody bids for one lot in one moment: more than a small inbox takes."""
    plan = world.chance.choice(world.plan.lots)
    for bidder in world.bidders:
        for _ in range(world.chance.randint(1, 12)):
            bidder.bid(plan.shard, plan.lot, (world.chance.randint(1, 5_000), None))


FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        kill_recorder,
        kill_recorder_at_failpoint,
        stop_recorder,
        kill_gateway,
        stop_gateway,
        kill_everything,
        log_away,
        log_wiped,
        log_from_stale_copy,
        log_key_lost,
        log_silent,
        log_in_trouble,
        ledger_away,
        ledger_silent,
        ledger_in_trouble,
        wire_cut,
        log_clock_steps,
        ledger_clock_steps,
        recorder_clock_steps,
        recorder_and_log_clock_step,
        clocks_drift,
        crowd,
    )
}
