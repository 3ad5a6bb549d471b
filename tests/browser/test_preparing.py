"""The session wizard in a browser without a script: each step fits a phone and is for everybody."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from playwright.async_api import Page, expect
from taken import take

from browser.fitness import cut_off, violations
from browser.instance import Instance
from browser.visitors import Visitors

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PHONE: dict[str, Any] = {
    "viewport": {"width": 320, "height": 640}, "reduced_motion": "reduce", "color_scheme": "light",
}  # fmt: skip
# A finger's target, links within text left aside.
SMALL = """() => [...document.querySelectorAll("main button, main input:not([type=hidden]),"
  + "main select, main summary")].filter((element) => {
    const box = (element.closest("label") ?? element).getBoundingClientRect();
    return box.width > 0 && box.height > 0 && box.height < 43.5;
  }).map((element) => element.outerHTML.slice(0, 120))"""


async def fits(page: Page) -> None:
    """Nothing is cut off, too small for a finger or told by colour alone, by day and by night."""
    found: dict[str, Any] = {"cut": await cut_off(page), "small": await page.evaluate(SMALL)}
    found["axe"] = await violations(page)
    for scheme, contrast in (("dark", ""), ("light", "more"), ("light", "")):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        await page.evaluate(f"document.documentElement.dataset.contrast = '{contrast}'")
        found[f"{scheme} {contrast}"] = await violations(page, "color-contrast")
    assert {name: fault for name, fault in found.items() if fault} == {}, page.url


async def assets(instance: Instance, login: str, officer: str) -> None:
    connection = await asyncpg.connect(instance.settings.database_url)
    try:
        find = "SELECT id, body_id FROM account WHERE login = $1"
        _, house = await connection.fetchrow(find, login)
        account, agency = await connection.fetchrow(find, officer)
        today = datetime.now(UTC).date()
        for title in ("Truck", "Van"):
            await take(connection, house, agency, account, signed=today, title=title)
    finally:
        await connection.close()


async def test_a_session_is_prepared_on_a_phone(instance: Instance, visitors: Visitors) -> None:
    # A house of its own: what others make there is none of these pages' business.
    house = {"vi": "Nhà đấu giá Bến Xuân", "en": "Bến Xuân Auctions"}
    maker = await instance.person("organisation", of=house)
    second = await instance.person("organisation", of=house)
    await assets(instance, maker, await instance.person("officer"))
    page = (await visitors.come(maker, **PHONE)).page
    await page.goto(f"{instance.base}/desk/sessions?lang=en")
    await fits(page)
    await page.get_by_role("link", name="New session").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("New session")
    await fits(page)
    await page.get_by_role("button", name="Begin the session").click()
    boxes = page.get_by_role("checkbox", name="Put into this session")
    await expect(boxes).to_have_count(2)
    for n in range(2):
        await boxes.nth(n).check()
    await fits(page)
    await page.get_by_role("button", name="Save and go on").click()
    await page.get_by_role("button", name="Fill in the dates by the rules").first.click()
    await expect(page.get_by_role("status")).to_contain_text("filled in by the rule pack")
    proofs = page.get_by_label("Proof")
    await expect(proofs).to_have_count(3)
    for n in range(3):
        await proofs.nth(n).fill("issue 7")
    await page.get_by_text("Why this day?").first.click()
    await expect(page.get_by_text("the time has run by").first).to_be_visible()
    await fits(page)
    await page.get_by_role("button", name="Save and go on").first.click()
    await page.get_by_label("Order of the lots").select_option("SEQUENTIAL")
    await fits(page)
    await page.get_by_role("button", name="Save and go on").click()
    await page.get_by_label("English title").fill("Trucks")
    await page.get_by_role("button", name="Save and go on").click()
    blocked = page.get_by_role("link", name="Mend it at Title and clauses")
    await expect(blocked).to_have_count(2)
    await fits(page)
    await blocked.first.click()
    await page.get_by_label("Vietnamese title").fill("Phiên xe tải")
    await page.get_by_role("checkbox", name="Auction rules and service contract").check()
    await page.get_by_role("button", name="Save and go on").click()
    await expect(page.get_by_text("Nothing stands against it.")).to_be_visible()
    await expect(page.get_by_role("img", name="The course of 2 lots")).to_have_count(4)
    await fits(page)
    draft = page.url.partition("/check")[0]
    await page.goto(f"{draft}/preview/1")
    await expect(page.get_by_text("Preview: nobody else can see this page.")).to_be_visible()
    await fits(page)
    await page.goto(f"{draft}/check")
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_text("another colleague must approve it")).to_be_visible()

    await _published((await visitors.come(second, **PHONE)).page, draft)


async def test_the_steps_of_a_falling_price_fit_too(instance: Instance, visitors: Visitors) -> None:
    house = {"vi": "Nhà đấu giá Bến Hạ", "en": "Bến Hạ Auctions"}
    maker = await instance.person("organisation", of=house)
    await assets(instance, maker, await instance.person("officer"))
    page = (await visitors.come(maker, **PHONE)).page
    await page.goto(f"{instance.base}/desk/sessions/new?lang=vi")
    await page.get_by_label("Bộ quy tắc").select_option("pack:vn-voluntary")
    await page.get_by_role("button", name="Bắt đầu lập phiên").click()
    await page.get_by_role("checkbox", name="Đưa vào phiên này").first.check()
    await page.get_by_label("Giá thấp nhất, nếu đặt giá xuống").first.fill("400.000.000")
    await fits(page)
    draft = page.url.partition("/assets")[0]
    await page.get_by_role("button", name="Lưu và sang bước sau").click()
    await page.get_by_role("button", name="Điền các ngày theo quy định").first.click()
    await expect(page.get_by_role("status")).to_be_visible()
    await page.goto(f"{draft}/rules")
    await page.get_by_label("Phương thức đấu giá").select_option("DESCENDING")
    await fits(page)
    await page.get_by_role("button", name="Lưu và sang bước sau").click()
    await page.goto(f"{draft}/dates")
    await expect(page.get_by_text("Phiên này đặt giá xuống")).to_be_visible()
    await fits(page)
    await page.goto(f"{draft}/preview/1")
    await expect(page.get_by_text("Giá thấp nhất").first).to_be_visible()
    await fits(page)


async def _published(page: Page, draft: str) -> None:
    """The second person reads, approves and publishes; each is asked once."""
    await page.goto(f"{draft}/check?lang=en")
    await page.get_by_role("link", name="Approve this session").click()
    await expect(page.get_by_role("heading", name="Approve this session?")).to_be_visible()
    await fits(page)
    await page.get_by_role("button", name="Approve").click()
    await page.get_by_role("link", name="Publish", exact=True).click()
    await expect(page.get_by_text("No button takes this back")).to_be_visible()
    await page.get_by_role("button", name="Publish").click()
    # Being published, or up already: the lots follow within a moment.
    await expect(page.get_by_role("status")).to_contain_text(re.compile("is being p|^Published"))
    await page.get_by_role("link", name="See the session’s page").click()
    await expect(page.get_by_text("Truck (en)").first).to_be_visible()
