"""A shard's log in Valkey: inbox and events streams, order books, deadlines.

All of it can be rebuilt from the ledger, except commands nobody was answered for.
"""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from auction_engine.bidding import keys
from auction_engine.bidding.connections import command, newest_entry, read_stream
from auction_engine.bidding.ports import BOOK_KEPT, Booked, Entries, Mark
from auction_engine.bidding.wire import BATCH_FIELD, COMMAND_FIELD
from auction_engine.ledger.journal import log_order

# Batches kept for gateways that fall behind; one that is further behind reads the ledger.
EVENTS_KEPT = 10_000
# A deadline whose tick was appended is tried again after this, should the tick get lost.
TICK_AGAIN_MS = 1_000
TICKS_AT_ONCE = 500

# Bounds the stream before it appends: what does not fit is the caller's to refuse, and unread
# commands are never trimmed. Runs as one step, so gateways cannot overfill it together.
_APPEND = f"""
local room = tonumber(ARGV[1]) - redis.call('XLEN', KEYS[1])
local taken = math.max(0, math.min(room, #ARGV - 1))
for i = 2, taken + 1 do redis.call('XADD', KEYS[1], '*', '{COMMAND_FIELD.decode()}', ARGV[i]) end
return taken
"""
# One step, so that a deadline the recorder sets meanwhile is never overwritten with an older one.
_TICK = f"""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local room = tonumber(ARGV[1]) - redis.call('XLEN', KEYS[2])
if room > 0 then
  local most = math.min(room, {TICKS_AT_ONCE})
  for _, lot in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, most)) do
    local tick = '{{"k":"tick","lot":' .. lot .. '}}'
    redis.call('XADD', KEYS[2], '*', '{COMMAND_FIELD.decode()}', tick)
    redis.call('ZADD', KEYS[1], now + {TICK_AGAIN_MS}, lot)
  end
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if #first == 0 then return -1 end
return math.max(0, first[2] - now)
"""


class ValkeyLog:
    """The port `ShardLog` over a client made by `connections.make_redis`."""

    def __init__(self, redis: Redis, shard: int) -> None:
        self.shard = shard
        self._redis = redis
        self._inbox = keys.inbox(shard)
        self._events = keys.events(shard)
        self._deadlines = keys.deadlines(shard)
        self._append = redis.register_script(_APPEND)
        self._tick = redis.register_script(_TICK)

    def append(self, commands: Sequence[bytes], limit: int) -> Awaitable[int]:
        """Append as many commands as fit under `limit` entries, in order; return their number."""
        return self._append(keys=[self._inbox], args=[limit, *commands])

    def commands(self, after: str, count: int) -> Awaitable[Entries]:
        """Up to `count` inbox entries after id `after`; waits a while for the first."""
        return read_stream(self._redis, self._inbox, after, count)

    def batches(self, after: str, count: int) -> Awaitable[Entries]:
        """Up to `count` recorded batches after id `after`; waits a while for the first."""
        return read_stream(self._redis, self._events, after, count)

    def newest_batch(self) -> Awaitable[tuple[str, bytes] | None]:
        """The last recorded batch, None if there is none."""
        return newest_entry(self._redis, self._events)

    def tick(self, limit: int) -> Awaitable[int]:
        """Append ticks for the deadlines that have come; return the ms until the next, -1: none."""
        return self._tick(keys=[self._deadlines, self._inbox], args=[limit])

    async def publish(
        self,
        batch: bytes,
        consumed: str,
        accepted: Mapping[int, list[Booked]],
        due: Mapping[int, int | None],
        mark: Mark,
    ) -> tuple[int, Mark]:
        """Announce a recorded batch and drop the consumed commands, in one round trip.

        Returns the inbox's length and the mark that was found. No TTL: keys of open lots must not
        vanish by themselves.
        """
        pipe = self._redis.pipeline(transaction=False)
        pipe.execute_command(
            "XADD", self._events, "MAXLEN", "~", EVENTS_KEPT, "*", BATCH_FIELD, batch
        )
        for lot, bids in accepted.items():
            self._add_to_book(pipe, lot, bids[-BOOK_KEPT:])
        self._set_deadlines(pipe, due)
        pipe.set(keys.marker(self.shard), f"{mark[0]} {mark[1]}", get=True)
        ms, n = log_order(consumed)
        pipe.execute_command("XTRIM", self._inbox, "MINID", "=", f"{ms}-{n + 1}")
        pipe.execute_command("XLEN", self._inbox)
        *_, found, _, length = await pipe.execute()
        return int(length), _mark(found)

    def _add_to_book(self, pipe: Any, lot: int, bids: list[Booked]) -> None:
        book = keys.book(self.shard, lot)
        # Equal scores would order by member; the number in front keeps "earliest" decidable.
        members = [x for bid in bids for x in (bid.amount_minor, f"{bid.n:010d}:{bid.bidder}")]
        pipe.execute_command("ZADD", book, *members)
        pipe.execute_command("ZREMRANGEBYRANK", book, 0, -BOOK_KEPT - 1)

    def _set_deadlines(self, pipe: Any, due: Mapping[int, int | None]) -> None:
        later = [x for lot, at_ms in due.items() if at_ms is not None for x in (at_ms, lot)]
        if later:
            pipe.execute_command("ZADD", self._deadlines, *later)
        never = [lot for lot, at_ms in due.items() if at_ms is None]
        if never:
            pipe.execute_command("ZREM", self._deadlines, *never)

    async def raise_inbox(self, place: str) -> bool:
        """Make sure no new command can get an id up to `place`; return whether one could have.

        After a fail-over to a stale copy or a restart without data the stream's last id may be
        behind what was read before; entries up to there would never be read.
        """
        if await self._redis.exists(self._inbox):
            info = await self._redis.xinfo_stream(self._inbox)
            last = info["last-generated-id"]
            last = last.decode() if isinstance(last, bytes) else last
            if log_order(last) >= log_order(place):
                return False
        if place == "0-0":
            return False
        await command(
            self._redis, "XADD", self._inbox, place, COMMAND_FIELD, b'{"k":"probe","lot":0}'
        )
        return True

    async def mark(self, mark: Mark) -> None:
        """Set the mark alone."""
        await self._redis.set(keys.marker(self.shard), f"{mark[0]} {mark[1]}")

    async def found_mark(self) -> Mark:
        """The mark of the newest batch that Valkey has; (0, 0) if it lost that too."""
        return _mark(await self._redis.get(keys.marker(self.shard)))

    async def missing_books(self, lots: list[int]) -> list[int]:
        """Lots of these whose order book is not there."""
        pipe = self._redis.pipeline(transaction=False)
        for lot in lots:
            pipe.exists(keys.book(self.shard, lot))
        found = await pipe.execute() if lots else []
        return [lot for lot, there in zip(lots, found, strict=True) if not there]

    async def restore(
        self, due: Mapping[int, int | None], books: Mapping[int, list[Booked]]
    ) -> None:
        """Write deadlines and order books again, in place of what is there."""
        pipe = self._redis.pipeline(transaction=False)
        for lot, bids in books.items():
            pipe.delete(keys.book(self.shard, lot))
            if bids:
                self._add_to_book(pipe, lot, bids)
        self._set_deadlines(pipe, due)
        await pipe.execute()


def _mark(found: Any) -> Mark:
    epoch, _, no = (found or b"").partition(b" ")
    return (int(epoch), int(no)) if epoch.isdigit() and no.isdigit() else (0, 0)
