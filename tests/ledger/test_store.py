"""Fencing, exactly once, leases: what the recorder builds on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from auction_engine.ledger import store
from auction_engine.ledger.errors import BidIdTaken, OwnershipLost
from auction_engine.rules.commands import Bid, Tick
from auction_engine.rules.events import BidAccepted

from .factories import START_MS, JournalWriter, list_lot, writer

BID_ID = "7d0c1f4e-6d0f-4a53-9f0c-0e5b2a1d3c4b"
BILLION = 1_000_000_000


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await store.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def journal(database_url: str) -> AsyncIterator[JournalWriter]:
    """Shard 0 with lot 1 open and three bidders."""
    async with writer(database_url, owner="first") as journal:
        list_lot(journal, 1, bidders=3)
        journal.do(1, Tick(), START_MS)
        await journal.flush()
        yield journal


async def written(connection: asyncpg.Connection) -> tuple[int, str]:
    """How many entries there are, and how far the inbox is consumed."""
    rows = await connection.fetchval("SELECT count(*) FROM journal")
    return rows, await store.consumed_id(connection, 0)


class TestConnection:
    async def test_it_waits_for_commits_and_nothing_cuts_them(
        self, superuser_url: str, database_url: str
    ) -> None:
        admin = await asyncpg.connect(superuser_url)
        name = await admin.fetchval("SELECT current_database()")
        await admin.execute(f"ALTER DATABASE {name} SET statement_timeout = '1s'")
        await admin.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        await admin.close()
        connection = await store.connect(database_url)
        assert await connection.fetchval("SHOW statement_timeout") == "0"
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
        assert await connection.fetchval("SELECT current_user") == "auction_app"
        await connection.close()


class TestCommit:
    async def test_entries_head_and_consumed_id_come_together(
        self, journal: JournalWriter, connection: asyncpg.Connection
    ) -> None:
        before, _ = await written(connection)
        journal.do(1, journal.bid(1, BILLION), START_MS + 5)
        assert (await written(connection))[0] == before
        await journal.flush()
        assert await written(connection) == (before + 1, f"{START_MS + 5}-0")
        head = await connection.fetchrow("SELECT * FROM lot_head WHERE lot_id = 1")
        assert (head["seq"], head["hash"]) == (before + 1, journal.at[1].hash)
        assert (head["leader"], head["price_minor"], head["accepted"]) == (1, BILLION, 1)

    async def test_a_batch_without_events_still_moves_the_consumed_id(
        self, journal: JournalWriter, connection: asyncpg.Connection
    ) -> None:
        before, _ = await written(connection)
        assert journal.do(1, Tick(), START_MS + 9) == []
        await journal.flush()
        assert await written(connection) == (before, f"{START_MS + 9}-0")

    async def test_an_old_epoch_cannot_write(
        self, journal: JournalWriter, connection: asyncpg.Connection
    ) -> None:
        assert await store.acquire_shard(connection, 0, "first", 60) == journal.epoch + 1
        before = await written(connection)
        journal.do(1, journal.bid(1, BILLION), START_MS + 5)
        with pytest.raises(OwnershipLost):
            await journal.flush()
        assert await written(connection) == before

    async def test_a_shard_nobody_owns_cannot_be_written(
        self, connection: asyncpg.Connection
    ) -> None:
        with pytest.raises(OwnershipLost):
            await store.commit_batch(connection, 7, 1, "0-0", "1-0", [], [])

    async def test_a_take_over_waits_for_a_commit_under_way(
        self, journal: JournalWriter, connection: asyncpg.Connection, database_url: str
    ) -> None:
        async with journal.connection.transaction():
            journal.do(1, journal.bid(1, BILLION), START_MS + 5)
            await journal.flush()  # a savepoint: the commit itself is still to come
            taking = asyncio.create_task(store.acquire_shard(connection, 0, "first", 60))
            done, _ = await asyncio.wait([taking], timeout=0.3)
            assert not done
        assert await taking == journal.epoch + 1
        assert await store.consumed_id(connection, 0) == f"{START_MS + 5}-0"

    async def test_a_commit_waiting_behind_a_take_over_is_refused(
        self, journal: JournalWriter, connection: asyncpg.Connection
    ) -> None:
        before = await written(journal.connection)
        journal.do(1, journal.bid(1, BILLION), START_MS + 5)
        async with connection.transaction():
            await store.acquire_shard(connection, 0, "first", 60)
            writing = asyncio.create_task(journal.flush())
            done, _ = await asyncio.wait([writing], timeout=0.3)
            assert not done
        with pytest.raises(OwnershipLost):
            await writing
        assert await written(connection) == before

    async def test_a_bid_id_taken_leaves_nothing_of_the_batch(
        self, journal: JournalWriter, connection: asyncpg.Connection
    ) -> None:
        journal.do(1, Bid(1, BID_ID, BILLION), START_MS + 5)
        await journal.flush()
        before = await written(connection)
        head = await connection.fetchrow("SELECT * FROM lot_head WHERE lot_id = 1")
        journal.do(1, journal.bid(2, 2 * BILLION), START_MS + 6)
        journal.do(1, Bid(1, BID_ID, 3 * BILLION), START_MS + 7)
        with pytest.raises(BidIdTaken):
            await journal.flush()
        assert await written(connection) == before
        assert await connection.fetchrow("SELECT * FROM lot_head WHERE lot_id = 1") == head

    async def test_one_bid_id_may_be_used_by_two_bidders(
        self, journal: JournalWriter, connection: asyncpg.Connection
    ) -> None:
        journal.do(1, Bid(1, BID_ID, BILLION), START_MS + 5)
        journal.do(1, Bid(2, BID_ID, 2 * BILLION), START_MS + 5)
        await journal.flush()
        answers = await store.first_answers(connection, [(1, BID_ID), (2, BID_ID), (3, BID_ID)])
        assert {key: entry["amount_minor"] for key, entry in answers.items()} == {
            (1, BID_ID): BILLION,
            (2, BID_ID): 2 * BILLION,
        }

    async def test_a_number_already_written_is_not_written_again(
        self, journal: JournalWriter, connection: asyncpg.Connection
    ) -> None:
        position = journal.at[1]
        journal.do(1, journal.bid(1, BILLION), START_MS + 5)
        await journal.flush()
        before = await written(connection)
        journal.at[1] = position
        journal.do(1, journal.bid(2, 2 * BILLION), START_MS + 6)
        with pytest.raises(asyncpg.UniqueViolationError):
            await journal.flush()
        assert await written(connection) == before


async def _take(connection: asyncpg.Connection, owner: str, lease_s: float = 60) -> int:
    epoch = await store.acquire_shard(connection, 3, owner, lease_s)
    assert epoch is not None
    return epoch


class TestLeases:
    async def test_a_live_lease_is_respected_and_an_ended_one_is_not(
        self, connection: asyncpg.Connection
    ) -> None:
        first = await _take(connection, "first")
        assert await store.acquire_shard(connection, 3, "second", 60) is None
        await store.renew_lease(connection, 3, first, 0.05)
        await asyncio.sleep(0.1)
        assert await _take(connection, "second") > first
        with pytest.raises(OwnershipLost):
            await store.renew_lease(connection, 3, first, 60)

    async def test_renewing_keeps_others_out(self, connection: asyncpg.Connection) -> None:
        epoch = await _take(connection, "first", 0.2)
        for _ in range(3):
            await asyncio.sleep(0.1)
            await store.renew_lease(connection, 3, epoch, 0.2)
            assert await store.acquire_shard(connection, 3, "second", 60) is None

    async def test_a_released_shard_can_be_taken_at_once(
        self, connection: asyncpg.Connection
    ) -> None:
        first = await _take(connection, "first")
        await store.release_shard(connection, 3, first)
        assert await _take(connection, "second") > first

    async def test_a_former_owner_cannot_release_it(self, connection: asyncpg.Connection) -> None:
        first = await _take(connection, "first")
        await store.release_shard(connection, 3, first)
        await _take(connection, "second")
        await store.release_shard(connection, 3, first)
        assert await store.acquire_shard(connection, 3, "third", 60) is None

    async def test_an_owner_that_starts_again_takes_its_shard_with_a_new_epoch(
        self, connection: asyncpg.Connection
    ) -> None:
        epochs = [await _take(connection, "first") for _ in range(3)]
        assert epochs == sorted(set(epochs))

    async def test_a_ledger_set_back_does_not_give_an_epoch_twice(
        self, connection: asyncpg.Connection
    ) -> None:
        before = await _take(connection, "first")
        await connection.execute("RESET ROLE; DELETE FROM shard; SET ROLE auction_app")
        await asyncio.sleep(1)  # the clock that epochs come from counts seconds
        assert await _take(connection, "first") > before

    async def test_of_many_at_once_one_gets_it(self, database_url: str) -> None:
        connections = [await store.connect(database_url) for _ in range(6)]
        epochs = await asyncio.gather(
            *[store.acquire_shard(c, 3, f"owner {i}", 60) for i, c in enumerate(connections)]
        )
        assert len([e for e in epochs if e is not None]) == 1
        for each in connections:
            await each.close()

    async def test_a_take_over_goes_on_where_the_former_owner_was(
        self, journal: JournalWriter, database_url: str
    ) -> None:
        await store.release_shard(journal.connection, 0, journal.epoch)
        async with writer(database_url, owner="second", seed=2) as successor:
            assert await store.consumed_id(successor.connection, 0) == journal.log
            successor.states, successor.at = dict(journal.states), dict(journal.at)
            successor.log = journal.log
            events = successor.do(1, successor.bid(1, BILLION), START_MS + 50)
            assert [type(event) for event in events] == [BidAccepted]
            await successor.flush()
            journal.do(1, journal.bid(2, 2 * BILLION), START_MS + 60)
            with pytest.raises(OwnershipLost):
                await journal.flush()


class TestReading:
    async def test_the_journal_is_read_in_order_from_where_one_is(
        self, journal: JournalWriter, connection: asyncpg.Connection
    ) -> None:
        list_lot(journal, 2, bidders=1)
        await journal.flush()
        found = [(lot, seq) async for lot, seq, _, _ in store.journal_of(connection, [2, 1])]
        expected = [(lot, seq) for lot in (1, 2) for seq in range(1, journal.at[lot].seq + 1)]
        assert found == expected
        after = [seq async for _, seq, _, _ in store.journal_of(connection, [1], after_seq=3)]
        assert after == list(range(4, journal.at[1].seq + 1))

    async def test_live_lots_are_those_not_closed(
        self, journal: JournalWriter, connection: asyncpg.Connection
    ) -> None:
        list_lot(journal, 2, bidders=1)
        journal.do(1, Tick(), START_MS + 10**9)
        await journal.flush()
        assert await store.live_lots(connection, 0) == [2]
        assert await store.live_lots(connection, 1) == []

    async def test_nothing_is_consumed_before_the_first_command(
        self, connection: asyncpg.Connection
    ) -> None:
        assert await store.consumed_id(connection, 9) == "0-0"
