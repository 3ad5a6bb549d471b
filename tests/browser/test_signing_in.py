"""Signing in and out by form, where each role lands, and the language of the pages."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from auction_engine.identity.accounts import Role
from browser.instance import PASSWORD, START, Instance
from browser.visitors import Room, Visitors, dong

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_from_the_room_to_the_form_and_back_and_out_again(
    instance: Instance, visitors: Visitors
) -> None:
    visitors.expect_complaint("status of 401")
    (lot,) = await instance.put_up()
    login = await instance.person("bidder", [lot])
    page = (await visitors.come()).page
    await page.goto(f"/lots/{lot}")
    await page.get_by_role("link", name="Đăng nhập để trả giá").click()
    await page.get_by_label("Tên đăng nhập").fill(login)
    await page.get_by_label("Mật khẩu").fill("not this one")
    await page.get_by_role("button", name="Đăng nhập", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("không đúng")

    await page.get_by_label("Tên đăng nhập").fill(login.upper())
    await page.get_by_label("Mật khẩu").fill(PASSWORD)
    await page.get_by_role("button", name="Đăng nhập", exact=True).click()
    await page.wait_for_url(f"**/lots/{lot}")
    room = Room(page)
    await room.stands("no_bid")
    await room.can_press(f"Trả {dong(START)}")

    await page.get_by_role("button", name="Đăng xuất").click()
    await page.wait_for_url(f"{instance.base}/")
    await page.goto(f"/lots/{lot}")
    await room.stands("watching")
    await expect(room.act).to_have_count(0)


async def test_signing_out_elsewhere_ends_bidding_here(
    instance: Instance, visitors: Visitors
) -> None:
    visitors.expect_complaint("status of 40[13]")
    (lot,) = await instance.put_up()
    here = await visitors.come(await instance.person("bidder", [lot]))
    there = await visitors.second_tab(here)
    await here.room(lot)
    await there.page.goto("/")
    await there.page.get_by_role("button", name="Đăng xuất").click()
    await expect(there.page.get_by_role("link", name="Đăng nhập")).to_be_visible()
    await here.page.reload()
    await Room(here.page).stands("watching")
    answer = await here.context.request.post("/api/live-tickets")
    assert answer.status == 401


@pytest.mark.parametrize(
    ("role", "path", "closed"),
    [
        ("organisation", "/desk", "/agency"),
        ("officer", "/agency", "/desk"),
        ("bidder", "/", "/desk"),
    ],
)
async def test_each_role_lands_on_its_own_page_and_on_no_others(
    instance: Instance, visitors: Visitors, role: Role, path: str, closed: str
) -> None:
    visitors.expect_complaint("status of 403")
    (lot,) = await instance.put_up()
    await instance.on_first_page(lot)
    login = await instance.person(role)
    page = (await visitors.come()).page
    await page.goto("/login")
    await page.get_by_label("Tên đăng nhập").fill(login)
    await page.get_by_label("Mật khẩu").fill(PASSWORD)
    await page.get_by_label("Mật khẩu").press("Enter")
    await page.wait_for_url(f"{instance.base}{path}")
    await expect(page.locator(f'[data-lot="{lot}"]')).to_be_visible()
    answer = await page.goto(closed)
    assert answer is not None
    assert answer.status == 403
    await expect(page.get_by_role("heading", level=1)).to_have_text("Bạn không có quyền vào đây")


async def test_the_other_language_is_one_press_away_and_remembered(
    instance: Instance, visitors: Visitors
) -> None:
    (lot,) = await instance.put_up()
    page = (await visitors.come(await instance.person("bidder", [lot]))).page
    await page.goto(f"/lots/{lot}")
    room = Room(page)
    await expect(page.locator("html")).to_have_attribute("lang", "vi")
    await room.can_press(f"Trả {dong(START)}")
    await page.get_by_role("link", name="English").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(room.act).to_have_text(re.compile(r"^Bid VND\s4,200,000,000$"))
    await expect(room.standing).to_contain_text("You have not bid")
    await page.goto("/")
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await page.get_by_role("link", name="Tiếng Việt").click()
    await expect(page.locator("html")).to_have_attribute("lang", "vi")
