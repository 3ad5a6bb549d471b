"""An agency's office: cases and assets made for a test, and the officer's way on the screen, step
by step, from an accepted judgment to a signed contract. Labels are the Vietnamese pages' own."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import docket
import papers
import plain
from courtroom import Courtroom
from playwright.async_api import FilePayload, Locator, Page, expect

from auction_engine.clients.court import Court
from auction_engine.desk.cases import assets, contracts
from auction_engine.desk.intake import trust
from auction_engine.identity import bodies, jose
from auction_engine.identity.vault import Vault
from browser.fitness import for_everybody
from browser.instance import Instance, both

# The bodies whose sessions `Instance.put_up` makes, so that an asset may be in one of its lots.
AGENCY, HOUSE = both("Cơ quan", "Agency"), both("Công ty Đấu giá", "Auction house")
PHOTO: FilePayload = {"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": papers.jpeg()}
SCAN: FilePayload = {"name": "scan.pdf", "mimeType": "application/pdf", "buffer": papers.pdf()}
CERTIFICATE: FilePayload = {"name": "ct.png", "mimeType": "image/png", "buffer": papers.png()}
DISCLOSED = {
    "possession": ("AGENCY", ""), "encumbrances": ("NONE", ""), "disputes": ("NONE", ""),
    "defects": ("SOME", "Xước cửa phải"), "papers": ("ORIGINAL", "Đăng ký xe bản chính"),
    "costs": ("LEGAL", ""),
}  # fmt: skip


@dataclass
class Office:
    """An agency's officer and an organisation's chief, with the numbers of their bodies."""

    instance: Instance
    officer: str
    chief: str
    agency: int
    house: int

    @property
    def vault(self) -> Vault:
        return Vault.of(self.instance.settings)

    @contextlib.asynccontextmanager
    async def ledger(self) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(self.instance.settings.database_url)
        try:
            yield connection
        finally:
            await connection.close()

    async def judgment(self) -> str:
        """A judgment that a court has sent; its number in the order of what came in."""
        code, key = f"court.{uuid.uuid4().hex[:8]}", jose.new_private()
        async with self.ledger() as connection:
            await trust.add(connection, code, "Tòa án hư cấu", ["JUDGMENT"], jose.public(key))
        room: Any = Courtroom(None, self.agency, self.agency)  # type: ignore[arg-type]
        said = room.judgment(number=f"{uuid.uuid4().hex[:6]}/2026/DS-ST")
        async with plain.client(self.instance.base, timeout=10) as client:
            receipt = await Court(client, code, key).send_judgment(said)
        return str(receipt.told["order_number"])

    async def ready(self, connection: Any) -> tuple[int, int]:
        """A case of its own with an asset that may be offered: their numbers."""
        account = await self.instance.account_id(self.officer)
        number = f"{uuid.uuid4().hex[:8]}/2026"
        case = await docket.a_case(connection, self.vault, self.agency, account, number)
        return case, await docket.ready_asset(connection, self.vault, case, account)

    async def listed(self, lot: int) -> int:
        """An asset that the organisation has taken on and put into `lot`."""
        account = await self.instance.account_id(self.officer)
        chief = await self.instance.account_id(self.chief)
        async with self.ledger() as connection:
            _, asset = await self.ready(connection)
            contract = await docket.offered(
                connection, self.agency, account, self.house, [asset], f"HD {asset}"
            )
            session = await connection.fetchval("SELECT session_id FROM lot WHERE id = $1", lot)
            async with connection.transaction():
                await contracts.take(connection, contract, self.house, chief)
                await assets.listed(connection, asset, session, lot, chief)
        return asset

    async def becomes(self, asset: int, state: str) -> None:
        """Until the program has brought the asset to where its lot is."""
        query = "SELECT state = $2 FROM asset WHERE id = $1"
        async with self.ledger() as connection, asyncio.timeout(20):
            while not await connection.fetchval(query, asset, state):  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def office_of(instance: Instance) -> Office:
    """The agency and the organisation, an officer and a chief."""
    officer, chief = await instance.person("officer"), await instance.person("organisation")
    agency = await bodies.add(instance.engine, "AGENCY", AGENCY)
    house = await bodies.add(instance.engine, "ORGANISATION", HOUSE)
    return Office(instance, officer, chief, agency, house)


def part(page: Page, heading: str) -> Locator:
    """The part of a page under `heading`."""
    title = page.get_by_role("heading", name=heading, exact=True)
    return page.get_by_role("region").filter(has=title)


async def unfold(within: Locator, words: str) -> Locator:
    """The folded part that begins with `words`, opened."""
    found = within.locator("details.more").filter(has_text=words).first
    await press(found.locator("summary"))
    await expect(found).to_have_attribute("open", "")
    return found


async def press(what: Locator) -> None:
    """What is pressed with the keyboard alone."""
    await what.focus()
    await what.press("Enter")


async def says(page: Page, words: str) -> None:
    """The page after a click, which says what was done."""
    await expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()


# --- the officer's way ------------------------------------------------------------------------


async def case_from(page: Page, office: Office) -> None:
    """The judgment is accepted, which opens a case with its parties."""
    number = await office.judgment()
    await page.goto("/agency/intake")
    await page.get_by_role("link", name=number).click()
    await page.get_by_role("link", name="Thụ lý").click()
    mine = f"TH-{uuid.uuid4().hex[:6]}"
    await page.get_by_label("Số hồ sơ thi hành án").fill(mine)
    await page.get_by_label("Số quyết định thi hành án").fill("88/QĐ-THADS")
    await page.get_by_label("Ngày quyết định thi hành án").fill(docket.ago(60))
    await page.get_by_role("button", name="Thụ lý").click()
    await page.get_by_role("link", name=f"Hồ sơ số {mine}").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Vụ việc {mine}")
    people = part(page, "Đương sự")
    await expect(people.get_by_text("Lê Thị Hư Cấu").first).to_be_visible()
    await expect(people.get_by_text("Phạm Văn Giả").first).to_be_visible()
    # The days of judgment and decision as people write them.
    await expect(part(page, "Hồ sơ vụ việc")).to_contain_text("11/06/2026")


async def asset_of(page: Page) -> str:
    """An asset is entered; what was forgotten is asked for beside its field. Its page's address."""
    await page.get_by_role("link", name="Nhập tài sản").click()
    await page.get_by_label("Tên tài sản (tiếng Việt)").fill("Xe tải 5 tấn")
    await page.get_by_role("button", name="Nhập tài sản này").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("Tên tài sản (tiếng Việt)")).to_have_value("Xe tải 5 tấn")
    await for_everybody(page)
    await page.get_by_label("Loại tài sản", exact=True).select_option("car")
    await page.get_by_label("Tên tài sản (tiếng Anh)").fill("Five-ton truck")
    await page.get_by_label("Nơi có tài sản (tiếng Việt)").fill("Hải Yên")
    await page.get_by_label("Mô tả ngắn (tiếng Việt)").fill("Một chủ, còn chạy tốt.")
    await page.get_by_label("Tên đặc điểm 1 (tiếng Việt)").fill("Năm sản xuất")
    await page.get_by_label("Nội dung 1 (tiếng Việt)").fill("2021")
    await page.get_by_role("button", name="Nhập tài sản này").click()
    await says(page, "Đã nhập tài sản")
    return page.url.partition("?")[0]


async def papers_of(page: Page) -> None:
    """Seizure, custody, valuation and disclosure."""
    form = await unfold(part(page, "Biên bản kê biên"), "Nhập biên bản kê biên")
    await form.get_by_label("Số biên bản").fill("BB 3")
    await form.get_by_label("Ngày kê biên").fill(docket.ago(50))
    await form.get_by_label("Nơi lập").fill("Hải Yên")
    await form.get_by_label("Hiện trạng khi kê biên (tiếng Việt)").fill("Xe còn chạy.")
    await form.get_by_label("Người có mặt").fill("Chấp hành viên hư cấu")
    await form.get_by_role("button").click()
    await says(page, "Đã nhập biên bản kê biên")
    form = await unfold(part(page, "Bảo quản"), "Ghi việc bảo quản")
    await form.get_by_label("Ai bảo quản").select_option("AGENCY")
    await form.get_by_label("Người bảo quản").fill("Thủ kho hư cấu")
    await form.get_by_label("Nơi để").fill("Kho số 2")
    await form.get_by_label("Từ ngày").fill(docket.ago(50))
    await form.get_by_label("Tình trạng").fill("Tốt")
    await form.get_by_role("button").click()
    await says(page, "Đã ghi việc bảo quản")
    form = await unfold(part(page, "Định giá"), "Nhập kết quả định giá")
    await form.get_by_label("Giá trị (đồng)").fill("412.000.000")
    await form.get_by_label("Căn cứ").select_option("FIRM")
    await form.get_by_label("Tổ chức, hội đồng định giá").fill("Thẩm định hư cấu")
    await form.get_by_label("Chứng thư, biên bản số").fill("CT 11")
    await form.get_by_label("Ngày định giá").fill(docket.ago(40))
    await form.get_by_label("Có giá trị đến").fill(docket.ago(-120))
    await form.get_by_role("button").click()
    await says(page, "Đã nhập kết quả định giá")
    await disclosed(page)


async def disclosed(page: Page) -> None:
    """Every question is answered; "unknown" is no answer, and what was typed stays."""
    form = await unfold(part(page, "Điều người mua cần biết"), "Trả lời các câu hỏi")
    for code, (answer, details) in DISCLOSED.items():
        await form.locator(f'[name="disclosure.{code}.answer"]').select_option(answer)
        await form.locator(f'[name="disclosure.{code}.details.vi"]').fill(details)
    defects = page.locator('[name="disclosure.defects.details.vi"]')
    await defects.fill("Không rõ")
    await form.get_by_role("button").click()
    await expect(page.get_by_role("alert")).to_contain_text("không phải là câu trả lời")
    await page.get_by_role("alert").get_by_role("link").first.click()
    await expect(defects).to_be_in_viewport()
    await expect(page.locator('[name="disclosure.costs.answer"]')).to_have_value("LEGAL")
    await defects.fill("Xước cửa phải")
    await part(page, "Điều người mua cần biết").get_by_role("button").click()
    await says(page, "Đã lưu các câu trả lời")


async def filed(page: Page, paper: str, name: str, file: FilePayload) -> None:
    """A photograph, or the document `paper`."""
    form = await unfold(part(page, "Ảnh và tài liệu"), "Thêm ảnh, tài liệu")
    await form.get_by_label("Loại tệp").select_option("DOCUMENT" if paper else "PHOTO")
    await form.get_by_label("Nội dung").fill(name)
    if paper:
        await form.get_by_label("Tài liệu gì").select_option(paper)
    await form.get_by_label("Tệp", exact=True).set_input_files(file)
    await form.get_by_label("Công khai trên trang lô").check()
    await form.locator("button").click()
    await says(page, "Đã lưu tệp")
    await expect(part(page, "Ảnh và tài liệu").get_by_role("link", name=name)).to_be_visible()


async def told_by_post(page: Page) -> None:
    """Every party is told of the valuation: one by post, which is valid by its receipt."""
    await page.get_by_role("link", name="Ghi một thông báo").click()
    await page.go_back()
    steps = part(page, "Việc còn lại trước khi đề nghị đấu giá")
    await expect(steps).to_contain_text("còn chưa báo: Lê Thị Hư Cấu")
    await page.go_forward()
    told = {"Phạm Văn Giả": "DIGITAL", "Ngân sách nhà nước": "DIGITAL", "Lê Thị Hư Cấu": "BY_POST"}
    for person, channel in told.items():
        form = await unfold(part(page, "Thông báo"), "Ghi một thông báo")
        await form.get_by_label("Về việc").select_option("VALUATION")
        await form.get_by_label("Gửi cho").select_option(label=person)
        await form.get_by_label("Về tài sản").select_option(label="Xe tải 5 tấn")
        await form.get_by_label("Nội dung chính").fill("Kết quả định giá")
        await form.get_by_label("Cách thông báo").select_option(channel)
        await form.get_by_label("Ngày gửi").fill(docket.ago(30))
        await form.get_by_role("button").click()
        await says(page, "Đã ghi thông báo")
    posted = part(page, "Thông báo").get_by_role("listitem").filter(has_text="Bưu chính")
    await expect(posted).to_contain_text("Chưa có bằng chứng đã nhận")
    form = await unfold(posted, "Thêm bằng chứng")
    await form.locator("button").click()
    # Without a file: said at its notice, which stands open.
    await expect(page.get_by_role("alert")).to_contain_text("Chọn một tệp")
    await for_everybody(page)
    posted = part(page, "Thông báo").get_by_role("listitem").filter(has_text="Bưu chính")
    await posted.get_by_label("Ngày trên bằng chứng").fill(docket.ago(28))
    await posted.get_by_label("Tệp").set_input_files(SCAN)
    await posted.locator("button").click()
    await says(page, "Đã thêm bằng chứng")
    await expect(posted).to_contain_text("hợp lệ từ")
    await expect(posted.get_by_role("link", name="Biên nhận có chữ ký")).to_be_visible()


async def offered(page: Page) -> str:
    """Offered to the organisation: the contract's number."""
    await page.get_by_role("button", name="Xác nhận hồ sơ đã đủ").click()
    await says(page, "Tài sản đã đủ hồ sơ")
    await page.get_by_role("link", name="Đề nghị tổ chức đấu giá").click()
    number = f"HD-{uuid.uuid4().hex[:6]}"
    await page.get_by_label("Xe tải 5 tấn").last.check()
    await page.get_by_label("Tổ chức đấu giá", exact=True).select_option(label=HOUSE["vi"])
    await page.get_by_label("Số hợp đồng").fill(number)
    await page.get_by_label("Thù lao cố định (đồng)").fill("15.000.000")
    await page.get_by_role("button", name="Gửi đề nghị").click()
    await expect(page.get_by_role("alert")).to_contain_text("phải cho phép tạm dừng")
    await expect(page.get_by_label("Số hợp đồng")).to_have_value(number)
    await for_everybody(page)
    await page.get_by_label("Hợp đồng và quy chế ghi rõ").check()
    await page.get_by_role("button", name="Gửi đề nghị").click()
    await says(page, "Đã gửi đề nghị")
    await for_everybody(page)
    return number


async def taken_on(page: Page, number: str) -> None:
    """The organisation reads the offer, is asked once and signs."""
    await page.goto("/desk/offers")
    await page.get_by_role("link", name=number).click()
    await expect(page.get_by_text("Xước cửa phải")).to_be_visible()
    await for_everybody(page)
    await page.get_by_role("button", name="Nhận và ký hợp đồng").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Ký hợp đồng {number}?")
    await for_everybody(page)
    await page.get_by_role("button", name="Nhận và ký hợp đồng").click()
    await says(page, "Hợp đồng đã ký")
