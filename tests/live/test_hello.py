"""Who is let in, and how long one may hesitate."""

from __future__ import annotations

import asyncio

import plain
import pytest
from bidding.harness import LOT, new_id, until
from websockets.exceptions import InvalidStatus

from auction_engine.live.door import Door

from .conftest import Serve
from .harness import Client, Raw, Room


async def test_plain_pages_and_live_connections_share_the_port(room: Room) -> None:
    async with plain.client() as http, room.client() as client:
        answer = await http.get(f"http://127.0.0.1:{room.port}/")
        assert (answer.status_code, answer.text) == (200, "plain")
        assert client.socket.subprotocol == "auction.v1"


async def test_of_twenty_that_show_one_ticket_one_gets_in(room: Room) -> None:
    ticket = await room.ticket(101)

    async def enter() -> str:
        async with room.connection() as socket:
            client = Client(socket)
            await client.say({"t": "hello", "ticket": ticket})
            message = await client.next()
            if message["t"] == "welcome":
                return "welcome"
            assert message["t"] == "bye"
            return f"bye {await client.code()}"

    results = await asyncio.gather(*(enter() for _ in range(20)))
    assert sorted(results) == ["bye 3501"] * 19 + ["welcome"]


@pytest.mark.parametrize("ticket", ["", "x", "never issued, long enough", "ü" * 30, "x" * 3000])
async def test_a_ticket_nobody_issued(room: Room, ticket: str) -> None:
    async with room.connection() as socket:
        client = Client(socket)
        await client.say({"t": "hello", "ticket": ticket})
        assert (await client.hear("bye"))["retry_ms"] is None
        assert await client.code() == 3501


async def test_an_expired_ticket(room: Room) -> None:
    ticket = await room.ticket(101, ttl_s=1)

    async def expired() -> bool:
        return not await room.gateway.redis.exists(f"ticket:{ticket}")

    await until(expired)
    async with room.connection() as socket:
        client = Client(socket)
        await client.say({"t": "hello", "ticket": ticket})
        assert await client.code() == 3501


async def test_who_says_nothing_is_sent_away(serve: Serve) -> None:
    async with serve(hello_timeout_s=0.5) as room, room.connection() as socket:
        assert await Client(socket).code() == 3500


async def test_chatter_does_not_put_off_the_hello(serve: Serve) -> None:
    """Pings and questions for the time are no hello."""
    async with serve(hello_timeout_s=0.5) as room:
        raw, _ = await Raw.open(room.port)
        codes = asyncio.create_task(raw.code())
        while not codes.done():
            raw.frame(b"", opcode=9)
            raw.say({"t": "time", "at": 1})
            await asyncio.sleep(0.1)
            assert raw.reader._transport is not None  # type: ignore[attr-defined]
        assert codes.result() == 3500
        raw.close()


async def test_what_is_said_right_after_the_hello_waits_for_it(room: Room) -> None:
    async with room.connection() as socket:
        client, bid_id = Client(socket), new_id()
        await client.say({"t": "hello", "ticket": await room.ticket(101)})
        await client.say({"t": "watch", "lot": LOT})
        await client.say({"t": "bid", "lot": LOT, "bid_id": bid_id, "amount_minor": 1000})
        assert (await client.hear("recorded"))["bid_id"] == bid_id
        assert [m["t"] for m in client.heard][:2] == ["welcome", "snapshot"]


async def test_a_client_that_left_before_its_welcome_leaves_nothing(room: Room) -> None:
    for _ in range(20):
        raw, _ = await Raw.open(room.port)
        raw.say({"t": "hello", "ticket": await room.ticket(101)})
        raw.say({"t": "watch", "lot": LOT})
        raw.close()
    async with room.client() as client:
        await client.watch(LOT)
    await until(lambda: not room.gateway._connections and not room.gateway.rooms._rooms, 5)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://127.0.0.1:{port}", True),
        ("https://pages.example", True),
        ("https://evil.example", False),
        ("null", False),
        ("http://127.0.0.1", False),
        ("http://127.0.0.1:{port}.evil.example", False),
        ("https://pages.example:444", False),
    ],
)
async def test_other_origins_are_refused(serve: Serve, origin: str | None, allowed: bool) -> None:
    async with serve() as room:
        room.gateway.door = Door(
            room.gateway.settings.model_copy(update={"allowed_origins": ("https://pages.example",)})
        )
        shown = None if origin is None else origin.format(port=room.port)
        if allowed:
            async with room.client(origin=shown):
                return
        with pytest.raises(InvalidStatus, match="403"):
            async with room.client(origin=shown):
                pass


@pytest.mark.parametrize(
    ("path", "extra", "status"),
    [
        ("/live", "Origin: https://evil.example\r\n", "403"),
        ("/elsewhere", "", "404"),
        ("/live", "".join(f"X-{n}: y\r\n" for n in range(200)), None),
        ("/live", "Sec-WebSocket-Key: twice\r\n", "400"),
    ],
)
async def test_a_refused_handshake_holds_no_connection(
    room: Room, path: str, extra: str, status: str | None
) -> None:
    """The client keeps its end open; the server must not."""
    try:
        raw, head = await Raw.open(room.port, path, extra)
    except (asyncio.IncompleteReadError, ConnectionError):
        assert status is None
        return
    assert status is None or status in head.split("\r\n")[0]
    await raw.gone()
    raw.close()
    assert not room.gateway._connections


async def test_limits_of_connections(serve: Serve) -> None:
    async with serve(connections_per_address=3, connections_max=5) as room:
        async with room.client(), room.client(), room.client():
            with pytest.raises(InvalidStatus, match="429"):
                async with room.client():
                    pass
        await until(lambda: not room.gateway._connections, 5)
        assert not room.gateway.door._places
    async with serve(connections_max=2, onlookers_share=1) as room, room.client(), room.client():
        with pytest.raises(InvalidStatus, match="503"):
            async with room.client():
                pass


async def test_stopping_says_goodbye(serve: Serve) -> None:
    async with serve() as room, room.client(101) as client:
        await client.watch(LOT)
        await room.gateway.stop()
        bye = await client.hear("bye")
        assert (bye["code"], bye["retry_ms"]) == (3000, 1000)
        assert await client.code() == 3000
        with pytest.raises(InvalidStatus, match="503"):
            async with room.client():
                pass
