"""The agency's money in a browser: a case's sheet, its shares, and a payee, by two people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from desk.money.house import house as money_house
from house import running_house
from playwright.async_api import Browser, Page, expect

from auction_engine.bidding import recorder
from auction_engine.identity.passwords import Passwords
from auction_engine.settings import Settings
from browser.fitness import cut_off, violations
from browser.instance import PASSWORD
from browser.visitors import Visitors

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PAYEE = "Hợp tác xã Hồng Hà"


@dataclass
class Case:
    """A lot that is sold, paid and delivered, and two officers of its agency."""

    visitors: Visitors
    lot: int
    sheet: dict[str, Any]


@pytest_asyncio.fixture(loop_scope="session")
async def case(
    chromium: Browser, tmp_path: Path, database_url: str, redis_url: str
) -> AsyncIterator[Case]:
    async with money_house(database_url) as before:
        sale = await before.sale(2)
        await sale.sold()
        await sale.earnest_arrives()
        await sale.pay_price()
        await sale.delivered()
    # That house has written its lot to the second shard.
    settings = Settings(
        data_dir=tmp_path, port=0, database_url=database_url, redis_url=redis_url, shards=2
    )
    recording = asyncio.create_task(recorder.own_shard(settings, 1))
    try:
        async with running_house(settings, lots=0) as house:
            await house.adopt()
            house.password_hash = await Passwords().hash(PASSWORD)
            for login in ("lan", "minh"):
                await house.account(login, "officer")
            visitors = Visitors(chromium, house.base)
            yield Case(visitors, sale.lot, sale.sheet())
            await visitors.close()
            assert visitors.complaints == []
    finally:
        recording.cancel()
        await asyncio.gather(recording, return_exceptions=True)


class Sheet:
    """The form of a case's sheet."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def choose(self, name: str, value: object) -> None:
        await self._page.locator(f"select[name='{name}']").select_option(str(value))

    async def put(self, name: str, value: object) -> None:
        await self._page.locator(f"input[name='{name}']").fill(str(value))

    async def row(self, add: str, name: str) -> None:
        """Until there is such a field: with the button below its list, once the rows are full."""
        field = self._page.locator(f"input[name='{name}']")
        if await field.count() == 0:
            await self._page.locator(f"button[value={add}]").click()
        await expect(field).to_be_visible()

    async def fill(self, sheet: dict[str, Any]) -> None:
        await self.put("coercive_on", sheet["coercive_on"])
        await self.put("payment_on", sheet["payment_on"])
        for n, party in enumerate(sheet["parties"]):
            await self.row("add_party", f"parties.{n}.name")
            await self.choose(f"parties.{n}.role", party["role"])
            for name in ("name", "account", "bank"):
                await self.put(f"parties.{n}.{name}", party.get(name, ""))
        # The lists below are of these people: the page has to know them first.
        await self._page.locator("button[value=add_party]").click()
        name = f"{len(sheet['parties'])}. {sheet['parties'][-1]['name']}"
        await expect(self._page.locator("select[name=debtor]")).to_contain_text(name)
        for kind, add in (("costs", "add_cost"), ("taxes", "add_tax")):
            for n, one in enumerate(sheet[kind]):
                await self.row(add, f"{kind}.{n}.amount")
                await self.choose(f"{kind}.{n}.payee", one["payee"])
                await self.put(f"{kind}.{n}.amount", one["amount_minor"])
        for n, claim in enumerate(sheet["claims"]):
            await self.row("add_claim", f"claims.{n}.principal")
            await self._claim(f"claims.{n}.", claim)

    async def _claim(self, at: str, claim: dict[str, Any]) -> None:
        await self.choose(f"{at}party", claim["party"])
        await self.choose(f"{at}rank", claim["rank"])
        await self.put(f"{at}principal", claim["principal_minor"])
        await self.put(f"{at}late", claim.get("late_interest_minor", 0))
        await self.put(f"{at}requested_on", claim["requested_on"])
        await self._page.locator(f"[name='{at}no_fee']").set_checked(not claim["owes_fee"])


async def test_from_the_sheet_to_the_order_by_two_people(case: Case) -> None:
    lan = (await case.visitors.come("lan")).page
    await lan.goto(f"/agency/money/lots/{case.lot}/sheet")
    await Sheet(lan).fill(case.sheet)
    await lan.get_by_role("button", name="Tính", exact=True).last.click()
    await expect(lan.locator("#computed")).to_contain_text(PAYEE)
    await lan.get_by_role("button", name="Lập để người khác duyệt").click()
    await expect(lan.get_by_text("một người khác phải duyệt")).to_be_visible()
    assert await lan.get_by_role("button", name="Duyệt phương án").count() == 0
    shares = lan.url.partition("?")[0]

    minh = (await case.visitors.come("minh")).page
    await minh.goto(shares)
    await minh.get_by_role("button", name="Duyệt phương án").click()
    await expect(minh.locator(".hands li.is-done")).to_have_count(2)

    # The payee's account was wrong: corrected with a reason, and released by the other person.
    await lan.goto("/agency/money/payouts")
    await lan.locator("tr", has_text=PAYEE).get_by_role("link").first.click()
    await lan.get_by_label("Số tài khoản").fill("0011004422")
    await lan.get_by_label("Ngân hàng (BIC").fill("VCBKVNVX")
    await lan.get_by_label("Lý do").first.fill("Công văn số 5 của hợp tác xã")
    await lan.get_by_role("button", name="Lưu nơi nhận").click()
    await expect(lan.locator(".pairs").first).to_contain_text("0011004422")
    payout = lan.url.partition("?")[0]
    await fits(case, {"sheet": f"/agency/money/lots/{case.lot}/sheet", "shares": shares,
                      "party": f"{shares}/party/2", "payout": payout})  # fmt: skip


async def fits(case: Case, pages: dict[str, str]) -> None:
    """The pages on a phone: nothing cut off, nothing for axe to find."""
    visitor = await case.visitors.come("minh", viewport={"width": 320, "height": 640})
    for name, path in pages.items():
        await visitor.page.goto(path)
        assert await cut_off(visitor.page) == [], name
        assert await violations(visitor.page) == [], name
