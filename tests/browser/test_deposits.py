"""A bidder whose deposit is not held sees why and what to do, with and without a script."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import Page, expect

from auction_engine.bidding.keys import shard_of
from auction_engine.desk import listing
from browser.instance import START, STEP, TERMS, Instance
from browser.visitors import Room, Visitors, dong

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NEEDED = START // 10
RECORDED = replace(TERMS, deposits="RECORDED")
PHONE = {"viewport": {"width": 320, "height": 640}, "has_touch": True}


class Deposits:
    """One lot that records deposits, and who has one."""

    def __init__(self, instance: Instance, lot: int) -> None:
        self.instance, self.lot = instance, lot
        self._transfers = 0

    @classmethod
    async def put_up(cls, instance: Instance, **params: Any) -> tuple[Deposits, list[str]]:
        """The lot, open, with two bidders whose deposits are held and who are admitted."""
        people = [await instance.person() for _ in range(2)]
        start_ms = int(time.time() * 1000) + 2_000
        values = {"terms": RECORDED, "extension": None, "start_ms": start_ms}
        (lot,) = await instance.put_up(1, **(values | params))
        made = cls(instance, lot)
        shard = shard_of(lot, instance.settings.shards)
        for login in people:
            await made.hold(login)
            await listing.admit(instance.log, shard, lot, await instance.account_id(login))
        await instance.until(lot, lambda state: state["phase"] == "open")
        return made, people

    async def hold(self, login: str) -> None:
        self._transfers += 1
        bidder = await self.instance.account_id(login)
        data = {"bidder": bidder, "means": "TRANSFER", "transfer": self._transfers}
        await self.instance.act(
            self.lot, "hold_deposit", "ORGANISATION", amount_minor=NEEDED, **data
        )

    async def release(self, login: str) -> None:
        bidder = await self.instance.account_id(login)
        await self.instance.act(
            self.lot, "release_deposit", "ORGANISATION", reason="Ngân hàng hoàn lệnh chuyển.",
            bidder=bidder, ground="BANK_REVERSAL",
        )  # fmt: skip


async def fits(page: Page) -> None:
    """Nothing is wider than the screen."""
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(over) <= 0


async def test_the_form_goes_and_comes_back_with_the_deposit(
    instance: Instance, visitors: Visitors
) -> None:
    deposits, (an, binh) = await Deposits.put_up(instance)
    lot = deposits.lot
    phone, desk = await visitors.come(an, **PHONE), await visitors.come(binh)
    room, other = await phone.room(lot), await desk.room(lot)
    told, form = room.page.locator("[data-deposit]"), room.page.locator("[data-bid]")
    await expect(told).to_have_text(
        f"Đã ghi nhận tiền đặt trước {dong(NEEDED)} của bạn cho tài sản này."
    )
    await expect(form).to_be_visible()

    await deposits.release(an)
    await room.stands("no_deposit")
    await expect(form).to_be_hidden()
    await expect(told).to_contain_text(f"Tiền đặt trước {dong(NEEDED)} của bạn hiện không được")
    await fits(room.page)
    # Nobody else learns of it.
    await other.bid(START)
    await other.stands("leading")
    assert any("MISSING" in frame for frame in phone.frames)
    assert not any("MISSING" in frame for frame in desk.frames)
    await expect(other.page.locator("[data-deposit]")).to_contain_text("Đã ghi nhận")

    await deposits.hold(an)
    await room.stands("no_bid")
    await expect(form).to_be_visible()
    await room.can_press(f"Trả {dong(START + STEP)}")
    await room.press()
    await room.stands("leading")
    # What was bid with a deposit stands without it, and is said to.
    await deposits.release(an)
    await expect(told).to_contain_text("không nhận giá mới")
    await room.stands("leading")
    await room.page.reload()
    await room.connected()
    await room.stands("leading")
    await expect(form).to_be_hidden()


async def test_a_falling_price_is_not_offered_either(
    instance: Instance, visitors: Visitors
) -> None:
    falling = {"interval_ms": 600_000, "begins_s": 20, "terms": RECORDED}
    lot = await instance.falls(**falling)
    deposits, login = Deposits(instance, lot), await instance.person()
    shard = shard_of(lot, instance.settings.shards)
    await deposits.hold(login)
    await listing.admit(instance.log, shard, lot, await instance.account_id(login))
    room = await (await visitors.come(login)).room(lot)
    await expect(room.accept).to_be_visible()
    await deposits.release(login)
    await expect(room.accept).to_be_hidden()
    await expect(room.page.locator("[data-deposit]")).to_contain_text("không nhận giá mới")
    await deposits.hold(login)
    await expect(room.accept).to_be_visible()


async def test_without_a_script_it_is_the_same(instance: Instance, visitors: Visitors) -> None:
    deposits, (an, _) = await Deposits.put_up(instance)
    stranger = await instance.person()
    pages = [
        (await visitors.come(login, java_script_enabled=False, **PHONE)).page
        for login in (an, stranger)
    ]
    for page in pages:
        await page.goto(f"/lots/{deposits.lot}")
    own, outside = pages
    await expect(outside.locator("[data-deposit]")).to_contain_text("Muốn trả giá, bạn cần có")
    form = own.locator("[data-bid]")
    await expect(form).to_be_visible()
    await deposits.release(an)
    # The page drawn before still has its form: what is sent is refused with the reason.
    await Room(own).amount.fill(str(START))
    await Room(own).act.click()
    outcome = own.locator("[data-outcome]")
    await expect(outcome).to_contain_text("Hãy hỏi ngay tổ chức đấu giá")
    await expect(form).to_be_hidden()
    await Room(own).stands("no_deposit")
    await fits(own)
    entry = (await instance.journal(deposits.lot))[-1]
    assert (entry["kind"], entry["reason"]) == ("bid.refused", "DEPOSIT_MISSING")
