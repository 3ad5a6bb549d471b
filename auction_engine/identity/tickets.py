"""One-use tickets that let a WebSocket speak for a signed-in bidder.

A ticket travels in the first frame, never in an address, so it is in no log of any proxy.
"""

import secrets
from typing import NamedTuple

from redis.asyncio import Redis


class Holder(NamedTuple):
    """Whom a ticket was made for.

    `session` is the digest of the browser's session (`sessions.digest`), so that signing out ends
    what the ticket opened; empty for robots, which have none.
    """

    account: int
    session: bytes


def _key(ticket: str) -> str:
    return f"ticket:{ticket}"


async def issue(redis: Redis, account: int, ttl_s: int, session: bytes = b"") -> str:
    """A ticket for `account` in `session`, good once within `ttl_s` seconds."""
    ticket = secrets.token_urlsafe(24)
    await redis.set(_key(ticket), f"{account}:{session.hex()}", ex=ttl_s)
    return ticket


async def redeem(redis: Redis, ticket: str) -> Holder | None:
    """Whom a ticket was made for, None if it is unknown, used or expired.

    Reading and deleting is one step: of two that try the same ticket only one gets in.
    """
    if not 16 <= len(ticket) <= 64 or not ticket.isascii():
        return None
    found = await redis.getdel(_key(ticket))
    if found is None:
        return None
    account, _, session = bytes(found).partition(b":")
    return Holder(int(account), bytes.fromhex(session.decode()))
