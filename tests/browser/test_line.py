"""When the line breaks: the page says so, takes no bid, comes back, loses and doubles nothing."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from browser.instance import START, STEP, Instance
from browser.visitors import NETWORK, Room, Visitors, dong
from browser.wire import Wire

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def refuses_to_send(room: Room) -> None:
    await room.stands("offline")
    await expect(room.standing).to_contain_text("Mất kết nối")
    await expect(room.act).to_have_text("Mất kết nối – chưa gửi được")
    await expect(room.act).to_have_attribute("aria-disabled", "true")
    await room.act.click(force=True)
    await expect(room.acts).to_have_count(0)


async def test_without_network_the_page_says_so_and_comes_back_by_itself(
    instance: Instance, visitors: Visitors
) -> None:
    visitors.expect_complaint(NETWORK)
    (lot,) = await instance.put_up()
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    here = await visitors.come(an)
    room = await here.room(lot)
    other = await (await visitors.come(binh)).room(lot)
    await here.context.set_offline(True)
    await refuses_to_send(room)
    await other.bid(START)
    await expect(room.price).to_have_text(dong(START))
    await here.context.set_offline(False)
    await room.stands("no_bid")
    await expect(room.record.first).to_contain_text("1")
    await room.can_press(f"Trả {dong(START + STEP)}")
    await room.press()
    await expect(room.acts.first).to_contain_text("Đã ghi sổ: lượt số 2")


async def test_a_killed_gateway_is_noticed_and_its_successor_found(
    instance: Instance, visitors: Visitors
) -> None:
    visitors.expect_complaint(NETWORK)
    (lot,) = await instance.put_up()
    here = await visitors.come(await instance.person("bidder", [lot]))
    board = await visitors.come()
    async with instance.second_gateway() as gateway:
        room = await here.room(lot, gateway.base)
        await room.bid(START)
        await board.page.goto(gateway.base)
        await expect(board.page.locator("[data-line]")).to_be_hidden()
        await gateway.kill()
        await refuses_to_send_again(room)
        await expect(board.page.locator("[data-line]")).to_contain_text("Mất kết nối")
        await gateway.start()
        await room.stands("leading", timeout=30_000)
        await expect(board.page.locator("[data-line]")).to_be_hidden(timeout=30_000)


async def refuses_to_send_again(room: Room) -> None:
    await room.stands("offline")
    await expect(room.act).to_have_attribute("aria-disabled", "true")
    before = await room.acts.count()
    await room.act.click(force=True)
    await expect(room.acts).to_have_count(before)


async def test_a_bid_whose_answer_was_lost_is_counted_once(
    instance: Instance, visitors: Visitors, wire: Wire
) -> None:
    visitors.expect_complaint(NETWORK)
    (lot,) = await instance.put_up()
    room = await (await visitors.come(await instance.person("bidder", [lot]))).room(lot, wire.base)
    wire.hold()
    await room.act.click()
    await instance.until(lot, lambda state: state["n"] == 1)
    wire.down = True
    wire.cut()
    await expect(room.acts.first).to_contain_text("Mất kết nối khi chờ ghi sổ")
    await room.stands("offline")
    wire.down = False
    wire.release()
    await expect(room.acts.first).to_contain_text("Đã ghi sổ: lượt số 1 lúc", timeout=30_000)
    await room.stands("leading")
    kinds = [entry["kind"] for entry in await instance.journal(lot)]
    assert [kind for kind in kinds if kind.startswith("bid.")] == ["bid.accepted"]


async def test_a_line_that_has_fallen_silent_is_taken_for_dead(
    instance: Instance, visitors: Visitors, wire: Wire
) -> None:
    visitors.expect_complaint(NETWORK)
    (lot,) = await instance.put_up()
    room = await (await visitors.come(await instance.person("bidder", [lot]))).room(lot, wire.base)
    # Nothing is closed and nothing fails: there is only no answer any more.
    wire.hold()
    await room.act.click()
    await expect(room.acts.first).to_contain_text("chờ ghi sổ…")
    await room.stands("offline", timeout=15_000)
    await expect(room.acts.first).to_have_class("is-waiting")
    await expect(room.acts.first).to_contain_text(re.compile("không tính thành hai"))
    # Trying again is not being back: the banner stays until the line is up.
    async with room.page.expect_request("**/api/live-tickets"):
        pass
    await room.stands("offline")
    wire.release()
    await room.stands("leading", timeout=30_000)
    await expect(room.acts.first).to_contain_text("Đã ghi sổ: lượt số 1 lúc")
    assert len(await instance.bids(lot)) == 1
