"""What waits in Valkey for one answer: half sessions, challenges, visits to an OpenID provider.

Each is found by a random secret that only one browser or authenticator has; the key carries its
digest. All end by themselves within minutes. Every function raises what the client raises, and the
caller must refuse then.
"""

import secrets
from hashlib import sha256
from typing import Any

import orjson
from redis.asyncio import Redis

from auction_engine.bidding.connections import command

HALF, CHALLENGE, VISIT = "half", "challenge", "oidc"
_TTL_S = {HALF: 300, CHALLENGE: 180, VISIT: 600}
_SECRET_MAX = 128


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def _key(kind: str, secret: str) -> str:
    return f"signin:{kind}:{sha256(secret.encode()).hexdigest()}"


async def keep(redis: Redis, kind: str, secret: str, value: dict[str, Any]) -> None:
    """Keep `value` until it is taken, or until its time is over."""
    await redis.set(_key(kind, secret), orjson.dumps(value), ex=_TTL_S[kind])


async def look(redis: Redis, kind: str, secret: str) -> dict[str, Any] | None:
    """What is kept under `secret`; it stays."""
    if not 0 < len(secret) <= _SECRET_MAX:
        return None
    return _read(await redis.get(_key(kind, secret)))


async def take(redis: Redis, kind: str, secret: str) -> dict[str, Any] | None:
    """What was kept under `secret`; of two that ask at once one gets it."""
    if not 0 < len(secret) <= _SECRET_MAX:
        return None
    return _read(await command(redis, "GETDEL", _key(kind, secret)))


def _read(found: Any) -> dict[str, Any] | None:
    return None if found is None else dict(orjson.loads(found))
