"""The facts follow the journals: a task of every gateway, and the same anew at somebody's wish.

Where each lot's facts stand is in its row; so whoever looks next goes on from there, whatever
became of whoever looked before. One looks at a time.
"""

from collections.abc import Callable

import asyncpg
import structlog

from auction_engine.desk import exclusive
from auction_engine.desk.looking import look_on
from auction_engine.desk.statistics import reading
from auction_engine.desk.statistics.reading import Reader
from auction_engine.errors import AuctionError

# "facts" in a telephone's letters; sessions, lots and bidders have negative numbers.
LOCK = 32_287_001
_LOOK_S = 5.0
_SOME = 200
_PASSING = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_log = structlog.get_logger(__name__)

Progress = Callable[[int, int], None]


class FactsKeeper:
    """Keeps `lot_facts` current for as long as it runs; any number may run at once."""

    def __init__(self, database_url: str, look_s: float = _LOOK_S) -> None:
        self._database_url = database_url
        self._look_s = look_s
        self._reader = Reader()
        # Lots whose journal did not hold when it had so many entries.
        self._broken: set[int] = set()

    async def run(self) -> None:
        """Look again and again, until cancelled. Servers away are waited for."""
        await look_on(self._database_url, self.look, self._look_s, _PASSING, "facts")

    async def look(self, connection: object) -> int:
        """Bring all facts to their journals' ends, unless somebody is at it. How many lots."""
        try:
            async with exclusive.alone(connection, LOCK, 0):
                return await self._all_behind(connection)
        except exclusive.Busy:
            return 0

    async def _all_behind(self, connection: object) -> int:
        done = 0
        while lots := await reading.behind(connection, _SOME, self._broken):
            for lot in lots:
                try:
                    await self._reader.update(connection, lot)
                    done += 1
                except AuctionError as error:
                    self._broken.add(lot)
                    _log.error("lot_without_facts", lot=lot, text=str(error))
                except _PASSING:
                    raise
                except Exception:
                    # One lot that nobody can make sense of holds up no other.
                    self._broken.add(lot)
                    _log.exception("lot_without_facts", lot=lot)
            if len(lots) < _SOME:
                break
        return done


async def rebuild(database_url: str, progress: Progress | None = None) -> int:
    """Make the facts of every lot anew from its journal, one after the other. How many lots.

    Pages show the old facts of a lot until the new ones are there. Waits for a gateway that is at
    it. Raises LedgerError at the end if there was a journal that does not hold.
    """
    reader = Reader(gentle=False)
    async with (
        exclusive.connected(database_url) as connection,
        exclusive.alone(connection, LOCK, 600),
    ):
        await connection.execute(
            "DELETE FROM lot_facts f WHERE NOT EXISTS"
            " (SELECT FROM lot_head h WHERE h.lot_id = f.lot_id)"
        )
        heads = await connection.fetch(
            "SELECT h.lot_id, h.seq FROM lot_head h JOIN lot l ON l.id = h.lot_id ORDER BY h.lot_id"
        )
        total, done = sum(row["seq"] for row in heads), 0
        broken: AuctionError | None = None
        for row in heads:
            try:
                await reader.update(connection, row["lot_id"])
            except AuctionError as error:
                broken = broken or error
            done += row["seq"]
            reader.forget()
            if progress is not None:
                progress(done, total)
        if broken is not None:
            raise broken
    return len(heads)
