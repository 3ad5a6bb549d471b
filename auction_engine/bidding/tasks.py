"""Tasks that must live, and ending tasks for certain."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

import structlog

_AGAIN_S = 0.1
_REST_S = 15.0
_log = structlog.get_logger(__name__)


async def end(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel `tasks` and wait until each has ended.

    A cancellation that lands inside a client library's own timeout can come out as a TimeoutError,
    which our loops take for a lost connection; so it is said again until it is heard. Whoever is
    cancelled while waiting here (said again, too) still waits for all before it ends.
    """
    waiting = [task for task in tasks if not task.done()]
    cancelled: asyncio.CancelledError | None = None
    while waiting:
        for task in waiting:
            task.cancel()
        try:
            await asyncio.wait(waiting, timeout=_AGAIN_S)
        except asyncio.CancelledError as asked:
            cancelled = asked
        waiting = [task for task in waiting if not task.done()]
    if cancelled is not None:
        raise cancelled


async def lasting(part: Callable[[], Awaitable[None]], name: str) -> None:
    """Run `part` until cancelled; when it ends by a fault, begin it again after a while.

    For what runs beside the bids and must never end them: a letter that cannot be written, a lot
    whose books do not add up.
    """
    while True:
        begun_s = time.monotonic()
        try:
            await part()
        except Exception:
            _log.exception("part_failed", part=name)
        # What fails at once fails again at once: it must not take the time of what works.
        await asyncio.sleep(_REST_S if time.monotonic() - begun_s < _REST_S else _AGAIN_S)


OnDeath = Callable[[BaseException], None]


def tell_loop(error: BaseException) -> None:
    """The default of `must_live`: the loop's handler, which logs it."""
    asyncio.get_running_loop().call_exception_handler(
        {"message": "a task that must live has ended", "exception": error}
    )


def must_live(task: "asyncio.Task[None]", on_death: OnDeath) -> None:
    """Call `on_death` if `task` ends by itself; being cancelled is no death."""

    def ended(task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            on_death(task.exception() or RuntimeError(f"task {task.get_name()} returned"))

    task.add_done_callback(ended)
