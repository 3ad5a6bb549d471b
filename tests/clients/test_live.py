"""The live client against a running program, and through connections that break."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from house import START, STEP, House, running_house
from prometheus_client import REGISTRY
from sqlalchemy import text

from auction_engine.bidding.connections import make_redis
from auction_engine.bidding.recorder import own_shard
from auction_engine.clients.live import LiveClient, LiveRefused, Seen
from auction_engine.identity import tickets


@pytest.fixture
async def house(settings) -> AsyncIterator[House]:
    async with running_house(settings) as house:
        await house.account("an", "bidder")
        await house.account("binh", "bidder")
        yield house


def url(house: House) -> str:
    return house.base.replace("http", "ws", 1) + "/live"


@contextlib.asynccontextmanager
async def client_of(house: House, login: str, address: str | None = None, **options):
    """A live client that speaks for `login`."""
    redis = make_redis(house.settings.redis_url)
    account = house.people[login].id
    client = LiveClient(address or url(house), lambda: tickets.issue(redis, account, 30), **options)
    try:
        async with client, asyncio.timeout(30):
            await client.greeted()
            yield client
    finally:
        await redis.aclose()


async def told(client: LiveClient, lot: int, number: int) -> Seen:
    """The lot once its `number`th bid has been told."""
    for _ in range(500):
        seen = client.seen(lot)
        if seen is not None and seen.state["n"] >= number:
            return seen
        await asyncio.sleep(0.01)
    raise AssertionError(f"bid {number} was not told")


class Cut:
    """A relay between client and gateway that can be cut, and be gone for a while."""

    def __init__(self, house: House) -> None:
        self._target = urlsplit(house.base)
        self._writers: list[asyncio.StreamWriter] = []
        self.connections = 0
        self.swallow = False
        self._open = True

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        try:
            port = server.sockets[0].getsockname()[1]
            yield f"ws://127.0.0.1:{port}/live"
        finally:
            server.close()
            self.cut()

    def cut(self, *, open_again: bool = True) -> None:
        self._open = open_again
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def mend(self) -> None:
        self._open = True

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if not self._open:
            writer.transport.abort()
            return
        there = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._writers += [writer, there[1]]
        with contextlib.suppress(OSError):
            await asyncio.gather(
                self._copy(reader, there[1], False), self._copy(there[0], writer, True)
            )
        writer.close()
        there[1].close()

    async def _copy(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, answers: bool
    ) -> None:
        while data := await source.read(65536):
            if not (answers and self.swallow):
                sink.write(data)


async def test_bids_are_answered_and_the_lot_is_followed(house):
    (lot,) = house.lots
    changes: list[int] = []

    def changed(seen: Seen) -> None:
        changes.append(seen.state["n"])

    async with client_of(house, "an", on_change=changed) as an, client_of(house, "binh") as binh:
        for client in (an, binh):
            await client.watch(lot)
        await told(an, lot, 0)
        low = await an.bid(lot, START - 1)
        assert (low["t"], low["reason"], low["minimum_minor"]) == ("refused", "BELOW_START", START)
        first = await an.bid(lot, START)
        assert (first["t"], first["n"], first["repeat"]) == ("recorded", 1, False)
        assert (await an.bid(lot, START + STEP))["reason"] == "ALREADY_LEADING"
        assert (await binh.bid(lot, START + STEP))["n"] == 2
        seen = await told(an, lot, 2)
        assert seen.state["price_minor"] == START + STEP
        assert seen.state["leader"] == (await told(binh, lot, 2)).you["code"]
        assert seen.you["code"] != seen.state["leader"]
        assert changes == sorted(changes)
        assert changes[-1] == 2
        answer = await an.bid(lot + 999, START)
        assert (answer["t"], answer["code"]) == ("error", "UNKNOWN_LOT")


async def test_an_onlooker_sees_and_cannot_bid(house):
    (lot,) = house.lots
    async with LiveClient(url(house)) as onlooker:
        await onlooker.greeted()
        await onlooker.watch(lot)
        assert (await told(onlooker, lot, 0)).you is None
        assert (await onlooker.bid(lot, START))["code"] == "NOT_A_BIDDER"


async def test_the_clock_is_the_servers(house):
    async with client_of(house, "an") as client, house.browser() as browser:
        before = (await browser.get("/api/time")).json()["now_ms"]
        assert before - 50 <= client.now_ms() <= before + 500


async def test_a_bid_whose_answer_was_lost_is_recorded_once(house):
    (lot,) = house.lots
    relay = Cut(house)
    async with relay.listening() as address, client_of(house, "an", address) as client:
        relay.swallow = True
        bid = asyncio.create_task(client.bid(lot, START))
        async with house.engine.connect() as connection:
            for _ in range(200):
                found = await connection.execute(
                    text("SELECT count(*) FROM journal WHERE kind = 'bid.accepted'")
                )
                if found.scalar_one():
                    break
                await asyncio.sleep(0.02)
        assert not bid.done()
        relay.swallow = False
        relay.cut()
        answer = await bid
        assert (answer["t"], answer["n"], answer["repeat"]) == ("recorded", 1, True)
    async with house.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT count(*) FROM journal WHERE bid_id IS NOT NULL")
        )
        assert found.scalar_one() == 1


async def test_comes_back_and_goes_on_where_it_was(house):
    (lot,) = house.lots
    relay = Cut(house)
    async with relay.listening() as address, client_of(house, "an", address) as client:
        await client.watch(lot)
        await told(client, lot, 0)
        relay.cut(open_again=False)
        async with client_of(house, "binh") as binh:
            assert (await binh.bid(lot, START))["n"] == 1
        bid = asyncio.create_task(client.bid(lot, START + STEP))
        await asyncio.sleep(1)
        assert not bid.done()
        relay.mend()
        assert (await bid)["n"] == 2
        assert (await told(client, lot, 2)).state["price_minor"] == START + STEP
        assert relay.connections >= 3


async def test_a_server_that_does_not_want_it_back_is_left_alone(house):
    async def ticket() -> str:
        return "this-ticket-was-never-made"

    async with LiveClient(url(house), ticket) as client:
        async with asyncio.timeout(20):
            with pytest.raises(LiveRefused, match="for good"):
                await client.greeted()
        with pytest.raises(LiveRefused):
            await client.bid(house.lots[0], START)


async def test_tickets_that_cannot_be_had_now_are_asked_for_again(house):
    redis, asked = make_redis(house.settings.redis_url), 0

    async def ticket() -> str:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise OSError("no ticket")
        return await tickets.issue(redis, house.people["an"].id, 30)

    async with LiveClient(url(house), ticket) as client, asyncio.timeout(20):
        await client.greeted()
        assert (await client.bid(house.lots[0], START))["t"] == "recorded"
    await redis.aclose()
    assert asked == 3


async def test_busy_is_tried_again_with_the_same_bid_id(settings):
    """A gateway that may have one bid unanswered, and a log that nobody records for a while."""
    limits = settings.limits.model_copy(update={"gateway_inflight_max": 1})
    async with running_house(settings.model_copy(update={"limits": limits}), lots=2) as house:
        await house.account("an", "bidder")
        await house.account("binh", "bidder")
        async with client_of(house, "an") as an, client_of(house, "binh") as binh:
            house.recorder.cancel()
            await asyncio.gather(house.recorder, return_exceptions=True)
            busy_before = busy_answers()
            bids = [asyncio.create_task(an.bid(house.lots[0], START))]
            await asyncio.sleep(0.2)
            bids.append(asyncio.create_task(binh.bid(house.lots[1], START)))
            await asyncio.sleep(1)
            assert busy_answers() > busy_before
            assert not any(bid.done() for bid in bids)
            recording = asyncio.create_task(own_shard(house.settings, 0))
            assert [answer["t"] for answer in await asyncio.gather(*bids)] == ["recorded"] * 2
            recording.cancel()
            await asyncio.gather(recording, return_exceptions=True)
        async with house.engine.connect() as connection:
            found = await connection.execute(
                text("SELECT count(*) FROM journal WHERE bid_id IS NOT NULL")
            )
            assert found.scalar_one() == 2


def busy_answers() -> float:
    return REGISTRY.get_sample_value("auction_bids_total", {"outcome": "busy"}) or 0.0
