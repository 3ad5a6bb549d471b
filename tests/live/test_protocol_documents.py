"""The live protocol's description is valid, and is what a running program really says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from house import START, STEP, House, Live, new_id, running_house
from jsonschema import Draft7Validator, Draft202012Validator, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from auction_engine.desk import listing
from auction_engine.desk.console import announcing
from auction_engine.live import closing, course
from auction_engine.live.announced import Announced
from auction_engine.live.connection import SUBPROTOCOL
from auction_engine.live.door import PATH
from auction_engine.live.messages import _ERROR_TEXTS, _SHAPES
from auction_engine.rules.commands import Act
from auction_engine.rules.events import Reason
from auction_engine.rules.lot import Status
from auction_engine.rules.parts import Confirm, Descent
from auction_engine.rules.terms import Terms
from auction_engine.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PROTOCOL = ROOT / "docs" / "protocol"
DOCUMENT: dict[str, Any] = yaml.safe_load((PROTOCOL / "asyncapi.yaml").read_text("utf-8"))
MESSAGES = DOCUMENT["components"]["messages"]
FROM_CLIENT = {"hello", "watch", "unwatch", "bid", "seal", "ask_time"}
OFFICIAL = ROOT / "web/node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"

_REGISTRY: Registry[Any] = Registry().with_resource(
    "urn:live", DRAFT202012.create_resource(DOCUMENT)
)


def check(name: str, message: Any) -> None:
    """Raise unless `message` is what the document says of message `name`."""
    Draft202012Validator(
        {"$ref": f"urn:live#/components/messages/{name}/payload"}, registry=_REGISTRY
    ).validate(message)


@pytest.mark.skipif(not OFFICIAL.is_file(), reason="the web packages are not installed")
def test_the_document_is_valid_asyncapi() -> None:
    validator = Draft7Validator(json.loads(OFFICIAL.read_text("utf-8")))
    # Through JSON, where keys are texts: YAML reads the close codes as numbers.
    errors = list(validator.iter_errors(json.loads(json.dumps(DOCUMENT))))
    assert not errors, [(list(e.absolute_path), e.message[:200]) for e in errors]


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [ref for item in value.values() for ref in _references(item)]
    return [ref for item in value for ref in _references(item)] if isinstance(value, list) else []


def test_every_reference_leads_somewhere() -> None:
    for reference in _references(DOCUMENT):
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def test_every_message_is_in_the_channel_closed_and_used() -> None:
    assert set(DOCUMENT["channels"]["live"]["messages"]) == set(MESSAGES)
    used = set()
    for operation in DOCUMENT["operations"].values():
        for message in operation["messages"] + operation.get("reply", {}).get("messages", []):
            used.add(message["$ref"].rpartition("/")[2])
    assert used == set(MESSAGES)
    for message in MESSAGES.values():
        assert message["payload"]["additionalProperties"] is False
    for name, message in MESSAGES.items():
        for example in message.get("examples", ()):
            check(name, example["payload"])


def test_the_document_and_the_program_know_the_same_names() -> None:
    assert DOCUMENT["channels"]["live"]["address"] == PATH
    assert DOCUMENT["channels"]["live"]["x-subprotocol"] == SUBPROTOCOL
    kinds = {name: MESSAGES[name]["payload"] for name in FROM_CLIENT}
    assert {payload["properties"]["t"]["const"] for payload in kinds.values()} == set(_SHAPES)
    for payload in kinds.values():
        needed, optional = _SHAPES[payload["properties"]["t"]["const"]]
        assert set(payload["required"]) == needed
        assert set(payload["properties"]) == needed | optional
    assert set(_ERROR_TEXTS) <= set(MESSAGES["error"]["payload"]["properties"]["code"]["enum"])
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["reason"]["enum"] == list(get_args(Reason))
    assert schemas["status"]["enum"] == list(get_args(Status))
    told = {name for names in course._PUBLIC.values() for name in names}
    assert told <= set(schemas["turn"]["properties"])
    byes = [value for value in vars(closing).values() if isinstance(value, closing.Bye)]
    codes = DOCUMENT["channels"]["live"]["x-close-codes"]
    for bye in byes:
        assert codes[bye.code]["retry"] is (bye.retry_ms is not None) is (bye.code < 3500)


def test_the_overview_names_the_same_messages_and_codes() -> None:
    """live.md is for people; it may say less, but nothing else."""
    overview = (PROTOCOL / "live.md").read_text("utf-8")
    named = set(re.findall(r"^\| `([a-z]+)` \|", overview, re.MULTILINE))
    kinds = {message["payload"]["properties"]["t"]["const"] for message in MESSAGES.values()}
    assert named - {"t"} == kinds  # `t` heads the tables
    enum = MESSAGES["error"]["payload"]["properties"]["code"]["enum"]
    section = overview.partition("## Error codes")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([A-Z_]{5,})`", section)) == set(enum)
    section = overview.partition("## Reason codes")[2].partition("\n## ")[0]
    codes = re.findall(
        r"`([A-Z_]{3,})`", "".join(re.findall(r"^\| (.*?) \|", section, re.MULTILINE))
    )
    assert set(codes) == set(get_args(Reason))
    close_codes = {int(code) for code in re.findall(r"^\| (\d{4}) \|", overview, re.MULTILINE)}
    assert close_codes <= set(DOCUMENT["channels"]["live"]["x-close-codes"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "bid",
            {
                "t": "bid",
                "lot": 1,
                "bid_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
                "amount_minor": 2**53,
            },
        ),
        ("bid", {"t": "bid", "lot": 1, "bid_id": "x", "amount_minor": 5}),
        ("welcome", {"t": "welcome", "now_ms": 1, "bidder": True, "resume_s": 60, "more": 1}),
        ("bye", {"t": "bye", "code": 4000, "text": "", "retry_ms": None}),
        ("time", {"t": "time", "at": "1", "now_ms": 1}),
    ],
)
def test_the_check_bites(name: str, message: Any) -> None:
    with pytest.raises(ValidationError):
        check(name, message)


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    async with running_house(settings, lots=2) as house:
        await house.account("an", "bidder")
        await house.account("binh", "bidder")
        yield house


async def test_real_messages_are_as_described(house: House) -> None:
    """Everything a bidder and an onlooker hear in a session is checked, kind by kind."""
    lot = house.lots[0]
    async with house.signed_in("an") as client, house.signed_in("binh") as other:
        ticket = (await client.post("/api/live-tickets")).json()["ticket"]
        async with house.live(ticket) as bidder, house.live() as onlooker:
            for live in (bidder, onlooker):
                await live.say(t="watch", lot=lot)
                await live.hear("snapshot")
            bid_id = new_id()
            await bidder.say(t="bid", lot=lot, bid_id=bid_id, amount_minor=START)
            await bidder.hear("recorded")
            await bidder.say(t="bid", lot=lot, bid_id=bid_id, amount_minor=START + 1)
            await bidder.hear("error")
            await bidder.say(t="bid", lot=lot, bid_id=new_id(), amount_minor=START)
            await bidder.hear("refused")
            answer = await other.post(
                f"/api/lots/{lot}/bids", json={"bid_id": new_id(), "amount_minor": START + STEP}
            )
            assert answer.json()["t"] == "recorded"
            await onlooker.hear("update")
            await onlooker.say(t="time", at=0.25)
            await onlooker.hear("time")
            await bidder.say(t="watch", lot=lot)
            snapshot = await bidder.hear("snapshot")
            assert snapshot["you"]["refused"]
            await bidder.say(t="watch", lot=lot, epoch=snapshot["epoch"], seq=1)
            resumed = await bidder.hear("update")
            assert (resumed["from"], len(resumed["bids"])) == (1, 2)
            for wrong in (
                {"t": "x"},
                {"t": "watch"},
                {"t": "watch", "lot": 999_999},
                {"t": "bid", "lot": lot, "bid_id": new_id(), "amount_minor": 1.5},
            ):
                await onlooker.say(**wrong)
                await onlooker.hear("error")
    heard = bidder.heard + onlooker.heard
    for message in heard:
        check(message["t"], message)
    assert {message["t"] for message in heard} == {
        "welcome",
        "snapshot",
        "update",
        "recorded",
        "refused",
        "error",
        "time",
    }


async def put_up(house: House, **params: Any) -> int:
    """A lot with a life, beside the others, with both bidders admitted."""
    (lot,) = await house.put_up(1, extension=None, terms=Terms(min_participants=1), **params)
    for person in house.people.values():
        await listing.admit(house.log, house.shard(lot), lot, person.id)
    await house.is_open(lot)
    return lot


async def act(house: House, lot: int, name: str, role: Any, actor: int = 1, **data: Any) -> None:
    await house.log.act(house.shard(lot), lot, Act(name, role, actor, "a reason", data))


async def test_a_falling_lot_is_as_described(house: House) -> None:
    """First, too late, stale, twice; a pause, a withdrawal: everything both bidders hear."""
    start_ms = int(time.time() * 1000) + 700
    descent = Descent("LINEAR", 600_000, floor_minor=START - 2 * STEP, step_minor=STEP)
    lot = await put_up(house, method="DESCENDING", descent=descent, start_ms=start_ms, end_ms=None)
    async with _two(house) as (an, binh):
        for live in (an, binh):
            await live.say(t="watch", lot=lot)
            await live.hear("snapshot")
        accept = {"t": "bid", "lot": lot, "amount_minor": START}
        await binh.say(**accept, bid_id=new_id(), step=1)
        assert (await binh.hear("refused"))["reason"] == "STALE_PRICE"
        await an.say(**accept, bid_id=new_id(), step=0)
        first = await an.hear("recorded")
        await binh.say(**accept, bid_id=new_id(), step=0)
        late = await binh.hear("refused")
        assert (late["reason"], first["n"]) == ("TOO_LATE", 1)
        await an.say(t="watch", lot=lot)
        falling = (await an.hear("snapshot"))["state"]["life"]["falling"]
        assert falling["late_ms"] == late["at_ms"] >= first["at_ms"]
        await act(house, lot, "withdraw_bid", "BIDDER", house.people["an"].id)
        await act(house, lot, "pause", "AUCTIONEER", ground="AUCTIONEER")
        await _until(binh, lambda state: state["phase"] == "paused")
        await an.say(t="watch", lot=lot)
        snapshot = await an.hear("snapshot")
        assert snapshot["you"]["out"] == "WITHDREW"
        assert snapshot["bids"][0]["void"] is True
        assert snapshot["turns"][0]["kind"] == "lot.paused"
        assert snapshot["state"]["life"]["falling"]["late_ms"] is None
        for message in an.heard + binh.heard:
            check(message["t"], message)


async def test_automatic_and_unusual_bids_are_as_described(house: House) -> None:
    lot = await put_up(house, automatic_bids=True, confirm=Confirm(20_000, 100))
    async with _two(house) as (an, binh):
        for live in (an, binh):
            await live.say(t="watch", lot=lot)
            await live.hear("snapshot")
        maximum = {"t": "bid", "lot": lot, "amount_minor": START * 3, "automatic": True}
        await an.say(**maximum, bid_id=new_id())
        assert (await an.hear("refused"))["reason"] == "CONFIRMATION_NEEDED"
        await an.say(**maximum, bid_id=new_id(), confirmed=True)
        assert (await an.hear("recorded"))["automatic"] is True
        await binh.say(t="bid", lot=lot, bid_id=new_id(), amount_minor=START + STEP)
        await binh.hear("recorded")
        state = await _until(binh, lambda state: state["price_minor"] == START + 2 * STEP)
        assert "robots" not in state
        await an.say(t="watch", lot=lot)
        snapshot = await an.hear("snapshot")
        assert snapshot["you"]["maximum_minor"] == START * 3
        assert snapshot["bids"][0]["automatic"] is True
        for message in an.heard + binh.heard:
            check(message["t"], message)
        assert str(START * 3) not in json.dumps(binh.heard)


@contextlib.asynccontextmanager
async def _two(house: House) -> AsyncIterator[tuple[Live, Live]]:
    """Live connections of both bidders."""
    async with contextlib.AsyncExitStack() as stack:
        tickets = []
        for login in ("an", "binh"):
            client = await stack.enter_async_context(house.signed_in(login))
            tickets.append((await client.post("/api/live-tickets")).json()["ticket"])
        an, binh = [await stack.enter_async_context(house.live(ticket)) for ticket in tickets]
        yield an, binh


async def _until(live: Live, true: Any) -> dict[str, Any]:
    """The first state heard in updates for which `true` holds."""
    async with asyncio.timeout(10):
        while not true(state := (await live.hear("update"))["state"]):
            pass
        return dict(state)


async def test_the_last_word_is_as_described(house: House) -> None:
    async with house.live("no such ticket as this") as live:
        message = await asyncio.wait_for(live.hear("bye"), 10)
    check("bye", message)
    assert message["code"] == 3501


async def test_announcements_are_as_described() -> None:
    frames: list[tuple[int, bytes]] = []
    said = [
        announcing.Said(1, n, datetime(2026, 7, 1, tzinfo=UTC), (7, 8), {"vi": f"Nghỉ {n}."})
        for n in range(14, 0, -1)
    ]
    announced = Announced(None, "", lambda lot, data: frames.append((lot, data)))  # type: ignore[arg-type]
    announced.take(said)
    assert [lot for lot, _ in frames] == [7, 8]
    for lot, data in frames:
        message = json.loads(data[data.index(b"{") :])
        check("announcements", message)
        assert message["lot"] == lot
        assert [one["n"] for one in message["said"]] == list(range(14, 4, -1))
    announced.take(said)
    assert len(frames) == 2  # nothing new, nothing told
    assert announced.frame(9) is None
