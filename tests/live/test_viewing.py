"""What viewers are shown: the journal, conflated, and never more than they may know."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import orjson
from bidding.harness import LOT, journal, until

from auction_engine.settings import Settings

from .conftest import Serve
from .harness import Client, Raw, Room, bid


async def place(client: Client, amount: int) -> dict[str, Any]:
    message = bid(amount)
    await client.say(message)
    while True:
        heard = await client.next()
        if heard.get("bid_id") == message["bid_id"]:
            return heard


def after(entries: list[dict[str, Any]], seq: int) -> dict[str, Any]:
    """What the journal says at an entry."""
    accepted = [e for e in entries[:seq] if e["kind"] == "bid.accepted"]
    last = accepted[-1] if accepted else None
    return {
        "n": len(accepted),
        "price_minor": last and last["amount_minor"],
        "leader": last and f"B-{last['bidder'] - 100:03d}",
    }


async def test_every_view_is_the_journals(serve: Serve, database_url: str) -> None:
    async with (
        serve(messages_per_s=5000, messages_burst=5000) as room,
        room.client(101) as one,
        room.client(102) as other,
        room.client() as viewer,
    ):
        await viewer.watch(LOT)
        for n in range(120):
            await place((one, other)[n % 2], 1000 + 10 * n)
        last = (await journal(database_url))[-1]["seq"]
        while viewer.heard[-1].get("seq") != last:
            await viewer.next()
        entries = await journal(database_url)
    frames = [m for m in viewer.heard if m["t"] in ("snapshot", "update")]
    here = None
    for frame in frames:
        told = {k: frame["state"][k] for k in ("n", "price_minor", "leader")}
        assert told == after(entries, frame["seq"])
        if frame["t"] == "update":
            assert frame["from"] == here
            listed = [b["seq"] for b in frame["bids"]]
            span = [
                e["seq"]
                for e in entries[frame["from"] : frame["seq"]]
                if e["kind"] == "bid.accepted"
            ]
            assert listed == span[::-1][: len(listed)]
            assert len(span) == len(listed) + frame["omitted"]
        here = frame["seq"]


async def test_resuming_gives_exactly_what_was_missed(room: Room, database_url: str) -> None:
    async with room.client(101) as one, room.client(102) as other:
        async with room.client() as viewer:
            snapshot = await viewer.watch(LOT)
        for n in range(7):
            await place((one, other)[n % 2], 1000 + 10 * n)
        async with room.client() as viewer:
            update = await viewer.watch(LOT, epoch=snapshot["epoch"], seq=snapshot["seq"])
            assert (update["t"], update["from"]) == ("update", snapshot["seq"])
            assert [b["n"] for b in update["bids"]] == [7, 6, 5, 4, 3, 2, 1]
            assert update["omitted"] == 0
            again = await viewer.watch(LOT, epoch=update["epoch"], seq=update["seq"])
            assert (again["t"], again["bids"]) == ("update", [])
        for position in (
            {"epoch": snapshot["epoch"] + 1, "seq": snapshot["seq"]},
            {"epoch": snapshot["epoch"], "seq": update["seq"] + 50},
            {"epoch": 1},
            {"seq": 3},
        ):
            async with room.client() as viewer:
                whole = await viewer.watch(LOT, **position)
                assert whole["t"] == "snapshot"
                assert [b["n"] for b in whole["bids"]] == [7, 6, 5, 4, 3, 2, 1]


async def test_no_viewer_gets_more_than_twenty_updates_a_second(serve: Serve) -> None:
    limits = {
        "messages_per_s": 5000,
        "messages_burst": 5000,
        "bids_per_s": 5000,
        "bids_burst": 5000,
    }
    async with serve(**limits) as room:
        async with room.client(101) as one, room.client(102) as other, room.client() as viewer:
            await viewer.watch(LOT)
            moments: list[float] = []

            async def look() -> None:
                while True:
                    if (await viewer.next())["t"] == "update":
                        moments.append(time.monotonic())

            looking = asyncio.create_task(look())
            started = time.monotonic()
            answers: list[float] = []
            while time.monotonic() - started < 2:
                asked = time.monotonic()
                await place((one, other)[len(answers) % 2], 1000 + 10 * len(answers))
                answers.append(time.monotonic() - asked)
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            lasted_s = time.monotonic() - started
    # Many more bids than updates; counted over the whole, because a busy client reads in bursts.
    assert len(answers) > 60
    assert len(moments) <= 20 * lasted_s + 2
    # An answer of one's own does not wait for the next update.
    assert sorted(answers)[len(answers) // 2] < 0.045


async def test_what_is_ones_own_is_shown_to_nobody_else(room: Room) -> None:
    async with room.client(101) as one, room.client(102) as other, room.client() as viewer:
        for client in (one, other, viewer):
            await client.watch(LOT)
        assert (await place(one, 1000))["t"] == "recorded"
        refused = await place(one, 1234)
        assert refused["reason"] == "ALREADY_LEADING"
        assert (await place(other, 1001))["t"] == "refused"
        await place(other, 1700)
        for client in (one, other, viewer):
            while client.heard[-1].get("state", {}).get("price_minor") != 1700:
                await client.next()
        mine = await one.watch(LOT)
        assert [r["amount_minor"] for r in mine["you"]["refused"]] == [1234]
        assert (mine["you"]["code"], mine["you"]["best_minor"]) == ("B-001", 1000)
        theirs = await other.watch(LOT)
        assert [r["amount_minor"] for r in theirs["you"]["refused"]] == [1001]
        assert (await viewer.watch(LOT))["you"] is None
        for client in (one, other, viewer):
            everything = orjson.dumps(client.heard)
            for account in (101, 102):
                assert b'"bidder":%d' % account not in everything
                assert b":%d," % account not in everything
        assert b"1234" not in orjson.dumps([other.heard, viewer.heard])
        assert b"1001" not in orjson.dumps([one.heard, viewer.heard])


async def test_a_lot_not_in_memory_is_read_once_and_unwatched_lots_are_quiet(room: Room) -> None:
    async with room.client() as viewer, room.client(101) as one:
        await viewer.say({"t": "watch", "lot": 999})
        assert (await viewer.hear("error"))["code"] == "UNKNOWN_LOT"
        await viewer.watch(LOT)
        await viewer.say({"t": "unwatch", "lot": LOT})
        await viewer.say({"t": "time", "at": 7})
        assert (await viewer.hear("time"))["at"] == 7
        await place(one, 1000)
        await viewer.say({"t": "time", "at": 8})
        while (await viewer.next())["t"] != "time":
            assert viewer.heard[-1]["t"] != "update"
        assert room.gateway.rooms.viewers(LOT) == 0


async def test_lots_of_one_connection_are_bounded(serve: Serve) -> None:
    async with serve(lots_per_connection=3) as room, room.client() as viewer:
        await viewer.watch(LOT)
        for lot in (1001, 1002, 1003, 1004):  # not there: still being looked up when the next comes
            await viewer.say({"t": "watch", "lot": lot})
        codes = [(await viewer.hear("error"))["code"] for _ in range(4)]
        assert sorted(codes) == ["TOO_MANY_LOTS"] * 2 + ["UNKNOWN_LOT"] * 2


async def test_a_client_that_does_not_read_is_cut_and_nobody_else(serve: Serve) -> None:
    async with serve(
        outbox_max_bytes=64 * 1024,
        messages_per_s=10_000,
        messages_burst=100_000,
        bids_burst=1_000,
        ping_timeout_s=60,
    ) as room:
        async with room.client(101) as one, room.client(102) as other, room.client() as viewer:
            for n in range(200):
                await place((one, other)[n % 2], 1000 + 10 * n)
            raw, _ = await Raw.open(room.port)
            raw.say({"t": "hello"})
            await until(lambda: len(room.gateway._connections) == 4)
            (deaf,) = [c for c in room.gateway._connections if c not in _known(room, raw)]
            # It asks and never reads: pongs and answers pile up, but not beyond the limit.
            most = 0
            with_pings = asyncio.get_running_loop().time() + 20
            while deaf in room.gateway._connections:
                assert asyncio.get_running_loop().time() < with_pings
                for _ in range(200):
                    raw.frame(b"x" * 120, opcode=9)
                    raw.say({"t": "time", "at": 1})
                most = max(most, deaf.transport.get_write_buffer_size())
                await asyncio.sleep(0.001)
            assert most < 64 * 1024 + 2**18
            await viewer.watch(LOT)
            assert (await place(one, 99_000))["t"] == "recorded"
            raw.close()


def _known(room: Room, raw: Raw) -> list[Any]:
    port = raw.writer.get_extra_info("sockname")[1]
    return [
        c for c in room.gateway._connections if c.transport.get_extra_info("peername")[1] != port
    ]


async def test_whoever_does_not_answer_pings_is_sent_away(serve: Serve) -> None:
    async with serve(ping_interval_s=0.5, ping_timeout_s=0.5) as room, room.client() as alive:
        raw, _ = await Raw.open(room.port)
        raw.say({"t": "hello"})
        assert await raw.code() == 3002
        await raw.gone()
        raw.close()
        await alive.say({"t": "time", "at": 1})  # websockets' client answers pings by itself
        await alive.hear("time")


async def test_half_closed_clients_do_not_stop_the_sweep(serve: Serve) -> None:
    """One says goodbye and stays; later the silent must still be found."""
    async with serve(ping_interval_s=0.3, ping_timeout_s=0.3) as room:
        half, _ = await Raw.open(room.port)
        half.say({"t": "hello"})
        half.frame(b"\x03\xe8", opcode=8)
        await half.gone()
        raw, _ = await Raw.open(room.port)
        raw.say({"t": "hello"})
        assert await raw.code() == 3002
        half.close()
        raw.close()
        await until(lambda: not room.gateway._connections, 5)


async def test_a_bid_on_another_gateway_is_seen_here(serve: Serve, settings: Settings) -> None:
    from .harness import room_of

    async with serve() as room, room_of(settings) as second:
        async with room.client(101) as one, second.client() as viewer:
            await viewer.watch(LOT)
            await place(one, 1000)
            while viewer.heard[-1]["state"]["n"] != 1:
                await viewer.next()
