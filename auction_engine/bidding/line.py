"""A recorder's way to the ledger: a connection made again when it was lost, and the lease."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import structlog

from auction_engine.bidding.ports import Ledger

RETRY_S = 0.1
# What the ledger's loss can look like; TimeoutError is an OSError.
LEDGER_AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
_log = structlog.get_logger(__name__)


class LedgerLine:
    """One connection at a time, thrown away whenever it is in doubt."""

    def __init__(self, ledger: Ledger, database_url: str, idle_in_transaction_s: float) -> None:
        self._ledger = ledger
        self._database_url = database_url
        self._idle_s = idle_in_transaction_s
        self._connection: Any = None

    async def get(self) -> Any:
        """The connection, made if there is none. Raises one of LEDGER_AWAY."""
        if self._connection is None or self._connection.is_closed():
            # Stopped in mid-transaction we would hold the shard's row, and so the shard, for ever.
            self._connection = await self._ledger.connect(
                self._database_url, idle_in_transaction_s=self._idle_s
            )
        return self._connection

    def drop(self) -> None:
        """Close it; what was asked over it last has an unknown outcome."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def until_done(self, read: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """Run `read(connection, *args)` again over new connections until it succeeds."""
        while True:
            try:
                return await read(await self.get(), *args)
            except LEDGER_AWAY as error:
                _log.warning("ledger_unreachable", error=type(error).__name__)
                self.drop()
                await asyncio.sleep(RETRY_S)


async def keep_lease(
    ledger: Ledger, database_url: str, shard: int, epoch: int, lease_s: float
) -> None:
    """Renew the lease until cancelled, on a connection of its own, whatever others wait for.

    Raises OwnershipLost when the shard is another's.
    """
    connection = None
    try:
        while True:
            try:
                if connection is None or connection.is_closed():
                    connection = await ledger.connect(database_url, timeout_s=lease_s)
                await ledger.renew_lease(connection, shard, epoch, lease_s)
            except LEDGER_AWAY as error:
                _log.warning("lease_not_renewed", error=type(error).__name__)
                if connection is not None:
                    connection.terminate()
            await asyncio.sleep(lease_s / 5)
    finally:
        if connection is not None:
            connection.terminate()
