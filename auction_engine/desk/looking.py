"""Looking again and again, over a connection of one's own, as gateways do beside their pages."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from auction_engine.desk import exclusive

# However long the archive grows, looking takes a small share of the time.
_REST = 10
_log = structlog.get_logger(__name__)


async def look_on(
    database_url: str,
    look: Callable[[Any], Awaitable[object]],
    look_s: float,
    passing: tuple[type[BaseException], ...],
    name: str,
    rest: float = _REST,
) -> None:
    """Call `look` with a connection every `look_s` seconds; less often where looking takes long:
    after `rest` times as long as it took.

    Until cancelled. What is `passing`, such as servers away, is logged under `name` and waited for.
    """
    while True:
        try:
            async with exclusive.connected(database_url) as connection:
                while True:
                    begun_s = time.monotonic()
                    await look(connection)
                    await asyncio.sleep(max(look_s, rest * (time.monotonic() - begun_s)))
        except passing as error:
            _log.warning("look_waits", part=name, error=type(error).__name__, text=str(error))
        await asyncio.sleep(look_s)
