"""The auctioneer conducts from the console: live, by keys, asked once; the room reads it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from browser.fitness import cut_off, violations
from browser.instance import START, STEP, TERMS, Instance
from browser.visitors import Visitors, dong

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def console_of(instance: Instance, lot: int, page: Page) -> str:
    """Open the console of the lot's session; its address."""
    await page.goto(f"{instance.base}/lots/{lot}")
    link = await page.locator(".room__head .eyebrow a").get_attribute("href")
    assert link is not None
    address = f"{instance.base}/desk{link}/console"
    await page.goto(address)
    await expect(page.locator("[data-console]")).to_be_visible()
    return address


async def test_the_auctioneer_conducts_by_keys(instance: Instance, visitors: Visitors) -> None:
    first, second = await instance.put_up(2, terms=TERMS, extension=None)
    an = await instance.person("bidder", [first, second])
    login = await instance.person("organisation")
    room = await (await visitors.come(an)).room(first)
    page = (await visitors.come(login, viewport={"width": 1440, "height": 900})).page
    await console_of(instance, first, page)
    lot = page.locator(f'[data-lot="{first}"]')
    # Bids show as they are recorded.
    await instance.bid(an, first, START)
    await expect(lot.locator("[data-field=price]")).to_have_text(dong(START))
    await expect(lot.locator("[data-bids] li")).to_have_count(1)
    await expect(lot.locator("[data-field=here]")).to_contain_text("1")
    # J chooses a lot, S asks whether to pause it; the question is asked in a dialog, once.
    await page.keyboard.press("?")
    await expect(page.locator("[data-help]")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await expect(lot).to_have_class(re.compile("is-chosen"))
    await page.keyboard.press("s")
    asked = page.locator("[data-dialog]")
    await expect(asked).to_be_visible()
    await expect(asked).to_contain_text("Đồng hồ dừng ngay")
    await expect(asked).to_contain_text("The clock stops at once")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await expect(asked).to_be_hidden()
    await expect(lot.locator("[data-field=phase]")).to_have_text("Đang mở")
    await page.keyboard.press("s")
    await asked.locator("textarea").fill("Kiểm tra đường truyền")
    await asked.get_by_role("button", name="Xác nhận").click()
    await expect(lot.locator("[data-field=phase]")).to_have_text("Tạm dừng")
    await expect(lot).to_contain_text("Kiểm tra đường truyền")
    await expect(room.act).to_have_text("Đang tạm dừng")
    # The page came back with the lot still chosen.
    await expect(lot).to_have_class(re.compile("is-chosen"))
    await expect(page.get_by_role("status").filter(has_text="Đã ghi sổ")).to_contain_text(
        await lot.locator("h2").inner_text()
    )
    await page.keyboard.press("g")
    await asked.get_by_role("button", name="Xác nhận").click()
    await expect(lot.locator("[data-field=phase]")).to_have_text("Đang mở")
    binh = await instance.person("bidder", [first])
    await instance.bid(binh, first, START + STEP)
    await expect(lot.locator("[data-bids] li")).to_have_count(2)
    # More bids than the console shows: the newest six, newest on top, also when it is opened anew.
    for n in range(2, 9):
        await instance.bid(an if n % 2 == 0 else binh, first, START + n * STEP)
    await page.reload()
    await expect(lot.locator("[data-field=n]")).to_have_text("9")
    await instance.bid(binh, first, START + 9 * STEP)
    await expect(lot.locator("[data-bids] li .num:first-child")).to_have_text(
        ["10", "9", "8", "7", "6", "5"]
    )


async def test_an_announcement_is_read_in_the_room(instance: Instance, visitors: Visitors) -> None:
    (lot,) = await instance.put_up(1, terms=TERMS, extension=None)
    an = await instance.person("bidder", [lot])
    login = await instance.person("organisation")
    bidder = await (await visitors.come(an)).room(lot)
    page = (await visitors.come(login, viewport={"width": 390, "height": 800})).page
    await console_of(instance, lot, page)
    assert await cut_off(page) == []
    await page.keyboard.press("a")
    await expect(page.locator("#text_vi")).to_be_focused()
    # What is typed presses nothing.
    await page.keyboard.type("psjk Nghỉ năm phút.")
    await expect(page.locator("[data-dialog]")).to_be_hidden()
    await page.get_by_role("button", name="Xem trước").click()
    asked = page.locator("[data-dialog]")
    await expect(asked.locator("blockquote")).to_have_text("psjk Nghỉ năm phút.")
    await asked.get_by_role("button", name="Thông báo ngay").click()
    await expect(page.get_by_role("status").filter(has_text="Đã thông báo")).to_be_visible()
    said = bidder.page.locator("[data-notices] p")
    await expect(said).to_have_count(1)
    await expect(said).to_contain_text("psjk Nghỉ năm phút.")
    await expect(bidder.page.locator("[data-notices]")).to_have_attribute("aria-live", "polite")
    assert await violations(bidder.page) == []
    # Who comes later, and who has no script, reads it too.
    plain = await visitors.come(None, java_script_enabled=False)
    await plain.page.goto(f"{instance.base}/lots/{lot}")
    await expect(plain.page.locator("[data-notices] p")).to_contain_text("psjk Nghỉ năm phút.")


async def test_all_of_it_works_without_script(instance: Instance, visitors: Visitors) -> None:
    (lot,) = await instance.put_up(1, terms=TERMS, extension=None)
    await instance.person("bidder", [lot])
    login = await instance.person("organisation")
    page = (await visitors.come(login, java_script_enabled=False)).page
    await console_of(instance, lot, page)
    await page.get_by_role("button", name="Tạm dừng tất cả").click()
    await expect(page.locator("h1")).to_have_text("Tạm dừng cả phiên?")
    await page.get_by_role("button", name="Tạm dừng tất cả").click()
    await expect(page.locator("[data-lot] [data-field=phase]")).to_have_text("Tạm dừng")
    await page.locator("[data-lot]").get_by_role("button", name="Báo sự cố").click()
    await page.get_by_label("Sự cố là gì").fill("Mất điện")
    await page.get_by_role("button", name="Xác nhận").click()
    await expect(page.locator(".console__incident")).to_contain_text("hủy cuộc đấu giá")
    assert [e["kind"] for e in await instance.journal(lot)][-1] == "incident.reported"
