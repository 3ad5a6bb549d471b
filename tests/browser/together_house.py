"""What the organisation does in the story of everybody together, and the money of both houses."""

from __future__ import annotations

import re
from datetime import timedelta

from playwright.async_api import Page, expect

from auction_engine.clients.bank import Bank, Customer
from auction_engine.story import plot
from browser.fitness import violations
from browser.forms import Form, acts
from browser.together import Together
from browser.visitors import dong

CARD = "1234/TP-ĐGTS"
# The organisation's own account, apart from what it holds for others.
_OWN = Customer("CONG TY DAU GIA SAO MAI", "970400445566", "BFTVVNVX")


async def takes_on(world: Together) -> None:
    page = world.desk("chief")
    await page.goto("/desk/offers")
    await page.get_by_role("link", name="HD 7/2026").click()
    await page.get_by_role("button", name="Nhận và ký hợp đồng").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Ký hợp đồng HD 7/2026?")
    await page.get_by_role("button", name="Nhận và ký hợp đồng").click()
    await expect(page.get_by_role("status")).to_contain_text("Hợp đồng đã ký")


async def prepares(world: Together) -> None:
    """The session, step by step as the wizard asks, until nothing stands against it."""
    page = world.desk("maker")
    await page.goto("/desk/sessions")
    await page.get_by_role("link", name="Lập phiên mới").first.click()
    await page.get_by_role("button", name="Bắt đầu lập phiên").click()
    boxes = page.get_by_role("checkbox", name="Đưa vào phiên này")
    await expect(boxes).to_have_count(2)
    for number in range(2):
        await boxes.nth(number).check()
    steps = page.locator("[name^='increment_minor.']")
    for number, step in enumerate(("50000000", "10000000")):
        await steps.nth(number).fill(step)
    await page.get_by_role("button", name="Lưu và sang bước sau").click()
    await page.get_by_role("button", name="Điền các ngày theo quy định").first.click()
    await expect(page.get_by_role("status")).to_contain_text("Đã điền các ngày")
    proofs = page.locator("[name$='proof']")
    for number in range(await proofs.count()):
        await proofs.nth(number).fill("Biên bản số 7")
    await page.get_by_role("button", name="Lưu và sang bước sau").first.click()
    await page.locator("[name='rules.order']").select_option("PARALLEL")
    await page.get_by_role("button", name="Lưu và sang bước sau").click()
    await page.locator("[name='texts.title_vi']").fill("Phiên Hoa Phượng")
    await page.locator("[name='texts.title_en']").fill("Hoa Phuong session")
    await page.locator("[name='texts.pause_stop_clause']").check()
    await page.get_by_role("button", name="Lưu và sang bước sau").click()
    against = await page.locator(".findings").all_inner_texts()
    assert await page.get_by_text("Không còn gì cản trở.").count(), against
    await page.get_by_role("button", name="Trình duyệt").click()
    await expect(page.get_by_role("status")).to_contain_text("Đã trình duyệt")


async def publishes(world: Together) -> None:
    """A second person reads, approves and publishes; from then on the rules are frozen."""
    page = world.desk("chief")
    await page.goto("/desk/sessions")
    await page.get_by_role("link", name="Phiên Hoa Phượng").first.click()
    await page.get_by_role("link", name="Kiểm tra và công bố").first.click()
    await page.get_by_role("link", name="Duyệt phiên này").click()
    await page.locator("form[action$='/approve'] button").click()
    await expect(page.get_by_role("status")).to_contain_text("Đã duyệt")
    await page.get_by_role("link", name="Công bố", exact=True).click()
    await page.locator("form[action$='/publish'] button").click()
    # Being published, or up already: the lots follow within a moment.
    await expect(page.get_by_role("status")).to_contain_text(re.compile("đang được|Đã công bố"))
    row = "SELECT l.id FROM lot l JOIN lot_head h ON h.lot_id = l.id WHERE h.status = 'PUBLISHED'"
    for name, kind in (("lot", "apartment"), ("truck", "truck")):
        query = f"{row} AND l.content ->> 'kind' = $1"
        setattr(world, name, await world.ask(query, kind))
    world.session = await world.ask("SELECT session_id FROM lot WHERE id = $1", world.lot)


async def appoints(world: Together) -> None:
    """The auctioneer's card goes on record, and both lots have one who conducts them."""
    login = world.desks["auctioneer"].login
    page = world.desk("chief")
    await page.goto("/desk/house")
    await page.get_by_role("link", name=f"Thay đổi: Người {login}").click()
    member = await world.instance.account_id(login)
    form = Form.to(page, f"/desk/house/{member}/card")
    until = world.clock.today() + timedelta(days=700)
    await form.done(number=CARD, until=until.isoformat())
    for lot in (world.lot, world.truck):
        await page.goto(f"/lots/{lot}/acts")
        await acts(page, "appoint", auctioneer=member)


async def admits(world: Together, count: int) -> None:
    """Every dossier from the queue, the oldest first."""
    page = world.desk("maker")
    for _ in range(count):
        await page.goto("/desk/dossiers")
        await page.locator("tbody th a").first.click()
        await page.locator("button[value=ADMIT]").click()
        await page.wait_for_url("**/desk/dossiers?**")
    await expect(page.locator("main .none")).to_be_visible()
    query = "SELECT count(*) = $1 FROM journal WHERE kind = 'bidder.admitted'"
    await world.ask(query, count)


async def makes_ready(world: Together) -> None:
    page = world.desk("maker")
    for lot in (world.lot, world.truck):
        await world.is_now(lot, "REGISTRATION_CLOSED")
        await page.goto(f"/lots/{lot}/acts")
        await acts(page, "make_ready")
        await world.is_now(lot, "READY")


# --- the console ------------------------------------------------------------------------------


async def opens_the_console(world: Together) -> None:
    page = world.desk("auctioneer")
    await page.goto(f"/sessions/{world.session}")
    await page.goto(f"/desk/sessions/{world.session}/console")
    await expect(page.locator("[data-console]")).to_be_visible()
    conducts = page.locator("[data-field=auctioneer]")
    await expect(conducts).to_have_text([f"Người {world.desks['auctioneer'].login}"] * 2)


async def greets(world: Together) -> None:
    page = world.desk("auctioneer")
    await page.keyboard.press("a")
    await page.locator("#text_vi").fill("Phiên đấu giá bắt đầu. Chúc quý vị may mắn.")
    await page.get_by_role("button", name="Xem trước").click()
    asked = page.locator("[data-dialog]")
    await asked.get_by_role("button", name="Thông báo ngay").click()
    await expect(page.get_by_role("status").filter(has_text="Đã thông báo")).to_be_visible()


async def reports_the_incident(world: Together) -> None:
    """By keys: the lorry is chosen, the incident told and confirmed."""
    page = world.desk("auctioneer")
    await page.locator("h1").click()
    await chooses(page, world.truck)
    await page.keyboard.press("i")
    asked = page.locator("[data-dialog]")
    await expect(asked).to_be_visible()
    await asked.get_by_label("Sự cố là gì").fill("Mất điện ở trung tâm dữ liệu")
    await asked.locator("button[name=confirmed]").click()
    await expect(page.locator(f"[data-lot='{world.truck}'] .console__incident")).to_be_visible()
    assert await violations(page) == []


async def chooses(page: Page, lot: int) -> None:
    """The lot, with as many presses of J as it takes."""
    row = page.locator(f"[data-lot='{lot}']")
    chosen = page.locator("[data-lot].is-chosen")
    for _ in range(await page.locator("[data-lot]").count()):
        before = await chosen.get_attribute("data-lot") if await chosen.count() else None
        await page.keyboard.press("j")
        await expect(
            page.locator(f"[data-lot].is-chosen:not([data-lot='{before}'])")
        ).to_be_visible()
        if "is-chosen" in (await row.get_attribute("class") or ""):
            return
    raise AssertionError(f"J never chose lot {lot}")


async def announces(world: Together) -> None:
    page = world.desk("auctioneer")
    await opens_the_console(world)
    await chooses(page, world.lot)
    await page.keyboard.press("w")
    asked = page.locator("[data-dialog]")
    await expect(asked).to_be_visible()
    await asked.locator("button[name=confirmed]").click()
    await world.is_now(world.lot, "ANNOUNCED")


async def signs_the_minutes(world: Together) -> None:
    """Drawn up and signed by the recorder, then signed by the auctioneer."""
    recorder, auctioneer = world.desk("maker"), world.desk("auctioneer")
    path = f"/desk/lots/{world.lot}/minutes"
    await recorder.goto(path)
    await recorder.get_by_role("button", name="Lập biên bản").click()
    await expect(recorder.get_by_role("status")).to_contain_text("Biên bản đã được lập")
    await expect(recorder.locator(".deed")).to_contain_text(CARD)
    for page, name in ((recorder, "người ghi biên bản"), (auctioneer, "đấu giá viên")):
        await page.goto(path)
        await page.get_by_role("link", name="Đọc xong, đến phần ký").click()
        await page.get_by_role("button", name=f"Ký với tư cách {name}").click()
        await expect(page.get_by_role("status")).to_contain_text("Chữ ký đã ghi sổ")


# --- money ------------------------------------------------------------------------------------


async def brings_statement(world: Together, page: Page, base: str, bank: Bank) -> None:
    """What the bank tells of, uploaded; nothing of it may be left without an owner."""
    await page.goto(f"{base}/incoming")
    name, body = bank.statement("camt.053")
    file = {"name": name, "mimeType": "application/xml", "buffer": body}
    await page.set_input_files("#file", file)
    await page.get_by_role("button", name="Nhập sao kê").click()
    await expect(page.get_by_role("status").first).to_contain_text("Đã nhập xong")
    waiting = page.locator(".result a[href*='suspense']")
    assert await waiting.count() == 0, await page.locator(".result").inner_text()


async def name_accounts(world: Together) -> None:
    """Each house the one that its statements are of, before anybody is told where to pay."""
    for desk, base, owner in (
        ("maker", "/desk/money", plot.ESCROW),
        ("officer", "/agency/money", plot.TREASURY),
    ):
        page = world.desk(desk)
        await page.goto(f"{base}/account")
        await page.get_by_label("Chủ tài khoản").fill(owner.name)
        await page.get_by_label("Số tài khoản").fill(owner.account)
        await page.get_by_label("Ngân hàng (BIC").fill(owner.bank)
        await page.get_by_label("Lý do").fill("Hợp đồng số 12")
        await page.get_by_role("button", name="Lưu tài khoản").click()
        await expect(page.get_by_role("status")).to_contain_text("Đã lưu")


async def states_costs(world: Together) -> None:
    """What a lost deposit pays first; the rest of it is the state's."""
    page = world.desk("maker")
    await page.goto(f"/desk/money/lots/{world.lot}")
    form = Form.to(page, f"/desk/money/lots/{world.lot}/costs")
    await form.done(amount=str(plot.AUCTION_COSTS), reason="Bảng kê số 3")


async def names_payees(page: Page, base: str) -> None:
    """Whoever has no account on record gets the one that is published."""
    lacks = page.locator("tbody tr:not(:has(input[type=checkbox]))")
    await page.goto(f"{base}/payouts")
    while await lacks.count():
        own = "Chi phí" in await lacks.first.inner_text()
        payee = _OWN if own else plot.BUDGET
        await lacks.first.locator("th a").click()
        for field, value in zip(("name", "account", "bank"), payee, strict=True):
            await page.locator(f"#f-{field}").fill(value)
        await page.get_by_label("Lý do").first.fill("Tài khoản đã công bố")
        await page.get_by_role("button", name="Lưu nơi nhận").click()
        await expect(page.locator(".pairs").first).to_contain_text(payee.account)
        await page.goto(f"{base}/payouts")


async def pays_all(world: Together, base: str, hands: tuple[str, str], bank: Bank) -> bytes:
    """Everything due: prepared by one, released by another, obeyed by the bank; the order."""
    first, second = (world.desk(name) for name in hands)
    await names_payees(first, base)
    await first.get_by_label("Chọn tất cả").check()
    await first.get_by_role("button", name="Lập lệnh chi").click()
    await expect(first.get_by_role("status")).to_contain_text("Đã lập lệnh chi")
    await second.goto(first.url)
    await second.get_by_role("button", name=re.compile("Duyệt chi")).click()
    await expect(second.get_by_role("status")).to_contain_text("Đã duyệt")
    async with second.expect_download() as download:
        await second.get_by_role("link", name="pain.001").click()
    order = (await (await download.value).path()).read_bytes()
    bank.obey(order, world.clock.today())
    return order


async def sees_the_price(page: Page, lot: int, amount_minor: int) -> None:
    """On any board that shows lots live."""
    price = page.locator(f"[data-lot='{lot}'] [data-field=price]")
    await expect(price).to_have_text(dong(amount_minor))
