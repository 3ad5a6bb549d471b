"""Virtual time: an event loop that never waits, and processes that can be stopped and killed.

When nothing is ready the loop's time jumps to the next timer. There are no threads, no sockets and
no real clock, and equal timers run in the order in which they were set: the same program with the
same seed takes the same steps.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVarTuple

# Turns without any time passing, and time: more of them is something that would never end.
_MOST_AT_ONE_MOMENT = 1_000
_LONGEST_S = 3_600.0
# Looking after each step whether to stop costs less than a turn of `run_forever` for each.
_STEPS_A_TURN = 1_000

_Ts = TypeVarTuple("_Ts")
_process: ContextVar["Process | None"] = ContextVar("process", default=None)
# The context of what belongs to no process: servers, wires, people.
WORLD = Context()


class Stalled(RuntimeError):
    """Nothing is ready and no timer is set, or time does not pass any more."""


class _Step(asyncio.TimerHandle):
    """A callback with its moment; what asyncio's own handles do besides is left out."""

    __slots__ = ()

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: Context | None,
    ) -> None:
        self._when = when
        self._callback = callback
        self._args = args
        self._context = copy_context() if context is None else context
        self._cancelled = False

    def cancel(self) -> None:
        self._cancelled = True


class VirtualLoop(asyncio.BaseEventLoop):
    """An asyncio loop in virtual seconds from 0. What a stopped process would do is put aside."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0
        self._number = 0
        self._at_this_moment = 0
        self._due: deque[_Step] = deque()
        self._timers: list[tuple[float, int, _Step]] = []
        self.stopped_processes = 0

    def time(self) -> float:
        return self._now_s

    def call_soon(
        self,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        handle = _Step(self._now_s, callback, args, context)
        self._due.append(handle)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = _Step(when, callback, args, context)
        self._number += 1
        heapq.heappush(self._timers, (when, self._number, handle))
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now_s + delay, callback, *args, context=context)

    def soon(self, steps: "list[_Step]") -> None:
        """Take these next, in their order."""
        self._due.extend(steps)

    def _run_once(self) -> None:
        """Some steps in their order, called by `run_forever` until somebody says stop."""
        due = self._due
        self._at_this_moment += 1
        if self._at_this_moment > _MOST_AT_ONE_MOMENT:
            self._at_this_moment = 0
            raise Stalled(f"Time stands still at {self._now_s:.6f} s.")
        for _ in range(_STEPS_A_TURN):
            if self._stopping:  # type: ignore[attr-defined]
                return
            step = due.popleft() if due else self._next_timer()
            if step._cancelled:
                continue
            if self.stopped_processes:
                process = step._context.get(_process)
                if process is not None and process.stopped:
                    process.put_aside.append(step)
                    continue
            try:
                step._context.run(step._callback, *step._args)
            except Exception as error:
                self.call_exception_handler(
                    {"message": "a callback failed", "exception": error, "handle": step}
                )

    def _next_timer(self) -> _Step:
        timers = self._timers
        while timers:
            when, _, step = heapq.heappop(timers)
            if step._cancelled:
                continue
            if when > self._now_s:
                self._now_s, self._at_this_moment = when, 0
            if when > _LONGEST_S:
                raise Stalled(f"There is no end at {self._now_s:.6f} s.")
            return step
        raise Stalled(f"Nothing is left to happen at {self._now_s:.6f} s.")

    def _write_to_self(self) -> None:
        """There is no other thread to wake the loop from."""


class Process:
    """An operating system's process: its tasks are stopped, continued and killed together."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str) -> None:
        self.name = name
        self.alive = True
        self.stopped = False
        self.put_aside: list[_Step] = []
        self.context = copy_context()
        self.context.run(_process.set, self)
        self._loop = loop
        self._tasks: list[asyncio.Task[Any]] = []

    def spawn(self, job: Coroutine[Any, Any, Any], name: str) -> "asyncio.Task[Any]":
        """Run `job`, and whatever it starts, inside this process."""
        task = self._loop.create_task(job, name=name, context=self.context.copy())
        self._tasks.append(task)
        return task

    def stop(self) -> None:
        """As SIGSTOP: nothing of it runs until `go_on`; what it has sent is on its way."""
        if self.alive and not self.stopped and isinstance(self._loop, VirtualLoop):
            self.stopped = True
            self._loop.stopped_processes += 1

    def go_on(self) -> None:
        """As SIGCONT: everything that came due meanwhile happens now."""
        if self.stopped and isinstance(self._loop, VirtualLoop):
            self.stopped = False
            self._loop.stopped_processes -= 1
            steps, self.put_aside = self.put_aside, []
            self._loop.soon(steps)

    def kill(self) -> None:
        """As SIGKILL. What its tasks do while they end reaches nobody: see `wire.Wire`."""
        if self.alive:
            self.alive = False
            self.go_on()
            for task in self._tasks:
                task.cancel()
