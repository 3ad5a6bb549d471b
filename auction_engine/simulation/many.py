"""Many seeds, one process for each core."""

import gc
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait

from auction_engine.simulation.run import Result, simulate

# Seeds handed to a process at a time: enough to forget the hand-over, few enough for a steady bar.
_AT_ONCE = 5


@dataclass(slots=True)
class Total:
    """What came out of all seeds so far. `bad` is the first seed that broke a promise."""

    seeds: int = 0
    lots: int = 0
    bids: int = 0
    entries: int = 0
    virtual_s: float = 0.0
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    bad: Result | None = None

    def add(self, result: Result) -> None:
        """Count one more; the caller adds in the order of seeds and stops at the first bad one."""
        self.seeds += 1
        self.lots += result.lots
        self.bids += result.bids
        self.entries += result.entries
        self.virtual_s += result.virtual_s
        self.faults.update(result.faults)
        if result.broken:
            self.bad = result

    @property
    def lots_per_s(self) -> float:
        return self.lots / self.seconds if self.seconds else 0.0


def simulate_many(
    first: int,
    last: int,
    lots: int,
    processes: int | None = None,
    on_progress: Callable[[Total], None] | None = None,
) -> Total:
    """Run the seeds `first` to `last`, both included; stop at the first that breaks a promise.

    `processes` None means one for each core.
    """
    total, started = Total(), time.perf_counter()
    for results in _chunks(first, last, lots, processes or os.cpu_count() or 1):
        for result in results:
            total.add(result)
            if total.bad is not None:
                break
        total.seconds = time.perf_counter() - started
        if on_progress is not None:
            on_progress(total)
        if total.bad is not None:
            break
    return total


def _chunks(first: int, last: int, lots: int, processes: int) -> Iterator[list[Result]]:
    """Results in the order of seeds. Ending the iteration early ends what is under way."""
    starts = iter(range(first, last + 1, _AT_ONCE))
    # Spawned, not forked: nothing of this process may have a part in what comes out.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), initializer=_prepare)
    waiting: list[Future[list[Result]]] = []
    try:
        while True:
            for start in starts:
                waiting.append(pool.submit(_run, start, min(start + _AT_ONCE - 1, last), lots))
                if len(waiting) > 4 * processes:
                    break
            if not waiting:
                return
            yield waiting.pop(0).result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _prepare() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to hear
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.collect()
    gc.freeze()
    gc.disable()


def _end_with_parent() -> None:
    """A parent that was killed cannot tell us to stop."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _run(first: int, last: int, lots: int) -> list[Result]:
    results = []
    for seed in range(first, last + 1):
        results.append(simulate(seed, lots))
        gc.collect()  # between runs: during one it would cost as much as the run
    return results
