"""The acts of a lot as forms: asked once, with what will follow, and recorded once."""

from __future__ import annotations

import asyncio
import html
import os
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import contract
import httpx
import pytest
import pytest_asyncio
from bidding.harness import journal
from house import START, STEP, House, new_id, running_house
from rules.lots import Play

from auction_engine.desk import listing
from auction_engine.desk.possible import CHOICES, Possible, fields_of
from auction_engine.http.acting_fields import Form, choice_name
from auction_engine.http.money_words import Words
from auction_engine.http.presenting import presenter
from auction_engine.identity.access import BY_THE_BOOKS
from auction_engine.rules.lifecycle import BY_ACT
from auction_engine.rules.terms import Terms
from auction_engine.settings import Settings

TERMS = Terms(deposit_minor=STEP, single_after_failures=0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(
    servers: Any, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    database = f"panel_{os.getpid()}"
    servers.create_database(database, migrated_template)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("panel"), port=0,
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
    )  # fmt: skip
    async with running_house(settings, lots=0) as house:
        house.hooks.append(contract.check)
        await house.account("an", "bidder")
        await house.account("auctioneer", "organisation")
        await house.account("colleague", "organisation")
        await house.account("officer", "officer")
        yield house
    servers.drop_database(database)


async def lot_of(house: House, **changes: Any) -> int:
    """A new lot with one bidder, open for ten minutes."""
    end_ms = int((time.time() + 600) * 1000)
    (lot,) = await house.put_up(
        1, **({"terms": TERMS, "extension": None, "end_ms": end_ms} | changes)
    )
    bidder = house.people["an"].id
    await listing.admit(house.log, house.shard(lot), lot, bidder)
    await house.is_open(lot)
    return lot


async def send(client: httpx.AsyncClient, lot: int, act: str, **fields: str) -> httpx.Response:
    body = {"csrf": client.headers["X-CSRF-Token"], "act": act, **fields}
    return await client.post(f"/lots/{lot}/acts", data=body)


async def turns(house: House, lot: int) -> list[str]:
    entries = await journal(house.settings.database_url or "", lot)
    return [entry["kind"] for entry in entries]


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_act_has_its_words_in_both_languages() -> None:
    words = presenter()
    for lang in ("vi", "en"):
        for name, row in BY_ACT.items():
            if name in BY_THE_BOOKS:
                continue
            for key in (f"acting.act.{name}", f"acting.follows.{name}"):
                assert words.has_text(lang, key), key
            for field in fields_of(row):
                assert words.has_text(lang, f"acting.field.{field.name}")
            for role in row.roles:
                assert words.has_text(lang, f"acting.role.{role}")


async def test_it_is_asked_once_and_recorded_with_who_and_why(room: House) -> None:
    lot = await lot_of(room)
    async with room.signed_in("auctioneer") as client:
        page = await client.get(f"/lots/{lot}/acts")
        assert page.status_code == 200
        assert 'name="act" value="pause"' in page.text
        before = await turns(room, lot)
        asked = await send(client, lot, "pause", f_ground="AUCTIONEER", sent="1")
        assert asked.status_code == 200
        # What follows stands there in both languages, and nothing is done yet.
        for lang in ("vi", "en"):
            said = presenter().text(lang, "acting.follows.pause")
            assert said in html.unescape(asked.text)
        assert 'name="confirmed"' in asked.text
        assert await turns(room, lot) == before
        done = await send(
            client, lot, "pause", f_ground="AUCTIONEER", reason="đổi ca", confirmed="1",
            back=f"/lots/{lot}/acts",
        )  # fmt: skip
        assert done.status_code == 303
        assert done.headers["location"] == f"/lots/{lot}/acts?acted=pause"
        entry = (await journal(room.settings.database_url or "", lot))[-1]
        assert entry["kind"] == "lot.paused"
        assert entry["data"]["by"] == room.people["auctioneer"].id
        assert entry["data"]["reason"] == "đổi ca"
        after = await client.get(done.headers["location"])
        assert "Auctioneer" in after.text
        assert "đổi ca" in after.text


async def test_sent_twice_it_is_one_entry_and_a_late_one_is_told(room: House) -> None:
    lot = await lot_of(room)
    fields = {"f_ground": "AUCTIONEER", "reason": "tea", "confirmed": "1"}
    async with room.signed_in("auctioneer") as client, room.signed_in("colleague") as other:
        answers = await asyncio.gather(*(send(client, lot, "pause", **fields) for _ in range(2)))
        assert [answer.status_code for answer in answers] == [303, 303]
        again = await send(client, lot, "pause", **fields)
        assert again.status_code == 303
        # Pausing a paused lot is another's act, and it is not open any more.
        late = await send(other, lot, "pause", **fields)
        assert late.status_code == 409
        assert "Auctioneer" in late.text
    assert (await turns(room, lot)).count("lot.paused") == 1


async def test_what_is_missing_is_asked_for_and_nothing_is_recorded(room: House) -> None:
    lot = await lot_of(room)
    before = await turns(room, lot)
    async with room.signed_in("auctioneer") as client:
        first = await send(client, lot, "disqualify")
        assert first.status_code == 200
        assert 'name="f_bidder"' in first.text
        assert 'class="wrong"' not in first.text
        for fields in (
            {}, {"f_bidder": "B-XXX", "f_ground": "DISORDER", "reason": "x"},
            {"f_bidder": "", "f_ground": "DISORDER", "reason": "x"},
            {"f_ground": "LAUGHTER", "reason": "x"}, {"f_ground": "DISORDER", "reason": " "},
        ):  # fmt: skip
            answer = await send(client, lot, "disqualify", confirmed="1", **fields)
            assert answer.status_code == 422, fields
            assert 'class="wrong"' in answer.text
        for act, status in (("dance", 400), ("hold_deposit", 403), ("consent", 403)):
            assert (await send(client, lot, act, confirmed="1")).status_code == status
    assert await turns(room, lot) == before


async def test_an_act_leads_back_to_pages_of_this_site_only(room: House) -> None:
    lot = await lot_of(room)
    async with room.signed_in("auctioneer") as client:
        for act, back in (("pause", "https://evil.test/"), ("resume", "//evil.test/x")):
            fields = {"f_ground": "AUCTIONEER"} if act == "pause" else {}
            asked = await send(client, lot, act, back=back, **fields)
            assert "evil" not in asked.text
            done = await send(client, lot, act, back=back, confirmed="1", **fields)
            assert done.headers["location"] == f"/lots/{lot}/acts?acted={act}"


async def test_each_is_offered_what_is_his(room: House) -> None:
    lot = await lot_of(room)
    async with room.signed_in("an") as an, room.signed_in("officer") as officer:
        bid = {"bid_id": new_id(), "amount_minor": START}
        assert (await an.post(f"/api/lots/{lot}/bids", json=bid)).json()["t"] == "recorded"
        for client in (an, officer):
            page = (await client.get(f"/lots/{lot}/acts")).text
            told = (await client.get(f"/api/lots/{lot}/acts")).json()
            offered = set(re.findall(r'name="act" value="(\w+)"', page))
            assert offered == {one["act"] for one in told["acts"]}
        assert "withdraw_bid" in (await an.get(f"/lots/{lot}/acts")).text
        # Whoever is not the house learns of nobody's name.
        assert "Auctioneer" not in (await an.get(f"/lots/{lot}/acts")).text


def typed(act: str, field: str, text: str) -> tuple[Any, bool]:
    """What one typed text becomes, and whether it was taken."""
    words = Words(presenter(), "vi", "")
    one = Possible(act, "ORGANISATION", fields_of(BY_ACT[act]))
    lot = {"currency": "VND", "minor_digits": 0}
    found = Form(words, lot, Play().now, one).read({field: text})
    return found.data.get(field), field not in found.problems


@pytest.mark.parametrize(
    ("act", "field", "text", "value"),
    [
        ("record_payment", "amount_minor", "4.200.000.000", 4_200_000_000),
        ("record_payment", "amount_minor", "4.2", None),
        ("record_payment", "amount_minor", "-1", None),
        ("take_in_kind", "top_up_minor", "0", 0),
        ("reschedule", "start_ms", "2026-11-23T10:00", 1_795_402_800_000),
        ("reschedule", "start_ms", "morgen", None),
        ("decide_absence", "excused", "yes", True),
        ("decide_absence", "excused", "perhaps", None),
        ("appoint", "auctioneer", "7", 7),
        ("appoint", "auctioneer", "²", None),
        ("open_boxes", "keys", "a\n\n b ", ["a", "b"]),
        ("pause", "ground", "AUCTIONEER", "AUCTIONEER"),
        ("pause", "ground", "TEA", None),
    ],
)
async def test_what_is_typed_is_read_in_one_way(
    act: str, field: str, text: str, value: Any
) -> None:
    assert typed(act, field, text) == (value, value is not None)


async def test_no_list_is_offered_without_a_name_for_each_choice() -> None:
    words = Words(presenter(), "en", "")
    for (act, _), choices in CHOICES.items():
        if act not in BY_THE_BOOKS and act != "sign_minutes":
            for value in choices:
                assert choice_name(words, act, value) != value, (act, value)
