"""The lots in memory: kept up from the log's events, read from the ledger when in doubt."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import asyncpg
import orjson
import structlog

from auction_engine.bidding.tasks import end
from auction_engine.ledger import store
from auction_engine.live.lotview import LotView

__all__ = ["LotView", "Views"]

_NAME = "auction-gateway"
# Connections to the ledger for lots not in memory: whatever is asked for, bids go first.
_READ_AT_ONCE = 3
# A number that is no lot is remembered this long, so that asking for it costs nothing.
_ABSENT_S = 2.0
_ABSENT_KEPT = 10_000
# Closed lots kept though nobody follows them.
_CLOSED_KEPT = 500
_RETRY_S = 0.2
_log = structlog.get_logger(__name__)


async def _read_on(connection: asyncpg.Connection, view: LotView) -> None:
    """Take the ledger's entries after those the view has."""
    async for _, seq, body, _ in store.journal_of(connection, [view.lot], view.seq):
        if seq == view.seq + 1:
            view.take(orjson.loads(body))


OnChange = Callable[[LotView], None]


class Views:
    """The lots in memory. `on_change` is called after one or more entries were taken."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._lots: dict[int, LotView] = {}
        self._epochs: dict[int, int] = {}
        self._reading: dict[int, int] = {}  # lot read for the first time: newest entry meanwhile
        self._catching_up: dict[int, asyncio.Task[None]] = {}
        self._behind: set[int] = set()  # shards with a hole found since their last reading began
        self._finding: dict[int, asyncio.Task[None]] = {}
        self._absent: dict[int, float] = {}  # lot: until when (monotonic s) it need not be sought
        self._slots = asyncio.Semaphore(_READ_AT_ONCE)
        self.on_change: OnChange = lambda view: None
        self.in_use: Callable[[int], bool] = lambda lot: False

    def get(self, lot: int) -> LotView | None:
        """The lot's view if it is in memory and listed."""
        view = self._lots.get(lot)
        return view if view is not None and view.state is not None else None

    async def find(self, lot: int) -> LotView | None:
        """The lot's view, read from the ledger if need be; None if it is not listed."""
        if (view := self.get(lot)) is not None:
            return view
        task = self._finding.get(lot)
        if task is None:
            if self._absent.get(lot, 0.0) > time.monotonic():
                return None
            task = asyncio.create_task(self._find(lot), name="find lot")
            self._finding[lot] = task
            task.add_done_callback(lambda _: self._finding.pop(lot, None))
        await asyncio.shield(task)  # one reading serves all who ask, whoever of them goes away
        return self.get(lot)

    async def _find(self, lot: int) -> None:
        async with self._slots:
            connection = await store.connect(self._database_url, application=_NAME)
            try:
                shard = await connection.fetchval(
                    "SELECT shard FROM lot_head WHERE lot_id = $1", lot
                )
                if shard is None:
                    self._remember_absent(lot)
                else:
                    await self._read(connection, {lot: shard})
                    self._forget_old()
            finally:
                connection.terminate()

    def _remember_absent(self, lot: int) -> None:
        if len(self._absent) >= _ABSENT_KEPT:
            self._absent.clear()
        self._absent[lot] = time.monotonic() + _ABSENT_S

    def _forget_old(self) -> None:
        """Keep memory bounded: closed lots that nobody follows are read again when asked for."""
        closed = [
            lot
            for lot, view in self._lots.items()
            if view.state is not None and view.state.phase == "closed" and not self.in_use(lot)
        ]
        for lot in closed[: max(0, len(closed) - _CLOSED_KEPT)]:
            del self._lots[lot]

    def take(self, shard: int, epoch: int, entries: list[dict[str, Any]]) -> None:
        """Take a batch from the log; entries already known are skipped."""
        # The ledger may have told of a younger owner before the log does.
        epoch = self._epochs[shard] = max(epoch, self._epochs.get(shard, 0))
        changed: dict[int, LotView] = {}
        for entry in entries:
            lot = entry["lot"]
            view = self._lots.get(lot)
            if view is None:
                if entry["seq"] != 1:
                    # Nobody looks at it (`find` will read it whole) or is waiting to.
                    if lot in self._reading:
                        self._reading[lot] = entry["seq"]
                    continue
                view = self._lots[lot] = LotView(lot, shard)
            if entry["seq"] == view.seq + 1:
                view.take(entry)
                changed[lot] = view
            elif entry["seq"] > view.seq:
                self._catch_up(shard)
        for view in changed.values():
            view.epoch = epoch
            self.on_change(view)

    async def read_shard(self, shard: int) -> None:
        """Bring every lot of the shard up to the ledger, and take up live ones not yet known."""
        connection = await store.connect(self._database_url, application=_NAME)
        try:
            self._epochs[shard] = (
                await connection.fetchval("SELECT epoch FROM shard WHERE id = $1", shard) or 0
            )
            rows = await connection.fetch(
                "SELECT lot_id, seq, phase FROM lot_head WHERE shard = $1"
                " AND (phase <> 'closed' OR lot_id = ANY($2::bigint[]))",
                shard,
                [lot for lot, view in self._lots.items() if view.shard == shard],
            )
            for row in rows:
                view = self._lots.get(row["lot_id"])
                if view is not None and view.seq > row["seq"]:
                    # The ledger was set back: what it does not hold never happened.
                    view.forget()
            behind = {
                row["lot_id"]: shard
                for row in rows
                if row["lot_id"] not in self._lots or self._lots[row["lot_id"]].seq < row["seq"]
            }
            await self._read(connection, behind)
        finally:
            connection.terminate()
        for view in self._lots.values():
            if view.shard == shard and view.epoch != self._epochs[shard]:
                view.epoch = self._epochs[shard]
                self.on_change(view)

    async def _read(self, connection: asyncpg.Connection, lots: dict[int, int]) -> None:
        """Take the ledger's entries of `lots` (lot: shard) after what each view has."""
        for lot, shard in lots.items():
            view = self._lots.get(lot)
            if view is None:
                view = await self._read_whole(connection, lot, shard)
            else:
                await _read_on(connection, view)
            view.epoch = self._epochs.get(shard, view.epoch)
            self.on_change(view)

    async def _read_whole(self, connection: asyncpg.Connection, lot: int, shard: int) -> LotView:
        """A lot's view, shown to nobody before it is up to the present."""
        view = LotView(lot, shard)
        self._reading.setdefault(lot, 0)
        try:
            await _read_on(connection, view)
            while view.seq < self._reading.get(lot, 0):
                await _read_on(connection, view)
        finally:
            self._reading.pop(lot, None)
        return self._lots.setdefault(lot, view)

    def _catch_up(self, shard: int) -> None:
        self._behind.add(shard)
        if shard not in self._catching_up:
            task = asyncio.create_task(self._read_quietly(shard), name="catch up")
            self._catching_up[shard] = task

    async def _read_quietly(self, shard: int) -> None:
        try:
            while shard in self._behind:
                self._behind.discard(shard)
                try:
                    await self.read_shard(shard)
                except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                    _log.warning("views_behind", shard=shard, error=type(error).__name__)
                    self._behind.add(shard)
                    await asyncio.sleep(_RETRY_S)
        finally:
            del self._catching_up[shard]

    async def stop(self) -> None:
        """End what is being read."""
        await end([*self._catching_up.values(), *self._finding.values()])
