"""What follows from dossiers in the journals of their lots, and the other way round.

The journal is the truth about who takes part. A dossier that was sent is registered in it; one
that is admitted and whose deposit is held lets its bidder in; one that is refused is refused in it
when registration closes, so that until then the decision can be taken back. The caller holds the
bidder's lock; whatever dies between two acts is finished by the next look.
"""

from typing import Any

import asyncpg
import orjson
import structlog
from redis.exceptions import RedisError

from auction_engine.bidding.client import LogClient
from auction_engine.desk import exclusive, listing
from auction_engine.desk.admission import letters, reading
from auction_engine.desk.admission.reading import Dossier
from auction_engine.desk.admission.states import Recorded
from auction_engine.desk.looking import look_on
from auction_engine.desk.reading import Lots
from auction_engine.desk.setting_aside import SetAside
from auction_engine.errors import AuctionError
from auction_engine.ledger import store
from auction_engine.rules import deposits
from auction_engine.rules.commands import Act, CommandRefused
from auction_engine.rules.lot import BEFORE_OPENING, LotState

_LOOK_S = 1.0
_WAIT_S = 0.2
_ENTRIES_BACK = 5_000
# A thousand codes are too few to draw from when hundreds are drawn.
_MANY = 300
_PASSING = (
    OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, RedisError, AuctionError,
)  # fmt: skip
# Lots with dossiers that may still move, and by what they are known to be at rest.
_MOVED = """
    SELECT d.lot_id, h.shard, h.seq, h.status, sum(d.version) AS versions,
           count(d.recorded) AS recorded
      FROM dossier d JOIN lot_head h ON h.lot_id = d.lot_id
     WHERE h.phase <> 'closed' AND d.state <> 'DRAFT'
     GROUP BY d.lot_id, h.shard, h.seq, h.status
"""
_log = structlog.get_logger(__name__)


async def carry(log: LogClient, lots: Lots, connection: Any, shard: int, dossier: Dossier) -> None:
    """Do what follows from the dossier now. Raises LogUnanswered, CommandRefused (BUSY)."""
    # What a process that died has sent comes before this.
    await log.probe(shard)
    state = await _state(lots, connection, dossier.lot)
    if state is None:
        return
    if dossier.state != "DRAFT" and recorded_of(state, dossier.account) is None:
        if dossier.state == "WITHDRAWN" or not await _register(log, connection, shard, dossier):
            return
        state = await _state(lots, connection, dossier.lot)
        assert state is not None
    await _follow(connection, state, dossier)
    act = _next(state, dossier)
    if act == "ADMIT":
        await _admit(log, shard, state, dossier)
    elif act == "REFUSE":
        await _refuse(log, shard, dossier)
    else:
        return
    state = await _state(lots, connection, dossier.lot)
    assert state is not None
    await _follow(connection, state, dossier)


def recorded_of(state: LotState, account: int) -> Recorded | None:
    """What the lot's journal says of a bidder."""
    word = state.life.registered.get(account)
    if account in state.admitted and word in (None, "REGISTERED"):
        return "ADMITTED"
    return word  # type: ignore[return-value]


async def _state(lots: Lots, connection: Any, lot: int) -> LotState | None:
    found = await lots.read(connection, [lot])
    return found[lot].state if lot in found else None


def _next(state: LotState, dossier: Dossier) -> str | None:
    """What the journal is still to be told."""
    if recorded_of(state, dossier.account) != "REGISTERED" or state.status not in BEFORE_OPENING:
        return None
    if dossier.state == "ADMITTED" and not deposits.missing(state, dossier.account):
        return "ADMIT"
    over = state.status in ("REGISTRATION_CLOSED", "READY")
    return "REFUSE" if dossier.state == "REFUSED" and over else None


async def _register(log: LogClient, connection: Any, shard: int, dossier: Dossier) -> bool:
    """Tell the log; whether it was in time. One that was not becomes a draft again."""
    try:
        await log.act(shard, dossier.lot, Act("register", "BIDDER", dossier.account, None, {}))
    except CommandRefused as refused:
        if refused.code == "BUSY":
            raise
        if refused.code != "ALREADY_REGISTERED":
            await _came_late(connection, dossier)
            return False
    return True


async def _came_late(connection: Any, dossier: Dossier) -> None:
    arrived = await store.server_ms(connection)
    async with connection.transaction():
        await connection.execute(
            "UPDATE dossier SET state = 'DRAFT', sent_ms = NULL, version = version + 1"
            " WHERE id = $1",
            dossier.id,
        )
        body = {"arrived_ms": arrived}
        await reading.note(connection, dossier.id, None, "LATE", "DRAFT", body)


async def _admit(log: LogClient, shard: int, state: LotState, dossier: Dossier) -> None:
    try:
        many = len(state.admitted) >= _MANY
        await listing.admit(log, shard, dossier.lot, dossier.account, many=many)
    except CommandRefused as refused:
        if refused.code == "BUSY":
            raise
        _log.warning("dossier_not_admitted", dossier=dossier.id, code=refused.code)


async def _refuse(log: LogClient, shard: int, dossier: Dossier) -> None:
    reason = f"{dossier.ground}: {dossier.reason}"
    act = Act(
        "refuse_registration", "ORGANISATION", dossier.decided_by or 0, reason,
        {"bidder": dossier.account},
    )  # fmt: skip
    try:
        await log.act(shard, dossier.lot, act)
    except CommandRefused as refused:
        if refused.code == "BUSY":
            raise
        _log.warning("dossier_not_refused", dossier=dossier.id, code=refused.code)


async def take_back(
    log: LogClient, lots: Lots, connection: Any, shard: int, dossier: Dossier
) -> None:
    """Withdraw the registration, and the dossier with it. Raises CommandRefused, LogUnanswered."""
    await log.probe(shard)
    state = await _state(lots, connection, dossier.lot)
    if state is not None and recorded_of(state, dossier.account) in ("REGISTERED", "ADMITTED"):
        act = Act("withdraw_registration", "BIDDER", dossier.account, None, {})
        await log.act(shard, dossier.lot, act)
        state = await _state(lots, connection, dossier.lot)
    assert state is not None
    await _follow(connection, state, dossier)


async def _follow(connection: Any, state: LotState, dossier: Dossier) -> None:
    """Bring the dossier up to what its lot's journal says; nothing where it says so already."""
    recorded = recorded_of(state, dossier.account)
    current = await reading.by_id(connection, dossier.id)
    if recorded is None or current is None or current.recorded == recorded:
        return
    target = current.state if recorded == "REGISTERED" else recorded
    seq, at_ms = await _entry(connection, current)
    async with connection.transaction():
        await connection.execute(
            "UPDATE dossier SET recorded = $2, state = $3, entry_seq = $4, entry_ms = $5,"
            " version = version + $6 WHERE id = $1",
            current.id, recorded, target, seq, at_ms, int(target != current.state),
        )  # fmt: skip
        own = recorded == "WITHDRAWN"
        await reading.note(
            connection, current.id, current.account if own else None,
            "WITHDRAW" if own else "RECORDED", target, {"recorded": recorded, "seq": seq},
        )  # fmt: skip
        await letters.decided(connection, current, recorded)


async def _entry(connection: Any, dossier: Dossier) -> tuple[int | None, int | None]:
    """Where in the journal the registration stands."""
    if dossier.entry_seq is not None:
        return dossier.entry_seq, dossier.entry_ms
    rows = await connection.fetch(
        "SELECT seq, body FROM journal WHERE lot_id = $1 AND kind = 'bidder.registered'"
        " ORDER BY seq DESC LIMIT $2",
        dossier.lot,
        _ENTRIES_BACK,
    )
    for row in rows:
        entry = orjson.loads(row["body"])
        if entry["data"].get("by") == dossier.account:
            return row["seq"], entry["at_ms"]
    return None, None


class Carrier:
    """Looks at every lot with dossiers, for as long as it runs; any number may run at once."""

    def __init__(self, database_url: str, log: LogClient, look_s: float = _LOOK_S) -> None:
        self._url = database_url
        self._log = log
        self._look_s = look_s
        self._lots = Lots()
        self._seen: dict[int, tuple[Any, ...]] = {}
        self._aside = SetAside("carrier")

    async def run(self) -> None:
        """Look again and again, until cancelled. Servers away are waited for."""
        await look_on(self._url, self.look, self._look_s, (*_PASSING, CommandRefused), "carrier")

    async def look(self, connection: Any) -> int:
        """One look at each lot that has moved since the last; how many dossiers were looked at."""
        looked = 0
        for row in await connection.fetch(_MOVED):
            lot = row["lot_id"]
            if row["shard"] >= self._log.shards or self._seen.get(lot) == tuple(row):
                continue
            if self._aside.waits(lot):
                continue
            with self._aside.trying(lot):
                found, all_done = await self._lot(connection, row["shard"], lot)
                looked += found
                if all_done:
                    self._seen[lot] = tuple(row)
        return looked

    async def _lot(self, connection: Any, shard: int, lot: int) -> tuple[int, bool]:
        """Every dossier of a lot of which the journal may want to hear."""
        rows = await connection.fetch(
            "SELECT account_id FROM dossier WHERE lot_id = $1 AND state <> 'DRAFT' ORDER BY id", lot
        )
        state = await _state(self._lots, connection, lot)
        looked, all_done = 0, True
        for (account,) in rows:
            if state is None or self._aside.waits((lot, account)):
                all_done = False
                continue
            done = False
            try:
                with self._aside.trying((lot, account)):
                    looked += await self._dossier(connection, shard, lot, account, state)
                    done = True
            except exclusive.Busy:
                pass  # somebody is at it; the next look sees what became of it
            all_done = all_done and done
        return looked, all_done

    async def _dossier(
        self, connection: Any, shard: int, lot: int, account: int, state: LotState
    ) -> bool:
        dossier = await reading.own(connection, lot, account)
        if dossier is None or not _wants(state, dossier):
            return False
        async with exclusive.alone(connection, exclusive.of_bidder(lot, account), _WAIT_S):
            current = await reading.own(connection, lot, account)
            if current is not None:
                await carry(self._log, self._lots, connection, shard, current)
        return True


def _wants(state: LotState, dossier: Dossier) -> bool:
    recorded = recorded_of(state, dossier.account)
    if dossier.state == "DRAFT":
        return False
    if recorded is None:
        return dossier.state != "WITHDRAWN"
    return recorded != dossier.recorded or _next(state, dossier) is not None
