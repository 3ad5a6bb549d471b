"""Rows that cannot be worked on are set aside: those after them go on, and they are tried again.

Each time later than the time before, up to an hour; the log says of each try what was wrong. What
is wrong with a server is nobody's row's fault and goes on to the caller, who waits for it.
"""

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

import asyncpg
import structlog
from redis.exceptions import RedisError

from auction_engine.bidding.client import LogUnanswered
from auction_engine.desk.exclusive import Busy
from auction_engine.rules.commands import CommandRefused

FIRST_S, MOST_S = 60.0, 3_600.0
_KEPT = 10_000
# PostgreSQL's classes of errors that say the server or the connection is not well.
_AWAY = ("08", "53", "57", "58")
_log = structlog.get_logger(__name__)


class SetAside:
    """Which rows of one task wait, and for how long. `clock` counts seconds."""

    def __init__(self, task: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._task = task
        self._clock = clock
        # Of each row how long its pause is, and when it ends.
        self._rows: dict[Hashable, tuple[float, float]] = {}

    def waits(self, row: Hashable) -> bool:
        """Whether the row is not to be tried yet."""
        found = self._rows.get(row)
        return found is not None and self._clock() < found[1]

    def waiting(self) -> list[Hashable]:
        """Every row that is not to be tried yet."""
        return [row for row in self._rows if self.waits(row)]

    @contextmanager
    def trying(self, row: Hashable) -> Iterator[None]:
        """Work on a row: what goes wrong with it sets it aside, and the block ends there."""
        try:
            yield
        except Exception as error:
            if away(error):
                raise
            self._put(row)
            _log.exception(
                "row_set_aside", task=self._task, row=row, again_s=round(self._rows[row][0])
            )
        else:
            self._rows.pop(row, None)

    def _put(self, row: Hashable) -> None:
        before = self._rows.pop(row, None)
        pause_s = FIRST_S if before is None else min(2 * before[0], MOST_S)
        self._rows[row] = (pause_s, self._clock() + pause_s)
        if len(self._rows) > _KEPT:
            del self._rows[next(iter(self._rows))]


def away(error: Exception) -> bool:
    """Whether it is a server's doing, not the row's."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate or "")[:2] in _AWAY
    if isinstance(error, CommandRefused):
        return error.code == "BUSY"
    kinds = (OSError, TimeoutError, asyncpg.InterfaceError, RedisError, LogUnanswered, Busy)
    return isinstance(error, kinds)
