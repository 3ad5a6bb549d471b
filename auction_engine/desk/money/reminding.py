"""What a minute brings: what is due is said, once and on record, and what was posted is sealed.

Warned of before its day, passed on after it. Nobody has to look at the list for this: a task in
each gateway does, and whoever opens the list sees since when it has been said.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

import asyncpg
import orjson
import structlog

from auction_engine import metrics
from auction_engine.desk import exclusive
from auction_engine.desk.money.reading_dues import due_now
from auction_engine.desk.reading import Lots
from auction_engine.desk.setting_aside import SetAside, away
from auction_engine.errors import AuctionError
from auction_engine.ledger import books, store
from auction_engine.post import outbox, values
from auction_engine.rules import calendar, packs
from auction_engine.rules.postings.chart import BookKind
from auction_engine.rules.proceeds.dues import Due

Level = Literal["WARNED", "OVERDUE", "ESCALATED"]
_LOOK_S = 60.0
_PASSING = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, AuctionError)
_BOOKS = """
    SELECT b.id, b.kind, array_agg(DISTINCT r.lot_id) AS lots FROM book b
      JOIN payment_request r ON r.book_id = b.id
      JOIN lot_head h ON h.lot_id = r.lot_id AND h.status <> 'CLOSED'
     GROUP BY b.id ORDER BY b.id
"""
_log = structlog.get_logger(__name__)


class Reminder:
    """Looks at everything that is due, for as long as it runs; any number may run at once."""

    def __init__(self, database_url: str, look_s: float = _LOOK_S) -> None:
        self._database_url = database_url
        self._look_s = look_s
        self._lots = Lots()
        self._aside = SetAside("reminder")

    async def run(self) -> None:
        """Look again and again, until cancelled. A ledger away is waited for."""
        while True:
            try:
                async with exclusive.connected(self._database_url) as connection:
                    await self.look(connection)
                    await books.seal(connection)
            except _PASSING as error:
                _log.warning("reminder_waits", error=type(error).__name__, text=str(error))
            await asyncio.sleep(self._look_s)

    async def look(self, connection: Any) -> int:
        """Say what has not been said yet; returns how much that was."""
        said = 0
        now_ms = await store.server_ms(connection)
        for book, kind, lots in await connection.fetch(_BOOKS):
            fit = [lot for lot in lots if not self._aside.waits((book, lot))]
            for due in await self._dues(connection, book, kind, fit, now_ms):
                key = key_of(book, due)
                if self._aside.waits(key):
                    continue
                with self._aside.trying(key):
                    for level in await self._levels(connection, due, now_ms):
                        said += await _say(connection, book, due, level)
        return said

    async def _dues(
        self, connection: Any, book: int, kind: BookKind, lots: list[int], now_ms: int
    ) -> list[Due]:
        """What is due; where a lot can not be made sense of, what is due of the others."""
        try:
            return await due_now(connection, self._lots, book, kind, lots, now_ms)
        except Exception as error:
            if away(error):
                raise
        found: list[Due] = []
        for lot in lots:
            with self._aside.trying((book, lot)):
                found += await due_now(connection, self._lots, book, kind, [lot], now_ms)
        return found

    async def _levels(self, connection: Any, due: Due, now_ms: int) -> list[Level]:
        if due.state == "COMING":
            return []
        levels: list[Level] = ["WARNED"]
        if due.state == "OVERDUE":
            levels.append("OVERDUE")
            state = (await self._lots.read(connection, [due.lot]))[due.lot].state
            zone = packs.load(state.params.pack or "").timezone
            if due.escalated(calendar.local_day(now_ms, zone)):
                levels.append("ESCALATED")
        return levels


async def _say(connection: Any, book: int, due: Due, level: Level) -> int:
    """Record a notice, once; 1 if it was new. A buyer gets a letter, in the same transaction."""
    async with connection.transaction():
        new = await connection.fetchval(
            "INSERT INTO due_notice (key, level) VALUES ($1, $2) ON CONFLICT DO NOTHING"
            " RETURNING 1",
            key_of(book, due),
            level,
        )
        if new is None:
            return 0
        if due.actor == "BIDDER" and level != "ESCALATED":
            await _write(connection, due, level)
    whose = due.escalate_to if level == "ESCALATED" else due.actor
    metrics.DUES.labels(level).inc()
    _log.info(
        "due", level=level, what=due.what, lot=due.lot, book=book, day=str(due.day), for_role=whose
    )
    return 1


async def _write(connection: Any, due: Due, level: Level) -> None:
    """Write to the buyer, who may be warned from two books, of one thing once."""
    buyer, title = await connection.fetchrow(
        "SELECT h.leader, l.content->'title' FROM lot_head h JOIN lot l ON l.id = h.lot_id"
        " WHERE h.lot_id = $1",
        due.lot,
    )
    if buyer is None or title is None:
        return
    await outbox.put(
        connection,
        to=buyer,
        kind="money.due" if level == "WARNED" else "money.overdue",
        values={
            "what": values.either({"vi": due.text.vi, "en": due.text.en}),
            "lot": values.either(orjson.loads(title)),
            "day": values.day(due.day),
            "rule": due.rule,
            "link": values.link(f"/lots/{due.lot}"),
        },
        key=f"due:{due.lot}/{due.key}/{level}",
    )


def key_of(book: int, due: Due) -> str:
    """By what a notice is known: the book, the lot and what is due."""
    return f"{book}/{due.lot}/{due.key}"


async def notices(
    connection: Any, book: int, dues: Iterable[Due]
) -> dict[str, dict[Level, datetime]]:
    """For each due key (`key_of`) when it was said at which level."""
    rows = await connection.fetch(
        "SELECT key, level, at FROM due_notice WHERE key = ANY($1::text[])",
        [key_of(book, due) for due in dues],
    )
    found: dict[str, dict[Level, datetime]] = {}
    for row in rows:
        found.setdefault(row["key"], {})[row["level"]] = row["at"]
    return found
