"""What a bank does of its own, over HTTP: interest is shared, term deposits go and come back."""

from __future__ import annotations

import asyncio
import html
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import httpx
from cashroom import cashroom, send, today, upload, words
from desk.money.house import MILLION, ORDERED_ON
from desk.money.house import House as Money
from desk.money.house import house as money_house
from house import House, running_house

from auction_engine.bidding import recorder
from auction_engine.clients.bank import Customer
from auction_engine.ledger import books, store
from auction_engine.rules.postings.entry import Name
from auction_engine.settings import Settings

BANK = Customer("NGAN HANG", "5550001")


@asynccontextmanager
async def running(settings: Settings, *people: tuple[str, str]) -> AsyncIterator[House]:
    """The program over what the rules alone have written to shard 1."""
    both = settings.model_copy(update={"shards": 2})
    recording = asyncio.create_task(recorder.own_shard(both, 1))
    try:
        async with running_house(both, lots=0) as house:
            await house.adopt()
            for login, role in people:
                await house.account(login, role)
            yield house
    finally:
        recording.cancel()
        await asyncio.gather(recording, return_exceptions=True)


async def english(client: httpx.AsyncClient, path: str) -> str:
    client.cookies.set("lang", "en")
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text[:500]
    return html.unescape(words(answer.text))


async def balance(settings: Settings, book: int, code: str, key: str) -> int:
    connection = await store.connect(settings.database_url or "")
    try:
        return await books.balance(connection, book, Name(code, key))
    finally:
        await connection.close()


async def line_of(settings: Settings, amount: int) -> int:
    connection = await store.connect(settings.database_url or "")
    try:
        return int(
            await connection.fetchval("SELECT id FROM bank_line WHERE amount_minor = $1", amount)
        )
    finally:
        await connection.close()


async def test_the_banks_interest_is_shared_among_those_whose_deposits_lay_there(
    house: House,
) -> None:
    async with cashroom(house) as room:
        await room.register("binh", "chi")
        async with house.signed_in("auctioneer") as desk:
            await english(desk, "/desk/money")
            room.pay("binh")
            room.pay("chi")
            room.bank.receive(today(), 801, "Lai tien gui", BANK)
            await room.deliver(desk)
            line = await line_of(house.settings, 801)
            path = f"/desk/money/suspense/{line}"
            assert "This is the bank's interest" in await english(desk, path)
            days = {"since": today().isoformat()}
            days["until"] = (today() + timedelta(days=3)).isoformat()
            wrong: tuple[tuple[dict[str, str], str], ...] = (
                ({**days, "reason": ""}, "Write down why"),
                ({**days, "until": "x", "reason": "Advice 9"}, "Choose both days"),
                ({"since": "2026-01-01", "until": "2026-02-01", "reason": "Advice 9"},
                 "No deposit lay there"),
            )  # fmt: skip
            for fields, said in wrong:
                refused = await send(desk, f"{path}/interest", **fields)
                assert refused.status_code == 422, said
                assert said in words(refused.text)
                assert f'value="{fields["until"]}"' in refused.text
            done = await send(desk, f"{path}/interest", **days, reason="Advice 9")
            assert done.status_code == 303
            told = await english(desk, done.headers["location"])
            assert "Bank's interest, shared out" in told
            assert "Advice 9" in told
            twice = await send(desk, f"{path}/interest", **days, reason="Advice 9")
            assert twice.status_code == 409
            assert "settled already" in words(twice.text)
            rows = await room.fetch("SELECT id FROM book WHERE kind = 'ORGANISATION'")
            earned = [
                await balance(
                    house.settings, rows[0]["id"], "LIAB.DEPOSIT_INTEREST",
                    f"lot:{room.lot}/bidder:{room.bidders[login]}",
                )
                for login in ("binh", "chi")
            ]  # fmt: skip
            assert sorted(earned) == [400, 401]


async def hear(client: httpx.AsyncClient, before: Money) -> None:
    name, body = before.treasury.statement("camt.053")
    assert (await upload(client, "/agency/money/incoming", name, body)).status_code == 303


async def test_a_term_deposit_is_put_away_and_comes_back(settings: Settings) -> None:
    async with money_house(settings.database_url or "") as before:
        sale = await (await before.sale(2)).sold()
        await sale.earnest_arrives()
        await sale.pay_price()
    price, day = 1_050 * MILLION, ORDERED_ON
    async with (
        running(settings, ("lan", "officer"), ("chu", "organisation")) as house,
        house.signed_in("lan") as lan,
        house.signed_in("chu") as stranger,
    ):
        before.treasury._move(day, -price, "NOTPROVIDED", "Gui ky han", BANK)
        await hear(lan, before)
        path = f"/agency/money/suspense/{await line_of(settings, -price)}"
        assert "put into a term deposit of a lot" in await english(lan, path)
        assert (await send(stranger, f"{path}/park", lot="1", reason="x")).status_code == 403
        for fields, said in (
            ({"lot": "", "reason": "Advice 3"}, "Choose a lot"),
            ({"lot": "99999", "reason": "Advice 3"}, "Choose a lot"),
            ({"lot": str(sale.lot), "reason": " "}, "Write down why"),
        ):
            refused = await send(lan, f"{path}/park", **fields)
            assert refused.status_code == 422
            assert said in words(refused.text)
        done = await send(lan, f"{path}/park", lot=str(sale.lot), reason="Advice 3")
        assert done.status_code == 303
        assert "Put into a term deposit" in await english(lan, done.headers["location"])
        again = await send(lan, f"{path}/park", lot=str(sale.lot), reason="Advice 3")
        assert again.status_code == 409
        term = f"lot:{sale.lot}/term:1"
        assert await balance(settings, before.agency, "BANK.TERM", term) == price
        await _comes_back(settings, lan, before, sale, day + timedelta(days=30))
        assert await balance(settings, before.agency, "BANK.TERM", term) == 0


async def _comes_back(
    settings: Settings, lan: httpx.AsyncClient, before: Money, sale: Any, day: date
) -> None:
    back = 1_050 * MILLION + 4_000_000
    before.treasury.receive(day, back, "Tat toan tien gui", BANK)
    await hear(lan, before)
    path = f"/agency/money/suspense/{await line_of(settings, back)}"
    assert "A term deposit came back" in await english(lan, path)
    wrong = await send(lan, f"{path}/mature", term=f"{sale.lot}/2", reason="Advice 9")
    assert wrong.status_code == 422
    assert "has not come back yet" in words(wrong.text)
    done = await send(lan, f"{path}/mature", term=f"{sale.lot}/1", reason="Advice 9")
    assert done.status_code == 303
    assert "Term deposit come back" in await english(lan, done.headers["location"])
    assert await balance(settings, before.agency, "LIAB.ESTATE", f"lot:{sale.lot}") == 4_000_000
