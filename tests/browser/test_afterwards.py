"""What follows a sale, in a browser: own affairs, signing, complaints, the course watched again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from browser.fitness import cut_off, violations
from browser.instance import START, STEP, TERMS, Instance
from browser.visitors import Visitors

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
GROUNDS = "Thông báo không nêu diện tích thật."


@dataclass
class Sale:
    """A lot that is sold and waits for its winner's signature, and the people around it."""

    lot: int
    open: int
    winner: str
    loser: str
    nobody: str
    organisation: str
    complaint: int = 0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sale(instance: Instance) -> Sale:
    (still,) = await instance.put_up(terms=TERMS)
    (lot,) = await instance.put_up(terms=TERMS, lasts_s=6)
    winner, loser = [await instance.person("bidder", [lot, still]) for _ in range(2)]
    await instance.bid(loser, lot, START)
    await instance.bid(winner, lot, START + STEP)
    await instance.bid(loser, lot, START + STEP, recorded=False)
    await instance.bid(loser, lot, START + 2 * STEP)
    await instance.bid(winner, lot, START + 3 * STEP)
    await instance.until(lot, lambda state: state["life"]["status"] == "LEADER_DETERMINED")
    await instance.act(lot, "announce", "AUCTIONEER")
    await instance.until(lot, lambda state: state["life"]["status"] == "ANNOUNCED")
    return Sale(
        lot, still, winner, loser, await instance.person("bidder"),
        await instance.person("organisation"),
    )  # fmt: skip


async def opened(visitors: Visitors, login: str | None, path: str, **options: Any) -> Page:
    visitor = await visitors.come(login, **options)
    await visitor.page.goto(path)
    return visitor.page


async def test_the_course_plays_from_the_first_bid_to_the_last(
    sale: Sale, visitors: Visitors
) -> None:
    page = await opened(visitors, None, f"/lots/{sale.lot}/replay")
    player, rows = page.locator("[data-player]"), page.locator("[data-rows] tr:visible")
    await expect(player).to_be_visible()
    whole = await rows.count()
    price = page.locator("[data-price]")
    await expect(price).to_have_text(re.compile(r"4\.350\.000\.000"))
    slider = page.get_by_role("slider")
    await slider.focus()
    await page.keyboard.press("Home")
    await expect(rows).to_have_count(1)
    await expect(price).to_have_text(re.compile(r"4\.200\.000\.000"))
    await page.get_by_role("button", name="Lượt sau").click()
    await expect(rows.first).to_contain_text("4.200.000.000")
    await page.get_by_role("button", name="Lượt sau").click()
    await expect(price).to_have_text(re.compile(r"4\.250\.000\.000"))
    await expect(page.get_by_role("status").last).to_contain_text("4.250.000.000")
    await slider.focus()
    before = await rows.count()
    await page.keyboard.press("ArrowRight")
    await expect(rows).to_have_count(before + 1)
    await page.get_by_label("Tốc độ").select_option("60")
    await page.get_by_role("button", name="Phát", exact=True).click()
    await expect(rows).to_have_count(whole)
    await expect(page.get_by_role("button", name="Phát từ đầu")).to_be_visible()
    await page.locator("button.jump").last.click()
    await expect(rows).to_have_count(1)


async def test_without_script_the_course_is_a_table(sale: Sale, visitors: Visitors) -> None:
    page = await opened(visitors, None, f"/lots/{sale.lot}/replay", java_script_enabled=False)
    await expect(page.locator("[data-player]")).to_be_hidden()
    rows = page.locator("[data-rows] tr")
    await expect(rows.filter(has_text="4.350.000.000").first).to_be_visible()
    await expect(rows.last).to_contain_text("Phòng đấu mở")


async def test_a_complaint_is_filed_and_followed(sale: Sale, visitors: Visitors) -> None:
    page = await opened(visitors, sale.loser, f"/mine/lots/{sale.lot}")
    await page.get_by_role("link", name="Khiếu nại", exact=True).last.click()
    await page.get_by_label("Lý do").fill(GROUNDS)
    await page.get_by_label("Yêu cầu").fill("Hủy kết quả.")
    await page.get_by_role("button", name="Gửi khiếu nại").click()
    await expect(page.get_by_role("status")).to_contain_text("Đã nhận khiếu nại")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("KN-")
    sale.complaint = int(page.url.rpartition("/")[2].partition("?")[0])
    await page.goto("/mine")
    await expect(page.locator("main")).to_contain_text("KN-")


def paths(sale: Sale) -> dict[str, tuple[str | None, str]]:
    """Every page by name: who looks, and where."""
    return {
        "mine of the winner": (sale.winner, "/mine"),
        "mine of the loser": (sale.loser, "/mine"),
        "mine of nobody yet": (sale.nobody, "/mine"),
        "lot of the winner": (sale.winner, f"/mine/lots/{sale.lot}"),
        "lot of the loser": (sale.loser, f"/mine/lots/{sale.lot}"),
        "sign": (sale.winner, f"/mine/lots/{sale.lot}/sign"),
        "replay": (None, f"/lots/{sale.lot}/replay"),
        "replay of an open lot": (None, f"/lots/{sale.open}/replay"),
        "complain": (sale.loser, f"/mine/complaints/new?lot={sale.lot}"),
        "complaint": (sale.loser, f"/mine/complaints/{sale.complaint}"),
        "complaints": (sale.organisation, "/desk/complaints"),
    }


async def test_the_pages_fit_a_phone_of_320_pixels(sale: Sale, visitors: Visitors) -> None:
    for name, (login, path) in paths(sale).items():
        visitor = await visitors.come(login, viewport={"width": 320, "height": 640})
        await visitor.page.goto(path)
        assert await cut_off(visitor.page) == [], name
        await visitor.context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
async def test_axe_finds_nothing(sale: Sale, visitors: Visitors, scheme: str, width: int) -> None:
    found = {}
    for name, (login, path) in paths(sale).items():
        visitor = await visitors.come(
            login, viewport={"width": width, "height": 900}, color_scheme=scheme,
            reduced_motion="reduce",
        )  # fmt: skip
        await visitor.page.goto(path)
        if "replay" in name:
            await expect(visitor.page.locator("[data-player]")).to_be_visible()
        if faults := await violations(visitor.page):
            found[name] = faults
        await visitor.context.close()
    assert found == {}


async def test_the_winner_signs_on_a_phone(sale: Sale, visitors: Visitors) -> None:
    phone = {"width": 360, "height": 740}
    page = await opened(visitors, sale.winner, "/mine", viewport=phone)
    await page.get_by_role("link", name="Ký biên bản đấu giá").click()
    await expect(page.locator(".minutes")).to_contain_text("4.350.000.000")
    code = await page.locator(".minutes .code").inner_text()
    await page.get_by_label("Gõ lại mã").fill(code)
    await page.get_by_role("button", name="Ký biên bản").click()
    await expect(page.get_by_role("status")).to_contain_text("Đã ghi chữ ký")
    await page.set_viewport_size({"width": 320, "height": 640})
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    await page.goto("/mine")
    await expect(page.locator("main")).to_contain_text("Hiện không có việc gì chờ bạn")
    await expect(page.locator("main")).to_contain_text("Biên bản đấu giá")
