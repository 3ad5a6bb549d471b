"""A complaint holds an announcement from the moment it is taken up until it is decided: over HTTP,
with the program's own keeper of holds at work."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio
from bidding.harness import journal
from cashroom import send, words
from house import START, STEP, House, new_id, running_house

from auction_engine.desk import listing
from auction_engine.rules import packs
from auction_engine.rules.commands import Act, CommandRefused
from auction_engine.rules.pack import pack_hash
from auction_engine.rules.terms import Terms
from auction_engine.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")
PACK = packs.load("vn-enforcement-2026-07")
PUBLISHED = "Diện tích đã được nêu trong hồ sơ."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(
    servers: Any, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    database = f"holding_{os.getpid()}"
    servers.create_database(database, migrated_template)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("holding"), port=0,
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
    )  # fmt: skip
    async with running_house(settings, lots=0) as made:
        for login in ("an", "binh"):
            await made.account(login, "bidder")
        await made.account("auctioneer", "organisation")
        yield made
    servers.drop_database(database)


async def sold(house: House) -> int:
    """A lot under the pack whose bidding is over, with a leader to be announced."""
    end_ms = int((time.time() + 2) * 1000)
    (lot,) = await house.put_up(
        1, terms=Terms(deposit_minor=STEP), extension=None, end_ms=end_ms, pack=PACK.id,
        pack_hash=pack_hash(PACK),
    )  # fmt: skip
    for login in ("an", "binh"):
        await listing.admit(house.log, house.shard(lot), lot, house.people[login].id)
    await house.is_open(lot)
    for n, login in enumerate(("an", "binh")):
        async with house.signed_in(login) as client:
            said = await client.post(
                f"/api/lots/{lot}/bids",
                json={"bid_id": new_id(), "amount_minor": START + n * STEP},
            )
            assert said.json()["t"] == "recorded", said.text
    return lot


async def until(house: House, lot: int, kind: str, times: int = 1) -> list[str]:
    """The kinds of the lot's entries, as soon as one is there so often."""
    for _ in range(500):
        kinds = [entry["kind"] for entry in await journal(house.settings.database_url or "", lot)]
        if kinds.count(kind) >= times:
            return kinds
        await asyncio.sleep(0.02)
    raise AssertionError(f"no {kind} in {kinds}")


async def complain(house: House, lot: int) -> int:
    """The loser complains to the organisation; returns the complaint's number."""
    form = {
        "lot": lot, "key": uuid.uuid4(), "addressee": "ORGANISATION", "about": "LOT", "seq": "",
        "known_on": datetime.now(UTC).date().isoformat(), "grounds": "Thiếu diện tích thật.",
        "remedy": "Hủy kết quả.",
    }  # fmt: skip
    async with house.signed_in("an") as client:
        sent = await send(
            client, "/mine/complaints", **{name: str(said) for name, said in form.items()}
        )
    assert sent.status_code == 303, words(sent.text)
    return int(sent.headers["location"].partition("?")[0].rpartition("/")[2])


async def answer(client: httpx.AsyncClient, complaint: int, kind: str, **said: str) -> None:
    done = await send(client, f"/desk/complaints/{complaint}/answer", kind=kind, **said)
    assert done.status_code == 303, words(done.text)


async def announce(client: httpx.AsyncClient, lot: int) -> tuple[int, str | None]:
    done = await client.post(f"/api/lots/{lot}/acts", json={"act": "announce"})
    return done.status_code, done.json().get("code")


async def test_an_announcement_waits_for_the_decision_and_the_outcome_is_public(
    house: House,
) -> None:
    lot = await sold(house)
    complaint = await complain(house, lot)
    async with house.signed_in("auctioneer") as desk:
        await answer(desk, complaint, "ACCEPTED")
        await until(house, lot, "leader.determined")
        # The keeper tells the log; nobody presses anything.
        await until(house, lot, "hold.placed")
        for _ in range(2):
            assert await announce(desk, lot) == (409, "COMPLAINT_OPEN")
        by = house.people["auctioneer"].id
        with pytest.raises(CommandRefused) as held:  # not even past the desk
            await house.log.act(house.shard(lot), lot, Act("announce", "AUCTIONEER", by))
        assert held.value.code == "HELD"
        await answer(
            desk, complaint, "DECIDED_DENIED", reason="Có trong hồ sơ.", published=PUBLISHED,
            articles="Luật 01/2016 Điều 9",
        )  # fmt: skip
        await until(house, lot, "hold.released")
        assert (await announce(desk, lot))[0] == 200
    kinds = await until(house, lot, "winner.announced")
    course = [kind for kind in kinds if kind.startswith("hold.") or kind == "winner.announced"]
    assert course == ["hold.placed", "hold.released", "winner.announced"]
    await _told_to_all(house, complaint)


async def _told_to_all(house: House, complaint: int) -> None:
    """The outcome stands among the results, with no name and no grounds."""
    async with house.browser() as anybody:
        for _ in range(250):
            page = words((await anybody.get("/results")).text)
            if PUBLISHED in page:
                break
            await asyncio.sleep(0.1)
        assert PUBLISHED in page
        assert f"-{complaint:06d}" in page
        assert "Thiếu diện tích" not in page
        assert 'href="/lots/' in (await anybody.get("/results")).text


async def test_what_is_taken_back_holds_nothing(house: House) -> None:
    lot = await sold(house)
    complaint = await complain(house, lot)
    async with house.signed_in("auctioneer") as desk, house.signed_in("an") as bidder:
        await answer(desk, complaint, "ACCEPTED")
        await until(house, lot, "hold.placed")
        assert await announce(desk, lot) == (409, "COMPLAINT_OPEN")
        done = await send(bidder, f"/mine/complaints/{complaint}/withdraw", reason="đã rõ")
        assert done.status_code == 303
        await until(house, lot, "hold.released")
        assert (await announce(desk, lot))[0] == 200


async def test_a_hold_of_a_person_outlasts_every_complaint(house: House) -> None:
    """The keeper ends what it placed; what the organisation placed itself is the organisation's."""
    lot = await sold(house)
    complaint = await complain(house, lot)
    async with house.signed_in("auctioneer") as desk:
        await until(house, lot, "leader.determined")
        placed = await desk.post(
            f"/api/lots/{lot}/acts",
            json={"act": "hold", "reason": "Chờ xác minh.", "data": {"ground": "COMPLAINT"}},
        )
        assert placed.status_code == 200, placed.text
        await answer(desk, complaint, "ACCEPTED")
        await answer(
            desk, complaint, "DECIDED_DENIED", reason="Có.", published=PUBLISHED, articles="Điều 9"
        )
        assert await announce(desk, lot) == (409, "HELD")
        released = await desk.post(
            f"/api/lots/{lot}/acts",
            json={"act": "release", "reason": "Đã rõ.", "data": {"ground": "COMPLAINT"}},
        )
        assert released.status_code == 200, released.text
        assert (await announce(desk, lot))[0] == 200
    kinds = await until(house, lot, "winner.announced")
    assert (kinds.count("hold.placed"), kinds.count("hold.released")) == (1, 1)
