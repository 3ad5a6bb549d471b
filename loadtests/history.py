"""Lots with a past: decided by the rules, chained and committed like any other bid."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from auction_engine.bidding.deciding import Deciding, Entry
from auction_engine.ledger import store
from loadtests import table
from loadtests.instance import START_MINOR, Instance, params

_BATCH = 5_000
_PER_MS = 20
_LEASE_S = 3_600.0


@dataclass
class History:
    """A lot that is to have `size` bids from the start; `bids` are those it has now."""

    lot: int
    size: int
    bids: int


def _commands(lots: list[History], bidders: int) -> Iterator[dict[str, Any]]:
    """What gateways would have put into the inbox."""
    terms = params().to_json()
    for lot in lots:
        # Open before the first of these log times.
        terms["start_ms"] = 0
        yield {"k": "list", "lot": lot.lot, "params": terms}
        for number in range(1, bidders + 1):
            code = f"B-{number:04d}"
            yield {"k": "admit", "lot": lot.lot, "by": number, "code": code, "robot": False}
        for number in range(1, lot.size + 1):
            yield {
                "k": "bid", "lot": lot.lot, "by": 1 + number % bidders, "id": str(uuid.uuid4()),
                "amount": START_MINOR + number,
            }  # fmt: skip
        lot.bids = lot.size


def _entries(lots: list[History], bidders: int) -> Iterator[Entry]:
    """The commands under log ids of the recent past, so that the log goes on after them."""
    total = sum(lot.size + bidders + 1 for lot in lots)
    first_ms = int(time.time() * 1000) - total // _PER_MS - 1_000
    for place, command in enumerate(_commands(lots, bidders)):
        yield f"{first_ms + place // _PER_MS}-{place % _PER_MS}", command


async def build(instance: Instance, lots: list[History], bidders: int) -> None:
    """Record the past of `lots`. The shard must be free; it is free again afterwards."""
    connection = await store.connect(instance.settings.database_url or "")
    try:
        epoch = await store.acquire_shard(connection, 0, "history", _LEASE_S)
        if epoch is None:
            raise RuntimeError("Another recorder owns the shard; no history can be built.")
        deciding = Deciding(0, epoch)
        entries, done, shown = _entries(lots, bidders), 0, time.monotonic()
        after = await store.consumed_id(connection, 0)
        while batch := list(islice(entries, _BATCH)):
            outcome = deciding.decide(batch[-1][0], batch, set())
            await store.commit_batch(
                connection, 0, epoch, after, outcome.consumed, outcome.records, outcome.heads(0)
            )
            after = outcome.consumed
            deciding.adopt(outcome)
            done += len(batch)
            if time.monotonic() - shown > 5:
                shown = time.monotonic()
                table.progress(f"{done:,} entries recorded")
        await store.release_shard(connection, 0, epoch)
    finally:
        await connection.close()
