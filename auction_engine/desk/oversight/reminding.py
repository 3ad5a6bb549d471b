"""Findings whose day has passed are marked overdue, once, and both sides are told."""

from typing import Any

import asyncpg

from auction_engine.desk.looking import look_on
from auction_engine.desk.oversight import findings, record
from auction_engine.desk.oversight.findings_reading import NEXT, head_of
from auction_engine.errors import AuctionError

_LOOK_S = 60.0
_PASSING = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, AuctionError)
_LATE = """
    SELECT f.id FROM finding f
      JOIN LATERAL (SELECT kind FROM finding_act a WHERE a.finding_id = f.id
                     ORDER BY n DESC LIMIT 1) a ON true
      JOIN LATERAL (SELECT answer_by FROM finding_act d WHERE d.finding_id = f.id
                     AND answer_by IS NOT NULL ORDER BY n DESC LIMIT 1) d ON true
     WHERE a.kind IN ('SENT', 'RETURNED')
       AND d.answer_by < (now() AT TIME ZONE $1)::date ORDER BY f.id LIMIT 200
"""


class FindingReminder:
    """Looks for findings not answered in time; any number may run at once."""

    def __init__(self, database_url: str, look_s: float = _LOOK_S) -> None:
        self._database_url = database_url
        self._look_s = look_s

    async def run(self) -> None:
        """Look again and again, until cancelled. A ledger away is waited for."""
        await look_on(self._database_url, self.look, self._look_s, _PASSING, "findings")

    async def look(self, connection: Any) -> int:
        """Mark what is overdue now; returns how many that were."""
        marked = 0
        for row in await connection.fetch(_LATE, record.ZONE.key):
            marked += await _mark(connection, row["id"])
        return marked


async def _mark(connection: Any, finding: int) -> bool:
    async with connection.transaction():
        await findings.lock(connection, finding)
        head = await head_of(connection, finding)
        if head is None or "OVERDUE" not in NEXT[head.state]:
            return False  # answered, or marked by another process, in between
        await connection.execute(
            "INSERT INTO finding_act (finding_id, n, kind) VALUES ($1, $2, 'OVERDUE')",
            finding,
            head.n + 1,
        )
        marked = head._replace(n=head.n + 1)
        await findings.tell_body(connection, marked, "overdue")
        await findings.tell_procurator(connection, marked, "overdue")
        return True
