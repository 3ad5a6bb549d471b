"""What waits while a complaint is open: asked where the act is done, and told to the lot's log.

What waits is kept with the complaint as the rule pack said when it was filed. The bidding never
waits: a lot's log hears of a hold only from the end of the bidding on, or while it runs where the
winner would otherwise be announced in the same moment.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import asyncpg
import orjson

from auction_engine.bidding.client import LogClient
from auction_engine.desk import exclusive
from auction_engine.desk.complaints import record
from auction_engine.desk.looking import look_on
from auction_engine.desk.reading import Lots
from auction_engine.errors import AuctionError
from auction_engine.rules.commands import Act, CommandRefused, Role
from auction_engine.rules.complaints import OPEN, Waits
from auction_engine.rules.lot import LotState

# Acts in a lot's life that wait, and for what they count.
OF_ACT: dict[str, Waits] = {
    "announce": "ANNOUNCEMENT",
    "consent": "SINGLE_BIDDER",
    "distribute": "DISTRIBUTION",
}
# Payments that wait: never money that goes back to a bidder.
_PAYMENTS = ("REMITTANCE", "BUDGET", "COSTS", "CREDITOR", "SURPLUS")
_OVER = ("BIDDING_CLOSED", "AWAIT_OWNER_CONSENT", "LEADER_DETERMINED")
_LOOK_S = 1.0
_WAIT_S = 2.0
_PASSING = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, AuctionError)
_STATE = """
    JOIN LATERAL (SELECT kind FROM complaint_act a WHERE a.complaint_id = c.id
                   ORDER BY n DESC LIMIT 1) a ON true
"""
_COUNTS = "(c.holds ->> {what} = 'FILED' OR a.kind <> 'FILED') AND a.kind = ANY({states}::text[])"
_WAITING = f"""
    SELECT c.id, c.at FROM complaint c {_STATE}
     WHERE c.lot_id = $1 AND {_COUNTS.format(what="$2", states="$3")} ORDER BY c.id
"""  # noqa: S608 - constants of this module
_PAYOUTS = f"""
    SELECT p.id, c.id AS complaint, c.at FROM payout p JOIN complaint c ON c.lot_id = p.lot_id
      {_STATE} WHERE p.id = ANY($1::bigint[]) AND p.kind = ANY($4::text[])
       AND {_COUNTS.format(what="$2", states="$3")} ORDER BY p.id, c.id LIMIT 1
"""  # noqa: S608
# One row for each lot with complaints that hold an announcement, and how far all of it is.
_MOVED = """
    SELECT c.lot_id, l.shard, h.seq, count(*) AS acts FROM complaint c
      JOIN complaint_act a ON a.complaint_id = c.id JOIN lot l ON l.id = c.lot_id
      JOIN lot_head h ON h.lot_id = c.lot_id
     WHERE jsonb_exists(c.holds, 'ANNOUNCEMENT') GROUP BY c.lot_id, l.shard, h.seq
"""
_TAKEN_UP = f"""
    SELECT c.id, c.at, c.addressee, b.account_id FROM complaint c {_STATE}
      JOIN LATERAL (SELECT account_id FROM complaint_act b WHERE b.complaint_id = c.id
                     AND (b.kind = 'ACCEPTED' OR c.holds ->> 'ANNOUNCEMENT' = 'FILED')
                     ORDER BY n DESC LIMIT 1) b ON true
     WHERE c.lot_id = $1 AND {_COUNTS.format(what="$2", states="$3")} ORDER BY c.id LIMIT 1
"""  # noqa: S608
_LAST_HOLD = """
    SELECT body FROM journal WHERE lot_id = $1 AND kind = 'hold.placed' ORDER BY seq DESC LIMIT 20
"""


async def waiting(connection: Any, lot: int, what: Waits) -> list[str]:
    """The numbers of the open complaints for which `what` waits."""
    rows = await connection.fetch(_WAITING, lot, what, list(OPEN))
    return [record.number(row["id"], row["at"]) for row in rows]


async def all_waiting(connection: Any, lot: int) -> dict[Waits, list[str]]:
    """What waits now in a lot, and for which complaints."""
    kinds: tuple[Waits, ...] = ("ANNOUNCEMENT", "PAYOUT", "DISTRIBUTION", "SINGLE_BIDDER")
    found = {what: await waiting(connection, lot, what) for what in kinds}
    return {what: numbers for what, numbers in found.items() if numbers}


async def check_act(connection: Any, lot: int, act: str) -> None:
    """Return if no complaint makes the act in the lot's life wait.

    Raises CommandRefused COMPLAINT_OPEN.
    """
    what = OF_ACT.get(act)
    found = [] if what is None else await waiting(connection, lot, what)
    if found:
        raise CommandRefused(
            "COMPLAINT_OPEN",
            f"The complaint {', '.join(found)} is open; this waits until it is decided or"
            " withdrawn.",
        )


class HeldPayment(NamedTuple):
    """A payment that waits, and the complaint it waits for."""

    payout: int
    complaint: str


async def held_payment(connection: Any, payouts: Sequence[int]) -> HeldPayment | None:
    """The first of `payouts` that waits for the end of a complaint; None if none does."""
    row = await connection.fetchrow(_PAYOUTS, list(payouts), "PAYOUT", list(OPEN), list(_PAYMENTS))
    return None if row is None else HeldPayment(
        row["id"], record.number(row["complaint"], row["at"])
    )  # fmt: skip


class Holder:
    """Keeps the hold in each lot's log as its complaints are; any number may run at once."""

    def __init__(self, database_url: str, log: LogClient, look_s: float = _LOOK_S) -> None:
        self._url = database_url
        self._log = log
        self._look_s = look_s
        self._lots = Lots()
        self._seen: dict[int, tuple[Any, ...]] = {}

    async def run(self) -> None:
        """Look again and again, until cancelled. Servers away are waited for."""
        await look_on(self._url, self.look, self._look_s, _PASSING, "holder")

    async def look(self, connection: Any) -> int:
        """Place and release what must be; returns how many holds that were."""
        done = 0
        for row in await connection.fetch(_MOVED):
            lot = row["lot_id"]
            if row["shard"] >= self._log.shards or self._seen.get(lot) == tuple(row):
                continue
            try:
                async with exclusive.alone(connection, exclusive.of_lot(lot), _WAIT_S):
                    done += await self._lot(connection, row["shard"], lot)
            except (exclusive.Busy, CommandRefused):
                continue  # somebody is at it; the next look sees what became of it
            self._seen[lot] = tuple(row)
        return done

    async def _lot(self, connection: Any, shard: int, lot: int) -> int:
        now = (await self._lots.read(connection, [lot])).get(lot)
        if now is None:
            return 0
        why = await connection.fetchrow(_TAKEN_UP, lot, "ANNOUNCEMENT", list(OPEN))
        placed = "COMPLAINT" in now.state.life.holds
        if why is not None and not placed and _may_hold(now.state):
            role: Role = "AGENCY" if why["addressee"] == "AGENCY" else "ORGANISATION"
            reason = record.number(why["id"], why["at"])
            await self._log.act(shard, lot, _act("hold", role, why["account_id"], reason))
            return 1
        if placed and (why is None or not _may_hold(now.state)):
            ours = await _ours(connection, lot)
            if ours is not None:
                await self._log.act(shard, lot, _act("release", *ours))
                return 1
        return 0


def _may_hold(state: LotState) -> bool:
    """Whether a hold stands in nobody's way but the announcement's."""
    terms = state.params.terms
    if terms is None:
        return False
    at_once = terms.announcement == "IMMEDIATE" and state.status == "RUNNING"
    return at_once or state.status in _OVER


def _act(name: str, role: Role, account: int, reason: str) -> Act:
    return Act(name, role, account, reason, {"ground": "COMPLAINT"})


async def _ours(connection: Any, lot: int) -> tuple[Role, int, str] | None:
    """As what, by whom and why the standing hold was placed; None if a person placed it."""
    for (body,) in await connection.fetch(_LAST_HOLD, lot):
        data = orjson.loads(body)["data"]
        if data["ground"] != "COMPLAINT":
            continue
        reason = data.get("reason") or ""
        return (data["role"], data["by"], reason) if record.is_number(reason) else None
    return None
