"""The room's clock: the server's, not the machine's; extensions and the close as they happen."""

from __future__ import annotations

import re
import time

import pytest
from playwright.async_api import expect

from auction_engine.rules.params import Extension
from browser.instance import START, STEP, Instance
from browser.visitors import Room, Visitors, dong

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
_WRONG_BY_MS = -7 * 3_600_000
_WRONG_CLOCK = """
  const Real = Date;
  let wrong = %d;
  window.setWrong = (ms) => { wrong = ms; };
  window.Date = class extends Real {
    constructor(...parts) { parts.length ? super(...parts) : super(Real.now() + wrong); }
    static now() { return Real.now() + wrong; }
  };
"""


async def seconds_left(room: Room) -> float:
    minutes, seconds = (await room.left.inner_text()).split(":")
    return int(minutes) * 60 + float(seconds.replace(",", "."))


async def test_the_countdown_is_the_servers_whatever_this_machine_believes(
    instance: Instance, visitors: Visitors
) -> None:
    (lot,) = await instance.put_up(lasts_s=400)
    visitor = await visitors.come()
    await visitor.context.add_init_script(_WRONG_CLOCK % _WRONG_BY_MS)
    room = await visitor.room(lot)
    end_ms = (await instance.state(lot))["end_ms"]
    page_ms = await room.page.evaluate("Date.now()")
    assert abs(page_ms - time.time() * 1000 - _WRONG_BY_MS) < 60_000
    assert await seconds_left(room) == pytest.approx(end_ms / 1000 - time.time(), abs=2)

    # Set by hand while the page is open: measured anew, and still the server's.
    await room.page.evaluate("setWrong(3_600_000)")
    await room.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await room.connected()
    assert await seconds_left(room) == pytest.approx(end_ms / 1000 - time.time(), abs=2)


async def test_a_late_bid_moves_the_end_and_the_page_says_why_and_until_when(
    instance: Instance, visitors: Visitors
) -> None:
    extension = Extension(trigger_ms=300_000, by_ms=300_000, max_count=2)
    (lot,) = await instance.put_up(lasts_s=60, extension=extension)
    bidder = await instance.person("bidder", [lot])
    room = await (await visitors.come(bidder)).room(lot)
    onlooker = await (await visitors.come()).room(lot)
    moved = onlooker.page.locator("[data-field=moved]")
    await expect(moved).to_be_hidden()
    assert await seconds_left(onlooker) <= 60
    await room.bid(START)
    state = await instance.state(lot)
    until = await onlooker.page.evaluate(
        """ms => new Intl.DateTimeFormat("vi-VN", { timeZone: "Asia/Ho_Chi_Minh",
             timeStyle: "medium", hourCycle: "h23" }).format(ms)""",
        state["end_ms"],
    )
    for page in (room.page, onlooker.page):
        await expect(page.locator("[data-field=moved]")).to_have_text(
            f"Gia hạn lần 1 vì lượt số 1 đến sát giờ: kết thúc lúc {until}"
        )
        await expect(page.locator("[data-field=end]")).to_have_text(until)
    await expect(onlooker.left).to_have_text(re.compile(r"^0[45]:\d\d$"))


async def test_a_lot_closes_before_everybodys_eyes(instance: Instance, visitors: Visitors) -> None:
    (lot, empty) = await instance.put_up(2, lasts_s=9, extension=None)
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    winner = await (await visitors.come(an)).room(lot)
    loser = await (await visitors.come(binh)).room(lot)
    onlooker = await (await visitors.come()).room(lot)
    nobody = await (await visitors.come()).room(empty)
    await loser.bid(START)
    await winner.bid(START + STEP)
    # Tenths of a second at the end.
    await expect(onlooker.left).to_have_text(re.compile(r"^00:0\d,\d$"))
    await instance.until(lot, lambda state: state["phase"] == "closed")
    await winner.stands("won")
    await loser.stands("closed")
    await onlooker.stands("closed")
    await nobody.stands("closed_empty")
    code = (await instance.state(lot))["leader"]
    await expect(onlooker.standing).to_contain_text(f"Cao nhất: {dong(START + STEP)}, mã {code}")
    await expect(winner.standing).to_contain_text(dong(START + STEP))
    for room in (winner, loser):
        await expect(room.page.locator("[data-bid]")).to_be_hidden()
        await expect(room.page.locator("[data-field=price_label]")).to_have_text(
            "Giá cao nhất khi đóng"
        )
        await expect(room.page.locator("[data-field=clock_label]")).to_have_text("Đã đóng lúc")
        # And the same again from the server.
        await room.page.reload()
        await expect(room.price).to_have_text(dong(START + STEP))
    await winner.stands("won")


async def test_a_lot_opens_before_everybodys_eyes(instance: Instance, visitors: Visitors) -> None:
    start_ms = int(time.time() * 1000) + 4_000
    (lot,) = await instance.put_up(start_ms=start_ms)
    room = await (await visitors.come(await instance.person("bidder", [lot]))).room(lot)
    await room.stands("scheduled")
    await expect(room.act).to_have_text("Chưa mở nhận giá")
    await expect(room.act).to_have_attribute("aria-disabled", "true")
    await room.stands("no_bid")
    await room.can_press(f"Trả {dong(START)}")
    assert time.time() * 1000 >= start_ms
