"""A procurator in a browser: watches live and only watches, reads the record, learns who bids by a
warrant alone, sends findings that are answered, and follows a complaint to its published end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from auction_engine.desk.oversight import lot_record
from auction_engine.desk.oversight.record import ZONE
from auction_engine.identity import people
from auction_engine.identity.personal import Personal
from auction_engine.identity.vault import Vault
from auction_engine.rules import packs
from auction_engine.rules.pack import pack_hash
from browser.fitness import for_everybody
from browser.instance import PASSWORD, START, STEP, TERMS, Instance
from browser.visitors import Visitors, dong

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PACK = "vn-enforcement-2026-07"
NAME, IDENTITY = "Nguyễn Thị Bí Mật", "079300001234"
GROUNDS = "Thông báo không nêu diện tích thật."
OUTCOME = "Diện tích đã được nêu trong hồ sơ."
NARROW: dict[str, Any] = {"viewport": {"width": 390, "height": 800}, "reduced_motion": "reduce"}
CALM: dict[str, Any] = {"reduced_motion": "reduce"}


@dataclass
class Watch:
    """Lots under oversight: one is open, one is sold under the law's pack; and the people."""

    instance: Instance
    open: int
    sold: int
    an: str
    binh: str
    procurator: str
    chief: str


async def run(instance: Instance, statement: str, *arguments: Any) -> None:
    connection = await asyncpg.connect(instance.settings.database_url)
    try:
        await connection.execute(statement, *arguments)
    finally:
        await connection.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def watch(instance: Instance) -> Watch:
    law: dict[str, Any] = {"pack": PACK, "pack_hash": pack_hash(packs.load(PACK))}
    (lot,) = await instance.put_up(terms=TERMS, extension=None)
    (sold,) = await instance.put_up(terms=TERMS, extension=None, lasts_s=6, **law)
    an, binh = [await instance.person("bidder", [lot, sold]) for _ in range(2)]
    await instance.bid(an, sold, START)
    await instance.bid(binh, sold, START + STEP)
    known = Personal("PERSON", NAME, IDENTITY)
    account = await instance.account_id(an)
    await people.give(instance.engine, Vault.of(instance.settings), account, known)
    procurator, chief = await instance.person("procurator"), await instance.person("organisation")
    await instance.until(sold, lambda state: state["life"]["status"] == "LEADER_DETERMINED")
    return Watch(instance, lot, sold, an, binh, procurator, chief)


async def press(what: Locator) -> None:
    """What is pressed with the keyboard alone."""
    await what.focus()
    await what.press("Enter")


async def says(page: Page, words: str) -> None:
    await expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()


async def test_the_procurator_watches_live_and_can_do_nothing_else(
    watch: Watch, visitors: Visitors, tmp_path: Path
) -> None:
    instance, lot = watch.instance, watch.open
    page = (await visitors.come(**CALM)).page
    await page.goto("/login")
    await page.locator("#login").fill(watch.procurator)
    await page.locator("#password").fill(PASSWORD)
    await page.locator("#password").press("Enter")
    await page.wait_for_url("**/oversight")  # where a procurator's work begins
    row = page.locator(f'[data-lot="{lot}"]')
    await expect(row).to_be_visible()
    await page.evaluate("window.same = true")
    await instance.bid(watch.an, lot, START)
    await expect(row.locator("[data-field=price]")).to_have_text(dong(START))
    await instance.bid(watch.binh, lot, START + STEP)
    await expect(row.locator("[data-field=price]")).to_have_text(dong(START + STEP))
    await expect(row.locator("[data-field=n]")).to_have_text("2")
    await instance.act(lot, "pause", "AUCTIONEER", ground="AUCTIONEER", reason="Đường truyền")
    await expect(row.locator("[data-field=phase]")).to_have_text("Tạm dừng")
    assert await page.evaluate("window.same")  # all of it without asking for the page again
    await instance.act(lot, "resume", "AUCTIONEER")
    await expect(row.locator("[data-field=phase]")).to_have_text("Đang mở")
    await for_everybody(page)
    await expect(page.locator("main").locator("form, button")).to_have_count(0)
    await page.reload()
    stood = page.get_by_role("region", name="Tạm dừng, hoãn, sự cố, giữ lại")
    await expect(stood).to_contain_text("đấu giá viên quyết định")
    await expect(stood).to_contain_text("Đường truyền")
    session = page.get_by_role("region", name="Phiên đang diễn ra").get_by_role("link").first
    await press(session)
    await expect(page.locator(f'[data-lot="{lot}"] [data-field=n]')).to_have_text("2")
    await instance.bid(watch.an, lot, START + 2 * STEP)
    await expect(page.locator(f'[data-lot="{lot}"] [data-field=n]')).to_have_text("3")
    await for_everybody(page)
    await reads_the_room(watch, visitors)


async def reads_the_room(watch: Watch, visitors: Visitors) -> None:
    """The room as everybody sees it, without anything to bid with."""
    room = await (await visitors.come(watch.procurator, **NARROW)).room(watch.open)
    await expect(room.price).to_have_text(dong(START + 2 * STEP))
    await expect(room.act).to_be_hidden()
    await watch.instance.bid(watch.binh, watch.open, START + 3 * STEP)
    await expect(room.price).to_have_text(dong(START + 3 * STEP))
    assert NAME not in await room.page.content()


async def test_the_record_is_read_by_code_and_its_file_can_be_checked(
    watch: Watch, visitors: Visitors, tmp_path: Path
) -> None:
    await watch.instance.bid(watch.binh, watch.sold, START, recorded=False)
    page = (await visitors.come(watch.procurator, **CALM)).page
    await page.goto(f"/oversight/lots/{watch.sold}")
    record = page.get_by_role("region", name="Sổ của tài sản").last
    refused = record.get_by_role("row").filter(has_text="Trả giá bị từ chối")
    await expect(refused.first).to_contain_text("đã hết giờ")
    text = await page.locator("main").inner_text()
    assert NAME not in text
    assert "BELOW" not in text
    assert "CLOSED" not in text
    await for_everybody(page)
    async with page.expect_download() as coming:
        await press(page.get_by_role("link", name="Tải hồ sơ (JSON)"))
    path = tmp_path / "record.json"
    await (await coming.value).save_as(path)
    told = json.loads(path.read_text("utf-8"))
    assert lot_record.broken(told) is None
    assert {"bid.accepted", "bid.refused", "lot.closed"} <= {e["kind"] for e in told["entries"]}


async def test_a_warrant_is_recorded_by_keyboard_and_shows_who_it_names(
    watch: Watch, visitors: Visitors
) -> None:
    visitors.expect_complaint("status of (409|422)")
    account = await watch.instance.account_id(watch.procurator)
    page = (await visitors.come(watch.procurator, locale="en-GB", **CALM)).page
    await run(
        watch.instance,
        "UPDATE web_session SET proved_at = now() - interval '1 hour' WHERE account_id = $1",
        account,
    )
    await page.goto(f"/oversight/lots/{watch.sold}?lang=en")
    await press(page.get_by_role("link", name="Record a warrant"))
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_label("Password").press("Enter")
    # And the lot is still the one that was chosen.
    await expect(page.get_by_label("Lots")).to_have_value(str(watch.sold))
    await page.get_by_label("Number", exact=True).focus()
    await page.keyboard.type("12/QĐ-VKS")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Fictional procuracy")
    today = datetime.now(UTC).astimezone(ZONE).date()
    await page.get_by_label("Valid to the end of").fill((today - timedelta(days=1)).isoformat())
    await page.get_by_label("Reason").fill("Collusion is suspected.")
    await press(page.get_by_role("button", name="Look at it once more"))
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("Reason")).to_have_value("Collusion is suspected.")
    await for_everybody(page)
    await page.get_by_label("Valid to the end of").fill((today + timedelta(days=3)).isoformat())
    await page.get_by_label("Valid to the end of").press("Enter")
    await expect(page.get_by_text("Nothing has been recorded yet.")).to_be_visible()
    await for_everybody(page)
    await press(page.get_by_role("button", name="Record the warrant"))
    await says(page, "The warrant is on record.")
    await expect(page.locator("main")).to_contain_text("Nothing yet.")
    await for_everybody(page)
    await press(page.get_by_role("link", name="See who is behind the codes"))
    row = page.get_by_role("row").filter(has_text=NAME)
    await expect(row).to_contain_text(IDENTITY)
    code = await row.locator(".code").inner_text()
    await for_everybody(page)
    shown = page.url
    await press(page.get_by_role("link", name="Warrant 12/QĐ-VKS"))
    readings = page.get_by_role("region", name="Read by this warrant")
    await expect(readings).to_contain_text(code)
    assert NAME not in await page.content()
    await press(page.locator("summary", has_text="End it early"))
    await page.get_by_label("Why it ends").fill("It is clear now.")
    await press(page.get_by_role("button", name="End it early"))
    await expect(page.locator("main .mark").first).to_have_text("Ended")
    await page.goto(shown)
    await expect(page.get_by_role("alert")).to_contain_text("not valid today")
    assert NAME not in await page.content()
    await page.goto("/oversight/warrants?lang=en")
    await expect(page.get_by_role("listitem").filter(has_text="12/QĐ-VKS")).to_contain_text("Ended")
    await for_everybody(page)


async def test_a_finding_is_answered_in_time_sent_back_and_settled(
    watch: Watch, visitors: Visitors
) -> None:
    visitors.expect_complaint("status of 422")
    page = (await visitors.come(watch.procurator, **CALM)).page
    await page.goto(f"/oversight/lots/{watch.sold}")
    await press(page.get_by_role("link", name="Gửi kiến nghị, kháng nghị về dòng 2", exact=True))
    await expect(page.get_by_label("Số của tài sản")).to_have_value(str(watch.sold))
    await expect(page.get_by_label("Số dòng trong sổ")).to_have_value("2")
    await page.get_by_label("Điều luật").fill("Luật 01/2016 Điều 57")
    await page.get_by_label("Nội dung").fill("Thông báo thiếu một lần.")
    await page.get_by_label("Số ngày làm việc để trả lời").fill("99")
    await press(page.get_by_role("button", name="Xem lại"))
    await expect(page.get_by_role("alert")).to_contain_text("Số ngày làm việc không hợp lệ")
    await expect(page.get_by_label("Nội dung")).to_have_value("Thông báo thiếu một lần.")
    await for_everybody(page)
    await page.get_by_label("Số ngày làm việc để trả lời").fill("5")
    await press(page.get_by_role("button", name="Xem lại"))
    await expect(page.locator("main")).to_contain_text("sau 5 ngày làm việc")
    await for_everybody(page)
    await press(page.get_by_role("button", name="Gửi", exact=True))
    await says(page, "Đã gửi. Nơi nhận được báo.")
    number = await page.get_by_role("heading", level=1).inner_text()
    desk = (await visitors.come(watch.chief, **NARROW)).page
    await answered(desk, number, "Đã thông báo lại.")
    await page.reload()
    await expect(page.locator(".course")).to_contain_text("Đã thông báo lại.")
    await page.get_by_label("Chưa đủ, yêu cầu trả lời lại").check()
    await page.get_by_label("Nhận xét").fill("Nêu ngày đăng báo.")
    await page.get_by_label("Số ngày làm việc để trả lời lại").fill("3")
    await for_everybody(page)
    await press(page.get_by_role("button", name="Ghi", exact=True))
    await says(page, "Đã ghi. Nơi nhận được báo.")
    await answered(desk, number, "Đăng ngày 3 và ngày 6.")
    await page.reload()
    await page.get_by_label("Đã đủ, khép lại").check()
    await press(page.get_by_role("button", name="Ghi", exact=True))
    await says(page, "Đã khép lại.")
    await expect(page.locator(".course li")).to_have_count(5)
    await page.goto("/oversight/findings")
    over = page.get_by_role("region", name="Đã xong")
    await expect(over.get_by_role("link", name=number)).to_be_visible()
    await for_everybody(page)


async def answered(desk: Page, number: str, text: str) -> None:
    """The organisation answers from its own queue."""
    await desk.goto("/desk/findings")
    waiting = desk.get_by_role("region", name="Chưa xong")
    await expect(waiting.get_by_role("listitem").filter(has_text=number)).to_contain_text(
        "trả lời chậm nhất"
    )
    await for_everybody(desk)
    await press(waiting.get_by_role("link", name=number))
    await desk.get_by_label("Việc đã làm").fill(text)
    await for_everybody(desk)
    await press(desk.get_by_role("button", name="Trả lời"))
    await says(desk, "Đã ghi câu trả lời.")


# --- a complaint ----------------------------------------------------------------------------------


async def filed(page: Page, lot: int) -> tuple[str, str]:
    """A complaint that others may join: its number, and the link for them."""
    await page.goto(f"/mine/complaints/new?lot={lot}")
    await for_everybody(page)
    await page.get_by_label("Lý do").fill(GROUNDS)
    await page.get_by_label("Yêu cầu").fill("Hủy kết quả.")
    await press(page.get_by_role("button", name="Gửi khiếu nại"))
    await says(page, "Đã nhận khiếu nại")
    heading = await page.get_by_role("heading", level=1).inner_text()
    await press(page.get_by_role("button", name="Tạo đường dẫn mời"))
    link = await page.get_by_label("Đường dẫn mời").input_value()
    await for_everybody(page)
    return heading.split()[-1], link


async def joined(page: Page, link: str) -> None:
    await page.goto(link)
    await expect(page.locator("main")).to_contain_text(GROUNDS)
    await for_everybody(page)
    await page.get_by_label("Tôi làm người đại diện").press("Space")
    await press(page.get_by_role("button", name="Cùng khiếu nại"))
    await says(page, "Bạn đã cùng khiếu nại.")


async def decided(desk: Page, number: str, kind: str, **said: str) -> None:
    """The organisation's answer to a complaint; `said` are fields of the form."""
    await desk.goto("/desk/complaints")
    await press(desk.get_by_role("link", name=number))
    await for_everybody(desk)
    await desk.get_by_label(kind, exact=True).check()
    for label, text in said.items():
        await desk.locator(f"#{label}").fill(text)
    await press(desk.get_by_role("button", name="Ghi quyết định"))
    await says(desk, "Đã ghi. Người khiếu nại được báo.")


async def test_a_complaint_of_several_holds_the_result_until_it_is_decided(
    watch: Watch, visitors: Visitors
) -> None:
    mine = (await visitors.come(watch.an, **NARROW)).page
    number, link = await filed(mine, watch.sold)
    await joined((await visitors.come(watch.binh, **NARROW)).page, link)
    desk = (await visitors.come(watch.chief, **CALM)).page
    await decided(desk, number, "Thụ lý")
    await expect(desk.locator("main")).to_contain_text("Chưa công bố người trúng đấu giá.")
    page = (await visitors.come(watch.procurator, **CALM)).page
    await page.goto("/oversight/complaints")
    await for_everybody(page)
    await press(page.get_by_role("link", name=number))
    await expect(page.locator("main")).to_contain_text(GROUNDS)
    await for_everybody(page)
    held = page.locator("dl").get_by_text("giữ lại vì khiếu nại")
    await until_shown(page, f"/oversight/lots/{watch.sold}", held, there=True)
    await desk.goto(f"/lots/{watch.sold}/acts")
    announce = desk.locator("summary", has_text="Công bố người trúng đấu giá")
    await expect(announce).to_have_count(0)
    await decided(
        desk, number, "Không chấp nhận khiếu nại", reason="Có trong hồ sơ.",
        articles="Luật 01/2016 Điều 9", published=OUTCOME,
    )  # fmt: skip
    await until_shown(page, f"/oversight/lots/{watch.sold}", held, there=False)
    await page.goto("/oversight")
    stood = page.get_by_role("region", name="Tạm dừng, hoãn, sự cố, giữ lại")
    await expect(stood.get_by_text("Thôi giữ").first).to_be_visible()
    await desk.goto(f"/lots/{watch.sold}/acts")
    await expect(announce.first).to_be_visible()
    await mine.reload()
    await expect(mine.locator("main")).to_contain_text("Có trong hồ sơ.")
    anyone = (await visitors.come(**NARROW)).page
    await anyone.goto(f"/lots/{watch.sold}/record")
    await expect(anyone.locator("main")).to_contain_text(OUTCOME)
    assert GROUNDS not in await anyone.content()
    await for_everybody(anyone)


async def until_shown(page: Page, path: str, what: Locator, *, there: bool) -> None:
    """Until the page shows it, or does no more: the log is told within a second or two."""
    for _ in range(40):
        await page.goto(path)
        if bool(await what.count()) is there:
            return
        await page.wait_for_timeout(200)
    pytest.fail(f"{path} still shows what it did")


async def test_each_page_speaks_the_other_language_too(watch: Watch, visitors: Visitors) -> None:
    page = (await visitors.come(watch.procurator, **NARROW)).page
    for path in (
        "/oversight", f"/oversight/lots/{watch.sold}", "/oversight/complaints",
        "/oversight/findings", "/oversight/findings/new", "/oversight/warrants",
    ):  # fmt: skip
        await page.goto(f"{path}?lang=en")
        words = await page.locator("main").inner_text()
        assert "oversight." not in words
        assert "Kiến nghị" not in words
        await for_everybody(page)
