"""A session that ends leaves no live connection, however its end is found out."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from house import House, running_house
from redis.asyncio import Redis
from websockets.exceptions import ConnectionClosed

from auction_engine.identity import sessions, tickets
from auction_engine.live import endings
from auction_engine.settings import Settings


async def ticket(house: House) -> tuple[str, str]:
    async with house.signed_in("an") as client:
        answer = await client.post("/api/live-tickets")
        return answer.json()["ticket"], client.cookies["session"]


async def test_a_session_that_ends_while_its_ticket_is_looked_at(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sign-out is heard between the two questions of `_redeem`, or just after the last."""
    asked, go_on = asyncio.Event(), asyncio.Event()
    whole = tickets.ended

    async with running_house(settings) as house:
        await house.account("an", "bidder")
        for answer_first in (True, False):

            async def held(redis: Redis, session: bytes, first: bool = answer_first) -> bool:
                if first:
                    found = await whole(redis, session)
                asked.set()
                await go_on.wait()
                return found if first else await whole(redis, session)

            monkeypatch.setattr(tickets, "ended", held)
            asked.clear()
            go_on.clear()
            given, token = await ticket(house)
            async with house.live(given) as live:
                await asked.wait()
                valkey = Redis.from_url(house.settings.redis_url or "")
                await tickets.revoke(valkey, sessions.digest(token), 60)
                await valkey.aclose()
                bye = await live.hear("bye")
                assert bye["code"] in (3501, 3504)
                go_on.set()
                with pytest.raises(ConnectionClosed):
                    await live.hear("welcome")
                assert all(message["t"] != "welcome" for message in live.heard)


async def test_what_nobody_told_is_found_in_the_ledger(
    settings: Settings, superuser_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message was lost, or the process that ended the session died before it said so."""
    monkeypatch.setattr(endings.Endings.__init__, "__defaults__", (0.2,))
    async with running_house(settings) as house:
        await house.account("an", "bidder")
        (mine, token), (others, _) = await ticket(house), await ticket(house)
        async with house.live(mine) as live, house.live(others) as other:
            await live.hear("welcome")
            await other.hear("welcome")
            connection = await asyncpg.connect(superuser_url)
            try:
                await connection.execute(
                    "UPDATE web_session SET expires_at = now() WHERE token_hash = $1",
                    sessions.digest(token),
                )
            finally:
                await connection.close()
            assert (await live.hear("bye"))["code"] == 3504
            await other.say(t="time", at=1)
            await other.hear("time")
