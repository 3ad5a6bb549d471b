"""The ledger in memory: a server whose commits are whole or not at all, and the port to it."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg
import orjson

from auction_engine.ledger.errors import BidIdTaken, ClockInDoubt, OwnershipLost
from auction_engine.ledger.journal import JournalRecord, log_ms
from auction_engine.ledger.store import HEAD_COLUMNS
from auction_engine.simulation.wire import Server, Wire

# A transaction that waits for its disk.
_TAKES_S = 0.001
_T = TypeVar("_T")
Key = tuple[int, str]  # bidder, bid id


@dataclass(slots=True)
class ShardRow:
    """One row of table `shard`."""

    epoch: int
    owner: str
    lease_until_s: float
    consumed: str = "0-0"


@dataclass(frozen=True, slots=True)
class Commit:
    """One transaction that was carried out, in the order of all."""

    shard: int
    epoch: int
    consumed: str
    server_ms: int


class LedgerServer(Server):
    """The tables that recorder and gateways use. `commits` tells what was written when."""

    def __init__(self, loop: asyncio.AbstractEventLoop, chance: random.Random) -> None:
        super().__init__(loop, chance, _TAKES_S)
        self.shards: dict[int, ShardRow] = {}
        self.journal: dict[int, dict[int, JournalRecord]] = {}
        self.heads: dict[int, dict[str, Any]] = {}
        self.keys: dict[Key, JournalRecord] = {}
        self.commits: list[Commit] = []

    # --- carried out in one step each ------------------------------------------------------

    def acquire(self, shard: int, owner: str, lease_s: float) -> int | None:
        now_s = self.clock.wall_s()
        row = self.shards.get(shard)
        if row is None:
            self.shards[shard] = ShardRow(int(now_s), owner, now_s + lease_s)
            return int(now_s)
        if row.lease_until_s >= now_s and row.owner != owner:
            return None
        row.epoch, row.owner = max(row.epoch + 1, int(now_s)), owner
        row.lease_until_s = now_s + lease_s
        return row.epoch

    def renew(self, shard: int, epoch: int, lease_s: float) -> None:
        row = self.shards.get(shard)
        if row is None or row.epoch != epoch:
            raise OwnershipLost(f"Shard {shard} is no longer owned with epoch {epoch}.")
        row.lease_until_s = self.clock.wall_s() + lease_s

    def release(self, shard: int, epoch: int) -> None:
        row = self.shards.get(shard)
        if row is not None and row.epoch == epoch:
            row.lease_until_s = self.clock.wall_s()

    def may_follow(self, shard: int, epoch: int, after: str) -> bool:
        """Whether a batch after `after` may be written under `epoch`."""
        return self.is_there(shard, epoch, after)

    def is_there(self, shard: int, epoch: int, consumed: str) -> bool:
        """Whether `consumed` is the last consumed id, and `epoch` the shard's."""
        row = self.shards.get(shard)
        return row is not None and row.epoch == epoch and row.consumed == consumed

    def commit(
        self,
        shard: int,
        epoch: int,
        after: str,
        consumed: str,
        records: Sequence[JournalRecord],
        heads: Sequence[tuple[Any, ...]],
        ahead_max_ms: int | None,
    ) -> None:
        now_ms = self.clock.wall_ms()
        if not self.may_follow(shard, epoch, after):
            raise OwnershipLost(f"Shard {shard} is not at {after} under epoch {epoch}.")
        if ahead_max_ms is not None and log_ms(consumed) - now_ms > ahead_max_ms:
            raise ClockInDoubt(f"The log is at {consumed}, the ledger's clock at {now_ms}.")
        self._check_unique(records)
        for record in records:
            lot, seq, _, bidder, bid_id, _, _ = record
            self.journal.setdefault(lot, {})[seq] = record
            if bidder is not None and bid_id is not None:
                self.keys[bidder, bid_id] = record
        for head in heads:
            self.heads[head[0]] = dict(zip(HEAD_COLUMNS, head, strict=True))
        self.shards[shard].consumed = consumed
        self.commits.append(Commit(shard, epoch, consumed, now_ms))

    def _check_unique(self, records: Sequence[JournalRecord]) -> None:
        rows: set[tuple[int, int]] = set()
        keys: set[tuple[int | None, str]] = set()
        for lot, seq, _, bidder, bid_id, _, _ in records:
            if (lot, seq) in rows or seq in self.journal.get(lot, ()):
                raise asyncpg.UniqueViolationError(f"entry {seq} of lot {lot} is already there")
            rows.add((lot, seq))
            if bid_id is not None:
                if (bidder, bid_id) in keys or (bidder, bid_id) in self.keys:
                    raise BidIdTaken("A bid id of this batch is already recorded.")
                keys.add((bidder, bid_id))

    def consumed(self, shard: int) -> str:
        row = self.shards.get(shard)
        return "0-0" if row is None else row.consumed

    def live_lots(self, shard: int) -> list[int]:
        return sorted(
            lot
            for lot, head in self.heads.items()
            if head["shard"] == shard
            and (head["phase"] != "closed" or head.get("due_ms") is not None)
        )

    def rows(self, lots: Iterable[int], after_seq: int = 0) -> list[JournalRecord]:
        """These lots' entries after `after_seq`, in journal order."""
        return [
            row
            for lot in sorted(lots)
            for seq, row in sorted(self.journal.get(lot, {}).items())
            if seq > after_seq
        ]

    def archived(self, lot: int) -> tuple[Mapping[str, Any], list[bytes]] | None:
        head = self.heads.get(lot)
        if head is None or head["phase"] != "closed":
            return None
        return dict(head), [r[5] for r in self.rows([lot]) if not r[2].startswith("bid.")]

    def answers(self, keys: Sequence[Key]) -> dict[Key, dict[str, Any]]:
        return {key: orjson.loads(self.keys[key][5]) for key in keys if key in self.keys}


class MemoryConnection:
    """A connection to a `LedgerServer`; as unusable after a loss as a real one."""

    def __init__(self, wire: Wire, timeout_s: float) -> None:
        self._wire = wire
        self._cuts = wire.server.cuts
        self._timeout_s = timeout_s
        self._closed = False

    def is_closed(self) -> bool:
        return self._closed or self._cuts != self._wire.server.cuts

    def terminate(self) -> None:
        """Close it; what was asked last may still be carried out."""
        self._closed = True

    def call(self, name: str, work: Callable[..., _T], *args: Any) -> Awaitable[_T]:
        if self.is_closed():
            raise asyncpg.InterfaceError("connection is closed")
        return self._wire.call(name, work, *args, timeout_s=self._timeout_s)


class MemoryLedger:
    """The port `Ledger` to a `LedgerServer`, for one process. See `ledger.store` for each."""

    def __init__(self, server: LedgerServer, wire: Wire) -> None:
        self._server = server
        self._wire = wire

    async def connect(
        self,
        database_url: str,
        *,
        timeout_s: float = 10.0,
        application: str = "",
        idle_in_transaction_s: float | None = None,
    ) -> MemoryConnection:
        """The address says nothing here: there is one server."""
        await self._wire.call("connect", lambda: None, timeout_s=timeout_s)
        return MemoryConnection(self._wire, timeout_s)

    async def acquire_shard(
        self, connection: MemoryConnection, shard: int, owner: str, lease_s: float
    ) -> int | None:
        return await connection.call("acquire", self._server.acquire, shard, owner, lease_s)

    async def renew_lease(
        self, connection: MemoryConnection, shard: int, epoch: int, lease_s: float
    ) -> None:
        await connection.call("renew", self._server.renew, shard, epoch, lease_s)

    async def release_shard(self, connection: MemoryConnection, shard: int, epoch: int) -> None:
        await connection.call("release", self._server.release, shard, epoch)

    async def commit_batch(
        self,
        connection: MemoryConnection,
        shard: int,
        epoch: int,
        after: str,
        consumed: str,
        records: Sequence[JournalRecord],
        heads: Sequence[tuple[Any, ...]],
        ahead_max_ms: int | None = None,
    ) -> None:
        batch = (shard, epoch, after, consumed, records, heads, ahead_max_ms)
        await connection.call("commit", self._server.commit, *batch)

    async def is_on_disk(
        self, connection: MemoryConnection, shard: int, epoch: int, consumed: str
    ) -> bool:
        return await connection.call("is_on_disk", self._server.is_there, shard, epoch, consumed)

    async def consumed_id(self, connection: MemoryConnection, shard: int) -> str:
        return await connection.call("consumed", self._server.consumed, shard)

    async def live_lots(self, connection: MemoryConnection, shard: int) -> list[int]:
        return await connection.call("live_lots", self._server.live_lots, shard)

    async def journal_of(
        self, connection: MemoryConnection, lots: Iterable[int], after_seq: int = 0
    ) -> AsyncGenerator[tuple[int, int, bytes, bytes], None]:
        rows = await connection.call("journal", self._server.rows, list(lots), after_seq)
        for row in rows:
            yield row[0], row[1], row[5], row[6]

    async def archived(
        self, connection: MemoryConnection, lot: int
    ) -> tuple[Mapping[str, Any], list[bytes]] | None:
        return await connection.call("archived", self._server.archived, lot)

    async def first_answers(
        self, connection: MemoryConnection, keys: Sequence[Key]
    ) -> dict[Key, dict[str, Any]]:
        return await connection.call("answers", self._server.answers, list(keys))

    async def server_ms(self, connection: MemoryConnection) -> int:
        return await connection.call("server_ms", self._server.clock.wall_ms)
