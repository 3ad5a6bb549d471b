"""One person's act in the life of one lot, done once however often it is sent.

Most acts change a lot's status, so the rules themselves refuse a second one; some do not (a payment
recorded, a hold, an auctioneer appointed), and there a second click would be a second entry. So
those who conduct a lot act one at a time, each bidder acts one at a time, and the very act that is
already the last thing they did is that act: it gets its first answer again.
"""

import asyncio
from typing import Any, NamedTuple

import asyncpg
import orjson

from auction_engine.bidding.client import LogClient, LogUnanswered
from auction_engine.desk import exclusive
from auction_engine.desk.cases import limits
from auction_engine.desk.complaints import holding
from auction_engine.ledger import store
from auction_engine.rules.commands import Act
from auction_engine.rules.lifecycle import BY_ACT, TURNS

# The same words an hour later are meant anew.
_SAME_FOR_MS = 3_600_000
# How far back the last act is looked for: entries, and of these turns in the lot's life.
_ENTRIES_BACK = 5_000
_TURNS_BACK = 500
_WAIT_S = 5.0
# Acts under way in this process; each holds a connection to the ledger. Whatever bidders send, the
# people who conduct find theirs free.
_BIDDERS_AT_ONCE = 3
_STAFF_AT_ONCE = 3
_NEWEST_TURNS = (
    "SELECT body FROM journal WHERE lot_id = $1 AND kind = ANY($2::text[])"
    " AND seq > (SELECT seq FROM lot_head WHERE lot_id = $1) - $3 ORDER BY seq DESC LIMIT $4"
)
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Done(NamedTuple):
    """Where the act is recorded: entry and log time. `repeat`: it had been recorded before."""

    seq: int
    at_ms: int
    repeat: bool


class Acting:
    """Acts of people, each once. One per process."""

    def __init__(self, database_url: str, log: LogClient) -> None:
        self._database_url = database_url
        self._log = log
        self._bidders = asyncio.Semaphore(_BIDDERS_AT_ONCE)
        self._staff = asyncio.Semaphore(_STAFF_AT_ONCE)

    async def do(self, shard: int, lot: int, act: Act) -> Done:
        """Give the act, and return when it is recorded.

        Raises CommandRefused with the rules' code, LogUnanswered when it may or may not be
        recorded, Busy or what the ledger raises when nothing was recorded.
        """
        bidder = act.role == "BIDDER"
        turn = self._bidders if bidder else self._staff
        lock = exclusive.of_bidder(lot, act.actor) if bidder else exclusive.of_lot(lot)
        try:
            async with asyncio.timeout(_WAIT_S):
                await turn.acquire()
        except TimeoutError:
            raise exclusive.Busy("Too many acts are under way; try again in a moment.") from None
        try:
            async with exclusive.connected(self._database_url) as connection:
                async with exclusive.alone(connection, lock, _WAIT_S):
                    return await self._do(connection, shard, lot, act)
        finally:
            turn.release()

    async def _do(self, connection: Any, shard: int, lot: int, act: Act) -> Done:
        # What a process that died or gave up has sent comes before this.
        await self._log.probe(shard)
        last = next(iter(await _newest_acts(connection, lot, act)), None)
        if last is not None and _is(last, act):
            if await store.server_ms(connection) - last["at_ms"] < _SAME_FOR_MS:
                return Done(last["seq"], last["at_ms"], True)
        await holding.check_act(connection, lot, act.name)
        await limits.check_stop(connection, lot, act)
        await self._log.act(shard, lot, act)
        try:
            entries = await _newest_acts(connection, lot, act)
        except _AWAY:
            raise LogUnanswered("The act is recorded, but the ledger does not answer.") from None
        # Others may have acted since: the conductor, or a part of the program.
        own = next((entry for entry in entries if _is(entry, act)), None) or entries[0]
        return Done(own["seq"], own["at_ms"], False)


async def _newest_acts(connection: Any, lot: int, act: Act) -> list[dict[str, Any]]:
    """The last entries made by those whose turn `act` shares, decoded, newest first."""
    rows = await connection.fetch(_NEWEST_TURNS, lot, list(TURNS), _ENTRIES_BACK, _TURNS_BACK)
    bidder = act.role == "BIDDER"
    found = []
    for row in rows:
        entry = orjson.loads(row[0])
        data = entry["data"]
        if data.get("by") is not None and (data.get("role") == "BIDDER") == bidder:
            if not bidder or data["by"] == act.actor:
                found.append(entry)
    return found


def _is(entry: dict[str, Any], act: Act) -> bool:
    """Whether the entry is what this act comes to."""
    row = BY_ACT.get(act.name)
    if row is None or entry["kind"] != row.event:
        return False
    data = entry["data"]
    said = {**act.data, "by": act.actor, "role": act.role, "reason": act.reason or None}
    return all(data.get(name) == value for name, value in said.items())
