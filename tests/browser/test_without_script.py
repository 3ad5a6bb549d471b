"""A browser that runs no script still shows the state and takes a bid."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from browser.instance import START, STEP, Instance
from browser.visitors import Room, Visitors, dong, grouped

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_state_is_shown_and_a_bid_by_form_recorded(
    instance: Instance, visitors: Visitors
) -> None:
    visitors.expect_complaint("status of 400")
    (lot,) = await instance.put_up()
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    await (await (await visitors.come(binh)).room(lot)).bid(START + STEP)
    plain = await visitors.come(an, java_script_enabled=False)
    page = plain.page
    await page.goto(f"/lots/{lot}")
    room = Room(page)
    await expect(room.price).to_have_text(dong(START + STEP))
    await expect(room.standing).to_contain_text(
        f"Mức thấp nhất lúc này là {dong(START + 2 * STEP)}"
    )
    await expect(page.locator(".clock__zone")).to_contain_text("giờ Việt Nam, UTC+7")
    await expect(page.locator(".clock__zone")).to_be_visible()
    # What needs a script is not there to be pressed in vain.
    await expect(page.locator(".js-only:visible")).to_have_count(0)

    outcome = page.locator("[data-outcome]")
    await room.amount.fill(grouped(START))
    await room.act.click()
    await expect(outcome).to_contain_text(f"Không nhận {dong(START)}")
    await expect(outcome).to_contain_text(dong(START + 2 * STEP))
    await room.amount.fill("bốn tỷ")
    await room.act.click()
    await expect(outcome).to_contain_text("Không đọc chắc được số tiền")
    await room.amount.fill(grouped(START + 2 * STEP))
    await room.act.click()
    await expect(outcome).to_have_text(re.compile(r"Đã ghi sổ: lượt số 2 lúc \d\d:\d\d:\d\d,\d{3}"))
    await room.stands("leading")
    await expect(room.record.first).to_contain_text(grouped(START + 2 * STEP))
    (newest, _) = await instance.bids(lot)
    assert newest["amount_minor"] == START + 2 * STEP


async def test_sending_the_form_again_is_the_same_bid(
    instance: Instance, visitors: Visitors
) -> None:
    (lot,) = await instance.put_up()
    bidder = await instance.person("bidder", [lot])
    page = (await visitors.come(bidder, java_script_enabled=False)).page
    await page.goto(f"/lots/{lot}")
    await Room(page).amount.fill(str(START))
    await Room(page).act.click()
    outcome = page.locator("[data-outcome]")
    await expect(outcome).to_contain_text("Đã ghi sổ: lượt số 1")
    await page.reload()
    await expect(outcome).to_contain_text("Đã ghi sổ: lượt số 1")
    assert len(await instance.bids(lot)) == 1
