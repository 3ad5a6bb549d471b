"""Requests in memory fail in the ways real ones do, and whoever waits learns no more."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from auction_engine.simulation.loop import Process, VirtualLoop
from auction_engine.simulation.wire import Server, Wire


class Bench:
    """A server that counts what it carries out, a process and the wire between them."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self.server = Server(loop, random.Random(3), 0.001)
        self.process = Process(loop, "client")
        self.wire = Wire(self.server, self.process)
        self.done: list[Any] = []

    def ask(self, what: Any, name: str = "ask") -> asyncio.Future[Any]:
        return self.wire.call(name, self.carry_out, what)

    def carry_out(self, what: Any) -> Any:
        self.done.append(what)
        if isinstance(what, Exception):
            raise what
        return what


def on_bench(job: Callable[[Bench], Awaitable[None]]) -> None:
    loop = VirtualLoop()
    try:
        loop.run_until_complete(job(Bench(loop)))
    finally:
        loop.close()


def test_an_answer_takes_its_time() -> None:
    async def job(bench: Bench) -> None:
        assert await bench.ask(5) == 5
        assert 0.0005 < bench.loop.time() < 0.01
        with pytest.raises(ValueError, match="no"):
            await bench.ask(ValueError("no"))

    on_bench(job)


def test_a_server_that_is_down_does_nothing() -> None:
    async def job(bench: Bench) -> None:
        bench.server.down = True
        with pytest.raises(ConnectionRefusedError):
            await bench.ask(1)
        bench.server.down = False
        asked = bench.ask(2)
        bench.server.cut()  # on the way there
        with pytest.raises(ConnectionResetError):
            await asked
        assert bench.done == []
        assert await bench.ask(3) == 3

    on_bench(job)


def test_an_answer_lost_on_the_way_back_leaves_the_work_done() -> None:
    async def job(bench: Bench) -> None:
        asked = bench.ask(1)
        while not bench.done:  # noqa: ASYNC110
            await asyncio.sleep(0.00005)
        bench.server.cut()
        with pytest.raises(ConnectionResetError):
            await asked
        assert bench.done == [1]

    on_bench(job)


def test_a_silent_server_does_it_later_and_a_patient_client_hears() -> None:
    async def job(bench: Bench) -> None:
        bench.server.be_silent()
        impatient = bench.wire.call("ask", bench.carry_out, 1, timeout_s=1.0)
        patient = bench.ask(2)
        with pytest.raises(TimeoutError):
            await impatient
        await asyncio.sleep(2)
        assert bench.done == []
        bench.server.speak()
        assert await patient == 2
        assert bench.done == [1, 2]

    on_bench(job)


def test_in_trouble_everything_can_happen() -> None:
    """Lost before, lost after, done late, answered: each of many, and no error without doubt."""

    async def job(bench: Bench) -> None:
        bench.server.trouble = 0.7
        asked = [bench.ask(n) for n in range(300)]
        await asyncio.wait(asked)
        at_once = set(bench.done)
        await asyncio.sleep(3)
        answered = {n for n, future in enumerate(asked) if future.exception() is None}
        assert 50 < len(answered) < 150
        assert answered < at_once < set(bench.done) < set(range(300))
        assert len(bench.done) == len(set(bench.done))

    on_bench(job)


def test_a_wire_that_is_cut_is_cut_for_one_process_alone() -> None:
    async def job(bench: Bench) -> None:
        other = Wire(bench.server, bench.process)
        bench.wire.down = True
        with pytest.raises(ConnectionRefusedError):
            await bench.ask(1)
        assert await other.call("ask", bench.carry_out, 2) == 2

    on_bench(job)


@pytest.mark.parametrize(("when", "done"), [("before", []), ("after", [1])])
def test_a_failpoint_kills_at_its_step(when: str, done: list[int]) -> None:
    async def job(bench: Bench) -> None:
        heard: list[Any] = []

        async def work() -> None:
            heard.append(await bench.ask(0, "other"))
            heard.append(await bench.ask(1, "ask"))

        bench.wire.failpoint = ("ask", when)
        bench.process.spawn(work(), "work")
        await asyncio.sleep(1)
        assert not bench.process.alive
        assert heard == [0]
        assert bench.done == [0, *done]
        with pytest.raises(ConnectionRefusedError):  # nothing leaves a dead process
            await bench.ask(2)
        assert bench.done == [0, *done]

    on_bench(job)
