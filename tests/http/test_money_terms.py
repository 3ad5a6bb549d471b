"""What an organisation settles by hand, over HTTP: a bank's guarantee, and the auction fee."""

from __future__ import annotations

from datetime import timedelta

from cashroom import cashroom, send, today, words
from desk.money.house import MILLION
from desk.money.house import house as money_house
from house import House
from test_money_bank import balance, english, running

from auction_engine.settings import Settings


async def test_a_guarantee_stands_in_the_place_of_a_deposit(house: House) -> None:
    async with cashroom(house, deposit_means=("TRANSFER", "GUARANTEE")) as room:
        await room.register("binh", "chi")
        rows = await room.fetch(
            "SELECT id, book_id FROM payment_request WHERE payer = $1", room.bidders["binh"]
        )
        path = f"/desk/money/lots/{room.lot}"
        fields = {
            "request": str(rows[0]["id"]), "guarantor": "Vietcombank", "document": "BL-1",
            "valid_until": (today() + timedelta(days=60)).isoformat(), "reason": "In the file",
        }  # fmt: skip
        async with house.signed_in("auctioneer") as desk:
            assert "Accept a bank guarantee" in await english(desk, path)
            for changes, said in (
                ({"request": ""}, "Choose a payment"),
                ({"request": "999999"}, "Choose a payment"),
                ({"guarantor": " "}, "Name the bank"),
                ({"valid_until": "2026-01-01"}, "today or later"),
                ({"valid_until": "soon"}, "today or later"),
                ({"reason": ""}, "Write down why"),
            ):
                refused = await send(desk, f"{path}/guarantee", **{**fields, **changes})
                assert refused.status_code == 422, changes
                assert said in words(refused.text)
                assert 'value="BL-1"' in refused.text
            done = await send(desk, f"{path}/guarantee", **fields)
            assert done.status_code == 303
            told = await english(desk, done.headers["location"])
            assert "Bank guarantee" in told
            assert (await send(desk, f"{path}/guarantee", **fields)).status_code == 303
        assert len(await room.fetch("SELECT FROM guarantee")) == 1
        key = f"lot:{room.lot}/bidder:{room.bidders['binh']}"
        assert await balance(house.settings, rows[0]["book_id"], "MEMO.GUARANTEE", key) > 0


async def test_where_the_rules_take_no_guarantee_none_is_taken(house: House) -> None:
    async with cashroom(house, deposit_means=("TRANSFER",)) as room:
        await room.register("binh")
        rows = await room.fetch("SELECT id FROM payment_request")
        path = f"/desk/money/lots/{room.lot}"
        async with house.signed_in("auctioneer") as desk:
            assert "Accept a bank guarantee" not in await english(desk, path)
            refused = await send(
                desk, f"{path}/guarantee", request=str(rows[0]["id"]), guarantor="B",
                document="D", valid_until=today().isoformat(), reason="R",
            )  # fmt: skip
            assert refused.status_code == 422
            assert "take no guarantee" in words(refused.text)
            early = await send(desk, f"{path}/fee", agreed="20.000.000", vat="10", reason="R")
            assert early.status_code == 409
            assert "when the auction is over" in words(early.text)


async def test_the_auction_fee_is_charged_once_when_the_sale_is_over(settings: Settings) -> None:
    async with money_house(settings.database_url or "") as before:
        sale = await (await before.sale(2)).sold()
        await sale.earnest_arrives()
        await sale.pay_price()
        await sale.delivered()
    async with (
        running(settings, ("chu", "organisation"), ("lan", "officer")) as house,
        house.signed_in("chu") as desk,
        house.signed_in("lan") as stranger,
    ):
        path = f"/desk/money/lots/{sale.lot}"
        fields = {"agreed": "20.000.000", "costs": "", "vat": "8,5", "reason": "Contract 12"}
        assert "Charge the auction fee" in await english(desk, path)
        assert (await send(stranger, f"{path}/fee", **fields)).status_code == 403
        for changes, said in (
            ({"agreed": "1x"}, "cannot be read"),
            ({"agreed": "100.000.000.000"}, "above the most"),
            ({"vat": ""}, "from 0 to 100"),
            ({"vat": "100,01"}, "from 0 to 100"),
            ({"vat": "1.2.3"}, "from 0 to 100"),
            ({"reason": ""}, "Write down why"),
        ):
            refused = await send(desk, f"{path}/fee", **{**fields, **changes})
            assert refused.status_code == 422, changes
            assert said in words(refused.text)
        done = await send(desk, f"{path}/fee", **fields)
        assert done.status_code == 303
        told = await english(desk, done.headers["location"])
        assert "Contract 12" in told
        assert "Charge the auction fee" not in told
        twice = await send(desk, f"{path}/fee", **fields)
        assert twice.status_code == 409
        assert "charged already" in words(twice.text)
        owed = await balance(
            settings, before.organisation, "RECEIVABLE.AUCTION_FEE", f"lot:{sale.lot}"
        )
        assert owed == 21_700_000 == 20 * MILLION * 10_850 // 10_000
