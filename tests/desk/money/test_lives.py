"""Random lives of lots and their money, through the real functions on a real PostgreSQL.

`AUCTION_MONEY_LIVES` lives are led, 20 unless said; each of up to sixty steps.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .house import house
from .lives import ACTS, BEGINNINGS, WEIGHTS, Life, Step

LIVES = int(os.environ.get("AUCTION_MONEY_LIVES", "20"))
NAMES = [name for name in ACTS for _ in range(WEIGHTS.get(name, 1))]
STEPS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(0, 63), st.integers(0, 63)),
    min_size=25,
    max_size=60,
)


def test_whatever_happens_every_dong_is_somebodys(database_url: str) -> None:
    ends: Counter[str] = Counter()
    acts: Counter[str] = Counter()

    async def live(steps: list[Step], begins: str, paid: int) -> None:
        async with house(database_url) as desk:
            life = Life(desk, await desk.sale(4))
            await life.begin(begins, paid)
            await life.live(steps)
            await life.end()
            ends[(await life.sale.state()).status] += 1
            acts.update(life.done)

    @settings(
        max_examples=LIVES, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],  # a life of thirty steps reads as well whole
    )  # fmt: skip
    @given(STEPS, st.sampled_from(BEGINNINGS), st.integers(1, 63))
    def lives(steps: list[Step], begins: str, paid: int) -> None:
        asyncio.run(live(steps, begins, paid))

    lives()
    print(f"{sum(ends.values())} lives, {sum(acts.values())} steps: {dict(ends)} {dict(acts)}")
    assert sum(ends.values()) >= LIVES
