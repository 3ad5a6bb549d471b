"""Nobody takes the room from the others; nobody is told that a recorded bid is not there."""

from __future__ import annotations

import asyncio

import pytest
from bidding.harness import LOT, new_id, now_ms, put_up, query, until

from auction_engine.live.gateway import Gateway

from .conftest import Serve
from .harness import Room, bid


async def test_one_bidder_with_many_connections_does_not_make_others_busy(serve: Serve) -> None:
    async with serve(gateway_inflight_max=100) as room, room.client(102) as honest:
        async with (
            room.client(101, max_queue=None) as one,
            room.client(101, max_queue=None) as two,
            room.client(101, max_queue=None) as three,
        ):
            for _ in range(40):
                for flooder in (one, two, three):
                    await flooder.say(bid(1))
            message = bid(5_000)
            await honest.say(message)
            answer = await honest.hear("recorded")
            assert answer["bid_id"] == message["bid_id"]
            limited = await one.hear("error", code="RATE_LIMITED")
            assert limited["bid_id"]  # the page must know which bid was not taken


async def test_the_waiting_bids_of_one_bidder_are_bounded(room: Room) -> None:
    answers: list[str | None] = []
    log = room.gateway.log
    for _ in range(room.gateway.limits.bids_waiting_per_bidder + 3):
        log.bid(0, LOT, 103, new_id(), 1, lambda entry, code, repeat: answers.append(code))
    assert answers == ["RATE_LIMITED"] * 3
    other: list[str | None] = []
    log.bid(0, LOT, 102, new_id(), 1_000, lambda entry, code, repeat: other.append(code))
    await until(lambda: other)
    assert other == [None]


async def test_a_recorded_bid_is_found_after_its_lot_closed_and_the_gateway_restarted(
    serve: Serve,
) -> None:
    async with serve() as room:
        lot = 12
        await put_up(room.gateway.log, lot=lot, end_ms=now_ms() + 1_500, extension=None)
        message = bid(1_000) | {"lot": lot}
        async with room.client(101) as client:
            await client.say(message)
            first = await client.hear("recorded")
        await until(lambda: room.gateway.views.get(lot).state.phase == "closed")
    async with serve() as room:
        assert room.gateway.views.get(lot) is None
        async with room.client(101) as client:
            await client.say({"t": "watch", "lot": lot})
            await client.say(message)
            again = await client.hear("recorded")
            assert again == first | {"repeat": True}


async def test_a_signed_out_browser_loses_its_connections(room: Room) -> None:
    async with room.client(101) as client:
        (connection,) = room.gateway._connections
        connection.session = b"digest of a session"
        room.gateway.signed_out(b"another")
        room.gateway.signed_out(b"digest of a session")
        assert (await client.hear("bye"))["code"] == 3504


async def test_a_dead_part_of_the_gateway_is_told(
    room: Room, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The follower meets something it cannot take: whoever runs the gateway hears of it."""

    async def broken(shard: int) -> None:
        raise KeyError("a kind of entry from the future")

    monkeypatch.setattr(room.gateway.log, "_on_gap", broken)
    await query(database_url, "UPDATE shard SET epoch = epoch + 1, owner = 'thief'")
    with pytest.raises(KeyError, match="future"):
        async with asyncio.timeout(20):
            await Gateway.until_failed(room.gateway)
