"""Sending recorded bids: every bidder over a live connection of its own, every lot in its order."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.bidding.client import LogClient
from auction_engine.bidding.connections import make_redis
from auction_engine.bidding.tasks import end
from auction_engine.clients.live import LiveClient
from auction_engine.desk import listing
from auction_engine.errors import AuctionError
from auction_engine.identity import tickets
from auction_engine.ledger.database import make_engine, transaction
from auction_engine.ledger.schema import Account, LotHead
from auction_engine.replay.outcome import LotOutcome
from auction_engine.replay.reader import RecordedLot
from auction_engine.replay.secret_maxima import INCREMENTS
from auction_engine.rules.params import LotParams
from auction_engine.serving.private import Instance

# Handshakes and staff commands under way at once; more would only wait at the other end.
_CONNECTING, _STAFF = 32, 200
# Without a speed nothing is gained by more lots at once than keep every part busy.
_LOTS_AT_ONCE = 500
_CHECK_S = 0.5
_CURRENCY, _MINOR_DIGITS = "USD", 2
T = TypeVar("T")

OnBid = Callable[[], None]
OnLot = Callable[[], None]


class ReplayFailed(AuctionError):
    """The instance did not take a bid that the protocol allows."""


class Replay:
    """One replay of `lots` on `instance`; `run` once. `speed` None: as fast as it can.

    `automatic` takes every recorded bid as a secret maximum.
    """

    def __init__(
        self,
        instance: Instance,
        lots: list[RecordedLot],
        speed: float | None,
        on_bid: OnBid,
        on_lot: OnLot,
        automatic: bool = False,
    ) -> None:
        self._instance = instance
        self._settings = instance.settings
        self._recorded = lots
        self._speed = speed
        self._automatic = automatic
        self._on_bid = on_bid
        self._on_lot = on_lot
        self._clients: dict[str, LiveClient] = {}
        self._lots: list[tuple[int, int]] = []
        self._outcomes: list[LotOutcome] = []
        self.seconds = 0.0

    async def run(self) -> list[LotOutcome]:
        """Send everything and close the lots; `seconds` is the time that took afterwards.

        Raises ReplayFailed, or ServerError when a part of the instance ends.
        """
        async with AsyncExitStack() as stack:
            watch = asyncio.create_task(self._watch_instance())
            work = asyncio.create_task(self._work(stack))
            try:
                await asyncio.wait([watch, work], return_when=asyncio.FIRST_COMPLETED)
                for task in (watch, work):
                    if task.done():
                        task.result()
            finally:
                await end([watch, work])
            return self._outcomes

    async def _watch_instance(self) -> None:
        while True:
            self._instance.check()
            await asyncio.sleep(_CHECK_S)

    async def _work(self, stack: AsyncExitStack) -> None:
        """Everything from accounts to results; what must be closed goes onto `stack`."""
        settings = self._settings
        redis = make_redis(settings.redis_url or "", connections=2 * _CONNECTING)
        stack.push_async_callback(redis.aclose)
        engine = make_engine(settings.database_url or "")
        stack.push_async_callback(engine.dispose)
        log = LogClient(redis, settings.database_url or "", settings.shards, settings.limits)
        stack.push_async_callback(log.stop)
        await log.start()
        accounts = await self._make_accounts(engine)
        await self._put_up(engine, log, accounts)
        await self._connect(stack, redis, accounts)
        started = time.perf_counter()
        outcomes = await self._send_all(log)
        self.seconds = time.perf_counter() - started
        await self._read_results(engine, outcomes)
        self._outcomes = outcomes

    # --- before the first bid -----------------------------------------------------------------

    async def _make_accounts(self, engine: AsyncEngine) -> dict[str, int]:
        """An account for each distinct bidder; the name in the file need not be a login."""
        bidders = list(dict.fromkeys(bid.bidder for lot in self._recorded for bid in lot.bids))
        rows = [
            {"login": f"recorded.{number}", "name": bidder, "role": "bidder"}
            for number, bidder in enumerate(bidders)
        ]
        async with transaction(engine) as connection:
            found = await connection.execute(
                insert(Account).returning(Account.id, sort_by_parameter_order=True), rows
            )
            return dict(zip(bidders, found.scalars(), strict=True))

    async def _put_up(self, engine: AsyncEngine, log: LogClient, accounts: dict[str, int]) -> None:
        """Describe and list every lot, and admit its bidders."""
        title = {"vi": "Phát lại các lượt trả giá đã ghi", "en": "Replay of recorded bids"}
        nobody = {"vi": "", "en": ""}
        session = await listing.create_session(engine, title, nobody, nobody)
        self._lots = await listing.create_lots(
            engine, session, [_content(lot) for lot in self._recorded], self._settings.shards
        )
        start_ms = int(time.time() * 1000)

        async def one(place: tuple[int, int], recorded: RecordedLot) -> None:
            lot, shard = place
            params = _automatic_params if self._automatic else _params
            await listing.put_up(log, shard, lot, params(recorded, start_ms))

        async def admit(place: tuple[int, int], bidder: str) -> None:
            lot, shard = place
            await listing.admit(log, shard, lot, accounts[bidder], many=True)

        pairs = list(zip(self._lots, self._recorded, strict=True))
        await _some_at_once(_STAFF, (one(place, recorded) for place, recorded in pairs))
        await _some_at_once(
            _STAFF,
            (
                admit(place, bidder)
                for place, recorded in pairs
                for bidder in dict.fromkeys(bid.bidder for bid in recorded.bids)
            ),
        )

    async def _connect(self, stack: AsyncExitStack, redis: Redis, accounts: dict[str, int]) -> None:
        """A live connection for each bidder, welcomed."""
        url = f"ws://{self._settings.host}:{self._settings.port}/live"

        async def one(bidder: str, account: int) -> None:
            async def ticket() -> str:
                try:
                    return await tickets.issue(redis, account, self._settings.limits.ticket_ttl_s)
                except RedisError as error:
                    raise OSError(f"no ticket: {error}") from error

            client = self._clients[bidder] = LiveClient(url, ticket)
            await stack.enter_async_context(client)
            await client.greeted()

        await _some_at_once(_CONNECTING, (one(*item) for item in accounts.items()))

    # --- the bids -----------------------------------------------------------------------------

    async def _send_all(self, log: LogClient) -> list[LotOutcome]:
        started_s = asyncio.get_running_loop().time()
        at_once = _LOTS_AT_ONCE if self._speed is None else len(self._lots)
        pairs = zip(self._lots, self._recorded, strict=True)
        return await _some_at_once(
            at_once, (self._send_lot(log, *pair, started_s) for pair in pairs)
        )

    async def _send_lot(
        self, log: LogClient, place: tuple[int, int], recorded: RecordedLot, started_s: float
    ) -> LotOutcome:
        """A lot's bids one after the other, each after the answer to the one before."""
        lot, shard = place
        outcome = LotOutcome(lot, recorded.auction_id, recorded.item, recorded.published_minor)
        loop = asyncio.get_running_loop()
        for bid in recorded.bids:
            if self._speed is not None:
                await asyncio.sleep(started_s + bid.offset_s / self._speed - loop.time())
            answer = await self._clients[bid.bidder].bid(
                lot, bid.amount_minor, automatic=self._automatic
            )
            if answer["t"] == "error":
                raise ReplayFailed(
                    f"A bid of {bid.amount_minor} in auction {recorded.auction_id} was answered "
                    f"with {answer['code']}: {answer['text']}"
                )
            outcome.count(answer)
            self._on_bid()
        await log.close_lot(shard, lot)
        outcome.recorded = recorded if self._automatic else None
        self._on_lot()
        return outcome

    async def _read_results(self, engine: AsyncEngine, outcomes: list[LotOutcome]) -> None:
        """The final price is the ledger's, not what the answers made one think."""
        async with engine.connect() as connection:
            rows = await connection.execute(
                select(LotHead.lot_id, LotHead.price_minor).where(LotHead.phase == "closed")
            )
            prices = {row.lot_id: row.price_minor for row in rows}
        for outcome in outcomes:
            outcome.final_minor = prices.get(outcome.lot)


async def _some_at_once(limit: int, jobs: Iterable[Awaitable[T]]) -> list[T]:
    """Results of `jobs` in order, at most `limit` under way; the first error ends all."""
    room = asyncio.Semaphore(limit)

    async def one(job: Awaitable[T]) -> T:
        async with room:
            return await job

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(job)) for job in jobs]
    except BaseExceptionGroup as failed:
        # One cause is enough for a person, and the others follow from it.
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


def _content(recorded: RecordedLot) -> dict[str, Any]:
    return {
        "kind": "recorded",
        "title": {"vi": recorded.item, "en": recorded.item},
        "currency": _CURRENCY,
        "minor_digits": _MINOR_DIGITS,
        "starting_price_minor": recorded.opening_minor,
        "increment_minor": 1,
    }


def _params(recorded: RecordedLot, start_ms: int) -> LotParams:
    """As the recorded auctions were: any cent more counts, also from the leader himself."""
    return LotParams(
        currency=_CURRENCY,
        minor_digits=_MINOR_DIGITS,
        starting_price_minor=recorded.opening_minor,
        increment_minor=1,
        start_ms=start_ms,
        end_ms=None,
        allow_self_raise=True,
        closed_by="AUCTIONEER",
    )


def _automatic_params(recorded: RecordedLot, start_ms: int) -> LotParams:
    """As those auctions really worked: maxima, and steps that grow with the price."""
    return replace(
        _params(recorded, start_ms),
        allow_self_raise=False,
        automatic_bids=True,
        increment_rule="TABLE",
        increment_table=INCREMENTS,
    )
