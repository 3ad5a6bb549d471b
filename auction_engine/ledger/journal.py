"""The journal's entries: canonical bytes and the hash chain.

An entry's body is a JSON object of integers, strings, booleans, nulls and objects of such, with
sorted keys, no spaces, UTF-8: for such values the same bytes as RFC 8785 (JCS) gives. The hash of
an entry is SHA-256(hash of the entry before, 32 bytes || body); before the first stand 32 zeros.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson

from auction_engine.rules.events import (
    BidAccepted,
    BidRefused,
    BidSealed,
    Event,
    MaximumSet,
    from_body,
)
from auction_engine.rules.lot import LotState
from auction_engine.rules.machine import next_due_ms

GENESIS = bytes(32)
_OPTIONS = orjson.OPT_SORT_KEYS


@dataclass(slots=True)
class Position:
    """The head of one lot's chain: number and hash of its last entry."""

    seq: int
    hash: bytes


def canonical(body: dict[str, Any]) -> bytes:
    """The one byte form of `body`."""
    return orjson.dumps(body, option=_OPTIONS)


def entry_body(lot: int, seq: int, log: str, epoch: int, event: Event) -> bytes:
    """Canonical bytes of entry `seq` of `lot`, made by the command with log id `log`.

    `log` is `<UTC ms>-<n>`, the command's place in line and legal time; `epoch` is the shard
    owner's that recorded it.
    """
    body = event.body()
    body["lot"] = lot
    body["seq"] = seq
    body["log"] = log
    body["at_ms"] = log_ms(log)
    body["epoch"] = epoch
    body["kind"] = event.kind
    return orjson.dumps(body, option=_OPTIONS)


def chain(previous: bytes, body: bytes) -> bytes:
    """The hash of an entry after the one with hash `previous`."""
    return sha256(previous + body).digest()


@lru_cache(maxsize=256)
def log_ms(log: str) -> int:
    """The time in a log id, UTC milliseconds."""
    return int(log[: log.index("-")])


def log_order(log: str) -> tuple[int, int]:
    """A log id as a pair that compares in log order."""
    ms, _, n = log.partition("-")
    return int(ms), int(n)


JournalRecord = tuple[int, int, str, int | None, str | None, bytes, bytes]


def record(lot: int, seq: int, event: Event, body: bytes, digest: bytes) -> JournalRecord:
    """The row of table `journal` for this entry, in the order of `store.JOURNAL_COLUMNS`."""
    if isinstance(event, (BidAccepted, BidRefused, MaximumSet, BidSealed)):
        return (lot, seq, event.kind, event.bidder, event.bid_id, body, digest)
    return (lot, seq, event.kind, getattr(event, "bidder", None), None, body, digest)


def event_of(entry: dict[str, Any]) -> Event:
    """The event in a decoded entry body."""
    return from_body(entry["kind"], entry)


def head_record(lot: int, shard: int, at: Position, state: LotState) -> tuple[Any, ...]:
    """The row of table `lot_head`, in the order of `store.HEAD_COLUMNS`."""
    return (
        lot,
        shard,
        at.seq,
        at.hash,
        state.phase,
        state.status,
        next_due_ms(state),
        state.end_ms,
        state.price_minor,
        state.leader,
        state.accepted,
        state.refused,
        state.extensions,
    )
