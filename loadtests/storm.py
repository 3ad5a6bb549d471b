"""Open-loop arrivals: bids are due by the clock, whatever became of the ones before.

Latency counts from the moment a bid was due, so a server that stalls is charged for every bid it
kept from being sent as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from array import array
from collections.abc import Callable
from typing import Any

RECORDED, REFUSED, BUSY, ERROR = 1, 2, 3, 4
LOST_AFTER_S = 5.0
_TICK_S = 0.001
# Below this share of the rate asked for, the generator was the limit and says so.
_ENOUGH = 0.98


def quantile_ms(sorted_s: list[float], share: float) -> float | None:
    """The quantile of sorted seconds, in milliseconds."""
    if not sorted_s:
        return None
    return round(1000 * sorted_s[min(len(sorted_s) - 1, int(len(sorted_s) * share))], 3)


class Storm:
    """`rate` bids a second for `warmup_s + seconds`; those of the warm-up are not counted.

    `send(number)` must send a bid at once; whoever gets its answer calls `answered`.
    """

    def __init__(self, rate: float, seconds: float, warmup_s: float) -> None:
        self.rate = rate
        self.bids = max(1, int(rate * (warmup_s + seconds)))
        self.first = min(int(rate * warmup_s), self.bids - 1)
        self.send: Callable[[int], None] = lambda number: None
        self._at = array("d", bytes(8 * self.bids))
        self._outcome = bytearray(self.bids)
        self._open = self.bids
        self._all_answered = asyncio.Event()
        self._sent = 0
        self._lags: list[float] = []
        self._started = self._sent_all = 0.0

    def answered(self, number: int, outcome: int, at: float) -> None:
        """Bid `number` was answered at `at` (perf_counter)."""
        if not self._outcome[number]:
            self._outcome[number] = outcome
            self._at[number] = at
            self._open -= 1
            if not self._open:
                self._all_answered.set()

    async def run(self) -> None:
        """Send everything, then wait for the answers, LOST_AFTER_S at most."""
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        self._started = time.perf_counter()
        self._tick(loop, done)
        await done.wait()
        self._sent_all = time.perf_counter()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOST_AFTER_S):
                await self._all_answered.wait()

    def _tick(self, loop: asyncio.AbstractEventLoop, done: asyncio.Event) -> None:
        elapsed = time.perf_counter() - self._started
        number, send = self._sent, self.send
        due = min(self.bids, int(elapsed * self.rate) + 1)
        if number < due and number >= self.first:
            self._lags.append(elapsed - number / self.rate)
        while number < due:
            send(number)
            number += 1
        self._sent = number
        if number < self.bids:
            loop.call_later(_TICK_S, self._tick, loop, done)
        else:
            done.set()

    def figures(self) -> dict[str, Any]:
        """What became of the counted bids."""
        counted = range(self.first, self.bids)
        rate, started, at, outcome = self.rate, self._started, self._at, self._outcome
        counts = [0] * 5
        for number in counted:
            counts[outcome[number]] += 1
        kept = (RECORDED, REFUSED)
        late = sorted(at[n] - started - n / rate for n in counted if outcome[n] in kept)
        busy = sorted(at[n] - started - n / rate for n in counted if outcome[n] == BUSY)
        last = max((at[n] for n in counted if outcome[n] in kept), default=self._sent_all)
        span_s = max(last - started - self.first / rate, len(counted) / rate)
        achieved = self.bids / max(self._sent_all - self._started, self.bids / rate)
        lags, total = sorted(self._lags), len(counted)
        return {
            "offered_per_s": rate,
            "achieved_per_s": round(achieved, 1),
            "generator_kept_up": achieved >= _ENOUGH * rate,
            "send_lag_p99_ms": quantile_ms(lags, 0.99),
            "bids": total,
            "acknowledged_share": round(len(late) / total, 6),
            "acknowledged_per_s": round(len(late) / span_s, 1),
            "accepted_share": round(counts[RECORDED] / total, 6),
            "refused_share": round(counts[REFUSED] / total, 6),
            "busy_share": round(counts[BUSY] / total, 6),
            "errors": counts[ERROR],
            "lost": counts[0],
            "p50_ms": quantile_ms(late, 0.5),
            "p99_ms": quantile_ms(late, 0.99),
            "max_ms": quantile_ms(late, 1),
            "busy_p99_ms": quantile_ms(busy, 0.99),
        }
