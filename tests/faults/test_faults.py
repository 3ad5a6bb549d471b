"""Real processes killed, stopped and wiped under load; then clients' memory against the ledger.

`AUCTION_FAULT_SEED` makes the moments of chance those of an earlier run, as far as they are ours.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator

import pytest
from bidding.harness import until

from .drive import Fault, Run, drive
from .world import World

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]

TIMES = 3


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World()
    try:
        world.start()
        yield world
    finally:
        world.stop()


@pytest.fixture
def seed() -> int:
    seed = int(os.environ.get("AUCTION_FAULT_SEED") or random.randrange(2**32))
    print(f"AUCTION_FAULT_SEED={seed}")
    return seed


async def kill_gateway(world: World, chance: random.Random) -> None:
    await asyncio.to_thread(chance.choice(world.gateways).kill)


async def kill_recorder(world: World, chance: random.Random) -> None:
    await asyncio.to_thread(world.owner().kill)


async def kill_everything_of_ours(world: World, chance: random.Random) -> None:
    for child in chance.sample(world.children, len(world.children)):
        await asyncio.to_thread(child.kill)


async def kill_valkey(world: World, chance: random.Random) -> None:
    await _restart_valkey(world, chance, wipe=False)


async def wipe_valkey(world: World, chance: random.Random) -> None:
    await _restart_valkey(world, chance, wipe=True)


async def _restart_valkey(world: World, chance: random.Random, *, wipe: bool) -> None:
    with world.log() as log:
        before = log.info("server")["run_id"]
    valkey = world.servers.valkey
    await asyncio.to_thread(valkey.kill)
    if wipe:
        await asyncio.to_thread(valkey.wipe)
    await asyncio.sleep(chance.uniform(0.0, 0.5))
    await asyncio.to_thread(valkey.start)
    with world.log() as log:
        assert log.info("server")["run_id"] != before


async def flush_valkey(world: World, chance: random.Random) -> None:
    with world.log() as log:
        assert log.dbsize() > 0
        log.flushall()


async def stop_recorder_beyond_its_lease(world: World, chance: random.Random) -> None:
    """It is stopped, another takes the shard, then it goes on as if nothing had been."""
    stopped, epoch = await asyncio.to_thread(lambda: (world.owner(), world.epoch()))
    stopped.pause()
    try:
        await until(lambda: taken_over(world, epoch))
        await asyncio.sleep(chance.uniform(0.0, 0.5))
    finally:
        stopped.go_on()
    assert await asyncio.to_thread(world.owner) is not stopped


async def taken_over(world: World, epoch: int) -> bool:
    return await asyncio.to_thread(world.epoch) != epoch


async def kill_postgres(world: World, chance: random.Random) -> None:
    postgres = world.servers.postgres
    await asyncio.to_thread(postgres.kill)
    await asyncio.sleep(chance.uniform(0.0, 0.5))
    await asyncio.to_thread(postgres.start)


@pytest.mark.parametrize(
    "fault",
    [
        kill_gateway,
        kill_recorder,
        kill_everything_of_ours,
        kill_valkey,
        wipe_valkey,
        flush_valkey,
        stop_recorder_beyond_its_lease,
        kill_postgres,
    ],
)
async def test_no_acknowledged_bid_is_lost_or_doubled(
    world: World, seed: int, fault: Fault
) -> None:
    kills = sum(child.kills for child in world.children)
    run = await drive(world, seed, fault, TIMES)
    print(_figures(fault, run))
    assert run.stuck is None, f"{run.stuck}\n{run.wrong[:5]}\n{world.last_words()}"
    assert run.wrong == []
    # The fault did happen, and there was something it could have destroyed.
    assert run.faults == TIMES
    kills = sum(child.kills for child in world.children) - kills
    expected = {kill_gateway: 1, kill_recorder: 1, kill_everything_of_ours: 4}.get(fault, 0)
    assert kills == expected * TIMES
    assert run.during > 20
    assert run.acknowledged > 150
    assert all(child.running for child in world.children)


def _figures(fault: Fault, run: Run) -> str:
    recovery = ", ".join(f"{s:.2f}" for s in run.recovery_s)
    return (
        f"{fault.__name__}: {run.faults} faults, {run.rows} bids recorded, {run.during} accepted "
        f"between them, {run.acknowledged} acknowledged, {run.reconnects} failed connections, "
        f"recovered after {recovery} s, {run.seconds:.1f} s in all"
    )
