"""Ending tasks for certain."""

import asyncio
from collections.abc import Iterable

_AGAIN_S = 0.1


async def end(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel `tasks` and wait until each has ended.

    A cancellation that lands inside a client library's own timeout can come out as a TimeoutError,
    which our loops take for a lost connection; so it is said again until it is heard.
    """
    waiting = {task for task in tasks if not task.done()}
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=_AGAIN_S)
