"""The recorder's side of Valkey: events stream, order books, deadlines. All of it rebuildable."""

from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis

from auction_engine.bidding import keys
from auction_engine.bidding.connections import command
from auction_engine.bidding.wire import BATCH_FIELD, COMMAND_FIELD
from auction_engine.ledger.journal import log_order
from auction_engine.rules.events import BidAccepted

# Batches kept for gateways that fall behind; one that is further behind reads the ledger.
_EVENTS_KEPT = 10_000
# Best bids kept in a lot's order book: more than any standing or runner-up needs.
_BOOK_KEPT = 200


class HotView:
    """What the owner of a shard publishes. Every method is one round trip and may be repeated."""

    def __init__(self, redis: Redis, shard: int) -> None:
        self._redis = redis
        self._shard = shard

    async def publish(
        self,
        batch: bytes,
        consumed: str,
        accepted: Mapping[int, list[BidAccepted]],
        due: Mapping[int, int | None],
        mark: tuple[int, int],
    ) -> tuple[int, tuple[int, int]]:
        """Announce a recorded batch and drop the consumed commands.

        `mark` is (epoch, batch number). Returns the inbox's length and the mark that was found,
        (0, 0) for none. No TTL: keys of open lots must not vanish by themselves.
        """
        pipe = self._redis.pipeline(transaction=False)
        pipe.execute_command(
            "XADD", keys.events(self._shard), "MAXLEN", "~", _EVENTS_KEPT, "*", BATCH_FIELD, batch
        )
        for lot, bids in accepted.items():
            self._add_to_book(pipe, lot, bids[-_BOOK_KEPT:])
        self._set_deadlines(pipe, due)
        pipe.set(keys.marker(self._shard), f"{mark[0]} {mark[1]}", get=True)
        ms, n = log_order(consumed)
        pipe.execute_command("XTRIM", keys.inbox(self._shard), "MINID", "=", f"{ms}-{n + 1}")
        pipe.execute_command("XLEN", keys.inbox(self._shard))
        *_, found, _, length = await pipe.execute()
        return int(length), _mark(found)

    def _add_to_book(self, pipe: Any, lot: int, bids: list[BidAccepted]) -> None:
        book = keys.book(self._shard, lot)
        # Equal scores would order by member; the number in front keeps "earliest" decidable.
        members = [x for bid in bids for x in (bid.amount_minor, f"{bid.n:010d}:{bid.bidder}")]
        pipe.execute_command("ZADD", book, *members)
        pipe.execute_command("ZREMRANGEBYRANK", book, 0, -_BOOK_KEPT - 1)

    def _set_deadlines(self, pipe: Any, due: Mapping[int, int | None]) -> None:
        key = keys.deadlines(self._shard)
        later = [x for lot, at_ms in due.items() if at_ms is not None for x in (at_ms, lot)]
        if later:
            pipe.execute_command("ZADD", key, *later)
        never = [lot for lot, at_ms in due.items() if at_ms is None]
        if never:
            pipe.execute_command("ZREM", key, *never)

    async def raise_inbox(self, consumed: str) -> None:
        """Make sure no new command can get an id the ledger has already consumed.

        After a fail-over to a stale copy or a restart without data the stream's last id may be
        behind; entries below it would never be read.
        """
        key = keys.inbox(self._shard)
        if await self._redis.exists(key):
            info = await self._redis.xinfo_stream(key)
            last = info["last-generated-id"]
            last = last.decode() if isinstance(last, bytes) else last
            if log_order(last) >= log_order(consumed):
                return
        if consumed != "0-0":
            await command(
                self._redis, "XADD", key, consumed, COMMAND_FIELD, b'{"k":"probe","lot":0}'
            )

    async def mark(self, mark: tuple[int, int]) -> None:
        """Set the mark alone."""
        await self._redis.set(keys.marker(self._shard), f"{mark[0]} {mark[1]}")

    async def found_mark(self) -> tuple[int, int]:
        """The mark of the newest batch that Valkey has; (0, 0) if it lost that too."""
        return _mark(await self._redis.get(keys.marker(self._shard)))

    async def missing_books(self, lots: list[int]) -> list[int]:
        """Lots of these whose order book is not there."""
        pipe = self._redis.pipeline(transaction=False)
        for lot in lots:
            pipe.exists(keys.book(self._shard, lot))
        found = await pipe.execute() if lots else []
        return [lot for lot, there in zip(lots, found, strict=True) if not there]

    async def restore(
        self, due: Mapping[int, int | None], books: Mapping[int, list[BidAccepted]]
    ) -> None:
        """Write deadlines and order books again, from what the ledger holds."""
        pipe = self._redis.pipeline(transaction=False)
        for lot, bids in books.items():
            if bids:
                self._add_to_book(pipe, lot, bids)
        self._set_deadlines(pipe, due)
        await pipe.execute()


def _mark(found: Any) -> tuple[int, int]:
    epoch, _, no = (found or b"").partition(b" ")
    return (int(epoch), int(no)) if epoch.isdigit() and no.isdigit() else (0, 0)
