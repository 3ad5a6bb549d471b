"""A creditor takes the property, over HTTP: computed, prepared by one, approved by another."""

from __future__ import annotations

import html
from typing import Any

from cashroom import send, words
from desk.money.house import MILLION
from desk.money.house import house as money_house
from desk.money.test_taking import offered, sheet
from test_money_agency import Case
from test_money_bank import english, running

from auction_engine.ledger import store
from auction_engine.settings import Settings

FEE = 795 * MILLION * 3 // 100
ASKED = (25 + 180) * MILLION + FEE


async def asked(settings: Settings, lot: int) -> list[Any]:
    connection = await store.connect(settings.database_url or "")
    try:
        return list(
            await connection.fetch(
                "SELECT purpose, payer, amount_minor FROM payment_request WHERE lot_id = $1", lot
            )
        )
    finally:
        await connection.close()


async def test_a_creditor_takes_it_when_two_officers_have_said_so(settings: Settings) -> None:
    async with money_house(settings.database_url or "") as before:
        sale = await offered(before)
    plain = {"taxes": [], **sheet()}
    plain["claims"] = [{"owes_fee": True, **claim} for claim in plain["claims"]]
    async with running(settings, ("lan", "officer"), ("minh", "officer")) as house:
        case = Case(house, sale.lot, plain)
        async with house.signed_in("lan") as lan, house.signed_in("minh") as minh:
            assert f"Lot {sale.lot}" in await english(lan, "/agency/money/lots")
            assert "Taken by creditor" in await english(lan, case.path)
            fields = case.fields()
            for changes, said in (
                ({}, "Choose the creditor"),
                ({"taker": "3"}, "other creditors must agree"),
            ):
                refused = await send(lan, case.path, **fields, **changes, do="compute")
                assert refused.status_code == 422
                assert said in words(refused.text)
            fields |= {"taker": "3", "others_agree": "1"}
            computed = await send(lan, case.path, **fields, do="compute")
            assert computed.status_code == 200
            assert f"VND {ASKED:,} is to be paid in" in html.unescape(words(computed.text))
            assert await asked(settings, sale.lot) == []
            first = await send(lan, case.path, **fields, do="prepare")
            again = await send(lan, case.path, **fields, do="prepare")
            assert first.status_code == again.status_code == 303
            assert first.headers["location"] == again.headers["location"]
            path = first.headers["location"].partition("?")[0]
            assert (await send(lan, f"{path}/approve")).status_code == 403
            assert f"Approving asks Creditor for VND {ASKED:,}" in await english(minh, path)
            assert 'name="others_agree" value="1" checked' in (await lan.get(case.path)).text
            assert await asked(settings, sale.lot) == []
            assert (await send(minh, f"{path}/approve")).status_code == 303
            assert (await send(minh, f"{path}/approve")).status_code == 303  # twice is once
    assert [tuple(row) for row in await asked(settings, sale.lot)] == [("TOP_UP", 3, ASKED)]
