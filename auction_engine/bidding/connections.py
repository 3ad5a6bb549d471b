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
    for name in ("XREAD", "XREVRANGE"):
        client.set_response_callback(name, _raw)
    return client


def _raw(response: Any, **_: Any) -> Any:
    return response


async def newest_entry(redis: Redis, key: str) -> tuple[str, bytes] | None:
    """The last entry of a one-field stream: (id, value), None if it is empty."""
    response = await command(redis, "XREVRANGE", key, "+", "-", "COUNT", 1)
    if not response:
        return None
    return response[0][0].decode(), response[0][1][1]


async def command(redis: Redis, *words: Any) -> Any:
    """Any command, by its words; the typed gate to what redis-py leaves untyped."""
    return await redis.execute_command(*words)  # type: ignore[no-untyped-call]


async def read_stream(
    redis: Redis, key: str, after: str, count: int, block_ms: int = BLOCK_MS
) -> list[tuple[str, bytes]]:
    """Entries of a one-field stream after id `after`: (id, value); empty after `block_ms`."""
    response = await command(
        redis, "XREAD", "COUNT", count, "BLOCK", block_ms, "STREAMS", key, after
    )
    if not response:
        return []
    return [(entry[0].decode(), entry[1][1]) for entry in response[0][1]]
