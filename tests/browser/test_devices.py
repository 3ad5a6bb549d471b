"""Two tabs, two devices, a night asleep, a session that has ended: what the page says is true."""

from __future__ import annotations

import re

import asyncpg
import pytest
from playwright.async_api import Page, expect

from browser.instance import START, STEP, Instance
from browser.visitors import NETWORK, Visitor, Visitors, dong
from browser.wire import Wire

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
ELSEWHERE = "Gửi từ thẻ hoặc thiết bị khác"
# A machine that slept for eight hours: its clock has gone on, and the page is in sight again.
WAKE = """() => {
  const now = Date.now;
  Date.now = () => now() + 8 * 3600_000;
  document.dispatchEvent(new Event("visibilitychange"));
}"""


async def test_tabs_and_devices_of_one_bidder_agree(instance: Instance, visitors: Visitors) -> None:
    (lot,) = await instance.put_up()
    login = await instance.person("bidder", [lot])
    here = await visitors.come(login)
    rooms = [
        await here.room(lot),
        await (await visitors.second_tab(here)).room(lot),
        await (await visitors.come(login, viewport={"width": 390, "height": 800})).room(lot),
    ]
    first, tab, phone = rooms
    await first.bid(START)
    for room in (tab, phone):
        await room.stands("leading")
        await expect(room.acts.first).to_have_class("is-recorded")
        await expect(room.acts.first).to_contain_text(ELSEWHERE)
    await instance.bid(login, lot, START, recorded=False)
    for room in rooms:
        await expect(room.acts.first).to_have_class("is-refused")
        await expect(room.page.locator("[data-refused-list] li")).to_have_count(1)
    await expect(first.acts.first).to_contain_text(ELSEWHERE)


async def test_a_page_left_overnight_wakes_up_right(
    instance: Instance, visitors: Visitors, wire: Wire
) -> None:
    visitors.expect_complaint(NETWORK)
    (lot,) = await instance.put_up()
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    here = await visitors.come(an)
    room = await here.room(lot, wire.base)
    await room.bid(START)
    await room.stands("leading")
    # The night: the line is dead and nobody has told the browser.
    wire.hold()
    await instance.bid(binh, lot, START + STEP)
    await room.stands("leading")
    await here.page.evaluate(WAKE)
    # What it knows is eight hours old, and is not shown as if it were true.
    await room.stands("offline")
    await expect(room.act).to_have_attribute("aria-disabled", "true")
    wire.cut()
    wire.release()
    await room.stands("outbid", timeout=30_000)
    await expect(room.price).to_have_text(dong(START + STEP))
    await room.connected()


async def test_a_frozen_page_is_current_when_it_is_thawed(
    instance: Instance, visitors: Visitors
) -> None:
    (lot,) = await instance.put_up()
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    here = await visitors.come(an)
    room = await here.room(lot)
    await room.bid(START)
    session = await here.context.new_cdp_session(here.page)
    await session.send("Page.setWebLifecycleState", {"state": "frozen"})
    await instance.bid(binh, lot, START + STEP)
    await session.send("Page.setWebLifecycleState", {"state": "active"})
    await room.stands("outbid")
    await expect(room.price).to_have_text(dong(START + STEP))


async def end_session(instance: Instance, login: str) -> None:
    connection = await asyncpg.connect(instance.settings.database_url)
    account = await instance.account_id(login)
    await connection.execute("DELETE FROM web_session WHERE account_id = $1", account)
    await connection.close()


async def test_a_session_that_ended_meanwhile_is_said_with_the_way_back(
    instance: Instance, visitors: Visitors
) -> None:
    visitors.expect_complaint("status of 401")
    (lot,) = await instance.put_up()
    an, binh = [await instance.person("bidder", [lot]) for _ in range(2)]
    here = await visitors.come(an)
    room = await here.room(lot)
    await room.bid(START)
    await end_session(instance, an)
    await here.page.evaluate(WAKE)
    await room.stands("signed_out")
    await expect(room.act).to_have_text("Hết phiên đăng nhập")
    # The prices go on, as for anybody.
    await instance.bid(binh, lot, START + STEP)
    await expect(room.price).to_have_text(dong(START + STEP))
    link = room.standing.get_by_role("link", name="Đăng nhập lại")
    await expect(link).to_have_attribute("href", re.compile(r"^/login\?next=%2Flots%2F"))


async def test_signing_out_in_one_tab_is_seen_in_the_other(
    instance: Instance, visitors: Visitors
) -> None:
    visitors.expect_complaint("status of 40[13]")
    (lot,) = await instance.put_up()
    login = await instance.person("bidder", [lot])
    here = await visitors.come(login)
    room = await here.room(lot)
    tab = await visitors.second_tab(here)
    await tab.page.goto("/")
    await tab.page.get_by_role("button", name="Đăng xuất").click()
    await room.stands("signed_out")
    # And signing in anew there: this page belongs to the session before, and offers the way.
    await sign_in(tab, login)
    await here.page.evaluate(WAKE)
    await room.stands("signed_anew")
    await room.standing.get_by_role("link", name="Tải lại trang").click()
    await room.connected()
    await room.stands("no_bid")


async def sign_in(tab: Visitor, login: str) -> None:
    from browser.instance import PASSWORD

    told = {"login": login, "password": PASSWORD}
    assert (await tab.context.request.post("/api/login", data=told)).ok


async def test_a_lot_that_closed_meanwhile_offers_the_present_sessions(
    instance: Instance, visitors: Visitors
) -> None:
    (lot,) = await instance.put_up(lasts_s=6, extension=None)
    here = await visitors.come(await instance.person("bidder", [lot]))
    room = await here.room(lot)
    way = here.page.locator("[data-next]")
    await expect(way).to_be_hidden()
    await room.stands("closed_empty", timeout=20_000)
    await expect(way.get_by_role("link").first).to_have_attribute("href", "/")


LISTEN = """() => {
  window.said = [];
  for (const name of ["announce", "announce-own"]) {
    const region = document.querySelector(`[data-${name}]`);
    new MutationObserver(() => window.said.push([name, region.textContent]))
      .observe(region, { childList: true, characterData: true, subtree: true });
  }
}"""


async def said(page: Page, name: str) -> list[str]:
    return [text for region, text in await page.evaluate("window.said") if region == name]


async def test_a_screen_reader_hears_the_last_price_not_each_and_own_news_at_once(
    instance: Instance, visitors: Visitors
) -> None:
    (lot,) = await instance.put_up()
    an, *others = [await instance.person("bidder", [lot]) for _ in range(3)]
    here = await visitors.come(an)
    room = await here.room(lot)
    await room.bid(START)
    await here.page.evaluate(LISTEN)
    for step in range(1, 9):
        await instance.bid(others[step % 2], lot, START + step * STEP)
    await expect(room.price).to_have_text(dong(START + 8 * STEP))
    # Outbid is said once, at once; the seven prices after it change nothing about where one stands.
    assert [text.split(".")[0] for text in await said(here.page, "announce-own")] == [
        "Đã có người trả cao hơn"
    ]
    last = f"Giá mới {dong(START + 8 * STEP)}, lượt số 9."
    region = here.page.locator("[data-announce]")
    await expect(region).to_have_text(last, timeout=15_000)
    assert len(await said(here.page, "announce")) <= 4
    # The banner itself is no live region: its figures change with each bid.
    assert await room.standing.get_attribute("role") is None


async def test_sound_is_off_until_asked_for_and_then_remembered(
    instance: Instance, visitors: Visitors
) -> None:
    (lot,) = await instance.put_up()
    here = await visitors.come(await instance.person("bidder", [lot]))
    room = await here.room(lot)
    box = here.page.locator("[data-signals]")
    await box.locator("summary").click()
    sound = box.get_by_role("checkbox", name=re.compile("Âm thanh"))
    await expect(sound).not_to_be_checked()
    await room.bid(START)
    assert await box.get_attribute("data-given") is None
    await sound.check()
    await expect(box).to_have_attribute("data-given", "recorded")
    await here.page.reload()
    await room.connected()
    await box.locator("summary").click()
    await expect(sound).to_be_checked()
    await instance.bid(await instance.person("bidder", [lot]), lot, START + STEP)
    await expect(box).to_have_attribute("data-given", "outbid")
