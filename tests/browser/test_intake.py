"""An officer in front of the register: what came in, how long is left, accepted and refused."""

from __future__ import annotations

from typing import Any

import asyncpg
import plain
import pytest
import pytest_asyncio
from courtroom import Courtroom, paper
from playwright.async_api import Page, expect

from auction_engine.clients.court import Court, new_jti
from auction_engine.desk.intake import trust
from auction_engine.identity import bodies, jose
from browser.fitness import cut_off, violations
from browser.instance import Instance, both
from browser.visitors import Visitors

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
_AGENCY = both("Cơ quan nhận án", "Agency of intake")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sent(instance: Instance) -> dict[str, str]:
    """Two judgments and a request about the first of them: their order numbers by name."""
    agency = await bodies.add(instance.engine, "AGENCY", _AGENCY)
    key = jose.new_private()
    connection = await asyncpg.connect(instance.settings.database_url)
    try:
        may = ["JUDGMENT", "REQUEST"]
        await trust.add(connection, "toa-an", "Tòa án hư cấu", may, jose.public(key))
    finally:
        await connection.close()
    room: Any = Courtroom(None, agency, agency)  # type: ignore[arg-type]
    first, second = room.judgment(papers=[paper()]), room.judgment()
    async with plain.client(instance.base, timeout=10) as client:
        court = Court(client, "toa-an", key)
        told = {
            "first": await court.send_judgment(first, new_jti()),
            "second": await court.send_judgment(second),
            "request": await court.send_request(room.request(first)),
        }
    return {name: receipt.told["order_number"] for name, receipt in told.items()}


async def fit(page: Page) -> None:
    """Nothing keeps anybody out, and nothing is wider than the window."""
    assert await violations(page) == []
    assert await cut_off(page) == []


async def test_the_register_is_read_and_answered(
    instance: Instance, visitors: Visitors, sent: dict[str, str]
) -> None:
    visitors.expect_complaint("status of 422")  # of the form sent with something missing
    login = await instance.person("officer", of=_AGENCY)
    here = await visitors.come(
        login, viewport={"width": 320, "height": 640}, reduced_motion="reduce"
    )
    page = here.page
    await page.goto("/agency/intake")
    await expect(page.locator("tbody tr")).to_have_count(3)
    await fit(page)
    await page.get_by_label("Loại").select_option("REQUEST")
    await page.get_by_role("button", name="Lọc").click()
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.get_by_role("link", name="Bỏ lọc").click()
    await page.get_by_role("link", name=sent["first"]).click()
    await expect(page.get_by_text("chữ ký đúng")).to_be_visible()
    await fit(page)
    await page.get_by_role("link", name="Thụ lý").click()
    await expect(page.get_by_text("không sửa lại được")).to_be_visible()
    await fit(page)
    # What is missing is said at once, and nothing is lost.
    await page.get_by_label("Số hồ sơ thi hành án").fill("TH-1")
    await page.get_by_role("button", name="Thụ lý").click()
    await expect(page.get_by_role("alert")).to_contain_text("Số quyết định thi hành án")
    await expect(page.get_by_label("Số hồ sơ thi hành án")).to_have_value("TH-1")
    await fit(page)
    await page.get_by_label("Số quyết định thi hành án").fill("12/QĐ-THADS")
    await page.get_by_label("Ngày quyết định thi hành án").fill("2026-08-10")
    await page.get_by_role("button", name="Thụ lý").click()
    await expect(page.get_by_role("status")).to_contain_text("Đã thụ lý")
    await expect(page.get_by_role("link", name="Hồ sơ số TH-1")).to_be_visible()
    # The request about it joins the case.
    await page.get_by_role("link", name=sent["request"]).click()
    await page.get_by_role("link", name="Thụ lý").click()
    await expect(page.get_by_label("Đưa vào hồ sơ số TH-1")).to_be_checked()
    await fit(page)
    await page.get_by_role("button", name="Thụ lý").click()
    await expect(page.get_by_role("link", name="Hồ sơ số TH-1")).to_be_visible()


async def test_refused_by_keyboard_in_every_theme(
    instance: Instance, visitors: Visitors, sent: dict[str, str]
) -> None:
    login = await instance.person("officer", of=_AGENCY)
    here = await visitors.come(login, color_scheme="dark", locale="en-GB")
    page = here.page
    await page.goto("/agency/intake?lang=en")
    await page.get_by_role("link", name=sent["second"]).focus()
    await page.keyboard.press("Enter")
    refuse = page.get_by_role("link", name="Refuse")
    await expect(refuse).to_be_visible()
    await fit(page)
    await refuse.focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Another agency is competent").focus()
    for contrast in ("", "more"):
        await page.evaluate(f"document.documentElement.dataset.contrast = '{contrast}'")
        await fit(page)
    await page.keyboard.press("Space")
    await page.get_by_label("Reason", exact=True).fill("The debtor lives elsewhere.")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Refused and recorded")
    await expect(page.get_by_text("The debtor lives elsewhere.")).to_be_visible()
    await fit(page)
