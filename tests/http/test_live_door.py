"""The way into the live room: tickets, origins, and the port it shares with the pages."""

from __future__ import annotations

import asyncio
import json

import pytest
from house import PASSWORD, House, running_house
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from auction_engine.bidding.connections import make_redis
from auction_engine.identity import sessions
from auction_engine.identity.tickets import SIGNED_OUT
from auction_engine.settings import Limits, Settings


async def ticket(house: House, login: str = "an") -> str:
    async with house.signed_in(login) as client:
        answer = await client.post("/api/live-tickets")
        assert answer.status_code == 200
        found: str = answer.json()["ticket"]
        return found


async def closed_with(house: House, given: str) -> int:
    async with house.live(given) as live:
        bye = await live.hear("bye")
        with pytest.raises(ConnectionClosed) as closed:
            await live.hear("never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == bye["code"]
        assert bye["retry_ms"] is None
        return closed.value.rcvd.code


async def test_a_ticket_is_good_once(house: House) -> None:
    given = await ticket(house)
    async with house.live(given) as live:
        assert (await live.hear("welcome"))["bidder"] is True
    assert await closed_with(house, given) == 3501


async def test_of_two_at_once_one_gets_in(house: House) -> None:
    given = await ticket(house)

    async def enter() -> str:
        async with house.live(given) as live:
            while True:
                message = await live.hear("welcome") if not live.heard else live.heard[0]
                return str(message["t"])

    results = await asyncio.gather(*(enter() for _ in range(6)), return_exceptions=True)
    assert [result for result in results if result == "welcome"] == ["welcome"]


@pytest.mark.parametrize("given", ["", "x" * 32, "x" * 5000, "é" * 20])
async def test_a_made_up_ticket_is_refused(house: House, given: str) -> None:
    if len(given) > house.settings.limits.frame_max_bytes:
        async with house.live(given) as live:
            with pytest.raises(ConnectionClosed) as closed:
                await live.hear("welcome")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
    else:
        assert await closed_with(house, given) == 3501


@pytest.fixture
async def hasty_house(settings: Settings):  # type: ignore[no-untyped-def]
    limits = Limits(ticket_ttl_s=1, hello_timeout_s=0.5)
    async with running_house(settings.model_copy(update={"limits": limits})) as house:
        await house.account("an", "bidder")
        yield house


async def test_a_ticket_expires(hasty_house: House) -> None:
    async with hasty_house.signed_in("an") as client:
        answer = (await client.post("/api/live-tickets")).json()
        now_ms = (await client.get("/api/time")).json()["now_ms"]
        assert 0 < answer["expires_ms"] - now_ms <= 1000
    await asyncio.sleep(1.2)
    assert await closed_with(hasty_house, answer["ticket"]) == 3501


async def test_who_does_not_say_hello_is_sent_away(hasty_house: House) -> None:
    address = hasty_house.base.replace("http", "ws", 1) + "/live"
    async with connect(address, subprotocols=["auction.v1"]) as silent:  # type: ignore[list-item]
        assert json.loads(await asyncio.wait_for(silent.recv(), 10))["code"] == 3500
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(silent.recv(), 10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 3500


async def test_only_our_own_pages_may_connect(house: House) -> None:
    async with house.live(origin=house.base) as live:
        assert (await live.hear("welcome"))["bidder"] is False
    for origin in ("https://evil.example", "null", house.base + ".evil.example"):
        with pytest.raises(InvalidStatus) as refused:
            async with house.live(origin=origin):
                pass
        assert refused.value.response.status_code == 403


async def test_the_live_room_has_one_address(house: House) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(house.base.replace("http", "ws", 1) + "/lots/1"):
            pass
    assert refused.value.response.status_code == 404
    async with house.browser() as client:
        assert (await client.get("/live")).status_code == 404


async def test_onlookers_cannot_bid(house: House) -> None:
    async with house.live() as live:
        assert (await live.hear("welcome"))["bidder"] is False
        await live.say(
            t="bid",
            lot=house.lots[0],
            bid_id="0" * 8 + "-0000" * 3 + "-" + "0" * 12,
            amount_minor=5,
        )
        assert (await live.hear("error"))["code"] == "NOT_A_BIDDER"


async def test_signing_out_ends_what_the_session_opened(house: House) -> None:
    """The live connection goes, and a ticket not used yet is worth nothing any more."""
    async with house.signed_in("an") as client, house.signed_in("an") as elsewhere:
        used, kept, others = [
            (await who.post("/api/live-tickets")).json()["ticket"]
            for who in (client, client, elsewhere)
        ]
        async with house.live(used) as live, house.live(others) as other:
            await live.hear("welcome")
            await other.hear("welcome")
            form = {"csrf": client.headers["X-CSRF-Token"]}
            assert (await client.post("/logout", data=form)).status_code == 303
            with pytest.raises(ConnectionClosed):
                await live.hear("never")
            assert await closed_with(house, kept) == 3501
            await other.say(t="time", at=1)
            await other.hear("time")


async def test_signing_in_anew_ends_what_the_old_session_opened(house: House) -> None:
    async with house.signed_in("an") as client:
        given = (await client.post("/api/live-tickets")).json()["ticket"]
        async with house.live(given) as live:
            await live.hear("welcome")
            again = {"login": "an", "password": PASSWORD}
            assert (await client.post("/api/login", json=again)).status_code == 200
            with pytest.raises(ConnectionClosed):
                await live.hear("never")


async def test_other_gateways_hear_of_it(house: House) -> None:
    redis = make_redis(house.settings.redis_url or "")
    listening = redis.pubsub()
    try:
        await listening.subscribe(SIGNED_OUT)
        async with house.signed_in("an") as client:
            session = client.cookies["session"]
            form = {"csrf": client.headers["X-CSRF-Token"]}
            await client.post("/logout", data=form)
        async with asyncio.timeout(5):
            async for message in listening.listen():
                if message["type"] == "message":
                    assert message["data"] == sessions.digest(session)
                    break
    finally:
        await listening.aclose()
        await redis.aclose()
