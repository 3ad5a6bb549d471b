"""Doing one thing at a time with a session or a lot, whichever process it is asked of.

The lock is PostgreSQL's and ends with the connection that took it: a process that dies holds
nothing up. What it had sent to the log before is waited for with a probe, which the log answers
after everything that came before it.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from auction_engine.errors import AuctionError
from auction_engine.ledger import store

_LOOK_S = 0.05


class Busy(AuctionError):
    """Somebody else is at the same session or lot; nothing was done."""


def of_session(session: int) -> int:
    """The lock of a session. Negative: the program's other locks are not."""
    return -2 * session


def of_lot(lot: int) -> int:
    """The lock of a lot, for those who conduct it."""
    return -2 * lot - 1


def of_bidder(lot: int, account: int) -> int:
    """The lock of one bidder at one lot; two may share one, and then wait for each other."""
    return -(2**62) - (lot * 1_000_003 + account) % 2**61


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[Any]:
    """A connection of its own for the block, so that whoever waits takes none from the pages."""
    connection = await store.connect(database_url, application="auction-desk")
    try:
        yield connection
    finally:
        connection.terminate()


@asynccontextmanager
async def alone(connection: Any, lock: int, wait_s: float) -> AsyncIterator[None]:
    """Hold `lock` for the block. Raises Busy when it is not free within `wait_s`.

    Asked again and again: waiting inside PostgreSQL would hold a snapshot that stops clean-up.
    """
    until_s = time.monotonic() + wait_s
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock):
        if time.monotonic() >= until_s:
            raise Busy("Somebody else is at it; try again in a moment.")
        await asyncio.sleep(_LOOK_S)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("SELECT pg_advisory_unlock($1)", lock)
