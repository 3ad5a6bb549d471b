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
from playwright.async_api import Browser, expect

from auction_engine.bidding import recorder
from auction_engine.identity.passwords import Passwords
from auction_engine.settings import Settings
from browser.fitness import cut_off, violations
from browser.instance import PASSWORD
from browser.sheet import Sheet
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
