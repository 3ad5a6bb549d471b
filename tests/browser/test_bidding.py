"""Bidding in the live room: what the bidder sees, and what everybody else sees."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from browser.instance import START, STEP, Instance
from browser.visitors import Room, Visitors, dong, grouped
from browser.wire import Wire

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
WITHIN_MS = 1_000


def local(at_ms: int) -> str:
    """A recorded moment as a Vietnamese page writes it."""
    moment = datetime.fromtimestamp(at_ms // 1000, tz=UTC).astimezone(ZoneInfo("Asia/Ho_Chi_Minh"))
    return f"{moment:%H:%M:%S},{at_ms % 1000:03d}"


async def test_a_bid_is_sent_then_recorded_and_seen_by_everybody(
    instance: Instance, visitors: Visitors, wire: Wire
) -> None:
    (lot,) = await instance.put_up()
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    first = await (await visitors.come(an)).room(lot, wire.base)
    second = await (await visitors.come(binh)).room(lot)
    onlooker = await (await visitors.come()).room(lot)
    await first.stands("no_bid")
    await onlooker.stands("watching")

    # A quick step. The answer is held on its way: nothing is shown that is not recorded.
    await first.step(1).click()
    await first.can_press(f"Trả {dong(START + STEP)}")
    wire.hold()
    await first.act.click()
    await expect(first.acts.first).to_have_text(f"Đã gửi {dong(START + STEP)}, chờ ghi sổ…")
    await second.stands("no_bid")
    for other in (second, onlooker):
        await expect(other.price).to_have_text(dong(START + STEP))
    await expect(first.price).to_have_text(dong(START))
    await first.stands("no_bid")
    wire.release()

    (bid,) = await instance.bids(lot)
    await expect(first.acts.first).to_contain_text(
        f"Đã ghi sổ: lượt số 1 lúc {local(bid['at_ms'])}"
    )
    await first.stands("leading")
    await expect(first.act).to_have_text("Bạn đang dẫn đầu")

    # A typed amount of the other; each page says where its own reader stands.
    amount = START + 5 * STEP
    await second.type(str(amount))
    await expect(second.amount).to_have_value(grouped(amount))
    await expect(second.page.locator("[data-field=amount_words]")).to_have_text(
        re.compile("^bốn tỷ bốn trăm năm mươi triệu", re.I)
    )
    await second.can_press(f"Trả {dong(amount)}")
    await second.act.click()
    await expect(second.acts.first).to_contain_text("Đã ghi sổ: lượt số 2 lúc")
    for other in (first, onlooker):
        await expect(other.price).to_have_text(dong(amount), timeout=WITHIN_MS)
        await expect(other.record.first).to_contain_text(grouped(amount), timeout=WITHIN_MS)
    await second.stands("leading")
    await first.stands("outbid")
    await expect(first.standing).to_contain_text(f"trả từ {dong(amount + STEP)}")
    await onlooker.stands("watching")
    (newest, _) = await instance.bids(lot)
    for room in (first, second, onlooker):
        line = room.record.first
        await expect(line).to_contain_text(local(newest["at_ms"]))
        await expect(line).to_contain_text(newest["code"])
    await expect(second.record.first).to_have_class(re.compile("own"))


async def test_a_bid_overtaken_on_its_way_is_refused_and_cured_by_one_press(
    instance: Instance, visitors: Visitors, wire: Wire
) -> None:
    (lot,) = await instance.put_up()
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    slow = await (await visitors.come(an)).room(lot, wire.base)
    quick = await (await visitors.come(binh)).room(lot)
    await slow.can_press(f"Trả {dong(START)}")
    wire.hold()
    await quick.bid(START + STEP)
    # The slow page has not heard of it, so its minimum is no longer the minimum.
    await slow.act.click()
    journal = []
    while not any(entry["kind"] == "bid.refused" for entry in journal):
        journal = await instance.journal(lot)
    wire.release()

    refusal = slow.acts.first
    await expect(refusal).to_have_class("is-refused")
    await expect(refusal).to_contain_text(f"Không nhận {dong(START)}")
    await expect(refusal).to_contain_text(f"Hãy trả từ {dong(START + 2 * STEP)} trở lên.")
    await slow.stands("no_bid")
    await expect(slow.page.locator("[data-refused-list] li")).to_contain_text(dong(START))
    await refusal.get_by_role("button", name=f"Trả {dong(START + 2 * STEP)}").click()
    await expect(slow.acts.first).to_contain_text("Đã ghi sổ: lượt số 2 lúc")
    await slow.stands("leading")
    await quick.stands("outbid")
    # Only its owner sees the refused bid.
    await expect(quick.page.locator("[data-refused]")).to_be_hidden()


async def test_an_amount_below_the_minimum_is_marked_before_and_refused_after(
    instance: Instance, visitors: Visitors
) -> None:
    (lot,) = await instance.put_up()
    room = await (await visitors.come(await instance.person("bidder", [lot]))).room(lot)
    await room.type(str(START - 1))
    await expect(room.note).to_contain_text(f"Thấp hơn mức nhận được lúc này: {dong(START)}")
    await expect(room.amount).to_have_attribute("aria-invalid", "true")
    await room.act.click()
    await expect(room.acts.first).to_contain_text("Số tiền thấp hơn giá khởi điểm")
    assert await instance.bids(lot) == []


async def test_a_price_that_moves_under_the_finger_must_be_read_first(
    instance: Instance, visitors: Visitors
) -> None:
    (lot,) = await instance.put_up()
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    room = await (await visitors.come(an)).room(lot)
    other = await (await visitors.come(binh)).room(lot)
    await room.can_press(f"Trả {dong(START)}")
    await other.type(str(START))
    # Pressed by the page itself the moment its amount changes: no hand is that quick on purpose.
    await room.page.evaluate(
        """() => {
          const act = document.querySelector("[data-act]");
          const watcher = new MutationObserver(() => { watcher.disconnect(); act.click(); });
          watcher.observe(act, { subtree: true, childList: true, characterData: true });
        }"""
    )
    await other.act.click()
    await expect(room.note).to_contain_text("Mức thấp nhất vừa đổi thành")
    assert len(await instance.bids(lot)) == 1
    await room.can_press(f"Trả {dong(START + STEP)}")
    await room.act.click()
    await expect(room.acts.first).to_contain_text("Đã ghi sổ: lượt số 2")


async def test_an_unusual_amount_is_asked_for_twice(instance: Instance, visitors: Visitors) -> None:
    (lot,) = await instance.put_up()
    room = await (await visitors.come(await instance.person("bidder", [lot]))).room(lot)
    ten_times = START * 10
    await room.type(str(ten_times))
    await room.act.click()
    await expect(room.ask).to_be_visible()
    await expect(room.ask).to_contain_text("Gấp 10 lần giá hiện tại")
    await expect(room.ask).to_contain_text(re.compile("bốn mươi hai tỷ", re.I))
    await room.ask.get_by_role("button", name="Sửa lại").click()
    await expect(room.ask).to_be_hidden()
    assert await instance.bids(lot) == []

    await room.act.click()
    send = room.ask.get_by_role("button", name=f"Đúng, trả {dong(ten_times)}")
    await room.ask.locator("#ask-again").press_sequentially(str(START))
    await expect(send).to_have_attribute("aria-disabled", "true")
    await room.page.keyboard.press("Enter")
    await expect(room.ask).to_be_visible()
    await room.ask.locator("#ask-again").fill("")
    await room.ask.locator("#ask-again").press_sequentially(str(ten_times))
    await send.click()
    await expect(room.acts.first).to_contain_text("Đã ghi sổ: lượt số 1")
    assert [bid["amount_minor"] for bid in await instance.bids(lot)] == [ten_times]


async def test_two_tabs_of_one_bidder_agree(instance: Instance, visitors: Visitors) -> None:
    (lot,) = await instance.put_up()
    here = await visitors.come(await instance.person("bidder", [lot]))
    there = await visitors.second_tab(here)
    one, two = await here.room(lot), await there.room(lot)
    await one.bid(START)
    await two.stands("leading", timeout=WITHIN_MS)
    await expect(two.act).to_have_text("Bạn đang dẫn đầu")
    await expect(two.record.first).to_contain_text("bạn")
    await expect(two.price).to_have_text(dong(START))


async def focus(room: Room, selector: str) -> None:
    """Reach `selector` from where the focus is, by the tab key alone."""
    for _ in range(60):
        await room.page.keyboard.press("Tab")
        if await room.page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached by the tab key")


async def test_a_bid_by_keyboard_alone(instance: Instance, visitors: Visitors) -> None:
    (lot,) = await instance.put_up()
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    room = await (await visitors.come(an)).room(lot)
    await focus(room, ".step:nth-child(2)")
    await room.page.keyboard.press("Space")
    await focus(room, "[data-act]")
    await room.page.keyboard.press("Enter")
    await expect(room.acts.first).to_contain_text("Đã ghi sổ: lượt số 1")
    await (await (await visitors.come(binh)).room(lot)).bid(START + 2 * STEP)
    await room.stands("outbid")

    await room.page.keyboard.press("Shift+Tab")
    await expect(room.amount).to_be_focused()
    await room.page.keyboard.type(str(START + 4 * STEP))
    await room.page.keyboard.press("Enter")
    await expect(room.acts.first).to_contain_text("Đã ghi sổ: lượt số 3")
    assert [bid["amount_minor"] for bid in await instance.bids(lot)] == [
        START + 4 * STEP, START + 2 * STEP, START + STEP,
    ]  # fmt: skip


@pytest.mark.parametrize("width", [320, 360])
async def test_on_a_phone_price_minimum_and_time_stay_in_sight_above_the_keyboard(
    instance: Instance, visitors: Visitors, width: int
) -> None:
    (lot,) = await instance.put_up(automatic_bids=True)
    an = await instance.person("bidder", [lot])
    visitor = await visitors.come(an, viewport={"width": width, "height": 640}, has_touch=True)
    room = await visitor.room(lot)
    page = visitor.page
    # Two lines of the page's head, whoever is signed in.
    head = await page.locator(".top").bounding_box()
    assert head is not None
    assert head["height"] < 110
    # The way to a maximum is in sight without anything being unfolded, and leads to its field.
    await page.get_by_role("button", name="Đặt mức tối đa").click()
    await expect(page.get_by_role("radio", name="Trả tự động")).to_be_checked()
    await expect(room.amount).to_be_focused()
    # A keyboard takes the lower half of the screen.
    await page.set_viewport_size({"width": width, "height": 300})
    await room.type("4300000000")
    await expect(room.amount).to_have_value("4.300.000.000")
    shown = [page.locator(f"[data-field={name}]") for name in ("bid_price", "bid_left")]
    await expect(shown[0]).to_have_text(dong(START))
    await expect(shown[1]).to_have_text(re.compile(r"\d"))
    for one in (*shown, room.note, room.amount):
        await expect(one).to_be_in_viewport(ratio=1)
