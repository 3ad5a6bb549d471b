"""The live protocol's description is valid, and is what a running program really says."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from house import START, STEP, House, new_id, running_house
from jsonschema import Draft7Validator, Draft202012Validator, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from auction_engine.live import closing
from auction_engine.live.connection import SUBPROTOCOL
from auction_engine.live.door import PATH
from auction_engine.live.messages import _ERROR_TEXTS, _SHAPES
from auction_engine.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PROTOCOL = ROOT / "docs" / "protocol"
DOCUMENT: dict[str, Any] = yaml.safe_load((PROTOCOL / "asyncapi.yaml").read_text("utf-8"))
MESSAGES = DOCUMENT["components"]["messages"]
FROM_CLIENT = {"hello", "watch", "unwatch", "bid", "ask_time"}
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
    byes = [value for value in vars(closing).values() if isinstance(value, closing.Bye)]
    codes = DOCUMENT["channels"]["live"]["x-close-codes"]
    for bye in byes:
        assert codes[bye.code]["retry"] is (bye.retry_ms is not None) is (bye.code < 3500)


def test_the_overview_names_the_same_messages_and_codes() -> None:
    """live.md is for people; it may say less, but nothing else."""
    overview = (PROTOCOL / "live.md").read_text("utf-8")
    named = set(re.findall(r"^\| `(\w+)` \|", overview, re.MULTILINE))
    kinds = {message["payload"]["properties"]["t"]["const"] for message in MESSAGES.values()}
    assert named - {"t"} == kinds  # `t` heads the tables
    enum = MESSAGES["error"]["payload"]["properties"]["code"]["enum"]
    section = overview.partition("## Error codes")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([A-Z_]{5,})`", section)) == set(enum)
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


async def test_the_last_word_is_as_described(house: House) -> None:
    async with house.live("no such ticket as this") as live:
        message = await asyncio.wait_for(live.hear("bye"), 10)
    check("bye", message)
    assert message["code"] == 3501
