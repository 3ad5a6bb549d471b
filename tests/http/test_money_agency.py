"""The agency's pages: a case's sheet, the computed shares, two people, a statement for each."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import docket
import httpx
import openpyxl
import pytest
from cashroom import send, words
from desk.money.house import Sale
from desk.money.house import house as money_house
from house import House, running_house

from auction_engine.bidding import recorder
from auction_engine.desk.cases import assets, parties
from auction_engine.identity.vault import Vault
from auction_engine.ledger import books, store
from auction_engine.rules.postings import chart
from auction_engine.rules.postings.entry import Name
from auction_engine.settings import Settings

ESTATE = 1_050_000_000


@dataclass
class Case:
    """A lot that is sold, paid and delivered, in a program that runs."""

    house: House
    lot: int
    sheet: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/agency/money/lots/{self.lot}/sheet"

    def fields(self) -> dict[str, str]:
        """The sheet as its form sends it, with an empty row at the end of each list."""
        found = {
            "debtor": "1",
            "coercive_on": self.sheet["coercive_on"],
            "payment_on": self.sheet["payment_on"],
            "mode": "NORMAL",
            "trustee": "",
            "rent": "",
            "base_salary": "",
        }
        for n, party in enumerate([*self.sheet["parties"], {"number": 7}]):
            for name in ("number", "name", "role", "account", "bank"):
                found[f"parties.{n}.{name}"] = str(party.get(name, ""))
        for name in ("costs", "taxes"):
            for n, one in enumerate([*self.sheet[name], {}]):
                found[f"{name}.{n}.payee"] = str(one.get("payee", ""))
                found[f"{name}.{n}.amount"] = str(one.get("amount_minor", ""))
        for n, claim in enumerate([*self.sheet["claims"], {}]):
            at = f"claims.{n}."
            found |= {
                f"{at}party": str(claim.get("party", "")),
                f"{at}rank": claim.get("rank", "OTHER"),
                f"{at}principal": str(claim.get("principal_minor", "")),
                f"{at}late": f"{claim.get('late_interest_minor', 0):,}" if claim else "",
                f"{at}requested_on": claim.get("requested_on", ""),
                f"{at}secured": "NONE", f"{at}place": "1",
                f"{at}court_payee": "", f"{at}court_fee": "",
            }  # fmt: skip
            if claim and not claim["owes_fee"]:
                found[f"{at}no_fee"] = "1"
        return found


@pytest.fixture
async def case(settings: Settings) -> AsyncIterator[Case]:
    async with money_house(settings.database_url or "") as before:
        sale: Sale = await before.sale(2)
        await sale.sold()
        await sale.earnest_arrives()
        await sale.pay_price()
        await sale.delivered()
    # That house has written its lots to the second shard.
    both = settings.model_copy(update={"shards": 2})
    recording = asyncio.create_task(recorder.own_shard(both, 1))
    try:
        async with running_house(both, lots=0) as house:
            await house.adopt()
            for login in ("lan", "minh"):
                await house.account(login, "officer")
            yield Case(house, sale.lot, sale.sheet())
    finally:
        recording.cancel()
        await asyncio.gather(recording, return_exceptions=True)


async def balance(case: Case, code: str, key: str) -> int:
    connection = await store.connect(case.house.settings.database_url or "")
    try:
        book = await connection.fetchval("SELECT id FROM book WHERE kind = 'AGENCY'")
        return await books.balance(connection, book, Name(code, key))
    finally:
        await connection.close()


async def test_the_sheet_begins_from_the_case(case: Case) -> None:
    """Who has left is not in it, nor whose right is in other property; the rest is not retyped."""
    officer = case.house.people["lan"]
    assert officer.body is not None
    people = [
        {"kind": "DEBTOR", "name": "Lê Thị Hư Cấu"},
        {"kind": "CREDITOR", "name": "Ngân hàng Hư Cấu", "rank": "OTHER",
         "claim_minor": 900_000_000, "requested_on": "2026-08-01"},
        {"kind": "SECURED", "name": "Quỹ Hư Cấu", "claim_minor": 50_000_000},
        {"kind": "CREDITOR", "name": "Đã Rút Lui", "rank": "OTHER", "claim_minor": 1},
    ]  # fmt: skip
    connection = await store.connect(case.house.settings.database_url or "")
    try:
        vault = Vault.of(case.house.settings)
        data = docket.case_data(parties=people)
        async with connection.transaction():
            number = await assets.create_case(
                connection, officer.body, officer.id, data, vault=vault
            )
            asset = await assets.create_asset(connection, number, officer.id, docket.asset_data())
        left = await connection.fetchval(
            "SELECT max(id) FROM case_party WHERE case_id = $1", number
        )
        async with connection.transaction():
            await parties.leave(connection, number, officer.id, left)
        await connection.execute("UPDATE asset SET lot_id = $2 WHERE id = $1", asset, case.lot)
    finally:
        await connection.close()
    async with case.house.signed_in("lan") as lan:
        page = (await lan.get(case.path)).text
    assert re.findall(r'name="parties\.\d+\.name" value="([^"]*)"', page) == [
        "Lê Thị Hư Cấu", "Ngân hàng Hư Cấu", "Quỹ Hư Cấu",
    ]  # fmt: skip
    assert re.findall(r'name="claims\.\d+\.principal" value="([^"]*)"', page) == [
        "900.000.000", "50.000.000",
    ]  # fmt: skip
    assert page.count('<option value="OUTSIDER" selected>') == 1
    assert 'name="claims.0.requested_on" value="2026-08-01"' in page


async def test_rows_are_added_without_script_and_nothing_typed_is_lost(case: Case) -> None:
    async with case.house.signed_in("lan") as lan:
        lan.cookies.set("lang", "en")
        shown = await lan.get(case.path)
        assert shown.status_code == 200
        assert f"To be distributed: VND {ESTATE:,}" in words(shown.text)
        fields = case.fields()
        for do, name, n in (
            ("add_party", "parties.7.name", 8), ("add_claim", "claims.5.party", 6),
            ("add_cost", "costs.2.amount", 3), ("add_tax", "taxes.2.amount", 3),
        ):  # fmt: skip
            answer = await send(lan, case.path, **fields, do=do)
            assert answer.status_code == 200
            assert f'name="{name}"' in answer.text, n
            assert 'value="Trịnh Văn Sơn"' in answer.text
            assert 'value="33,333,333"' in answer.text
        wrong = fields | {"claims.0.principal": "12.34.5", "payment_on": "soon"}
        answer = await send(lan, case.path, **wrong, do="compute")
        assert answer.status_code == 422
        assert answer.text.count('aria-invalid="true"') == 2
        assert 'value="12.34.5"' in answer.text


async def test_the_shares_are_computed_prepared_and_approved_by_two(case: Case) -> None:
    key = chart.of_lot(case.lot)
    async with case.house.signed_in("lan") as lan, case.house.signed_in("minh") as minh:
        for client in (lan, minh):
            client.cookies.set("lang", "en")
        computed = await send(lan, case.path, **case.fields(), do="compute")
        assert computed.status_code == 200
        told = words(computed.text)
        assert "Hợp tác xã Hồng Hà" in told
        assert "÷" in told  # what did not suffice is shown with its arithmetic
        assert await balance(case, "LIAB.ESTATE", key) == ESTATE
        first = await send(lan, case.path, **case.fields(), do="prepare")
        again = await send(lan, case.path, **case.fields(), do="prepare")
        assert first.status_code == again.status_code == 303
        assert first.headers["location"] == again.headers["location"]
        path = first.headers["location"].partition("?")[0]
        own = await send(lan, f"{path}/approve")
        assert own.status_code == 403
        assert "You prepared it" in words((await lan.get(path)).text)
        assert await balance(case, "LIAB.ESTATE", key) == ESTATE
        assert (await send(minh, f"{path}/approve")).status_code == 303
        assert (await send(minh, f"{path}/approve")).status_code == 303  # twice is once
        assert await balance(case, "LIAB.ESTATE", key) == 0
        await _statements(minh, path)
        await _exported(minh, path)
        due = words((await minh.get("/agency/money/payouts")).text)
        assert "Hợp tác xã Hồng Hà" in due
        lot = words((await minh.get(f"/agency/money/lots/{case.lot}")).text)
        assert "Proceeds distributed" in lot
        assert "exactly what is owed" in words((await minh.get("/agency/money")).text)


async def _statements(client: httpx.AsyncClient, path: str) -> None:
    shown = await client.get(f"{path}/party/2")
    assert shown.status_code == 200
    assert "Công nhân xưởng Sơn Hà" in words(shown.text)
    assert "VND 180,000,000" in words(shown.text)
    assert (await client.get(f"{path}/party/99")).status_code == 404


async def _exported(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"{path}?format=xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[1]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert rows[0][3] == ESTATE
    assert sum(row[5] for row in rows) == ESTATE
    assert rows[-1][6] == 0


async def test_what_is_due_is_listed_with_its_article(case: Case) -> None:
    async with case.house.signed_in("lan") as lan:
        lan.cookies.set("lang", "en")
        told = words((await lan.get("/agency/money/due")).text)
        assert "papers for registering the title" in told
        assert "Enforcement agency" in told
        assert "Art." in told
        table = await lan.get("/agency/money/due?format=csv")
        assert len(table.text.splitlines()) > 1


async def test_an_organisation_has_no_case_sheets(case: Case) -> None:
    await case.house.account("house", "organisation")
    async with case.house.signed_in("house") as client:
        assert (await client.get(f"/desk/money/lots/{case.lot}/sheet")).status_code == 404
        assert (await client.get(case.path)).status_code == 403
        assert (await send(client, case.path, do="compute")).status_code == 403
