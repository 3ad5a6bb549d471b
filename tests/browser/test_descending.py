"""The room of a falling price: the price, the one act, and what becomes of a race."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import pytest
from playwright.async_api import Locator, Route, expect

from browser.instance import START, STEP, Instance
from browser.test_bidding import focus, local
from browser.test_clock import _WRONG_BY_MS, _WRONG_CLOCK
from browser.visitors import Room, Visitors, dong
from browser.wire import Wire

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
# Long enough for everything a test does at one price, and for the steps that it waits for.
LONG_MS, SHORT_MS = 600_000, 3_000


async def offers(room: Room, amount: int) -> None:
    """Until the button names this price and takes a press."""
    await expect(room.accept).to_have_text(f"Chấp nhận giá {dong(amount)}")
    await expect(room.accept).to_have_attribute("aria-disabled", "false")


async def falling_to(instance: Instance, lot: int) -> Any:
    state = await instance.state(lot)
    return state["life"]["falling"]


async def at_step(instance: Instance, lot: int, begun_ms: int = 300) -> int:
    """Wait until a step has just begun; its price."""
    falling = await falling_to(instance, lot)
    passed = time.time() * 1000 - falling["from_ms"]
    step = int(passed // falling["interval_ms"]) + 1
    await asyncio.sleep((step * falling["interval_ms"] - passed + begun_ms) / 1000)
    return int(falling["prices_minor"][falling["step"] + step])


async def entries(instance: Instance, lot: int, kind: str) -> list[dict[str, Any]]:
    return [entry for entry in await instance.journal(lot) if entry["kind"] == kind]


async def test_the_price_falls_before_everybodys_eyes(
    instance: Instance, visitors: Visitors
) -> None:
    lot = await instance.falls(2_000)
    bidder = await (await visitors.come(await instance.person("bidder", [lot]))).room(lot)
    onlooker = await (await visitors.come()).room(lot)
    await bidder.stands("ready")
    await onlooker.stands("watching_fall")
    entry = len(await instance.journal(lot))
    for _ in range(2):
        price = await at_step(instance, lot, 150)
        for room in (bidder, onlooker):
            assert await room.price.inner_text() == dong(price)
            label = room.page.locator("[data-field=clock_label]")
            assert await label.inner_text() == f"Xuống {dong(price - STEP)} sau"
            assert re.fullmatch(r"00:01,\d", await room.left.inner_text())
        # Price and button change in one moment.
        assert await bidder.accept.inner_text() == f"Chấp nhận giá {dong(price)}"
    # The server has said nothing meanwhile: the price is a matter of its clock alone.
    assert len(await instance.journal(lot)) == entry
    path = bidder.page.locator("[data-fall]")
    await expect(path).to_contain_text(f"thấp nhất {START - 10 * STEP:,}".replace(",", "."))
    await expect(path).to_contain_text("bây giờ")
    await expect(bidder.page.locator("[data-bid]")).to_have_count(0)


async def test_the_loser_of_a_race_is_told_who_was_first_and_by_how_much(
    instance: Instance, visitors: Visitors, wire: Wire
) -> None:
    lot = await instance.falls(LONG_MS)
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    quick = await (await visitors.come(an)).room(lot)
    slow = await (await visitors.come(binh)).room(lot, wire.base)
    await offers(slow, START)
    wire.hold()
    await quick.accept.click()
    await quick.stands("first")
    # The slow page has not heard of it: to its reader the price still stands.
    await offers(slow, START)
    await slow.accept.click()
    while not await entries(instance, lot, "bid.refused"):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    wire.release()

    (first,) = await instance.bids(lot)
    (late,) = await entries(instance, lot, "bid.refused")
    assert late["reason"] == "TOO_LATE"
    ms = late["at_ms"] - first["at_ms"]
    assert ms > 0
    await slow.stands("late")
    await expect(slow.standing).to_contain_text(f"Chậm {ms} mili giây")
    answer = slow.acts.first
    await expect(answer).to_have_class("is-refused")
    rows = answer.locator(".race tr")
    await expect(rows.nth(0)).to_contain_text(
        re.compile(f"{first['code']}.*{local(first['at_ms'])}")
    )
    await expect(rows.nth(1)).to_contain_text(local(late["at_ms"]))
    await expect(rows.nth(1)).to_contain_text(f"sau {ms} mili giây")
    # The winner sees the same two times; both find them again when they come back.
    for room, kind in ((quick, "first"), (slow, "late")):
        await room.stands(kind)
        for at_ms in (first["at_ms"], late["at_ms"]):
            await expect(room.standing).to_contain_text(local(at_ms))
        await room.page.reload()
        await room.stands(kind)
        await expect(room.standing).to_contain_text(f"{ms} mili giây")
        await expect(room.course).to_contain_text("Kết quả tạm thời")
    await instance.act(lot, "announce", "AUCTIONEER")
    await quick.stands("winner")
    for room in (quick, slow):
        await expect(room.course).to_contain_text(f"Đã công bố người trúng: {first['code']}")
    # Who came second is nobody else's business; that somebody did, everybody's.
    assert all(binh not in frame for frame in await frames_of(visitors, lot))


async def frames_of(visitors: Visitors, lot: int) -> list[str]:
    watcher = await visitors.come()
    await watcher.room(lot)
    return watcher.frames


async def test_of_many_pressing_at_once_one_is_first(
    instance: Instance, visitors: Visitors
) -> None:
    lot = await instance.falls(LONG_MS)
    people = [await instance.person("bidder", [lot]) for _ in range(4)]
    rooms = [await (await visitors.come(person)).room(lot) for person in people]
    for room in rooms:
        await offers(room, START)
    now = "document.querySelector('[data-accept-act]').click()"
    await asyncio.gather(*(room.page.evaluate(now) for room in rooms))
    await instance.until(lot, lambda state: state["phase"] == "closed")
    (first,) = await instance.bids(lot)
    stands: list[str] = []
    for room in rooms:
        await expect(room.course).to_contain_text(first["code"])
        await expect(room.page.locator(".acts .is-sent")).to_have_count(0)
        stands.append((await room.standing.get_attribute("class") or "").partition("--")[2])
    # A page that had heard of the first acceptance before its own press sends none.
    assert stands.count("first") == 1
    assert set(stands) <= {"first", "late", "late_tie", "over"}
    late = [kind for kind in stands if kind.startswith("late")]
    assert len(await entries(instance, lot, "bid.refused")) == len(late)


async def press(button: Locator) -> None:
    """Press the mouse on it and keep it pressed."""
    box = await button.bounding_box()
    assert box is not None
    await button.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await button.page.mouse.down()


async def test_what_was_pressed_is_what_is_sent_however_the_price_falls_meanwhile(
    instance: Instance, visitors: Visitors
) -> None:
    lot = await instance.falls(SHORT_MS, steps=60)
    room = await (await visitors.come(await instance.person("bidder", [lot]))).room(lot)
    price = await at_step(instance, lot)
    await offers(room, price)
    await press(room.accept)
    await expect(room.price).to_have_text(dong(price - STEP))
    await expect(room.accept).to_have_text(f"Chấp nhận giá {dong(price)}")
    await room.page.mouse.up()

    answer = room.acts.first
    await expect(answer).to_have_class("is-refused")
    await expect(answer).to_contain_text(f"Không nhận {dong(price)}")
    await expect(answer).to_contain_text(f"giá đã là {dong(price - STEP)}")
    (stale,) = await entries(instance, lot, "bid.refused")
    assert (stale["reason"], stale["amount_minor"]) == ("STALE_PRICE", price)
    assert await instance.bids(lot) == []
    await room.stands("ready")

    # Whoever thinks better of it moves away before letting go: nothing is sent.
    price = await at_step(instance, lot)
    await press(room.accept)
    await room.page.mouse.move(5, 5)
    await room.page.mouse.up()
    await offers(room, price)
    await room.accept.click()
    await expect(room.acts.first).to_contain_text("Đã ghi sổ: lượt số 1")
    (bid,) = await entries(instance, lot, "bid.accepted")
    assert bid["amount_minor"] == price
    assert len(await entries(instance, lot, "bid.refused")) == 1
    await room.stands("first")
    await expect(room.accept).to_be_hidden()


async def test_accepting_by_keyboard_alone(instance: Instance, visitors: Visitors) -> None:
    lot = await instance.falls(SHORT_MS, steps=60)
    room = await (await visitors.come(await instance.person("bidder", [lot]))).room(lot)
    keyboard = room.page.keyboard
    await focus(room, "[data-accept-act]")
    price = await at_step(instance, lot)
    await keyboard.down("Space")
    await expect(room.price).to_have_text(dong(price - STEP))
    await expect(room.accept).to_have_text(f"Chấp nhận giá {dong(price)}")
    await keyboard.up("Space")
    await expect(room.acts.first).to_contain_text(f"Không nhận {dong(price)}")
    await expect(room.accept).to_be_focused()
    price = await at_step(instance, lot)
    await offers(room, price)
    # Held down, the key repeats itself; it is one press all the same.
    await keyboard.down("Enter")
    await keyboard.down("Enter")
    await keyboard.up("Enter")
    await expect(room.acts.first).to_contain_text("Đã ghi sổ: lượt số 1")
    refused = await entries(instance, lot, "bid.refused")
    assert [entry["reason"] for entry in refused] == ["STALE_PRICE"]


async def test_the_button_and_the_price_have_names_for_those_who_do_not_see_them(
    instance: Instance, visitors: Visitors
) -> None:
    lot = await instance.falls(SHORT_MS, steps=60)
    room = await (await visitors.come(await instance.person("bidder", [lot]))).room(lot)
    price = await at_step(instance, lot)
    button = room.page.get_by_role("button", name=f"Chấp nhận giá {dong(price)}")
    await expect(button).to_have_accessible_description(re.compile("Rút lại sẽ mất tiền đặt trước"))
    spoken = room.page.locator("[data-announce]")
    # At most one sentence in a few seconds, always the latest.
    await expect(spoken).to_have_text(re.compile(r"^Giá xuống [\d.]+\s₫\.$"), timeout=15_000)
    await expect(room.page.get_by_role("img", name="Đường đi của giá")).to_be_visible()


async def test_the_price_is_the_servers_whatever_this_machine_believes(
    instance: Instance, visitors: Visitors
) -> None:
    lot = await instance.falls(SHORT_MS, steps=60)
    visitor = await visitors.come(await instance.person("bidder", [lot]))
    await visitor.context.add_init_script(_WRONG_CLOCK % _WRONG_BY_MS)
    room = await visitor.room(lot)
    page_ms = await room.page.evaluate("Date.now()")
    assert abs(page_ms - time.time() * 1000 - _WRONG_BY_MS) < 60_000
    price = await at_step(instance, lot)
    assert await room.price.inner_text() == dong(price)
    await room.page.evaluate("setWrong(3_600_000)")
    await room.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await room.connected()
    price = await at_step(instance, lot)
    await offers(room, price)
    await room.accept.click()
    await expect(room.acts.first).to_contain_text("Đã ghi sổ: lượt số 1")
    assert [bid["amount_minor"] for bid in await instance.bids(lot)] == [price]


async def test_an_acceptance_on_a_broken_line_is_never_made_at_another_price(
    instance: Instance, visitors: Visitors, wire: Wire
) -> None:
    lot = await instance.falls(3_000, steps=60)
    visitor = await visitors.come(await instance.person("bidder", [lot]))
    visitors.expect_complaint("net::ERR_|WebSocket connection to|Failed to fetch")
    room = await visitor.room(lot, wire.base)
    price = await at_step(instance, lot)
    await offers(room, price)
    # The press leaves the page, but its line is gone and comes back at a later price.
    await visitor.context.set_offline(True)
    await room.stands("offline")
    await expect(room.accept).to_have_attribute("aria-disabled", "true")
    await room.accept.click(force=True)
    await at_step(instance, lot)
    await visitor.context.set_offline(False)
    await room.stands("ready", timeout=20_000)
    assert await instance.bids(lot) == []
    price = await at_step(instance, lot)
    await offers(room, price)


async def test_before_the_opening_it_says_the_first_price_and_when(
    instance: Instance, visitors: Visitors
) -> None:
    lot = await instance.falls(LONG_MS, begins_s=4, start_ms=int(time.time() * 1000) + 6_000)
    early = await instance.falls(LONG_MS, begins_s=600)
    bidder = await instance.person("bidder", [early])
    room = await (await visitors.come(bidder)).room(early)
    await room.stands("scheduled_fall")
    await expect(room.page.locator("[data-field=price_label]")).to_have_text("Giá đầu tiên")
    await expect(room.price).to_have_text(dong(START))
    at_ms = (await instance.state(early))["start_ms"]
    await expect(room.standing).to_contain_text(f"Mở lúc {local(at_ms)[:8]} với giá {dong(START)}")
    await expect(room.accept).to_have_attribute("aria-disabled", "true")
    await expect(room.accept).to_have_text("Chưa mở nhận giá")
    watcher = await (await visitors.come()).room(lot)
    await watcher.stands("watching_fall")


async def test_a_pause_stands_still_and_a_withdrawal_lets_the_price_go_on(
    instance: Instance, visitors: Visitors
) -> None:
    lot = await instance.falls(SHORT_MS, steps=60)
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    room = await (await visitors.come(an)).room(lot)
    other = await (await visitors.come(binh)).room(lot)
    price = await at_step(instance, lot)
    await instance.act(lot, "pause", "AUCTIONEER", ground="AUCTIONEER")
    await expect(room.course).to_contain_text("Tạm dừng từ")
    await expect(room.course).to_contain_text("Đấu giá viên tạm dừng phiên.")
    await expect(room.accept).to_have_text("Đang tạm dừng")
    await asyncio.sleep(0.3)  # figures are drawn ten times a second: one of before may still stand
    left = await room.left.inner_text()
    await asyncio.sleep(SHORT_MS / 1000 + 0.5)
    assert await room.left.inner_text() == left
    assert await room.price.inner_text() == dong(price)
    await instance.act(lot, "resume", "AUCTIONEER")
    await offers(room, price)
    await room.accept.click()
    await room.stands("first")
    await other.stands("over")

    # Withdrawn by the one who accepted, after being asked once.
    await room.page.get_by_role("button", name="Rút lại giá đã trả").click()
    await expect(room.ask).to_contain_text(f"mất tiền đặt trước {dong(START // 10)}")
    await room.ask.get_by_role("button", name="Giữ nguyên").click()
    assert await entries(instance, lot, "bid.withdrawn") == []
    await room.page.get_by_role("button", name="Rút lại giá đã trả").click()
    await room.ask.get_by_role("button", name="Rút lại", exact=True).click()
    await room.stands("out")
    await other.stands("ready")
    await expect(other.course).to_contain_text(f"Giá đi tiếp từ {dong(price)}")
    await offers(other, price)
    line = other.record.filter(has_text="vô hiệu")
    await expect(line.locator("s")).to_have_text(f"{price:,}".replace(",", "."))
    await expect(other.record.filter(has_text="rút lại giá")).to_be_visible()
    await expect(room.accept).to_be_hidden()
    await expect(other.price).to_have_text(dong(price - STEP))


async def test_nobody_accepts_down_to_the_floor(instance: Instance, visitors: Visitors) -> None:
    lot = await instance.falls(1_500, steps=2, begins_s=2)
    room = await (await visitors.come(await instance.person("bidder", [lot]))).room(lot)
    label = room.page.locator("[data-field=clock_label]")
    await expect(label).to_have_text("Mức cuối cùng, còn")
    await expect(room.course).to_contain_text("Đấu giá không thành")
    await expect(room.course).to_contain_text("không có ai trả giá hoặc chấp nhận giá")
    await expect(room.price).to_have_text(dong(START - 2 * STEP))
    await room.stands("over")
    await expect(room.accept).to_be_hidden()


async def test_without_script_the_form_carries_step_and_amount(
    instance: Instance, visitors: Visitors
) -> None:
    lot = await instance.falls(SHORT_MS, steps=60)
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    page = (await visitors.come(an, java_script_enabled=False)).page
    other = (await visitors.come(binh, java_script_enabled=False)).page
    price = await at_step(instance, lot)
    await page.goto(f"/lots/{lot}")
    room, outcome = Room(page), page.locator("[data-outcome]")
    await expect(room.price).to_have_text(dong(price))
    await expect(page.locator(".falls")).to_contain_text(dong(price - STEP))
    await expect(page.locator(".js-only:visible")).to_have_count(0)
    # The page would draw itself anew when the price falls; a slow line keeps the old one.
    price = await at_step(instance, lot)
    await page.goto(f"/lots/{lot}")
    redrawing = asyncio.Event()

    async def not_answered(route: Route) -> None:
        await route.fulfill(status=204)
        redrawing.set()

    await page.route(f"**/lots/{lot}", not_answered)
    async with asyncio.timeout(10):
        await redrawing.wait()  # it happens once; from now on the old page stays
    await page.unroute(f"**/lots/{lot}")
    standing = await at_step(instance, lot)
    await room.accept.click()
    await expect(outcome).to_contain_text(f"Không nhận {dong(price)}")
    await expect(outcome).to_contain_text(dong(standing))
    price = await at_step(instance, lot)
    for tab in (page, other):
        await tab.goto(f"/lots/{lot}")
    await room.accept.click()
    await expect(outcome).to_contain_text("Đã ghi sổ: lượt số 1 lúc")
    await room.stands("first")
    await Room(other).accept.click()
    (first,) = await instance.bids(lot)
    late = (await entries(instance, lot, "bid.refused"))[-1]
    told = other.locator("[data-outcome]")
    await expect(told).to_contain_text("Người khác đã chấp nhận giá trước")
    for at_ms in (first["at_ms"], late["at_ms"]):
        await expect(told).to_contain_text(local(at_ms))
    await expect(told).to_contain_text(f"sau {late['at_ms'] - first['at_ms']} mili giây")
    assert first["amount_minor"] == price
