"""A bidder whose deposit is not held: what he is told, what others are not, over every door."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from house import START, STEP, House, Live, new_id, running_house

from auction_engine.desk import listing
from auction_engine.live.lotview import LotView
from auction_engine.rules.commands import Act, CommandRefused
from auction_engine.rules.terms import Terms
from auction_engine.settings import Settings

from .test_protocol_documents import check

NEEDED = START // 10
TERMS = Terms(
    min_participants=1,
    single_bidder="ALWAYS",
    deposit_minor=NEEDED,
    deposits="RECORDED",
    deposit_means=("TRANSFER", "EXEMPT"),
)
HELD = {"state": "HELD", "amount_minor": NEEDED, "needed_minor": NEEDED}
MISSING = {"state": "MISSING", "amount_minor": 0, "needed_minor": NEEDED}


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    """One lot, open, that records deposits; an's and binh's are held and both are admitted."""
    async with running_house(settings, lots=0) as house:
        for login in ("an", "binh", "chi"):
            await house.account(login, "bidder", admitted=False)
        start_ms = int(time.time() * 1000) + 1_000
        (lot,) = await house.put_up(1, extension=None, terms=TERMS, start_ms=start_ms)
        for transfer, login in enumerate(("an", "binh"), 11):
            await hold(house, login, transfer)
            await listing.admit(house.log, house.shard(lot), lot, house.people[login].id)
        await house.is_open(lot)
        yield house


async def hold(house: House, login: str, transfer: int) -> None:
    data = {"amount_minor": NEEDED, "means": "TRANSFER", "transfer": transfer}
    await act(house, "hold_deposit", bidder=house.people[login].id, **data)


async def release(house: House, login: str) -> None:
    bidder = house.people[login].id
    await act(house, "release_deposit", bidder=bidder, ground="BANK_REVERSAL")


async def act(house: House, name: str, **data: Any) -> None:
    lot = house.lots[0]
    done = Act(name, "ORGANISATION", 1, "The bank says so.", data)
    await house.log.act(house.shard(lot), lot, done)


@contextlib.asynccontextmanager
async def live(house: House, login: str | None) -> AsyncIterator[Live]:
    """A connection that follows the lot."""
    async with contextlib.AsyncExitStack() as stack:
        ticket = None
        if login is not None:
            client = await stack.enter_async_context(house.signed_in(login))
            ticket = (await client.post("/api/live-tickets")).json()["ticket"]
        connection = await stack.enter_async_context(house.live(ticket))
        await connection.say(t="watch", lot=house.lots[0])
        yield connection


async def snapshot(connection: Live, deposit: Any) -> dict[str, Any]:
    """The next snapshot, which says this of one's own deposit."""
    async with asyncio.timeout(10):
        while (told := await connection.hear("snapshot"))["you"]["deposit"] != deposit:
            pass
        return dict(told)


async def test_nobody_is_admitted_without_one(house: House) -> None:
    lot = house.lots[0]
    with pytest.raises(CommandRefused) as refused:
        await listing.admit(house.log, house.shard(lot), lot, house.people["chi"].id)
    assert refused.value.code == "DEPOSIT_MISSING"


async def test_its_owner_is_told_at_once_and_nobody_else_at_all(house: House) -> None:
    lot = house.lots[0]
    async with live(house, "an") as an, live(house, "binh") as binh, live(house, None) as viewer:
        await snapshot(an, HELD)
        assert (await snapshot(binh, HELD))["you"]["admitted"]
        await viewer.hear("snapshot")
        await an.say(t="bid", lot=lot, bid_id=new_id(), amount_minor=START)
        await an.hear("recorded")
        await release(house, "an")
        told = await snapshot(an, MISSING)
        assert (told["you"]["leading"], told["state"]["leader"]) == (True, told["you"]["code"])
        await binh.say(t="bid", lot=lot, bid_id=new_id(), amount_minor=START + STEP)
        await binh.hear("recorded")
        await an.say(t="bid", lot=lot, bid_id=new_id(), amount_minor=START + 2 * STEP)
        refused = await an.hear("refused")
        assert (refused["reason"], refused["minimum_minor"]) == ("DEPOSIT_MISSING", None)
        await hold(house, "an", 21)
        await snapshot(an, HELD)
        await an.say(t="bid", lot=lot, bid_id=new_id(), amount_minor=START + 2 * STEP)
        await an.hear("recorded")
        async with asyncio.timeout(10):
            while (await viewer.hear("update"))["state"]["n"] < 3:
                pass
        others = binh.heard + viewer.heard
        # One snapshot each: of what is another's they are told nothing, not even that it changed.
        assert [m["t"] for m in others].count("snapshot") == 2
        assert "MISSING" not in json.dumps(others)
        assert "deposit." not in json.dumps(others + an.heard)
        for message in an.heard + others:
            check(message["t"], message)


async def test_who_comes_back_learns_what_happened_meanwhile(house: House) -> None:
    async with live(house, "an") as an, live(house, "binh") as binh:
        before = await snapshot(an, HELD)
        other = await snapshot(binh, HELD)
    await release(house, "an")
    async with live(house, "an") as an, live(house, "binh") as binh:
        for connection, position in ((an, before), (binh, other)):
            await connection.hear("snapshot")
            place = {"epoch": position["epoch"], "seq": position["seq"]}
            await connection.say(t="watch", lot=house.lots[0], **place)
        await snapshot(an, MISSING)
        assert (await binh.hear("update"))["from"] == other["seq"]


async def test_the_page_and_the_plain_form_say_it_in_a_sentence(house: House) -> None:
    lot = house.lots[0]
    async with house.signed_in("an") as an, house.signed_in("chi") as chi:
        page = (await an.get(f"/lots/{lot}?lang=en")).text
        assert re.search(r"Your deposit of \D*420,000,000\D* for this property is held\.", page)
        assert "data-bid autocomplete" in page
        await release(house, "an")
        for _ in range(100):
            page = (await an.get(f"/lots/{lot}")).text
            if "deposit--missing" in page:
                break
            await asyncio.sleep(0.05)
        form = page.partition('id="bid-form"')[2].partition(">")[0]
        assert " hidden" in form
        assert "standing--no_deposit" in page
        answer = await an.post(
            f"/api/lots/{lot}/bids", json={"bid_id": new_id(), "amount_minor": START}
        )
        assert (answer.json()["t"], answer.json()["reason"]) == ("refused", "DEPOSIT_MISSING")
        assert (await an.get(f"/api/lots/{lot}")).json()["you"]["deposit"] == MISSING
        stranger = (await chi.get(f"/lots/{lot}")).text
        assert "deposit--needed" in stranger


async def test_a_view_forgets_what_was_whose_with_the_rest() -> None:
    view = LotView(1, 0)
    view.own_changed[5] = view.own_seq = 9
    assert (view.own_since(8), view.own_since(9)) == ({5}, set())
    view.forget()
    assert view.own_since(0) == set()
