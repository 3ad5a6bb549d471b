"""The simulator bites: builds broken on purpose do not get through a few seeds."""

from __future__ import annotations

import pytest

from auction_engine.simulation.checks import ACKNOWLEDGED, LOG_TIME, REPLAY, SEQUENCE
from auction_engine.simulation.run import simulate

from .broken import BROKEN

LOTS = 12
MOST_SEEDS = 40

EXPECTED = {
    "answers before the commit": ACKNOWLEDGED,
    "answers just before the commit": ACKNOWLEDGED,
    "no epoch check": SEQUENCE,
    "closes by arrival": REPLAY,
    "records the time of arrival": LOG_TIME,
    "guesses the outcome of a commit": ACKNOWLEDGED,
}


@pytest.mark.parametrize("name", BROKEN)
def test_it_is_caught(name: str) -> None:
    for seed in range(MOST_SEEDS):
        broken = simulate(seed, LOTS, build=BROKEN[name]).broken
        if any(violation.invariant == EXPECTED[name] for violation in broken):
            print(f"{name}: caught at seed {seed}")
            return
    pytest.fail(f"{name}: not caught within {MOST_SEEDS} seeds")
