"""The checks find what they are for: recorders broken on purpose do not get through."""

from __future__ import annotations

import asyncio
import random

import pytest

from .drive import Fault, Run, drive
from .test_faults import kill_recorder, stop_recorder_beyond_its_lease
from .world import World

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]


async def run_broken(how: str, fault: Fault, seed: int, times: int) -> Run:
    world = World(["-m", "faults.broken", how])
    try:
        await asyncio.to_thread(world.start)
        return await drive(world, seed, fault, times)
    finally:
        await asyncio.to_thread(world.stop)


async def test_an_answer_before_the_commit_is_caught() -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    run = await run_broken("answer-before-commit", kill_recorder, seed, 2)
    print(run.wrong[:3], run.stuck)
    # It works until it is killed; then it may have lost so much that nothing goes on.
    assert run.acknowledged > 60 or run.stuck is not None
    assert any("acknowledged but not in the ledger" in w or "recorded {" in w for w in run.wrong)


async def test_a_missing_epoch_check_is_caught() -> None:
    # Who of the two writes first after the stop is a race, and if it is always the new owner the
    # journal is sound by luck: so there are a few tries.
    for _ in range(4):
        seed = random.randrange(2**32)
        print("seed", seed)
        run = await run_broken("no-epoch-check", stop_recorder_beyond_its_lease, seed, 2)
        print(run.wrong[:3], run.stuck)
        assert run.acknowledged > 60 or run.stuck is not None
        if any("epoch" in w for w in run.wrong) or run.stuck is not None:
            break
    # Two epochs' rows side by side, or a shard on which the two block each other for good; the
    # same fault with the real recorder passes in test_faults.
    assert any("epoch" in w for w in run.wrong) or run.stuck is not None
