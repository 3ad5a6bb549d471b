"""Journals for tests, written through the real rules and the real `store.commit_batch`."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from auction_engine.ledger import store
from auction_engine.ledger.journal import (
    GENESIS,
    JournalRecord,
    Position,
    chain,
    entry_body,
    head_record,
    log_ms,
    record,
)
from auction_engine.rules.commands import Admit, Bid, CloseLot, Command, ListLot, Tick
from auction_engine.rules.events import Event
from auction_engine.rules.invariants import check_step
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import apply, decide
from auction_engine.rules.params import Extension, LotParams

START_MS = 1_780_000_000_000
MINUTE_MS = 60_000


def params(**changes: Any) -> LotParams:
    """A window of twenty minutes, 1,000 m to begin with, steps of 50 m, extensions."""
    values: dict[str, Any] = {
        "currency": "VND",
        "minor_digits": 0,
        "starting_price_minor": 1_000_000_000,
        "increment_minor": 50_000_000,
        "start_ms": START_MS,
        "end_ms": START_MS + 20 * MINUTE_MS,
        "extension": Extension(trigger_ms=MINUTE_MS, by_ms=2 * MINUTE_MS, max_count=3),
    }
    return LotParams(**(values | changes))


class JournalWriter:
    """A recorder without a log: decides commands in order and commits them in batches."""

    def __init__(
        self, connection: asyncpg.Connection, shard: int, epoch: int, seed: int = 1
    ) -> None:
        self.connection = connection
        self.shard = shard
        self.epoch = epoch
        self.log = "0-0"
        self.states: dict[int, LotState] = {}
        self.at: dict[int, Position] = {}
        self.random = random.Random(seed)
        self._records: list[JournalRecord] = []
        self._moved: set[int] = set()

    def bid(self, bidder: int, amount_minor: int) -> Bid:
        """A bid with a new id."""
        return Bid(bidder, str(UUID(int=self.random.getrandbits(128), version=4)), amount_minor)

    def do(self, lot: int, command: Command, at_ms: int) -> list[Event]:
        """Decide `command` at `at_ms`, or at the last log time if that is later."""
        last_ms, last_n = (int(part) for part in self.log.split("-"))
        self.log = f"{last_ms}-{last_n + 1}" if at_ms <= last_ms else f"{at_ms}-0"
        events = decide(self.states.get(lot), command, log_ms(self.log))
        for event in events:
            self._append(lot, event)
        return events

    def _append(self, lot: int, event: Event) -> None:
        before, at = self.states.get(lot), self.at.get(lot, Position(0, GENESIS))
        after = apply(before, event)
        check_step(before, event, after, log_ms(self.log))
        body = entry_body(lot, at.seq + 1, self.log, self.epoch, event)
        digest = chain(at.hash, body)
        self._records.append(record(lot, at.seq + 1, event, body, digest))
        self.states[lot], self.at[lot] = after, Position(at.seq + 1, digest)
        self._moved.add(lot)

    async def flush(self) -> None:
        """Commit what was decided since the last flush."""
        heads = [
            head_record(lot, self.shard, self.at[lot], self.states[lot])
            for lot in sorted(self._moved)
        ]
        after = await store.consumed_id(self.connection, self.shard)
        await store.commit_batch(
            self.connection, self.shard, self.epoch, after, self.log, self._records, heads
        )
        self._records, self._moved = [], set()


@asynccontextmanager
async def writer(
    database_url: str, shard: int = 0, owner: str = "test", seed: int = 1
) -> AsyncIterator[JournalWriter]:
    """A JournalWriter that owns `shard`."""
    connection = await store.connect(database_url)
    try:
        epoch = await store.acquire_shard(connection, shard, owner, lease_s=60)
        assert epoch is not None
        yield JournalWriter(connection, shard, epoch, seed)
    finally:
        await connection.close()


async def add_lots(connection: asyncpg.Connection, lots: list[int], shard: int) -> None:
    """Rows in `auction_session` and `lot`, as the desk would have made them."""
    text = orjson.dumps({"vi": "Phiên thử", "en": "Trial session"}).decode()
    session = await connection.fetchval(
        "INSERT INTO auction_session (title, organisation, agency, organisation_id, agency_id)"
        " VALUES ($1, $1, $1, body_of('ORGANISATION', $1), body_of('AGENCY', $1)) RETURNING id",
        text,
    )
    await connection.executemany(
        "INSERT INTO lot (id, session_id, position, shard, content) VALUES ($1, $2, $3, $4, $5)",
        [(lot, session, place, shard, text) for place, lot in enumerate(lots, 1)],
    )


def list_lot(writer: JournalWriter, lot: int, bidders: int, **changes: Any) -> None:
    """List a lot an hour before its start and admit bidders 1 to `bidders`."""
    writer.do(lot, ListLot(params(**changes)), START_MS - 60 * MINUTE_MS)
    for bidder in range(1, bidders + 1):
        writer.do(
            lot, Admit(bidder, f"B-{bidder:03d}", robot=bidder % 2 == 0), START_MS - 59 * MINUTE_MS
        )


async def realistic(
    writer: JournalWriter, lots: list[int], bids: int, bidders: int = 12, batch: int = 200
) -> None:
    """Lots bid for side by side: `bids` bids each, valid and not, from opening to close.

    The last lot is left open; the one before it is closed by its auctioneer.
    """
    by_hand = lots[-2] if len(lots) > 2 else None
    await add_lots(writer.connection, lots, writer.shard)
    for lot in lots:
        changes = {"end_ms": None, "extension": None, "closed_by": "AUCTIONEER"}
        list_lot(writer, lot, bidders, **(changes if lot == by_hand else {}))
    await writer.flush()
    for lot in lots:
        writer.do(lot, Tick(), START_MS)
    span_ms = 21 * MINUTE_MS
    for i in range(bids):
        for lot in lots:
            _someone_bids(writer, lot, bidders, START_MS + span_ms * i // bids)
        if i % max(1, batch // len(lots)) == 0:
            await writer.flush()
    for lot in lots[:-1]:
        end = CloseLot() if lot == by_hand else Tick()
        writer.do(lot, end, START_MS + 60 * MINUTE_MS)
    if len(lots) > 1:
        writer.do(lots[0], writer.bid(1, 10**12), START_MS + 61 * MINUTE_MS)
    await writer.flush()


def _someone_bids(writer: JournalWriter, lot: int, bidders: int, at_ms: int) -> None:
    state, chance = writer.states[lot], writer.random
    price = state.price_minor or state.params.starting_price_minor
    step = state.params.increment_minor
    amount = price + step * chance.choice((0, 1, 1, 1, 2)) + chance.choice((0, 0, 1_000))
    # One more than were admitted: strangers bid as well.
    writer.do(lot, writer.bid(chance.randint(1, bidders + 1), amount), at_ms)
