"""Telling people that they were outbid: one sender over all gateways, never in the way of a bid.

Each gateway notices, after the commit, who has lost a lead; the one that holds the lock sends. A
lead that has come back within the moment of waiting is not told, nor what is no news any more.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol

import asyncpg
import httpx
import structlog

from auction_engine import metrics
from auction_engine.desk import exclusive
from auction_engine.desk.alerts import keys, sending, subscriptions
from auction_engine.desk.alerts.keys import Vapid
from auction_engine.desk.alerts.services import Services
from auction_engine.desk.alerts.subscriptions import Subscription
from auction_engine.errors import AuctionError
from auction_engine.identity.vault import Vault

_LOCK = 7_310_012
# Long enough for an automatic bid or a quick hand to take the lead back.
_WAIT_S = 1.0
_LOOK_S = 0.25
# One and the same person at one lot is told at most this often: a bidding war is watched, not read.
_PAUSE_S = 20.0
_STALE_S = 60.0
_MOST_WAITING = 10_000
_MOST_SENDING = 200
_AT_ONCE = 500
_RETRY_S = 5.0
_PASSING = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, AuctionError)
_log = structlog.get_logger(__name__)


class Standing(NamedTuple):
    """Where a lot stands now."""

    open: bool
    leader: int | None
    price_minor: int | None
    currency: str
    minor_digits: int
    title: dict[str, str]


# What is known of a lot; None if it is gone.
Look = Callable[[int], Awaitable[Standing | None]]


class Say(Protocol):
    """Puts into words what a browser shows."""

    def outbid(self, lang: str, standing: Standing) -> tuple[str, str]:
        """Title and text."""


class Alerter:
    """Sends while it holds the lock. `outbid` may be called at any time and takes no time."""

    def __init__(
        self,
        database_url: str,
        vault: Vault,
        services: Services,
        subject: str,
        look: Look,
        say: Say,
    ) -> None:
        self._database_url = database_url
        self._vault = vault
        self._services = services
        self._subject = subject
        self._look = look
        self._say = say
        self._waiting: dict[tuple[int, int], float] = {}
        self._told: dict[tuple[int, int], float] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._outcomes: list[tuple[Subscription, sending.Outcome]] = []
        self._holding = False

    def outbid(self, lot: int, bidder: int) -> None:
        """Somebody has lost a lead. What does not fit is left out: it is news, not a record."""
        if self._holding and len(self._waiting) < _MOST_WAITING:
            now_s = asyncio.get_running_loop().time()
            self._waiting.setdefault((lot, bidder), now_s)

    async def run(self) -> None:
        """Wait for the lock, then send until cancelled."""
        while True:
            try:
                async with exclusive.connected(self._database_url) as connection:
                    if await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                        await self._hold(connection)
            except _PASSING as error:
                _log.warning("alerter_waits", error=type(error).__name__)
            except Exception:
                # A fault in telling people something must not end what records their bids.
                _log.exception("alerter_failed")
            finally:
                self._holding = False
                self._waiting.clear()
            await asyncio.sleep(_RETRY_S)

    async def _hold(self, connection: Any) -> None:
        vapid = await keys.obtain(connection, self._vault, self._subject)
        self._holding = True
        async with sending.make_client() as client:
            try:
                looked_s = 0.0
                while True:
                    await asyncio.sleep(_LOOK_S)
                    now_s = asyncio.get_running_loop().time()
                    if due := self._due(now_s):
                        await self._tell(connection, client, vapid, due)
                    outcomes, self._outcomes = self._outcomes, []
                    for browser, outcome in outcomes:
                        await note(connection, browser, outcome)
                    if now_s - looked_s > _RETRY_S:
                        looked_s = now_s
                        await connection.execute("SELECT 1")  # the lock is gone with the connection
            finally:
                for task in list(self._sending):
                    task.cancel()
                await asyncio.gather(*self._sending, return_exceptions=True)

    def _due(self, now_s: float) -> list[tuple[int, int]]:
        """Who is to be told now; stale news is dropped."""
        self._told = {key: at for key, at in self._told.items() if now_s - at < _PAUSE_S}
        due: list[tuple[int, int]] = []
        for key, since_s in list(self._waiting.items()):
            if now_s - since_s > _STALE_S:
                del self._waiting[key]
                metrics.ALERTS.labels("stale").inc()
            elif now_s - since_s >= _WAIT_S and key not in self._told and len(due) < _AT_ONCE:
                del self._waiting[key]
                due.append(key)
        return due

    async def _tell(
        self, connection: Any, client: httpx.AsyncClient, vapid: Vapid, due: list[tuple[int, int]]
    ) -> None:
        browsers = await subscriptions.of_accounts(connection, self._vault, {b for _, b in due})
        for lot, bidder in due:
            if bidder not in browsers:
                continue
            standing = await self._look(lot)
            if standing is None or not standing.open or standing.leader in (None, bidder):
                metrics.ALERTS.labels("over").inc()
                continue
            self._told[lot, bidder] = asyncio.get_running_loop().time()
            for browser in browsers[bidder]:
                self._send(client, vapid, browser, lot, standing)

    def _send(
        self,
        client: httpx.AsyncClient,
        vapid: Vapid,
        browser: Subscription,
        lot: int,
        standing: Standing,
    ) -> None:
        if len(self._sending) >= _MOST_SENDING:
            metrics.ALERTS.labels("full").inc()
            return
        title, body = self._say.outbid(browser.lang, standing)
        message = message_of(lot, title, body)
        task = asyncio.create_task(self._deliver(client, vapid, browser, message, f"lot-{lot}"))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _deliver(
        self,
        client: httpx.AsyncClient,
        vapid: Vapid,
        browser: Subscription,
        message: dict[str, Any],
        topic: str,
    ) -> None:
        outcome = await sending.send(client, self._services, vapid, browser, message, topic)
        metrics.ALERTS.labels(outcome).inc()
        self._outcomes.append((browser, outcome))


def message_of(lot: int, title: str, body: str) -> dict[str, Any]:
    """What the page's worker shows (`web/ts/worker.ts`). `sent_ms`: UTC milliseconds."""
    return {
        "title": title,
        "body": body,
        "url": f"/lots/{lot}",
        "tag": f"lot-{lot}",
        "sent_ms": int(time.time() * 1000),
    }


async def note(connection: Any, browser: Subscription, outcome: sending.Outcome) -> None:
    """What became of a message, at the browser it was for."""
    if outcome == "sent":
        await subscriptions.told(connection, browser.mark)
    elif outcome == "gone":
        await subscriptions.gone(connection, browser.mark)
    elif outcome == "refused":
        await subscriptions.refused(connection, browser.mark)
