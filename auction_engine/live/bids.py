"""Bids that come over live connections, on their way into the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import asyncpg

from auction_engine import metrics
from auction_engine.bidding.client import LogClient
from auction_engine.live.allowance import Allowance
from auction_engine.live.closing import STOPPING
from auction_engine.live.messages import frame, how_of, not_recorded, outcome
from auction_engine.live.views import Views
from auction_engine.settings import Limits

if TYPE_CHECKING:
    from auction_engine.live.connection import LiveConnection

# Bids that wait until their lot is read from the ledger, all clients together.
_MOST_SEEKING = 1_000

Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Bids:
    """Checks who may bid how often, sends the bid, writes its answer."""

    def __init__(self, log: LogClient, views: Views, limits: Limits, spawn: Spawn) -> None:
        self._log = log
        self._views = views
        self._limits = limits
        self._spawn = spawn
        self._seeking = 0
        self._allowances: dict[int, Allowance] = {}

    def take(self, connection: LiveConnection, message: dict[str, Any]) -> None:
        """Act on a checked `bid` or `seal` message; its answer is written to `connection`."""
        lot, bid_id = message["lot"], message["bid_id"]
        bidder, view = connection.bidder, self._views.get(lot)
        if bidder is None:
            connection.say(not_recorded(lot, bid_id, "NOT_A_BIDDER"))
        elif not self._may_bid(bidder) or (view is None and self._seeking >= _MOST_SEEKING):
            connection.say(not_recorded(lot, bid_id, "RATE_LIMITED"))
        elif view is None:
            self._spawn(self._find_and_send(connection, bidder, message))
        else:
            self._send(connection, bidder, view.shard, message)

    def forget_idle(self, now_s: float) -> None:
        """Drop the allowances of accounts that have not bid for a while."""
        self._allowances = {k: v for k, v in self._allowances.items() if not v.idle(now_s)}

    def _may_bid(self, bidder: int) -> bool:
        """Whether the account, over all its connections, may send one more bid now."""
        now_s = asyncio.get_running_loop().time()
        allowance = self._allowances.get(bidder)
        if allowance is None:
            allowance = Allowance(self._limits.bids_per_s, self._limits.bids_burst, now_s)
            self._allowances[bidder] = allowance
        return allowance.take(now_s)

    async def _find_and_send(
        self, connection: LiveConnection, bidder: int, message: dict[str, Any]
    ) -> None:
        """A bid for a lot not in memory: it may be recorded already, so "unknown" must be true."""
        self._seeking += 1
        try:
            view = await self._views.find(message["lot"])
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            connection.end(STOPPING)
            return
        finally:
            self._seeking -= 1
        if view is None:
            connection.say(not_recorded(message["lot"], message["bid_id"], "UNKNOWN_LOT"))
        else:
            self._send(connection, bidder, view.shard, message)

    def _send(
        self, connection: LiveConnection, bidder: int, shard: int, message: dict[str, Any]
    ) -> None:
        lot, bid_id = message["lot"], message["bid_id"]
        connection.sends(bid_id)

        def answer(entry: dict[str, Any] | None, code: str | None, repeat: bool) -> None:
            if entry is not None:
                connection.tell(frame(outcome(entry, repeat)))
            else:
                metrics.BIDS.labels("busy" if code == "BUSY" else "error").inc()
                connection.tell(frame(not_recorded(lot, bid_id, code or "UNKNOWN_LOT")))

        if message["t"] == "seal":
            self._log.seal(shard, lot, bidder, bid_id, message["box"], answer)
        else:
            self._log.bid(
                shard,
                lot,
                bidder,
                bid_id,
                message["amount_minor"],
                answer,
                how_of(message) if len(message) > 4 else None,
            )
