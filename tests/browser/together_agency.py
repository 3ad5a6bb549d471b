"""What the agency does in the story of everybody together: from the case to the creditors."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

import papers
from playwright.async_api import Page, expect

from auction_engine.story import plot
from browser.fitness import violations
from browser.forms import Form, acts
from browser.sheet import Sheet
from browser.together import Together
from browser.whole_way import TITLE

FLAT_MINOR, TRUCK_MINOR = 1_000_000_000, 400_000_000
_TRUCK = {"vi": "Xe tải Bến Thủy, 8 tấn", "en": "Ben Thuy lorry, 8 tonnes"}
_PARTIES = (
    {"kind": "CREDITOR", "name": "Ngân hàng Bến Tre Xanh", "rank": "OTHER"},
    {"kind": "DEBTOR", "name": "Trịnh Văn Sơn"},
)
_ANSWERS = {
    "occupancy": "EMPTY", "possession": "AGENCY", "encumbrances": "NONE", "disputes": "NONE",
    "defects": "NONE", "papers": "ORIGINAL", "costs": "LEGAL",
}  # fmt: skip


def _ago(world: Together, days: int) -> str:
    return (world.clock.today() - timedelta(days=days)).isoformat()


async def lists(world: Together) -> None:
    """A case with a flat and a lorry, everything the law wants to be known, and the offer."""
    page = world.desk("officer")
    case = await _opens_a_case(world, page)
    assets = [
        await _enters(world, page, case, "apartment", TITLE, FLAT_MINOR),
        await _enters(world, page, case, "truck", _TRUCK, TRUCK_MINOR),
    ]
    await _tells_the_parties(world, page, case, assets)
    for asset in assets:
        await page.goto(asset)
        await Form(page, "ready").done()
    await page.goto("/agency/contracts")
    offer = Form.to(page, "/agency/contracts")
    ticks = {f"asset.{asset.rpartition('/')[2]}": True for asset in assets}
    await offer.done(
        **ticks, organisation_id=await _number_of(page, plot.ORGANISATION["vi"]),
        number="HD 7/2026", base_minor="10000000", stop_clause=True,
    )  # fmt: skip


async def _number_of(page: Page, name: str) -> str:
    """The value of the choice that is called so."""
    found = await page.locator("option", has_text=name).first.get_attribute("value")
    assert found is not None
    return found


async def _opens_a_case(world: Together, page: Page) -> str:
    await page.goto("/agency/cases")
    await page.get_by_role("link", name="Mở vụ việc", exact=True).click()
    form = Form.to(page, "/agency/cases")
    await form.done(
        number="12/2026", title__vi="Trả nợ vay", title__en="Repayment of a loan",
        judgment__number="7/2026/DS-ST", judgment__court="Tòa án khu vực 3",
        judgment__on=_ago(world, 120), decision__number="88/QD-CCTHA",
        decision__on=_ago(world, 100), opened_on=_ago(world, 100),
    )  # fmt: skip
    case = page.url.partition("?")[0]
    for party in _PARTIES:
        claim = {"claim_minor": "900000000", "requested_on": _ago(world, 101)}
        more = claim if party["kind"] == "CREDITOR" else {}
        await Form(page, "party").done(**party, **more)
    return case


async def _enters(
    world: Together, page: Page, case: str, kind: str, title: dict[str, str], value: int
) -> str:
    """An asset with its seizure, valuation, disclosure, custody and papers; its address."""
    await page.goto(case)
    await page.get_by_role("link", name="Nhập tài sản").click()
    movable = kind == "truck"
    await Form.to(page, urlsplit(case).path + "/assets").done(
        kind=kind, title__vi=title["vi"], title__en=title["en"], place__vi="Phường Hải Yên",
        place__en="Hải Yên ward", summary__vi="Tình trạng tốt.", summary__en="In good order.",
        facts__0__label__vi="Năm", facts__0__value__vi="2021",
        facts__0__label__en="Year", facts__0__value__en="2021",
    )  # fmt: skip
    asset = page.url.partition("?")[0]
    await Form(page, "seize").done(
        number="BB 3", seized_on=_ago(world, 90), place="Hải Yên", found__vi="Đúng như hồ sơ",
        found__en="As the papers say", people="Chấp hành viên, đại diện khu phố",
    )  # fmt: skip
    asked = _ANSWERS.keys() - ({"occupancy"} if movable else {"possession"})
    said = {f"disclosure.{one}.answer": _ANSWERS[one] for one in asked}
    said["disclosure.papers.details.vi"] = "Giấy chứng nhận bản chính"
    await Form(page, "disclose").done(**said)
    if movable:
        await Form(page, "keep").done(
            how="AGENCY", keeper="Thủ kho", place="Kho số 2", since=_ago(world, 90), condition="Tốt"
        )
    await Form(page, "value").done(
        amount_minor=str(value), basis="FIRM", valuer="Công ty thẩm định Tâm An",
        document="CT 11/2026", valued_on=_ago(world, 60), expires_on=_ago(world, -150),
    )  # fmt: skip
    await _files(page, asset, title["vi"])
    return asset


async def _files(page: Page, asset: str, name: str) -> None:
    photo = {"name": "a.png", "mimeType": "image/png", "buffer": papers.png(400, 300)}
    paper = {"name": "a.pdf", "mimeType": "application/pdf", "buffer": papers.pdf()}
    for kind, which, file in (
        ("PHOTO", "", photo),
        ("DOCUMENT", "SEIZURE_RECORD", paper),
        ("DOCUMENT", "VALUATION", paper),
    ):
        form = Form.to(page, f"/agency/assets/{asset.rpartition('/')[2]}/files")
        await form.done(kind=kind, name=f"{name} {which}", paper=which, file=file, public=True)


async def _tells_the_parties(world: Together, page: Page, case: str, assets: list[str]) -> None:
    """The valuation, to each party, long enough ago for nobody to ask for another."""
    await page.goto(case)
    for asset in assets:
        for party in _PARTIES:
            form = Form(page, "notice")
            await form.done(
                kind="VALUATION", party_id=await _number_of(page, party["name"]),
                asset_id=asset.rpartition("/")[2], subject="Kết quả thẩm định giá",
                channel="DIGITAL", given_on=_ago(world, 30),
            )  # fmt: skip


async def asset_page(world: Together, lot: int) -> Page:
    """The officer on the page of the asset that is in this lot, found by way of the cases."""
    page = world.desk("officer")
    await page.goto("/agency/cases")
    await page.locator("tbody th a").first.click()
    title = await world.ask("SELECT content -> 'title' ->> 'vi' FROM lot WHERE id = $1", lot)
    await page.get_by_role("link", name=title).first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(title)
    return page


async def decides_on_the_incident(world: Together) -> None:
    """The owner alone may: the lorry's auction ends here."""
    page = await asset_page(world, world.truck)
    await acts(page, "decide_incident", choice="ANNUL")
    await world.is_now(world.truck, "STOPPED")


async def delivers(world: Together) -> None:
    page = await asset_page(world, world.lot)
    await acts(page, "deliver")
    await acts(page, "file_title")
    await world.is_now(world.lot, "TITLE_FILED")


async def distributes(world: Together) -> None:
    """One writes the sheet, another approves it."""
    page = await asset_page(world, world.lot)
    await page.get_by_role("link", name="Tiền, bàn giao và chi trả").click()
    await page.goto(f"/agency/money/lots/{world.lot}/sheet")
    await _fills_the_sheet(world, page)
    await page.get_by_role("button", name="Lập để người khác duyệt").click()
    await expect(page.get_by_text("một người khác phải duyệt")).to_be_visible()
    head = world.desk("head")
    await head.goto(page.url.partition("?")[0])
    await head.get_by_role("button", name="Duyệt phương án").click()
    await expect(head.locator(".hands li.is-done")).to_have_count(2)
    await world.is_now(world.lot, "PROCEEDS_DISTRIBUTED")


async def _fills_the_sheet(world: Together, page: Page) -> None:
    """The parties and their claims stand there from the case; costs and accounts are added."""
    sheet = Sheet(page)
    debtor, creditor = (
        page.locator("[name='parties.0.name']"),
        page.locator("[name='parties.1.name']"),
    )
    await expect(debtor).to_have_value(_PARTIES[1]["name"])
    await expect(creditor).to_have_value(_PARTIES[0]["name"])
    await expect(page.locator("[name='claims.0.principal']")).to_have_value("900.000.000")
    assert await violations(page) == []
    await sheet.put("coercive_on", _ago(world, 95))
    for number, account in enumerate(("0901", "0904")):
        await sheet.put(f"parties.{number}.account", account)
        await sheet.put(f"parties.{number}.bank", "VCBKVNVX")
    await sheet.row("add_party", "parties.2.name")
    await sheet.choose("parties.2.role", "PAYEE")
    for name, value in (
        ("name", "Công ty thẩm định Tâm An"),
        ("account", "0906"),
        ("bank", "VCBKVNVX"),
    ):
        await sheet.put(f"parties.2.{name}", value)
    await page.locator("button[value=add_party]").click()
    await expect(page.locator("[name='costs.0.payee']")).to_contain_text("Tâm An")
    await sheet.choose("costs.0.payee", 3)
    await sheet.put("costs.0.amount", "25000000")
    await page.get_by_role("button", name="Tính", exact=True).last.click()
    await expect(page.locator("#computed")).to_contain_text(_PARTIES[0]["name"])


async def closes_the_file(world: Together) -> None:
    page = await asset_page(world, world.lot)
    await acts(page, "close_file")
    await expect(page.locator("main")).to_contain_text(re.compile("đóng|xong|kết thúc", re.I))
    await world.is_now(world.lot, "CLOSED")
