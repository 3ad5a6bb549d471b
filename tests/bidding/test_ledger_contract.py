"""One suite for every ledger: PostgreSQL's, and the one in memory that the simulator runs on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson
import pytest

from auction_engine.bidding import wire
from auction_engine.bidding.deciding import Deciding, Outcome
from auction_engine.bidding.ports import Ledger
from auction_engine.ledger import store
from auction_engine.ledger.errors import BidIdTaken, ClockInDoubt, OwnershipLost
from auction_engine.ledger.journal import GENESIS, Position
from auction_engine.simulation.ledger import LedgerServer, MemoryLedger
from auction_engine.simulation.loop import Process
from auction_engine.simulation.wire import Wire

from .harness import new_id, params

SHARD = 3
LOT = 8
OTHER = 9
LONG_S = 60.0


@dataclass
class Bench:
    """A ledger to be tested and a connection to it."""

    ledger: Ledger
    address: str
    connection: Any

    async def again(self) -> Any:
        """Another connection, as another process has."""
        return await self.ledger.connect(self.address)

    async def entries(self, lot: int = LOT, after_seq: int = 0) -> list[dict[str, Any]]:
        rows = self.ledger.journal_of(self.connection, [lot], after_seq)
        return [orjson.loads(body) async for _, _, body, _ in rows]


@pytest.fixture(params=["postgresql", "memory"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    ledger: Ledger = store
    address = ""
    if request.param == "memory":
        loop = asyncio.get_running_loop()
        server = LedgerServer(loop, random.Random(1))
        ledger = MemoryLedger(server, Wire(server, Process(loop, "test")))
    else:
        address = request.getfixturevalue("database_url")
    connection = await ledger.connect(address)
    yield Bench(ledger, address, connection)
    connection.terminate()


class Owner:
    """A recorder without a log: decides batches and commits them."""

    def __init__(self, bench: Bench, epoch: int) -> None:
        self.bench = bench
        self.deciding = Deciding(SHARD, epoch)
        self.now_ms = 0
        self.after = "0-0"

    @classmethod
    async def of(cls, bench: Bench, name: str = "first", lease_s: float = LONG_S) -> Owner:
        epoch = await bench.ledger.acquire_shard(bench.connection, SHARD, name, lease_s)
        assert epoch is not None
        owner = cls(bench, epoch)
        owner.now_ms = await bench.ledger.server_ms(bench.connection) - 60_000
        return owner

    def decide(self, *commands: bytes, recorded: Any = ()) -> Outcome:
        raw = []
        for command in commands:
            self.now_ms += 1
            raw.append((f"{self.now_ms}-0", command))
        entries = wire.decode_entries(raw)
        for lot in self.deciding.missing(entries):
            self.deciding.load(lot, None, Position(0, GENESIS), [])
        return self.deciding.decide(raw[-1][0], entries, set(recorded))

    async def commit(self, outcome: Outcome, **changes: Any) -> None:
        values: dict[str, Any] = {"epoch": self.deciding.epoch, "after": self.after} | changes
        connection = values.pop("connection", self.bench.connection)
        await self.bench.ledger.commit_batch(
            connection,
            SHARD,
            values["epoch"],
            values["after"],
            outcome.consumed,
            outcome.records,
            outcome.heads(SHARD),
            values.get("ahead_max_ms"),
        )
        self.deciding.adopt(outcome)
        self.after = outcome.consumed

    async def put_up(self, lot: int = LOT) -> None:
        """A lot open for an hour, with two bidders."""
        window = {"start_ms": self.now_ms - 1_000, "end_ms": self.now_ms + 3_600_000}
        listed = wire.encode_list(lot, params(**window), "list")
        admitted = (wire.encode_admit(lot, 100 + n, f"B-{n:03d}", False, "admit") for n in (1, 2))
        await self.commit(self.decide(listed, *admitted))


def bid(bidder: int, amount: int, bid_id: str | None = None, lot: int = LOT) -> bytes:
    return wire.encode_bid(lot, bidder, bid_id or new_id(), amount)


@pytest.fixture
async def owner(bench: Bench) -> Owner:
    owner = await Owner.of(bench)
    await owner.put_up()
    return owner


async def written(bench: Bench) -> tuple[int, str]:
    """How many entries there are, and how far the shard is consumed."""
    count = len(await bench.entries(LOT)) + len(await bench.entries(OTHER))
    return count, await bench.ledger.consumed_id(bench.connection, SHARD)


class TestLeases:
    async def take(self, bench: Bench, name: str, lease_s: float = LONG_S) -> int | None:
        return await bench.ledger.acquire_shard(bench.connection, SHARD, name, lease_s)

    async def test_a_live_lease_is_respected_and_an_ended_one_is_not(self, bench: Bench) -> None:
        first = await self.take(bench, "first")
        assert first is not None
        assert await self.take(bench, "second") is None
        await bench.ledger.renew_lease(bench.connection, SHARD, first, 0.05)
        await asyncio.sleep(0.1)
        second = await self.take(bench, "second")
        assert second is not None
        assert second > first
        with pytest.raises(OwnershipLost):
            await bench.ledger.renew_lease(bench.connection, SHARD, first, LONG_S)

    async def test_renewing_keeps_others_out(self, bench: Bench) -> None:
        epoch = await self.take(bench, "first", 0.3)
        assert epoch is not None
        for _ in range(3):
            await asyncio.sleep(0.15)
            await bench.ledger.renew_lease(bench.connection, SHARD, epoch, 0.3)
            assert await self.take(bench, "second") is None

    async def test_a_released_shard_is_free_and_only_its_owner_releases_it(
        self, bench: Bench
    ) -> None:
        first = await self.take(bench, "first")
        assert first is not None
        await bench.ledger.release_shard(bench.connection, SHARD, first)
        await asyncio.sleep(0.01)
        assert await self.take(bench, "second") is not None
        await bench.ledger.release_shard(bench.connection, SHARD, first)
        assert await self.take(bench, "third") is None

    async def test_whoever_starts_again_gets_a_new_epoch_at_once(self, bench: Bench) -> None:
        epochs = [await self.take(bench, "first") for _ in range(3)]
        assert None not in epochs
        assert len(set(epochs)) == 3
        assert epochs == sorted(epochs)  # type: ignore[type-var]

    async def test_epochs_begin_at_the_servers_clock(self, bench: Bench) -> None:
        now_s = await bench.ledger.server_ms(bench.connection) // 1000
        epoch = await self.take(bench, "first")
        assert epoch is not None
        assert now_s - 1 <= epoch <= now_s + 2

    async def test_nobody_can_renew_what_nobody_took(self, bench: Bench) -> None:
        with pytest.raises(OwnershipLost):
            await bench.ledger.renew_lease(bench.connection, 7, 1, LONG_S)


class TestCommit:
    async def test_entries_and_consumed_id_come_together(self, bench: Bench, owner: Owner) -> None:
        before, _ = await written(bench)
        outcome = owner.decide(bid(101, 1_000), bid(102, 1_010))
        assert (await written(bench))[0] == before
        await owner.commit(outcome)
        assert await written(bench) == (before + 2, outcome.consumed)
        amounts = [e["amount_minor"] for e in await bench.entries(after_seq=before)]
        assert amounts == [1_000, 1_010]

    async def test_an_empty_batch_moves_the_consumed_id(self, bench: Bench, owner: Owner) -> None:
        before, _ = await written(bench)
        outcome = owner.decide(wire.encode_tick(LOT))
        await owner.commit(outcome)
        assert await written(bench) == (before, outcome.consumed)

    @pytest.mark.parametrize("changes", [{"epoch": -1}, {"after": "5-0"}, {"epoch": 1}])
    async def test_whoever_does_not_own_the_place_writes_nothing(
        self, bench: Bench, owner: Owner, changes: dict[str, Any]
    ) -> None:
        before = await written(bench)
        if changes.get("epoch") == -1:
            changes = {"epoch": owner.deciding.epoch - 1}
        with pytest.raises(OwnershipLost):
            await owner.commit(owner.decide(bid(101, 1_000)), **changes)
        assert await written(bench) == before

    async def test_a_shard_nobody_owns_cannot_be_written(self, bench: Bench) -> None:
        with pytest.raises(OwnershipLost):
            await bench.ledger.commit_batch(bench.connection, 7, 1, "0-0", "1-0", [], [])

    async def test_the_next_owner_shuts_the_last_one_out(self, bench: Bench, owner: Owner) -> None:
        await bench.ledger.release_shard(bench.connection, SHARD, owner.deciding.epoch)
        await asyncio.sleep(0.01)
        assert await bench.ledger.acquire_shard(bench.connection, SHARD, "second", LONG_S)
        before = await written(bench)
        with pytest.raises(OwnershipLost):
            await owner.commit(owner.decide(bid(101, 1_000)))
        assert await written(bench) == before

    async def test_a_bid_id_has_one_row_and_a_batch_is_all_or_nothing(
        self, bench: Bench, owner: Owner
    ) -> None:
        await owner.put_up(OTHER)
        same = new_id()
        await owner.commit(owner.decide(bid(101, 1_000, same)))
        before = await written(bench)
        heads = await bench.ledger.live_lots(bench.connection, SHARD)
        owner.deciding.known.clear()  # an id that this recorder does not know of
        with pytest.raises(BidIdTaken):
            await owner.commit(owner.decide(bid(102, 1_000, lot=OTHER), bid(101, 1_000, same)))
        assert await written(bench) == before
        assert await bench.ledger.live_lots(bench.connection, SHARD) == heads
        # The same id of another bidder is another bid.
        await owner.commit(owner.decide(bid(102, 1_010, same)))

    async def test_one_batch_cannot_have_an_id_twice(self, bench: Bench, owner: Owner) -> None:
        outcome = owner.decide(bid(101, 1_000))
        row = outcome.records[0]
        outcome.records.append((row[0], row[1] + 1, *row[2:]))
        before = await written(bench)
        with pytest.raises(BidIdTaken):
            await owner.commit(outcome)
        assert await written(bench) == before

    async def test_a_number_already_written_is_not_written_again(
        self, bench: Bench, owner: Owner
    ) -> None:
        line = owner.deciding.lines[LOT]
        place, state = line.at, line.state
        await owner.commit(owner.decide(bid(101, 1_000)))
        before = await written(bench)
        owner.deciding.lines[LOT].at, owner.deciding.lines[LOT].state = place, state
        with pytest.raises(asyncpg.UniqueViolationError):
            await owner.commit(owner.decide(bid(102, 2_000)))
        assert await written(bench) == before

    async def test_a_log_ahead_of_the_servers_clock_is_not_recorded(
        self, bench: Bench, owner: Owner
    ) -> None:
        before = await written(bench)
        owner.now_ms = await bench.ledger.server_ms(bench.connection) + 5_000
        outcome = owner.decide(bid(101, 1_000))
        with pytest.raises(ClockInDoubt):
            await owner.commit(outcome, ahead_max_ms=500)
        assert await written(bench) == before
        await owner.commit(outcome, ahead_max_ms=6_000)
        assert (await written(bench))[0] == before[0] + 1


class TestUnknownOutcome:
    async def test_it_is_read_back_by_epoch_and_consumed_id(
        self, bench: Bench, owner: Owner
    ) -> None:
        ledger, epoch = bench.ledger, owner.deciding.epoch
        outcome = owner.decide(bid(101, 1_000))
        assert not await ledger.is_on_disk(bench.connection, SHARD, epoch, outcome.consumed)
        await owner.commit(outcome)
        other = await bench.again()
        assert await ledger.is_on_disk(other, SHARD, epoch, outcome.consumed)
        assert not await ledger.is_on_disk(other, SHARD, epoch - 1, outcome.consumed)
        assert not await ledger.is_on_disk(other, SHARD, epoch, "9-9")
        other.terminate()

    @pytest.mark.parametrize("delay_s", [0.0, 0.0003, 0.001, 0.003])
    async def test_a_connection_lost_during_the_commit(
        self, bench: Bench, owner: Owner, delay_s: float
    ) -> None:
        """Either all of it is there or nothing, and the read-back says which."""
        before, _ = await written(bench)
        line = await bench.again()
        outcome = owner.decide(bid(101, 1_000), bid(102, 1_010))
        commit = asyncio.create_task(owner.commit(outcome, connection=line))
        await asyncio.sleep(delay_s)
        line.terminate()
        await asyncio.wait([commit], timeout=1)
        commit.cancel()
        await asyncio.gather(commit, return_exceptions=True)
        epoch = owner.deciding.epoch
        there = await bench.ledger.is_on_disk(bench.connection, SHARD, epoch, outcome.consumed)
        assert (await written(bench))[0] == before + 2 * there

    async def test_a_connection_that_was_closed_says_so(self, bench: Bench) -> None:
        line = await bench.again()
        assert not line.is_closed()
        line.terminate()
        assert line.is_closed()
        with pytest.raises((asyncpg.InterfaceError, OSError)):
            await bench.ledger.consumed_id(line, SHARD)


class TestReading:
    async def test_nothing_is_consumed_before_the_first_batch(self, bench: Bench) -> None:
        assert await bench.ledger.consumed_id(bench.connection, SHARD) == "0-0"
        assert await bench.ledger.live_lots(bench.connection, SHARD) == []

    async def test_the_journal_is_read_in_order(self, bench: Bench, owner: Owner) -> None:
        await owner.put_up(OTHER)
        found = [
            (lot, seq)
            async for lot, seq, _, _ in bench.ledger.journal_of(bench.connection, [OTHER, LOT])
        ]
        assert found == sorted(found)
        assert {lot for lot, _ in found} == {LOT, OTHER}
        assert [e["seq"] for e in await bench.entries(after_seq=2)] == [
            seq for lot, seq in found if lot == LOT and seq > 2
        ]
        assert await bench.ledger.live_lots(bench.connection, SHARD) == [LOT, OTHER]
        assert await bench.ledger.live_lots(bench.connection, SHARD + 1) == []

    async def test_the_rows_are_the_bytes_that_were_written(
        self, bench: Bench, owner: Owner
    ) -> None:
        outcome = owner.decide(bid(101, 1_000), bid(102, 5))
        await owner.commit(outcome)
        rows = [row async for row in bench.ledger.journal_of(bench.connection, [LOT])]
        assert [(r[1], r[2], r[3]) for r in rows[-2:]] == [
            (row[1], row[5], row[6]) for row in outcome.records
        ]

    async def test_first_answers(self, bench: Bench, owner: Owner) -> None:
        ids = [new_id() for _ in range(3)]
        await owner.commit(owner.decide(bid(101, 1_000, ids[0]), bid(102, 5, ids[1])))
        keys = [(101, ids[0]), (102, ids[1]), (102, ids[0]), (101, ids[2])]
        found = await bench.ledger.first_answers(bench.connection, keys)
        assert {key: entry["kind"] for key, entry in found.items()} == {
            (101, ids[0]): "bid.accepted",
            (102, ids[1]): "bid.refused",
        }
        assert await bench.ledger.first_answers(bench.connection, []) == {}

    async def test_a_closed_lot_is_taken_up_by_its_head(self, bench: Bench, owner: Owner) -> None:
        await owner.commit(owner.decide(bid(101, 1_000)))
        assert await bench.ledger.archived(bench.connection, LOT) is None
        assert await bench.ledger.archived(bench.connection, OTHER) is None
        owner.now_ms += 10_000_000
        await owner.commit(owner.decide(wire.encode_tick(LOT)))
        found = await bench.ledger.archived(bench.connection, LOT)
        assert found is not None
        head, bodies = found
        assert (head["phase"], head["leader"], head["price_minor"]) == ("closed", 101, 1_000)
        line = owner.deciding.lines[LOT].at
        assert (head["seq"], head["hash"]) == (line.seq, line.hash)
        kinds = [orjson.loads(body)["kind"] for body in bodies]
        assert kinds[0] == "lot.listed"
        assert kinds[-1] == "lot.closed"
        assert not any(kind.startswith("bid.") for kind in kinds)
        assert await bench.ledger.live_lots(bench.connection, SHARD) == []
