"""Two devices of one bidder hear the same of each bid; nobody else hears of it."""

from __future__ import annotations

from typing import Any

from bidding.harness import LOT

from .harness import Room, bid


async def watching(room: Room, client: Any) -> None:
    await client.say({"t": "watch", "lot": LOT})
    await client.hear("snapshot")


async def test_what_became_of_a_bid_is_told_to_the_bidders_other_device(room: Room) -> None:
    async with room.client(101) as here, room.client(101) as there, room.client(102) as other:
        for client in (here, there, other):
            await watching(room, client)
        accepted, refused = bid(1_000), bid(1)
        for message, kind in ((accepted, "recorded"), (refused, "refused")):
            await here.say(message)
            answer = await here.hear(kind)
            assert answer["bid_id"] == message["bid_id"]
            assert await there.hear(kind) == answer
        last = bid(1_500)
        await other.say(last)
        # Each hears of its own bids once, and of nobody else's.
        assert (await other.hear("recorded"))["bid_id"] == last["bid_id"]
        await here.say({"t": "time", "at": 7})
        await here.hear("time")
        told = [(m["t"], m["bid_id"]) for m in here.heard if "bid_id" in m]
        assert told == [("recorded", accepted["bid_id"]), ("refused", refused["bid_id"])]


async def test_a_device_that_does_not_look_at_the_lot_hears_nothing_of_it(room: Room) -> None:
    async with room.client(101) as here, room.client(101) as there:
        await watching(room, here)
        await here.say(bid(1_000))
        await here.hear("recorded")
        await there.say({"t": "time", "at": 7})
        await there.hear("time")
        assert [m["t"] for m in there.heard if m["t"] != "welcome"] == ["time"]
