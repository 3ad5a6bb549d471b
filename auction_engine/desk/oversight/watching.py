"""What is going on: every session that is not over, its lots, and what calls for a look."""

from typing import Any, NamedTuple

import orjson

_SESSIONS = """
    SELECT s.id, s.title, s.organisation, s.agency, s.created_at,
           array_agg(l.id ORDER BY l.position, l.id) AS lots,
           count(*) FILTER (WHERE h.phase = 'open') AS open,
           count(*) FILTER (WHERE h.phase = 'paused') AS paused,
           count(*) FILTER (WHERE h.phase = 'closed') AS closed, count(*) AS listed
      FROM auction_session s JOIN lot l ON l.session_id = s.id JOIN lot_head h ON h.lot_id = l.id
     WHERE NOT s.practice GROUP BY s.id
     ORDER BY count(*) FILTER (WHERE h.phase <> 'closed') > 0 DESC, s.id DESC LIMIT $1
"""
# As in the index `journal_standstills`.
STANDSTILLS = (
    "lot.paused",
    "lot.resumed",
    "lot.postponed",
    "incident.reported",
    "incident.decided",
    "lot.stopped",
    "hold.placed",
    "hold.released",
)
_STANDSTILLS = f"""
    SELECT j.lot_id, j.seq, j.kind, j.body FROM journal j JOIN lot l ON l.id = j.lot_id
      JOIN auction_session s ON s.id = l.session_id
     WHERE j.kind IN ({", ".join(f"'{kind}'" for kind in STANDSTILLS)}) AND NOT s.practice
       AND ($1::bigint IS NULL OR l.session_id = $1)
     ORDER BY convert_from(j.body, 'UTF8')::jsonb ->> 'at_ms' DESC LIMIT 200
"""  # noqa: S608 - constants of this module
_COUNTS = """
    SELECT count(*) FILTER (WHERE kind = 'bidder.registered') AS registered,
           count(*) FILTER (WHERE kind = 'bidder.admitted') AS admitted,
           count(*) FILTER (WHERE kind = 'registration.refused') AS turned_away,
           count(*) FILTER (WHERE kind = 'registration.withdrawn') AS withdrawn
      FROM journal WHERE lot_id = $1 AND kind = ANY($2::text[])
"""
_COUNTED = (
    "bidder.registered",
    "bidder.admitted",
    "registration.refused",
    "registration.withdrawn",
)


class Session(NamedTuple):
    """A session in the list: how many of its lots are open, paused, over."""

    id: int
    title: dict[str, str]
    organisation: dict[str, str]
    agency: dict[str, str]
    lots: tuple[int, ...]
    open: int
    paused: int
    closed: int
    listed: int

    @property
    def over(self) -> bool:
        return self.closed == self.listed


class Standstill(NamedTuple):
    """A pause, an incident, a stop or a hold, and their ends, as the journal has them."""

    lot: int
    seq: int
    kind: str
    at_ms: int
    ground: str | None
    reason: str | None
    role: str | None


class Counts(NamedTuple):
    """Who has registered for a lot, as numbers."""

    registered: int
    admitted: int
    turned_away: int
    withdrawn: int


class Asked(NamedTuple):
    """What was asked of a whole session. `role` is who asked, never the name."""

    n: int
    at: Any
    kind: str
    reason: str | None


async def sessions(connection: Any, most: int = 100) -> list[Session]:
    """Sessions with a listed lot: those not over first, the newest on top."""
    rows = await connection.fetch(_SESSIONS, most)
    return [_session(row) for row in rows]


def _session(row: Any) -> Session:
    return Session(
        row["id"],
        orjson.loads(row["title"]),
        orjson.loads(row["organisation"]),
        orjson.loads(row["agency"]),
        tuple(row["lots"]),
        row["open"],
        row["paused"],
        row["closed"],
        row["listed"],
    )


async def session(connection: Any, number: int) -> Session | None:
    """One session with its listed lots; None if there is none."""
    row = await connection.fetchrow(
        _SESSIONS.replace("WHERE NOT s.practice", "WHERE s.id = $2 AND NOT s.practice"), 1, number
    )
    return None if row is None else _session(row)


async def asked_of(connection: Any, number: int) -> list[Asked]:
    """What was asked of the session: its plan, pauses, hand-overs."""
    rows = await connection.fetch(
        "SELECT n, at, kind, reason FROM session_entry WHERE session_id = $1 ORDER BY n DESC",
        number,
    )
    return [Asked(*row) for row in rows]


async def standstills(connection: Any, of_session: int | None = None) -> list[Standstill]:
    """Pauses, incidents, stops and holds, the newest first."""
    rows = await connection.fetch(_STANDSTILLS, of_session)
    found = []
    for row in rows:
        body = orjson.loads(row["body"])
        data = body.get("data", {})
        found.append(
            Standstill(
                row["lot_id"], row["seq"], row["kind"], body["at_ms"],
                data.get("ground") or data.get("choice") or data.get("what"),
                data.get("reason"), data.get("role"),
            )
        )  # fmt: skip
    return found


async def counts(connection: Any, lot: int) -> Counts:
    """How many registered for a lot."""
    row = await connection.fetchrow(_COUNTS, lot, list(_COUNTED))
    return Counts(*row)
