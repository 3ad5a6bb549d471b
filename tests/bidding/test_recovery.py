"""A shard from the ledger alone."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from redis.asyncio import Redis

from auction_engine.bidding import recorder
from auction_engine.bidding.deciding import Deciding
from auction_engine.bidding.recovery import load_lots
from auction_engine.ledger import store
from auction_engine.ledger.errors import LedgerError
from auction_engine.settings import Settings

from .harness import LOT, bid, client_of, journal, new_id, now_ms, put_up, query, recording, until


async def fill(settings: Settings) -> str:
    """Two lots with a history, one closed; the id of one recorded bid."""
    known = new_id()
    async with recording(settings), client_of(settings) as client:
        await put_up(client, bidders=3)
        await put_up(
            client, lot=9, start_ms=now_ms() - 1000, end_ms=now_ms() + 1000, extension=None
        )
        await bid(client, 101, 1000, known)
        await bid(client, 102, 1000, lot=9)
        for n in range(1, 40):
            await bid(client, 101 + n % 3, 1000 + 9 * n)
        await until(lambda: closed(settings.database_url or "", 9))
    return known


async def closed(database_url: str, lot: int) -> bool:
    return (await journal(database_url, lot))[-1]["kind"] == "lot.closed"


async def test_what_is_loaded_is_what_was_in_memory(quick: Settings, database_url: str) -> None:
    await fill(quick)
    deciding = Deciding(0, 9)
    connection = await store.connect(database_url)
    live = await store.live_lots(connection, 0)
    await load_lots(connection, deciding, [*live, 9, 1234])
    heads = await query(database_url, "SELECT * FROM lot_head")
    await connection.close()
    assert live == [LOT]
    assert len(heads) == 2
    for head in heads:
        line = deciding.lines[head["lot_id"]]
        assert line.state is not None
        assert (line.at.seq, line.at.hash) == (head["seq"], head["hash"])
        for name in ("phase", "end_ms", "price_minor", "leader", "accepted", "refused"):
            assert getattr(line.state, name) == head[name]
    assert deciding.lines[9].keys is None
    assert deciding.lines[1234].state is None
    bids = [e for e in await journal(database_url) if "bid_id" in e]
    assert deciding.known == {(e["bidder"], e["bid_id"]) for e in bids}


async def test_the_log_goes_on_without_anything_in_valkey(
    quick: Settings, database_url: str, redis: Redis
) -> None:
    known = await fill(quick)
    before = await journal(database_url)
    await redis.flushall()
    async with recording(quick), client_of(quick) as client:
        entry, _, repeat = await bid(client, 101, 1000, known)
        assert repeat
        assert entry == next(e for e in before if e.get("bid_id") == known)
        entry, _, _ = await bid(client, 101, 5000)
    assert entry is not None
    assert entry["seq"] == len(before) + 1
    assert entry["epoch"] > before[-1]["epoch"]


async def test_a_late_bid_to_a_lot_closed_before_the_restart(
    quick: Settings, database_url: str
) -> None:
    await fill(quick)
    known = next(e for e in await journal(database_url, 9) if e["kind"] == "bid.accepted")
    async with recording(quick), client_of(quick) as client:
        entry, _, repeat = await bid(client, 102, 1000, known["bid_id"], lot=9)
        assert (entry, repeat) == (known, True)
        entry, _, _ = await bid(client, 101, 2000, lot=9)
    assert entry is not None
    assert (entry["kind"], entry["reason"]) == ("bid.refused", "CLOSED")


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE journal SET hash = sha256(hash) WHERE lot_id = 8 AND seq = 5",
        "UPDATE journal SET body = body || ' '::bytea WHERE lot_id = 8 AND seq = 5",
        "DELETE FROM journal WHERE lot_id = 8 AND seq = 5",
    ],
)
async def test_a_damaged_chain_stops_the_recorder(
    quick: Settings, superuser_url: str, database_url: str, damage: str
) -> None:
    await fill(quick)
    connection = await asyncpg.connect(superuser_url)
    await connection.execute("ALTER TABLE journal DISABLE TRIGGER ALL")
    await connection.execute(damage)
    count = await connection.fetchval("SELECT count(*) FROM journal")
    bad = 6 if damage.startswith("DELETE") else 5
    with pytest.raises(LedgerError, match=f"lot 8 does not hold at entry {bad}"):
        async with asyncio.timeout(20):
            await recorder.own_shard(quick, 0)
    assert await connection.fetchval("SELECT count(*) FROM journal") == count
    await connection.close()
