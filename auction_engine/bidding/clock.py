"""The clock: turns deadlines that have come into tick commands in the inbox.

It decides nothing. A tick that comes late, twice or from a clock that is wrong changes nothing:
the rules look only at the log time of each command, and that is Valkey's.
"""

import asyncio

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from auction_engine.bidding import keys
from auction_engine.bidding.wire import COMMAND_FIELD, encode_tick

_LONGEST_SLEEP_S = 0.2
# A deadline whose tick was appended is tried again after this, should the tick get lost.
_RETRY_MS = 1_000
_MOST_AT_ONCE = 500
_log = structlog.get_logger(__name__)


async def run_clock(redis: Redis, shard: int) -> None:
    """Append ticks for the shard's deadlines until cancelled."""
    while True:
        try:
            pause_s = await _tick_what_is_due(redis, shard)
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("clock_unreachable", shard=shard, error=type(error).__name__)
            pause_s = _LONGEST_SLEEP_S
        await asyncio.sleep(pause_s)


async def _tick_what_is_due(redis: Redis, shard: int) -> float:
    """Append ticks for what is due; return how long to sleep, in seconds."""
    key = keys.deadlines(shard)
    seconds, micros = await redis.time()
    now_ms = seconds * 1000 + micros // 1000
    due = await redis.execute_command(
        "ZRANGEBYSCORE", key, "-inf", now_ms, "LIMIT", 0, _MOST_AT_ONCE
    )
    if due:
        pipe = redis.pipeline(transaction=False)
        for member in due:
            pipe.execute_command(
                "XADD", keys.inbox(shard), "*", COMMAND_FIELD, encode_tick(int(member))
            )
        later = [x for member in due for x in (now_ms + _RETRY_MS, member)]
        pipe.execute_command("ZADD", key, "XX", *later)
        await pipe.execute()
    first = await redis.zrange(key, 0, 0, withscores=True)
    if not first:
        return _LONGEST_SLEEP_S
    return min(_LONGEST_SLEEP_S, max(0.001, (float(first[0][1]) - now_ms) / 1000))
