"""Events follow the journals: a task of every gateway, of which one works at a time.

How far each lot and each complaint has been read is in the same transaction as what was read from
it; so whoever dies, the next one goes on from there: nothing is lost and nothing told twice.
"""

import time
from typing import Any

import asyncpg
import orjson
import structlog

from auction_engine.desk import exclusive
from auction_engine.desk.integration import events
from auction_engine.desk.looking import look_on

# "hooks" in a telephone's letters.
LOCK = 46_657_001
# What is older than this is thrown away, unless it still waits.
KEPT_DAYS = 30
_LOOK_S = 1.0
_SOME, _PAGE = 200, 500
_CLEAN_S = 600.0
_PASSING = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_FOLLOWED = """
    EXISTS (SELECT FROM webhook w WHERE w.state <> 'REMOVED'
               AND w.body_id IN (s.organisation_id, coalesce(l.agency_id, s.agency_id)))
"""
_LOTS = f"""
    SELECT h.lot_id, l.session_id, s.organisation_id, coalesce(l.agency_id, s.agency_id) AS agency,
           coalesce(m.seq, 0) AS read
      FROM lot_head h JOIN lot l ON l.id = h.lot_id JOIN auction_session s ON s.id = l.session_id
      LEFT JOIN webhook_mark m ON m.stream = 'lot:' || h.lot_id
     WHERE NOT s.practice AND coalesce(m.seq, 0) < h.seq AND {_FOLLOWED}
     ORDER BY h.lot_id LIMIT $1
"""  # noqa: S608 - made of constants
_COMPLAINTS = f"""
    SELECT c.id, max(a.n) AS last, coalesce(m.seq, 0) AS read
      FROM complaint c JOIN complaint_act a ON a.complaint_id = c.id
      JOIN lot l ON l.id = c.lot_id JOIN auction_session s ON s.id = l.session_id
      LEFT JOIN webhook_mark m ON m.stream = 'complaint:' || c.id
     WHERE {_FOLLOWED} GROUP BY c.id, m.seq HAVING max(a.n) > coalesce(m.seq, 0)
     ORDER BY c.id LIMIT $1
"""  # noqa: S608
_ACTS = """
    SELECT a.complaint_id, a.n, a.kind, a.at, c.about, c.lot_id, l.session_id,
           CASE c.addressee WHEN 'ORGANISATION' THEN s.organisation_id END AS organisation_id,
           CASE c.addressee WHEN 'AGENCY' THEN coalesce(l.agency_id, s.agency_id) END AS agency
      FROM complaint_act a JOIN complaint c ON c.id = a.complaint_id
      JOIN lot l ON l.id = c.lot_id JOIN auction_session s ON s.id = l.session_id
     WHERE a.complaint_id = $1 AND a.n > $2 ORDER BY a.n
"""
_ENTRIES = (
    "SELECT seq, kind, body FROM journal WHERE lot_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"
)
_CODES = """
    SELECT body FROM journal WHERE lot_id = $1 AND kind = 'bidder.admitted' AND bidder = ANY($2)
"""
_PUT = """
    INSERT INTO webhook_event (stream, seq, type, at_ms, organisation_id, agency_id, data)
    VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb) ON CONFLICT (stream, seq) DO NOTHING
"""
_QUEUE = """
    INSERT INTO webhook_delivery (webhook_id, event_id, stream)
    SELECT w.id, e.id, e.stream FROM webhook_event e JOIN webhook w
        ON w.state IN ('ACTIVE', 'PAUSED') AND w.body_id IN (e.organisation_id, e.agency_id)
       AND e.type = ANY(w.types)
     WHERE e.stream = $1 AND e.seq > $2 AND e.seq <= $3 ORDER BY w.id, e.seq
"""
_MARK = """
    INSERT INTO webhook_mark (stream, seq) VALUES ($1, $2)
    ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq
"""
_OLD = """
    DELETE FROM webhook_event e WHERE e.at_ms < (extract(epoch FROM now()) - $1 * 86400) * 1000
       AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.event_id = e.id
                          AND d.state = 'QUEUED')
"""
_log = structlog.get_logger(__name__)


class Feeder:
    """Makes events and their deliveries for as long as it runs; any number may run at once."""

    def __init__(self, database_url: str, look_s: float = _LOOK_S) -> None:
        self._database_url = database_url
        self._look_s = look_s
        self._cleaned_s = time.monotonic()

    async def run(self) -> None:
        """Look again and again, until cancelled. Servers away are waited for."""
        # Much to tell takes long and is no reason to fall silent afterwards.
        await look_on(self._database_url, self.look, self._look_s, _PASSING, "webhooks", rest=1)

    async def look(self, connection: Any) -> int:
        """Read everything to its end, unless somebody is at it. How many streams moved."""
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM webhook)"):
            return 0
        try:
            async with exclusive.alone(connection, LOCK, 0):
                moved = await self._lots(connection) + await self._complaints(connection)
                if time.monotonic() - self._cleaned_s > _CLEAN_S:
                    self._cleaned_s = time.monotonic()
                    await connection.execute(_OLD, KEPT_DAYS)
                return moved
        except exclusive.Busy:
            return 0

    async def _lots(self, connection: Any) -> int:
        moved = 0
        while rows := await connection.fetch(_LOTS, _SOME):
            for row in rows:
                await _lot(connection, row)
            moved += len(rows)
            if len(rows) < _SOME:
                break
        return moved

    async def _complaints(self, connection: Any) -> int:
        rows = await connection.fetch(_COMPLAINTS, _SOME)
        for row in rows:
            stream, acts = (
                f"complaint:{row['id']}",
                await connection.fetch(_ACTS, row["id"], row["read"]),
            )
            made = [
                (
                    stream, act["n"], *_flat(events.of_complaint(act), int(act["at"].timestamp()
                    * 1000), act["organisation_id"], act["agency"]),
                )
                for act in acts
            ]  # fmt: skip
            await _keep(connection, stream, row["read"], acts[-1]["n"], made)
        return len(rows)


async def _lot(connection: Any, row: Any) -> None:
    """Read one lot's journal on to its end, a page at a time."""
    stream, read = f"lot:{row['lot_id']}", row["read"]
    where = {"lot": row["lot_id"], "session": row["session_id"]}
    whose = (row["organisation_id"], row["agency"])
    while entries := await connection.fetch(_ENTRIES, row["lot_id"], read, _PAGE):
        told = [orjson.loads(one["body"]) for one in entries if one["kind"] in events.KINDS]
        people = {bidder for entry in told for bidder in events.bidders_of(entry)}
        codes = await _codes(connection, row["lot_id"], people)
        made = []
        for entry in told:
            one = events.of_entry(entry, codes, where)
            if one is not None:
                made.append((stream, entry["seq"], *_flat(one, entry["at_ms"], *whose)))
        await _keep(connection, stream, read, entries[-1]["seq"], made)
        read = entries[-1]["seq"]


async def _codes(connection: Any, lot: int, people: set[int]) -> dict[int, str]:
    if not people:
        return {}
    rows = await connection.fetch(_CODES, lot, sorted(people))
    return {body["bidder"]: body["code"] for body in (orjson.loads(row[0]) for row in rows)}


def _flat(
    told: events.Told, at_ms: int, organisation: int | None, agency: int | None
) -> tuple[Any, ...]:
    return told.type, at_ms, organisation, agency, orjson.dumps(told.data).decode()


async def _keep(
    connection: Any, stream: str, before: int, last: int, made: list[tuple[Any, ...]]
) -> None:
    """Events, their deliveries and how far was read: all or nothing."""
    async with connection.transaction():
        if made:
            await connection.executemany(_PUT, made)
            await connection.execute(_QUEUE, stream, before, last)
        await connection.execute(_MARK, stream, last)
