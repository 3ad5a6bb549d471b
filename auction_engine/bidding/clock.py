"""The clock: turns deadlines that have come into tick commands in the inbox.

It decides nothing. A tick that comes late, twice or from a clock that is wrong changes nothing:
the rules look only at the log time of each command, and that is Valkey's.
"""

import asyncio

import structlog
from redis.exceptions import RedisError

from auction_engine.bidding.ports import ShardLog

_LONGEST_SLEEP_S = 0.2
# Room for ticks beyond what gateways may fill; a recorder that reads nothing must not be ticked
# without end either.
_ROOM = 1_000
_log = structlog.get_logger(__name__)


async def run_clock(log: ShardLog, inbox_max: int) -> None:
    """Append ticks for the shard's deadlines until cancelled."""
    while True:
        try:
            wait_ms = await log.tick(inbox_max + _ROOM)
            pause_s = _LONGEST_SLEEP_S if wait_ms < 0 else max(0.001, wait_ms / 1000)
        except (RedisError, OSError) as error:
            _log.warning("clock_unreachable", shard=log.shard, error=type(error).__name__)
            pause_s = _LONGEST_SLEEP_S
        await asyncio.sleep(min(_LONGEST_SLEEP_S, pause_s))
