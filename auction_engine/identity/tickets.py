"""One-use tickets that let a WebSocket speak for a signed-in bidder.

A ticket travels in the first frame, never in an address, so it is in no log of any proxy.
"""

import secrets

from redis.asyncio import Redis


def _key(ticket: str) -> str:
    return f"ticket:{ticket}"


async def issue(redis: Redis, account: int, ttl_s: int) -> str:
    """A ticket for `account`, good once within `ttl_s` seconds."""
    ticket = secrets.token_urlsafe(24)
    await redis.set(_key(ticket), account, ex=ttl_s)
    return ticket


async def redeem(redis: Redis, ticket: str) -> int | None:
    """The account a ticket was made for, None if it is unknown, used or expired.

    Reading and deleting is one step: of two that try the same ticket only one gets in.
    """
    if not 16 <= len(ticket) <= 64 or not ticket.isascii():
        return None
    found = await redis.getdel(_key(ticket))
    return None if found is None else int(found)
