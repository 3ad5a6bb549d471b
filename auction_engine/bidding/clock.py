"""The clock: turns deadlines that have come into tick commands in the inbox.

It decides nothing. A tick that comes late, twice or from a clock that is wrong changes nothing:
the rules look only at the log time of each command, and that is Valkey's.
"""

import asyncio

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from auction_engine.bidding import keys
from auction_engine.bidding.wire import COMMAND_FIELD

_LONGEST_SLEEP_S = 0.2
# A deadline whose tick was appended is tried again after this, should the tick get lost.
_RETRY_MS = 1_000
_MOST_AT_ONCE = 500
# Room for ticks beyond what gateways may fill; a recorder that reads nothing must not be ticked
# without end either.
_ROOM = 1_000

# One step, so that a deadline the recorder sets meanwhile is never overwritten with an older one.
# Answers how many milliseconds to wait for the next deadline, -1 if there is none.
_TICK = f"""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local room = tonumber(ARGV[1]) - redis.call('XLEN', KEYS[2])
if room > 0 then
  local most = math.min(room, {_MOST_AT_ONCE})
  for _, lot in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, most)) do
    local tick = '{{"k":"tick","lot":' .. lot .. '}}'
    redis.call('XADD', KEYS[2], '*', '{COMMAND_FIELD.decode()}', tick)
    redis.call('ZADD', KEYS[1], now + {_RETRY_MS}, lot)
  end
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if #first == 0 then return -1 end
return math.max(0, first[2] - now)
"""
_log = structlog.get_logger(__name__)


async def run_clock(redis: Redis, shard: int, inbox_max: int) -> None:
    """Append ticks for the shard's deadlines until cancelled."""
    script = redis.register_script(_TICK)
    while True:
        try:
            wait_ms = int(
                await script(
                    keys=[keys.deadlines(shard), keys.inbox(shard)], args=[inbox_max + _ROOM]
                )
            )
            pause_s = _LONGEST_SLEEP_S if wait_ms < 0 else max(0.001, wait_ms / 1000)
        except (RedisError, OSError) as error:
            _log.warning("clock_unreachable", shard=shard, error=type(error).__name__)
            pause_s = _LONGEST_SLEEP_S
        await asyncio.sleep(min(_LONGEST_SLEEP_S, pause_s))
