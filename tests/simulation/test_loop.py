"""Virtual time: nothing waits, nothing is left to chance, processes stop and die as a whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from auction_engine.simulation.clocks import BEGIN_S, MachineClock
from auction_engine.simulation.loop import Process, Stalled, VirtualLoop


def run(job: Coroutine[Any, Any, Any], loop: VirtualLoop | None = None) -> Any:
    loop = loop or VirtualLoop()
    try:
        return loop.run_until_complete(job)
    finally:
        loop.close()


def test_an_hour_takes_no_time() -> None:
    async def job() -> float:
        await asyncio.sleep(3_000)
        return asyncio.get_running_loop().time()

    started = time.monotonic()
    assert run(job()) == 3_000
    assert time.monotonic() - started < 1


def test_timers_come_in_their_order_and_equal_ones_as_they_were_set() -> None:
    said: list[str] = []

    async def job() -> None:
        loop = asyncio.get_running_loop()
        for name, delay_s in (("c", 2.0), ("a", 1.0), ("d", 2.0), ("b", 1.0)):
            loop.call_later(delay_s, said.append, name)
        loop.call_later(1.5, said.append, "cancelled").cancel()
        await asyncio.sleep(3)

    run(job())
    assert said == ["a", "b", "c", "d"]


def test_timeouts_and_waiting_work_as_elsewhere() -> None:
    async def job() -> float:
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(7):
                await asyncio.Event().wait()
        sleeping = asyncio.create_task(asyncio.sleep(50))
        done, waiting = await asyncio.wait([sleeping], timeout=3)
        assert (done, waiting) == (set(), {sleeping})
        await sleeping
        return loop.time()

    assert run(job()) == 57


def test_what_never_happens_is_an_error_and_no_endless_wait() -> None:
    async def never() -> None:
        await asyncio.get_running_loop().create_future()

    async def always() -> None:
        while True:  # noqa: ASYNC110
            await asyncio.sleep(100)

    async def busy() -> None:
        while True:  # noqa: ASYNC110
            await asyncio.sleep(0)

    for job in (never, always, busy):
        loop = VirtualLoop()
        task = loop.create_task(job())
        with pytest.raises(Stalled):
            loop.run_until_complete(task)
        task.cancel()
        loop.call_later(1, lambda: None)
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.close()


def test_an_error_in_a_callback_is_told_and_does_not_end_it() -> None:
    loop, told = VirtualLoop(), []
    loop.set_exception_handler(lambda _, context: told.append(context))

    async def job() -> str:
        loop.call_soon(lambda: 1 / 0)
        await asyncio.sleep(1)
        return "went on"

    assert run(job(), loop) == "went on"
    assert isinstance(told[0]["exception"], ZeroDivisionError)
    assert "handle" in told[0]


class TestProcess:
    async def counting(self, counts: list[float]) -> None:
        while True:
            await asyncio.sleep(1)
            counts.append(asyncio.get_running_loop().time())

    def test_stopped_it_does_nothing_and_then_goes_on(self) -> None:
        loop, counts = VirtualLoop(), list[float]()
        process = Process(loop, "one")
        others: list[float] = []

        async def job() -> None:
            process.spawn(self.counting(counts), "count")
            other = asyncio.create_task(self.counting(others))
            await asyncio.sleep(3.5)
            process.stop()
            await asyncio.sleep(10)
            assert counts == [1, 2, 3]
            process.go_on()
            await asyncio.sleep(2.1)
            process.kill()
            await asyncio.sleep(5)
            other.cancel()

        run(job(), loop)
        # What was due while it was stopped happened at once, when it went on.
        assert counts == [1, 2, 3, 13.5, 14.5, 15.5]
        assert len(others) == 20
        assert loop.stopped_processes == 0

    def test_what_it_starts_belongs_to_it(self) -> None:
        loop, counts = VirtualLoop(), list[float]()
        process = Process(loop, "one")

        async def parent() -> None:
            await asyncio.gather(*(self.counting(counts) for _ in range(2)))

        async def job() -> None:
            process.spawn(parent(), "parent")
            await asyncio.sleep(1.5)
            process.stop()
            await asyncio.sleep(5)
            assert len(counts) == 2
            process.kill()
            assert not process.stopped
            await asyncio.sleep(5)
            assert len(counts) <= 4
            await asyncio.sleep(5)
            assert len(counts) <= 4

        run(job(), loop)


def test_a_machines_clock_can_be_wrong_and_is_right_again() -> None:
    async def job() -> None:
        clock = MachineClock(asyncio.get_running_loop())
        assert clock.wall_s() == BEGIN_S
        await asyncio.sleep(10)
        clock.step(-4)
        assert clock.wall_s() == BEGIN_S + 6
        clock.drift(2.0)
        await asyncio.sleep(3)
        assert clock.wall_s() == BEGIN_S + 12
        assert clock.as_port().steady_s() == 13
        clock.correct()
        assert clock.wall_s() == BEGIN_S + 13

    run(job())
