"""The money desk in a browser: a file comes in, money is placed, two people let it go."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from auction_engine.bidding.keys import shard_of
from auction_engine.clients.bank import Bank, Customer
from auction_engine.desk import listing
from auction_engine.rules.commands import Act
from auction_engine.story import plot
from browser.fitness import cut_off, violations
from browser.instance import Instance, description
from browser.visitors import Visitors

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
_DAY_MS = 86_400_000


def today() -> date:
    return datetime.now(UTC).astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).date()


@dataclass
class Till:
    """A lot whose deposits are asked for, a bank, two accountants and three bidders."""

    instance: Instance
    lot: int
    bank: Bank
    first: str
    second: str
    bidders: dict[str, str]  # login: reference
    pages: dict[str, str]

    def statement(self) -> dict[str, Any]:
        """The bank's next statement, as a file to choose."""
        name, body = self.bank.statement("camt.053")
        return {"name": name, "mimeType": "application/xml", "buffer": body}


async def ask(instance: Instance, query: str, *arguments: Any) -> Any:
    """The first value that a query gives, as soon as it gives one."""
    connection = await asyncpg.connect(instance.settings.database_url)
    try:
        async with asyncio.timeout(20):
            while not (found := await connection.fetchval(query, *arguments)):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            return found
    finally:
        await connection.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def till(instance: Instance) -> Till:
    session = await listing.create_session(
        instance.engine, plot.TITLE, plot.ORGANISATION, plot.AGENCY
    )
    ((lot, shard),) = await listing.create_lots(
        instance.engine, session, [description(77)], instance.settings.shards
    )
    now = int(time.time() * 1000)
    windows = (now - 1000, now + 5 * _DAY_MS)
    params = plot.params(now + 9 * _DAY_MS, windows, now + 10 * _DAY_MS)
    await listing.put_up(instance.log, shard, lot, params)
    status = "SELECT status = 'REGISTRATION_OPEN' FROM lot_head WHERE lot_id = $1"
    await ask(instance, status, lot)
    bidders = {}
    for _ in range(3):
        login = await instance.person("bidder")
        account = await instance.account_id(login)
        act = Act("register", "BIDDER", account, None, {})
        await instance.log.act(shard_of(lot, instance.settings.shards), lot, act)
        bidders[login] = await ask(
            instance,
            "SELECT reference FROM payment_request WHERE lot_id = $1 AND payer = $2",
            lot,
            account,
        )
    first, second = [await instance.person("organisation", of=plot.ORGANISATION) for _ in range(2)]
    bank = Bank(plot.ESCROW, series=f"B{lot}")
    return Till(instance, lot, bank, first, second, bidders, {})


async def opened(visitors: Visitors, login: str, path: str = "", **options: Any) -> Page:
    visitor = await visitors.come(login, **options)
    await visitor.page.goto(f"/desk/money{path}")
    return visitor.page


async def test_the_main_way(till: Till, visitors: Visitors) -> None:
    """Account, statement, suspense, batch, release: each with the page's own buttons."""
    page = await opened(visitors, till.first, "/account")
    await page.get_by_label("Chủ tài khoản").fill(plot.ESCROW.name)
    await page.get_by_label("Số tài khoản").fill(plot.ESCROW.account)
    await page.get_by_label("Ngân hàng (BIC").fill(plot.ESCROW.bank)
    await page.get_by_label("NAPAS").fill("970436")
    await page.get_by_label("Lý do").fill("Hợp đồng số 12")
    await page.get_by_role("button", name="Lưu tài khoản").click()
    await expect(page.get_by_role("status")).to_contain_text("Đã lưu")

    one, other, _ = till.bidders
    name = f"Người {one}"
    till.bank.receive(today(), plot.DEPOSIT, till.bidders[other], Customer("An", "0011"))
    till.bank.receive(today(), plot.DEPOSIT + 100, "nop tien", Customer(name, "0022"))
    till.bank.receive(today(), 700, "khong ro", Customer("Ai do", "0033"))
    await page.get_by_role("link", name="Tiền vào").first.click()
    await page.set_input_files("#file", till.statement())
    await page.get_by_role("button", name="Nhập sao kê").click()
    await expect(page.get_by_role("status").first).to_contain_text("Đã nhập xong")
    await expect(page.locator(".result")).to_contain_text("Tệp có 3 dòng")

    await place(page, name)
    await send_back(page, "Ai do")
    batch = await prepare(page)
    await expect(page.get_by_text("Bạn lập lệnh này nên không duyệt được")).to_be_visible()

    second = await opened(visitors, till.second)
    await second.goto(batch)
    await expect(second.locator("table")).to_contain_text("Ai do")
    await second.get_by_role("button", name="Duyệt chi").click()
    await expect(second.get_by_role("status")).to_contain_text("Đã duyệt")
    async with second.expect_download() as download:
        await second.get_by_role("link", name="pain.001").click()
    order = (await (await download.value).path()).read_bytes()
    assert b"pain.001.001.09" in order
    till.pages |= {"batch": batch.partition("/desk/money")[2].partition("?")[0]}


async def place(page: Page, name: str) -> None:
    """The bidder's money without a reference: the one request of the same name is chosen."""
    await page.get_by_role("link", name="Chưa rõ", exact=True).first.click()
    await page.get_by_role("link", name=name).click()
    await page.get_by_role("link", name="Chọn").first.click()
    await expect(page.locator(".decide__what")).to_contain_text("100 ₫ thừa")
    await page.get_by_label("Lý do").fill("Đã gọi điện hỏi")
    await page.get_by_role("button", name="Ghi nhận").click()
    await expect(page.get_by_role("status")).to_contain_text("Đã ghi sổ")
    await expect(page.locator(".lead")).to_contain_text("Nộp thừa")


async def send_back(page: Page, name: str) -> None:
    await page.get_by_role("link", name="Chưa rõ", exact=True).first.click()
    await page.get_by_role("link", name=name).click()
    await page.get_by_role("link", name="Trả lại người gửi").click()
    await page.get_by_label("Lý do").fill("Không rõ của ai")
    await page.get_by_role("button", name="Trả lại").click()
    await expect(page.get_by_role("status")).to_contain_text("Đã ghi sổ")


async def prepare(page: Page) -> str:
    await page.get_by_role("link", name="Chi trả", exact=True).first.click()
    await page.get_by_label("Chọn tất cả").check()
    await expect(page.locator("[data-chosen]")).to_contain_text("Đã chọn 1, cộng 700")
    await page.get_by_role("button", name="Lập lệnh chi").click()
    await expect(page.get_by_role("status")).to_contain_text("Đã lập lệnh chi")
    return page.url


async def test_a_bad_file_is_told_of_where_it_is_dropped(till: Till, visitors: Visitors) -> None:
    visitors.expect_complaint("status of 422")
    page = await opened(visitors, till.first, "/incoming")
    bad = {"name": "bad.csv", "mimeType": "text/csv", "buffer": b"a;b\n1;2\n"}
    await page.set_input_files("#file", bad)
    await page.get_by_role("button", name="Nhập sao kê").click()
    await expect(page.get_by_role("alert")).to_contain_text("Không nhập gì từ tệp này")
    await page.set_input_files("#file", bad)  # the page goes on working
    await page.get_by_role("button", name="Nhập sao kê").click()
    await expect(page.get_by_role("alert")).to_contain_text("Không nhập gì từ tệp này")


async def test_without_script_a_statement_comes_in_too(till: Till, visitors: Visitors) -> None:
    page = await opened(visitors, till.first, "/incoming", java_script_enabled=False)
    till.bank.receive(today(), 55, "khong ro", Customer("Ai nua", "0044"))
    await page.set_input_files("#file", till.statement())
    await page.get_by_role("button", name="Nhập sao kê").click()
    await expect(page.get_by_role("status")).to_contain_text("Đã nhập xong")


async def paths(till: Till) -> dict[str, tuple[str, str]]:
    """Every page by name: who looks, and where. After the main way."""
    line = await ask(
        till.instance,
        "SELECT line_id FROM suspense WHERE closed_at IS NULL AND reason = 'OVERPAID'",
    )
    request = await ask(till.instance, "SELECT min(id) FROM payment_request")
    payout = await ask(till.instance, "SELECT min(id) FROM payout")
    own = list(till.bidders)[2]
    desk = "/desk/money"
    found = {
        name: (till.first, f"{desk}/{name}" if name else desk)
        for name in ("", "incoming", "suspense", "due", "payouts", "lots", "account")
    }
    return found | {
        "line": (till.first, f"{desk}/suspense/{line}"),
        "choice": (till.first, f"{desk}/suspense/{line}?request={request}"),
        "sending": (till.first, f"{desk}/suspense/{line}?send=1"),
        "batches": (till.first, f"{desk}/payouts?tab=batches"),
        "batch": (till.second, desk + till.pages["batch"]),
        "payout": (till.first, f"{desk}/payouts/{payout}"),
        "lot": (till.first, f"{desk}/lots/{till.lot}"),
        "deposit": (own, f"/lots/{till.lot}/deposit"),
    }


async def test_the_pages_fit_a_phone_of_320_pixels(till: Till, visitors: Visitors) -> None:
    for name, (login, path) in (await paths(till)).items():
        visitor = await visitors.come(login, viewport={"width": 320, "height": 640})
        await visitor.page.goto(path)
        assert await cut_off(visitor.page) == [], name
        await visitor.context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
async def test_axe_finds_nothing_on_the_money_pages(
    till: Till, visitors: Visitors, scheme: str, width: int
) -> None:
    found = {}
    for name, (login, path) in (await paths(till)).items():
        visitor = await visitors.come(
            login, viewport={"width": width, "height": 900}, color_scheme=scheme,
            reduced_motion="reduce",
        )  # fmt: skip
        await visitor.page.goto(path)
        if faults := await violations(visitor.page):
            found[name] = faults
        await visitor.context.close()
    assert found == {}


async def test_a_bidder_sees_and_copies_what_to_pay(till: Till, visitors: Visitors) -> None:
    one, received, waiting = till.bidders
    visitor = await visitors.come(waiting)
    origin = till.instance.base
    await visitor.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=origin)
    page = visitor.page
    await page.goto(f"/lots/{till.lot}/deposit")
    await expect(page.get_by_role("img", name="Mã QR")).to_be_visible()
    await page.get_by_role("button", name="Chép").first.click()
    await expect(page.get_by_role("button", name="Đã chép")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == till.bidders[waiting]
    page = (await visitors.come(received)).page
    await page.goto(f"/lots/{till.lot}/deposit")
    await expect(page.get_by_role("heading", level=2)).to_contain_text("Đã nhận và đang giữ")
    assert till.bidders[received] not in await page.content()  # there is nothing to pay any more
    assert till.bidders[one] not in await page.content()
