"""One-use tickets that let a WebSocket speak for a signed-in bidder.

A ticket travels in the first frame, never in an address, so it is in no log of any proxy.
"""

import secrets
from collections.abc import Sequence
from typing import NamedTuple

from redis.asyncio import Redis

from auction_engine.bidding.connections import command

# Where every gateway hears of a session that has ended: its digest.
SIGNED_OUT = "signed-out"


class Holder(NamedTuple):
    """Whom a ticket was made for.

    `session` is the digest of the browser's session (`sessions.digest`), so that signing out ends
    what the ticket opened; empty for robots, which have none.
    """

    account: int
    session: bytes


def _key(ticket: str) -> str:
    return f"ticket:{ticket}"


def _ended(session: bytes) -> str:
    return f"signed-out:{session.hex()}"


async def issue(redis: Redis, account: int, ttl_s: int, session: bytes = b"") -> str:
    """A ticket for `account` in `session`, good once within `ttl_s` seconds."""
    ticket = secrets.token_urlsafe(24)
    await redis.set(_key(ticket), f"{account}:{session.hex()}", ex=ttl_s)
    return ticket


async def redeem(redis: Redis, ticket: str) -> Holder | None:
    """Whom a ticket was made for, None if it is unknown, used or expired.

    Reading and deleting is one step: of two that try the same ticket only one gets in. The caller
    must then make known which session the connection belongs to, and only after that ask `ended`:
    in this order a session that ends meanwhile is either seen there or heard of.
    """
    if not 16 <= len(ticket) <= 64 or not ticket.isascii():
        return None
    found: bytes | None = await command(redis, "GETDEL", _key(ticket))
    if found is None:
        return None
    account, _, session = found.partition(b":")
    return Holder(int(account), bytes.fromhex(session.decode()))


async def ended(redis: Redis, session: bytes) -> bool:
    """Whether `session` has ended within what `revoke_all` was told."""
    return bool(session) and bool(await redis.exists(_ended(session)))


async def revoke(redis: Redis, session: bytes, ttl_s: int) -> None:
    """`revoke_all` of one session."""
    await revoke_all(redis, [session], ttl_s)


async def revoke_all(redis: Redis, sessions: Sequence[bytes], ttl_s: int) -> None:
    """Make the tickets of these sessions worthless and tell all gateways that they have ended.

    `ttl_s` is how long a ticket lives that may still be made: later there are none left.
    """
    pipeline = redis.pipeline(transaction=True)
    for session in sessions:
        pipeline.set(_ended(session), 1, ex=ttl_s)
        pipeline.publish(SIGNED_OUT, session)
    await pipeline.execute()
