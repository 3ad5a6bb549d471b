"""The agency's money over JSON: a sheet tried, prepared, approved by another; term deposits; the
organisation's fee for the same sale."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import contract
import httpx
from desk.money.house import MILLION, ORDERED_ON, Sale
from desk.money.house import House as Money
from desk.money.house import house as money_house
from desk.money.test_taking import offered
from desk.money.test_taking import sheet as taking_sheet
from office import no, ok
from test_money_agency import ESTATE
from test_money_bank import BANK, balance, line_of, running

from auction_engine.settings import Settings

BASE, DESK = "/api/agency/money", "/api/desk/money"


async def test_shares_are_tried_prepared_by_one_and_approved_by_another(settings: Settings) -> None:
    async with money_house(settings.database_url or "") as before:
        sale = await (await before.sale(2)).sold()
        await sale.earnest_arrives()
        await sale.pay_price()
        await sale.delivered()
    people = (("lan", "officer"), ("minh", "officer"), ("chu", "organisation"))
    async with (
        running(settings, *people) as house,
        house.signed_in("lan") as lan,
        house.signed_in("minh") as minh,
        house.signed_in("chu") as chu,
    ):
        for client in (lan, minh, chu):
            client.event_hooks["response"].append(contract.check)
        await _shared(settings, before, sale, lan, minh)
        await _charged(settings, before, sale, chu)
        await no(chu.get(f"{BASE}/lots/{sale.lot}/sheet"), 403, "FORBIDDEN")


async def _shared(
    settings: Settings, before: Money, sale: Sale, lan: httpx.AsyncClient, minh: httpx.AsyncClient
) -> None:
    path, sheet, key = f"{BASE}/lots/{sale.lot}/sheet", sale.sheet(), f"lot:{sale.lot}"
    told = await ok(lan.get(path))
    assert (told["kind"], told["estate_minor"], told["shares"]) == ("DISTRIBUTION", ESTATE, None)
    assert told["begun"]["mode"] == "NORMAL"
    party = {"number": 1, "name": "Twice"}
    for wrong, status, code, field in (
        ({"payment_on": "soon"}, 422, "WRONG_FIELD", "payment_on"),
        ({"rent_minor": -1}, 422, "WRONG_FIELD", "rent_minor"),
        ({"parties": [party, party]}, 422, "WRONG_FIELD", "body"),
        ({"taker": 2}, 409, "NOT_OFFERED", "taker"),
    ):
        for where in (f"{path}/try", path):
            await no(lan.post(where, json={**sheet, **wrong}), status, code, field)
    result = (await ok(lan.post(f"{path}/try", json=sheet)))["result"]
    assert sum(step["paid_minor"] for step in result["steps"]) == ESTATE
    assert (await ok(lan.get(path)))["shares"] is None  # trying writes nothing
    made = await asyncio.gather(*(ok(lan.post(path, json=sheet)) for _ in range(3)))
    assert len({one["shares"]["id"] for one in made}) == 1
    assert sorted(one["repeat"] for one in made) == [False, True, True]
    shares = f"{BASE}/shares/{made[0]['shares']['id']}"
    await no(lan.post(f"{shares}/approve"), 403, "SAME_PERSON")
    assert await balance(settings, before.agency, "LIAB.ESTATE", key) == ESTATE
    done = await asyncio.gather(*(ok(minh.post(f"{shares}/approve")) for _ in range(2)))
    assert {one["shares"]["approver"] for one in done} == {"Minh"}
    assert await balance(settings, before.agency, "LIAB.ESTATE", key) == 0
    assert (await ok(lan.get(shares)))["shares"]["result"] == result
    again = {**sheet, "rent_minor": 1}
    assert (await lan.post(path, json=again)).status_code == 409
    due = await ok(lan.get(f"{BASE}/payouts"))
    assert sum(one["amount_minor"] for one in due["payouts"]) == ESTATE
    statement = await ok(lan.get(f"{BASE}/lots/{sale.lot}"))
    assert statement["shares"] == made[0]["shares"]["id"]
    assert "estate.distributed" in [one["kind"] for one in statement["journal"]]
    dues = (await ok(lan.get(f"{BASE}/due")))["dues"]
    assert {"LAW", "PAYOUT"} <= {one["kind"] for one in dues}
    escrow = (await ok(lan.get(BASE)))["escrow"]
    assert escrow["assets_minor"] == escrow["owed_minor"] > 0


async def _charged(settings: Settings, before: Money, sale: Sale, chu: httpx.AsyncClient) -> None:
    path = f"{DESK}/lots/{sale.lot}"
    said = {"agreed_minor": 20 * MILLION, "vat_bp": 850, "reason": "Contract 12"}
    for wrong, code, field in (
        ({"agreed_minor": 10**14}, "ABOVE_MOST", "agreed_minor"),
        ({"vat_bp": 10_001}, "WRONG_FIELD", "vat_bp"),
        ({"reason": " "}, "NO_REASON", "reason"),
    ):
        await no(chu.post(f"{path}/fee", json={**said, **wrong}), 422, code, field)
    assert (await ok(chu.get(path)))["may_charge"] is True
    done = await asyncio.gather(*(ok(chu.post(f"{path}/fee", json=said)) for _ in range(2)))
    assert {one["gross_minor"] for one in done} == {21_700_000}
    assert sorted(one["repeat"] for one in done) == [False, True]
    await no(chu.post(f"{path}/fee", json={**said, "vat_bp": 800}), 409, "CHARGED")
    owed = await balance(settings, before.organisation, "RECEIVABLE.AUCTION_FEE", f"lot:{sale.lot}")
    assert owed == 21_700_000


async def test_a_creditor_takes_the_property(settings: Settings) -> None:
    async with money_house(settings.database_url or "") as before:
        sale = await offered(before)
    people = (("lan", "officer"), ("minh", "officer"))
    async with (
        running(settings, *people) as house,
        house.signed_in("lan") as lan,
        house.signed_in("minh") as minh,
    ):
        for client in (lan, minh):
            client.event_hooks["response"].append(contract.check)
        path, sheet = f"{BASE}/lots/{sale.lot}/sheet", taking_sheet()
        assert (await ok(lan.get(path)))["kind"] == "TAKING"
        without = {name: value for name, value in sheet.items() if name != "taker"}
        await no(lan.post(path, json=without), 422, "NO_TAKER", "taker")
        alone = {**sheet, "others_agree": False}
        await no(lan.post(f"{path}/try", json=alone), 422, "NEEDS_CONSENT", "others_agree")
        result = (await ok(lan.post(f"{path}/try", json=sheet)))["result"]
        assert result["taker_name"] == "Creditor"
        made = (await ok(lan.post(path, json=sheet)))["shares"]
        await no(lan.post(f"{BASE}/shares/{made['id']}/approve"), 403, "SAME_PERSON")
        done = await ok(minh.post(f"{BASE}/shares/{made['id']}/approve"))
        assert (done["shares"]["kind"], done["repeat"]) == ("TAKING", False)
        due = (await ok(lan.get(f"{BASE}/due")))["dues"]
        asked = [one for one in due if one["kind"] == "REQUEST"]
        assert [one["amount_minor"] for one in asked] == [result["to_pay_minor"]]


async def test_a_term_deposit_is_put_away_and_comes_back(settings: Settings) -> None:
    async with money_house(settings.database_url or "") as before:
        sale = await (await before.sale(2)).sold()
        await sale.earnest_arrives()
        await sale.pay_price()
    price, back = 1_050 * MILLION, 1_050 * MILLION + 4_000_000
    async with running(settings, ("lan", "officer")) as house, house.signed_in("lan") as lan:
        lan.event_hooks["response"].append(contract.check)
        before.treasury._move(ORDERED_ON, -price, "NOTPROVIDED", "Gui ky han", BANK)
        before.treasury.receive(ORDERED_ON + timedelta(days=30), back, "Tat toan", BANK)
        _, body = before.treasury.statement("mt940")
        await ok(lan.post(f"{BASE}/incoming", content=body, headers={"content-type": "text/plain"}))
        gone = f"{BASE}/suspense/{await line_of(settings, -price)}"
        came = f"{BASE}/suspense/{await line_of(settings, back)}"
        (waits,) = (await ok(lan.get(gone)))["waiting"]
        assert (waits["lot"], waits["amount_minor"]) == (sale.lot, price)
        said: dict[str, Any] = {"lot": sale.lot, "reason": "Advice 3"}
        await no(lan.post(f"{gone}/park", json={**said, "lot": 99_999}), 422, "UNKNOWN_LOT", "lot")
        await no(lan.post(f"{came}/park", json=said), 422, "NOT_TAKEN")
        done = await asyncio.gather(*(ok(lan.post(f"{gone}/park", json=said)) for _ in range(2)))
        assert sorted(one["repeat"] for one in done) == [False, True]
        term = f"lot:{sale.lot}/term:1"
        assert await balance(settings, before.agency, "BANK.TERM", term) == price
        assert (await ok(lan.get(came)))["terms"] == [
            {"lot": sale.lot, "term": 1, "amount_minor": price}
        ]
        said = {"lot": sale.lot, "term": 1, "reason": "Advice 9"}
        wrong = {**said, "term": 2}
        await no(lan.post(f"{came}/mature", json=wrong), 422, "UNKNOWN_TERM", "term")
        done = await asyncio.gather(*(ok(lan.post(f"{came}/mature", json=said)) for _ in range(2)))
        assert sorted(one["repeat"] for one in done) == [False, True]
        assert await balance(settings, before.agency, "BANK.TERM", term) == 0
