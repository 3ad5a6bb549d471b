"""Bids that were sent to the log and wait for their answer."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

BidKey = tuple[int, str]
# Called with (recorded entry or None, error code or None, whether it is a repeat).
Sink = Callable[[dict[str, Any] | None, str | None, bool], None]


@dataclass(slots=True)
class Waiting:
    """One bid without an answer. `sent_s` is monotonic time."""

    shard: int
    lot: int
    amount_minor: int
    command: bytes
    sinks: list[Sink]
    sent_s: float


class Pending:
    """At most `limit` waiting bids, by (bidder, bid id)."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: dict[BidKey, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        return len(self._waiting) >= self._limit

    def get(self, key: BidKey) -> Waiting | None:
        return self._waiting.get(key)

    def keys(self) -> list[BidKey]:
        return list(self._waiting)

    def add(self, key: BidKey, waiting: Waiting) -> None:
        """The caller has checked `full` and that the key does not wait already."""
        self._waiting[key] = waiting

    def answer(self, entry: dict[str, Any], repeat: bool) -> None:
        """Answer the bid that `entry` records, if it waits here and is the same bid."""
        key = (entry["bidder"], entry["bid_id"])
        waiting = self._waiting.get(key)
        if (
            waiting is None
            or waiting.amount_minor != entry["amount_minor"]
            or waiting.lot != entry["lot"]
        ):
            return
        del self._waiting[key]
        for sink in waiting.sinks:
            sink(entry, None, repeat)

    def fail(self, key: BidKey, error: str) -> None:
        """Answer a waiting bid with an error code; nothing of it is recorded."""
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            for sink in waiting.sinks:
                sink(None, error, False)

    def overdue(self, age_s: float) -> Iterator[Waiting]:
        """Bids sent longer than `age_s` ago; they count as sent again now."""
        now = time.monotonic()
        for waiting in self._waiting.values():
            if now - waiting.sent_s > age_s:
                waiting.sent_s = now
                yield waiting
