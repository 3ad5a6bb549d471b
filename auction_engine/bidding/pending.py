"""Bids that were sent to the log and wait for their answer."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

BidKey = tuple[int, str]
# Called with (recorded entry or None, error code or None, whether it is a repeat).
Sink = Callable[[dict[str, Any] | None, str | None, bool], None]


@dataclass(slots=True)
class Waiting:
    """One bid without an answer. `sent_s` is when, by a clock that only goes forward.

    `amount_minor` is None for a sealed bid, which has a `box` instead.
    """

    shard: int
    lot: int
    amount_minor: int | None
    command: bytes
    sinks: list[Sink]
    sent_s: float
    automatic: bool = False
    box: str | None = None
    again: bool = False  # sent more than once: not being in the log is certain no more

    def is_for(self, entry: dict[str, Any]) -> bool:
        """Whether a recorded entry, or the body of a command, is this very bid."""
        if entry["lot"] != self.lot or entry["amount_minor"] != self.amount_minor:
            return False
        how = entry.get("how")
        return (how is not None and "automatic" in how) == self.automatic


class Pending:
    """At most `limit` waiting bids, by (bidder, bid id)."""

    def __init__(self, limit: int, limit_per_bidder: int) -> None:
        self._limit = limit
        self._limit_per_bidder = limit_per_bidder
        self._waiting: dict[BidKey, Waiting] = {}
        self._of_bidder: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        return len(self._waiting) >= self._limit

    def crowded(self, bidder: int) -> bool:
        """Whether this bidder has as many bids waiting as one may: the room is for all."""
        return self._of_bidder[bidder] >= self._limit_per_bidder

    def get(self, key: BidKey) -> Waiting | None:
        return self._waiting.get(key)

    def keys(self) -> list[BidKey]:
        return list(self._waiting)

    def add(self, key: BidKey, waiting: Waiting) -> None:
        """The caller has checked `full` and `crowded` and that the key does not wait already."""
        self._waiting[key] = waiting
        self._of_bidder[key[0]] += 1

    def answer(self, entry: dict[str, Any], repeat: bool) -> None:
        """Answer the bid that `entry` records, if it waits here and is the same bid."""
        key = (entry["bidder"], entry["bid_id"])
        waiting = self._waiting.get(key)
        if waiting is None:
            return
        if waiting.box is None:
            if not waiting.is_for(entry):
                return
        elif entry["lot"] != waiting.lot or entry.get("box", waiting.box) != waiting.box:
            return
        self._remove(key)
        for sink in waiting.sinks:
            sink(entry, None, repeat)

    def fail(self, key: BidKey, error: str) -> None:
        """Answer a waiting bid with an error code; nothing of it is recorded."""
        waiting = self._waiting.get(key)
        if waiting is not None:
            self._remove(key)
            for sink in waiting.sinks:
                sink(None, error, False)

    def busy(self, key: BidKey) -> None:
        """Answer BUSY: the log had no room. A copy of one sent again may be in; that waits on."""
        waiting = self._waiting.get(key)
        if waiting is not None and not waiting.again:
            self.fail(key, "BUSY")

    def _remove(self, key: BidKey) -> None:
        del self._waiting[key]
        self._of_bidder[key[0]] -= 1
        if not self._of_bidder[key[0]]:
            del self._of_bidder[key[0]]

    def overdue(self, now_s: float, age_s: float) -> Iterator[Waiting]:
        """Bids sent longer than `age_s` before `now_s`; they count as sent again then."""
        for waiting in self._waiting.values():
            if now_s - waiting.sent_s > age_s:
                waiting.sent_s, waiting.again = now_s, True
                yield waiting
