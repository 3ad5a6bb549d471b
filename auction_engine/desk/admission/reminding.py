"""Letters before the opening, and to whoever has not finished when registration is about to close.

A letter has a key made of what it is about, so any number of processes may look: it is put once.
"""

import asyncio
from typing import Any

import asyncpg
import structlog

from auction_engine.desk import exclusive
from auction_engine.desk.admission import letters, reading
from auction_engine.desk.setting_aside import SetAside
from auction_engine.errors import AuctionError
from auction_engine.ledger import store

_LOOK_S = 20.0
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
# What is due next for a lot is its closing of registration, then its opening (`lot_head.due_ms`).
_COMING = """
    SELECT d.id, h.due_ms, h.status FROM dossier d JOIN lot_head h ON h.lot_id = d.lot_id
     WHERE h.due_ms > $1 AND h.due_ms <= $1 + $2
       AND ((d.recorded = 'ADMITTED' AND h.status IN ('REGISTRATION_CLOSED', 'READY'))
         OR (d.state IN ('DRAFT', 'RETURNED') AND h.status = 'REGISTRATION_OPEN'))
     ORDER BY d.id
"""
_PASSING = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, AuctionError)
_log = structlog.get_logger(__name__)


class DossierReminder:
    """Looks at what comes soon, for as long as it runs."""

    def __init__(self, database_url: str, look_s: float = _LOOK_S) -> None:
        self._url = database_url
        self._look_s = look_s
        self._aside = SetAside("dossier_reminder")

    async def run(self) -> None:
        """Look again and again, until cancelled. A ledger away is waited for."""
        while True:
            try:
                async with exclusive.connected(self._url) as connection:
                    await look(connection, aside=self._aside)
            except _PASSING as error:
                _log.warning("dossier_reminder_waits", error=type(error).__name__, text=str(error))
            await asyncio.sleep(self._look_s)


async def look(connection: Any, now_ms: int | None = None, aside: SetAside | None = None) -> int:
    """Put what is to be said now; how many letters that were. `now_ms`: by the ledger's clock.

    Dossiers that cannot be worked on are set `aside`.
    """
    aside = aside or SetAside("dossier_reminder")
    now = await store.server_ms(connection) if now_ms is None else now_ms
    put = 0
    for number, due_ms, status in await connection.fetch(_COMING, now, DAY_MS):
        if aside.waits(number):
            continue
        with aside.trying(number):
            async with connection.transaction():
                put += await _remind(connection, number, status, due_ms, now)
    return put


async def _remind(connection: Any, number: int, status: str, due_ms: int, now_ms: int) -> bool:
    dossier = await reading.by_id(connection, number)
    assert dossier is not None
    if status == "REGISTRATION_OPEN":
        key, kind, where = f"closing/{due_ms}", "way_unfinished", "dossier"
    elif due_ms - now_ms <= HOUR_MS:
        key, kind, where = f"hour/{due_ms}", "way_hour", "way"
    else:
        key, kind, where = f"day/{due_ms}", "way_day", "way"
    return await letters.put(connection, dossier, kind, key, where, at_ms=due_ms)
