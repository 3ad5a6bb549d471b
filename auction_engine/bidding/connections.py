"""Clients for Valkey or Redis, set up the way the log needs them."""

from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

# Longer than any blocking read below; a server that is silent for this long is treated as gone.
_TIMEOUT_S = 5.0
BLOCK_MS = 1_000


def make_redis(url: str, connections: int = 16) -> Redis:
    """A client that fails at once instead of retrying: each caller knows what a retry means.

    XREAD answers come raw, as nested lists of bytes: decoding them the usual way costs more than
    everything else the recorder does with a command.
    """
    client = Redis.from_url(
        url,
        protocol=2,
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=2,
        max_connections=connections,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
    )
    client.set_response_callback("XREAD", _raw)
    return client


def _raw(response: Any, **_: Any) -> Any:
    return response


async def read_stream(
    redis: Redis, key: str, after: str, count: int, block_ms: int = BLOCK_MS
) -> list[tuple[str, bytes]]:
    """Entries of a one-field stream after id `after`: (id, value); empty after `block_ms`."""
    response = await redis.execute_command(
        "XREAD", "COUNT", count, "BLOCK", block_ms, "STREAMS", key, after
    )
    if not response:
        return []
    return [(entry[0].decode(), entry[1][1]) for entry in response[0][1]]
