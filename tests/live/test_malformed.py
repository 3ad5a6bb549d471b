"""Frames and messages that nobody polite would send."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from bidding.harness import LOT, until

from .conftest import Serve
from .harness import Raw, Room

ID = "4175c0b7-bd62-494e-a6ab-c0c3cc8bd6d5"


async def welcomed(room: Room, account: int | None = None) -> Raw:
    raw, head = await Raw.open(room.port)
    assert " 101 " in head
    hello: dict[str, Any] = {"t": "hello"}
    if account is not None:
        hello["ticket"] = await room.ticket(account)
    raw.say(hello)
    assert b"welcome" in (await raw.receive())[1]
    return raw


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "BAD_MESSAGE"),
        (b"{", "BAD_MESSAGE"),
        (b"[]", "BAD_MESSAGE"),
        (b"7", "BAD_MESSAGE"),
        (b"null", "BAD_MESSAGE"),
        (b"{}", "BAD_MESSAGE"),
        (b'{"t":"bye"}', "BAD_MESSAGE"),
        (b'{"t":["bid"]}', "BAD_MESSAGE"),
        (b'{"t":"hello"}', "BAD_MESSAGE"),
        (b'{"t":"watch"}', "BAD_MESSAGE"),
        (b'{"t":"watch","lot":"8"}', "BAD_MESSAGE"),
        (b'{"t":"watch","lot":8,"x":1}', "BAD_MESSAGE"),
        (b'{"t":"watch","lot":-1}', "BAD_MESSAGE"),
        (b'{"t":"watch","lot":true}', "BAD_MESSAGE"),
        (b'{"t":"watch","lot":1e3}', "BAD_MESSAGE"),
        (b'{"t":"watch","lot":9007199254740992}', "BAD_MESSAGE"),
        (b'{"t":"watch","lot":99999999999999999999999999}', "BAD_MESSAGE"),
        (b'{"t":"time","at":NaN}', "BAD_MESSAGE"),
        (b'{"t":"time","at":Infinity}', "BAD_MESSAGE"),
        (b'{"t":"time","at":' + b"[" * 1900 + b"]" * 1900 + b"}", "BAD_MESSAGE"),
        (b'{"t":"time","at":"1"}', "BAD_MESSAGE"),
        (b'{"t":"time","at":"\\ud800"}', "BAD_MESSAGE"),
    ],
)
async def test_what_is_no_message_is_said_so(room: Room, payload: bytes, code: str) -> None:
    raw = await welcomed(room)
    raw.frame(payload)
    answer = orjson.loads((await raw.receive())[1])
    assert (answer["t"], answer["code"]) == ("error", code)
    raw.say({"t": "time", "at": 1})
    assert orjson.loads((await raw.receive())[1])["t"] == "time"
    raw.close()


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (b"1000.0", "BAD_AMOUNT_NOT_INTEGER"),
        (b"1e3", "BAD_AMOUNT_NOT_INTEGER"),
        (b'"1000"', "BAD_AMOUNT_NOT_INTEGER"),
        (b"true", "BAD_AMOUNT_NOT_INTEGER"),
        (b"null", "BAD_AMOUNT_NOT_INTEGER"),
        (b"[1]", "BAD_AMOUNT_NOT_INTEGER"),
        (b"0", "BAD_AMOUNT_NOT_POSITIVE"),
        (b"-1000", "BAD_AMOUNT_NOT_POSITIVE"),
        (b"9007199254740992", "BAD_AMOUNT_TOO_LARGE"),
        (b"NaN", "BAD_MESSAGE"),
        (b"01000", "BAD_MESSAGE"),
        (b"-0", "BAD_AMOUNT_NOT_POSITIVE"),
    ],
)
async def test_what_is_no_amount_is_said_so(room: Room, amount: bytes, code: str) -> None:
    raw = await welcomed(room, 101)
    raw.frame(b'{"t":"bid","lot":8,"bid_id":"%s","amount_minor":%s}' % (ID.encode(), amount))
    answer = orjson.loads((await raw.receive())[1])
    assert (answer["t"], answer["code"]) == ("error", code)
    assert code == "BAD_MESSAGE" or answer["bid_id"] == ID
    raw.close()


@pytest.mark.parametrize("bid_id", ["", "x", ID.upper(), ID.replace("-", ""), f" {ID}", 5, None])
async def test_what_is_no_bid_id_is_said_so(room: Room, bid_id: Any) -> None:
    raw = await welcomed(room, 101)
    raw.say({"t": "bid", "lot": LOT, "bid_id": bid_id, "amount_minor": 1000})
    assert orjson.loads((await raw.receive())[1])["code"] == "BAD_BID_ID"
    raw.close()


async def test_a_key_said_twice_is_one_bid(room: Room) -> None:
    """The last one counts, as for every JSON reader of ours; it is one bid with one answer."""
    raw = await welcomed(room, 101)
    raw.frame(
        b'{"t":"bid","lot":8,"bid_id":"%s","amount_minor":1000,"amount_minor":1010}' % ID.encode()
    )
    answer = orjson.loads((await raw.receive())[1])
    assert (answer["t"], answer["amount_minor"]) == ("recorded", 1010)
    raw.close()


async def test_who_only_watches_cannot_bid(room: Room) -> None:
    raw = await welcomed(room)
    raw.say({"t": "bid", "lot": LOT, "bid_id": ID, "amount_minor": 1000})
    assert orjson.loads((await raw.receive())[1])["code"] == "NOT_A_BIDDER"
    raw.close()


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([(b"\xff\xfe", 1, True, True)], 1007),
        ([(b'{"t":"\xc3', 1, True, True)], 1007),
        ([(b"abc", 2, True, True)], 1003),
        ([(b"{}", 1, True, False)], 1002),
        ([(b"x" * 5000, 1, True, True)], 1009),
        ([(b"x" * 3000, 1, False, True), (b"x" * 3000, 0, True, True)], 1009),
        ([(b"{}", 0, True, True)], 1002),
        ([(b"{}", 1, False, True), (b"{}", 1, True, True)], 1002),
        ([(b"{}", 3, True, True)], 1002),
        ([(b"x" * 126, 9, True, True)], 1002),
        ([(b"\x03", 8, True, True)], 1002),
    ],
)
async def test_broken_frames_end_the_connection(
    room: Room, frames: list[tuple[bytes, int, bool, bool]], code: int
) -> None:
    raw = await welcomed(room)
    for payload, opcode, fin, masked in frames:
        raw.frame(payload, opcode, fin, masked)
    assert await raw.code() == code
    await raw.gone()
    raw.close()
    await until(lambda: not room.gateway._connections, 5)


async def test_a_message_in_pieces_is_one_message(room: Room) -> None:
    raw = await welcomed(room)
    for n, piece in enumerate((b'{"t":"ti', b'me","a', b"", b't":5}')):
        raw.frame(piece, 0 if n else 1, n == 3)
        raw.frame(b"between", opcode=9)
    kinds = [await raw.receive() for _ in range(5)]
    assert sorted(opcode for opcode, _ in kinds) == [1, 10, 10, 10, 10]
    assert [orjson.loads(data)["at"] for opcode, data in kinds if opcode == 1] == [5]
    raw.close()


async def test_pieces_without_end_are_a_flood(serve: Serve) -> None:
    async with serve(messages_per_s=5, messages_burst=20) as room:
        raw = await welcomed(room)
        raw.frame(b"", 1, False)
        for _ in range(200):
            raw.frame(b"", 0, False)
        assert await raw.code() == 3503
        raw.close()


async def test_who_does_not_make_sense_ten_times_is_sent_away(room: Room) -> None:
    raw = await welcomed(room)
    for _ in range(12):
        raw.frame(b"nonsense")
    assert await raw.code() == 3502
    raw.close()


@pytest.mark.parametrize("opcode", [1, 9])
async def test_who_says_too_much_is_told_and_then_sent_away(serve: Serve, opcode: int) -> None:
    async with serve(messages_per_s=5, messages_burst=20) as room:
        raw = await welcomed(room)
        for _ in range(100):
            raw.frame(b'{"t":"time","at":1}', opcode)
        told = 0
        while True:
            kind, payload = await raw.receive()
            if kind == 8:
                break
            told += b"RATE_LIMITED" in payload
        assert int.from_bytes(payload[:2], "big") == 3503
        assert 15 <= told <= 25
        raw.close()
