"""Seeds: every promise is kept, and one seed is one history, in whichever process it runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from functools import lru_cache

import pytest

from auction_engine.simulation.faults import FAULTS
from auction_engine.simulation.many import simulate_many
from auction_engine.simulation.run import Result, simulate

LOTS = 12
SEEDS = 48
BATCHES = 6


@lru_cache(maxsize=SEEDS)
def outcome(seed: int) -> Result:
    return simulate(seed, LOTS)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_promise_is_kept(batch: int) -> None:
    size = SEEDS // BATCHES
    for seed in range(batch * size, (batch + 1) * size):
        assert outcome(seed).broken == [], f"auction-engine simulate --seed {seed} --lots {LOTS}"


def test_the_faults_did_happen_and_there_was_something_to_lose() -> None:
    faults: Counter[str] = Counter()
    for seed in range(SEEDS):
        result = outcome(seed)
        assert result.lots == LOTS
        assert result.entries > 5 * LOTS
        faults += result.faults
    assert faults.keys() >= FAULTS.keys()
    assert any(name.startswith("killed ") for name in faults)
    answered = sum(outcome(seed).counts["bids answered"] for seed in range(SEEDS))
    assert answered > 5 * LOTS * SEEDS


def test_one_seed_is_one_history_in_another_process_too() -> None:
    seeds = (3, 17, 29)
    words = "import sys; from auction_engine.simulation.run import simulate\n"
    words += f"for seed in {seeds}: print(simulate(seed, {LOTS}).digest)"
    for hashing in ("0", "12345"):
        env = os.environ | {"PYTHONHASHSEED": hashing}
        found = subprocess.run(
            [sys.executable, "-c", words], env=env, capture_output=True, text=True, check=True
        )
        assert found.stdout.split() == [outcome(seed).digest for seed in seeds]


def test_another_seed_is_another_history() -> None:
    digests = {outcome(seed).digest for seed in range(SEEDS)}
    assert len(digests) == SEEDS
    assert simulate(3, LOTS + 1).digest not in digests


def test_watching_a_run_does_not_change_it() -> None:
    lines: list[str] = []
    assert simulate(5, LOTS, trace=lines.append).digest == outcome(5).digest
    assert any("FAULT" in line for line in lines)
    assert any("shard_owned" in line for line in lines)
    assert any(" bids " in line for line in lines)
    times = [float(line.split()[0]) for line in lines]
    assert times == sorted(times)


def test_many_seeds_on_all_cores_are_the_same_seeds() -> None:
    told: list[int] = []
    total = simulate_many(0, 11, LOTS, processes=2, on_progress=lambda t: told.append(t.seeds))
    assert total.bad is None
    assert total.seeds == 12
    assert told == sorted(told)
    assert total.lots == 12 * LOTS
    assert total.entries == sum(outcome(seed).entries for seed in range(12))
    assert total.faults == sum((outcome(seed).faults for seed in range(12)), Counter())
