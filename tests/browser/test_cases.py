"""An agency in a browser: from an accepted judgment to a signed contract, corrections by keyboard,
and the acts in the lot's life from the page of its asset."""

from __future__ import annotations

import uuid
from typing import Any

import docket
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from browser.fitness import for_everybody
from browser.instance import START, TERMS, Instance
from browser.office import (
    CERTIFICATE,
    PHOTO,
    SCAN,
    Office,
    asset_of,
    case_from,
    filed,
    offered,
    office_of,
    papers_of,
    part,
    press,
    says,
    taken_on,
    told_by_post,
    unfold,
)
from browser.visitors import Visitors

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def office(instance: Instance) -> Office:
    return await office_of(instance)


async def test_from_a_judgment_to_a_signed_contract(office: Office, visitors: Visitors) -> None:
    visitors.expect_complaint("status of 422")  # of forms sent with something missing
    page = (await visitors.come(office.officer, reduced_motion="reduce")).page
    await case_from(page, office)
    await for_everybody(page)
    asset = await asset_of(page)
    await papers_of(page)
    await filed(page, "", "Nhìn từ trước", PHOTO)
    await filed(page, "SEIZURE_RECORD", "Biên bản kê biên số 3", SCAN)
    await filed(page, "VALUATION", "Chứng thư CT 11", CERTIFICATE)
    await told_by_post(page)
    await page.goto(asset)
    await expect(part(page, "Việc còn lại trước khi đề nghị đấu giá")).to_contain_text("đã đủ")
    await for_everybody(page)
    number = await offered(page)
    await taken_on((await visitors.come(office.chief, reduced_motion="reduce")).page, number)
    await page.goto(asset)
    await expect(page.locator("main .lead")).to_contain_text("Đã ký hợp đồng")
    await expect(part(page, "Hợp đồng dịch vụ")).to_contain_text(number)
    await expect(part(page, "Nhật ký")).to_contain_text("Tổ chức đấu giá nhận, hợp đồng đã ký")


# --- corrections, in English, by keyboard ---------------------------------------------------------


async def test_a_case_is_opened_by_keyboard_alone(office: Office, visitors: Visitors) -> None:
    visitors.expect_complaint("status of (409|422)")
    page = (await visitors.come(office.officer, locale="en-GB", color_scheme="dark")).page
    await page.goto("/agency/cases?lang=en")
    await for_everybody(page)
    await press(page.get_by_role("link", name="Open a case"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Open a case")
    number = f"K-{uuid.uuid4().hex[:6]}"
    await page.get_by_label("Case number").focus()
    await page.keyboard.type(number)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_be_visible()
    await press(page.get_by_role("alert").get_by_role("link").first)
    await expect(page.get_by_label("Case number")).to_have_value(number)
    await for_everybody(page)
    texts = {"Subject (Vietnamese)": "Trả nợ", "Number of the judgment": "7/2026/DS-ST",
             "Court": "Tòa án khu vực 3", "Number of the decision": "88/QĐ"}  # fmt: skip
    for label, text in texts.items():
        await page.get_by_label(label, exact=True).focus()
        await page.keyboard.type(text)
    for label, days in (("Given on", 120), ("Decided on", 100)):
        await page.get_by_label(label).fill(docket.ago(days))
    await press(page.get_by_role("button", name="Open this case"))
    await says(page, "The case is open.")
    for kind, name in (("CREDITOR", "Fictional Bank"), ("DEBTOR", "Lê Thị Hư Cấu")):
        form = await unfold(part(page, "Parties"), "Add a party")
        await form.get_by_label("As what").select_option(kind)
        await form.get_by_label("Name").fill(name)
        await form.get_by_label("Name").press("Enter")
        if kind == "CREDITOR":  # who is owed something must say before whom
            await press(page.get_by_role("link", name="Rank of payment: Choose one of the list."))
            await form.get_by_label("Rank of payment").select_option("OTHER")
            await form.get_by_label("Name").press("Enter")
        await says(page, "The party was added.")
    await for_everybody(page)
    await press(page.get_by_role("button", name="No party any more Fictional Bank"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("No party any more?")
    await for_everybody(page)
    await press(page.get_by_role("button", name="Record it"))
    await says(page, "Recorded: no party any more.")
    await page.goto("/agency/cases?lang=en")
    await page.get_by_label("Search by number or subject").fill(number)
    await page.keyboard.press("Enter")
    await expect(page.locator("tbody tr")).to_have_count(1)


async def test_files_and_rights_are_put_right_by_keyboard(
    office: Office, visitors: Visitors
) -> None:
    visitors.expect_complaint("status of 422")
    async with office.ledger() as connection:
        _, asset = await office.ready(connection)
    page = (await visitors.come(office.officer, locale="en-GB")).page
    await page.goto(f"/agency/assets/{asset}?lang=en")
    reopen = await unfold(page.locator("main"), "Open again to correct it")
    await reopen.get_by_role("textbox").fill("The plate can be read")
    await press(reopen.get_by_role("button"))
    await says(page, "open for correction")
    # Neither file nor reason given: each is asked for where it stands.
    form = await unfold(part(page, "Photographs and documents"), "Add a photograph or document")
    await press(form.locator("button"))
    await expect(page.get_by_role("alert")).to_be_visible()
    await for_everybody(page)
    form = page.locator("form[enctype]")
    await form.get_by_label("It is a").select_option("PHOTO")
    await form.get_by_label("What it shows").fill("From the front, plate covered")
    older = form.get_by_label("New version of").locator("option", has_text="PHOTO")
    await form.get_by_label("New version of").select_option(await older.get_attribute("value"))
    await form.get_by_label("File", exact=True).set_input_files(PHOTO)
    await form.get_by_label("Public on the lot's page").press("Space")
    await press(form.locator("button"))
    await says(page, "The file was kept.")
    files = part(page, "Photographs and documents").get_by_role("listitem")
    newer = files.filter(has_text="Version 2")
    await expect(newer).to_have_count(1)
    await expect(files.filter(has_text="replaced by a newer one")).to_have_count(1)
    gone = await unfold(newer, "Take it away")
    await press(gone.get_by_role("button"))
    await expect(page.get_by_role("alert")).to_contain_text("Give the reason.")
    await for_everybody(page)
    gone = newer.locator("details")
    await gone.get_by_role("textbox").fill("A face can be seen")
    await press(gone.get_by_role("button"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Take this file away?")
    await press(page.get_by_role("button", name="Take it away"))
    await says(page, "its checksum stays")
    await expect(newer).to_contain_text("taken away, its checksum stays")


async def test_a_prior_right_is_settled_on_a_phone_without_script(
    office: Office, visitors: Visitors
) -> None:
    async with office.ledger() as connection:
        case, asset = await office.ready(connection)
    phone: dict[str, Any] = {"viewport": {"width": 320, "height": 640}, "locale": "en-GB"}
    page = (await visitors.come(office.officer, java_script_enabled=False, **phone)).page
    await page.goto(f"/agency/cases/{case}?lang=en")
    form = await unfold(part(page, "Parties"), "Add a party")
    await form.get_by_label("As what").select_option("CO_OWNER")
    await form.get_by_label("Name").fill("Đồng sở hữu hư cấu")
    await press(form.get_by_role("button"))
    await says(page, "The party was added.")
    form = await unfold(part(page, "Notices"), "Enter a notice")
    await form.get_by_label("About", exact=True).select_option("PRIORITY")
    await form.get_by_label("Given to").select_option(label="Đồng sở hữu hư cấu")
    await form.get_by_label("About the asset").select_option(str(asset))
    await form.get_by_label("What it told").fill("Priority purchase")
    await form.get_by_label("How it was given").select_option("DIGITAL")
    await form.get_by_label("Day it was sent").fill(docket.ago(1))
    await press(form.get_by_role("button"))
    await says(page, "The notice was entered.")
    await page.goto(f"/agency/assets/{asset}?lang=en")
    rights = part(page, "Rights of the parties")
    await expect(rights).to_contain_text("Answer by")
    await press(rights.get_by_role("button", name="Enter the waiver"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("The prior right is waived?")
    await press(page.get_by_role("button", name="Record the waiver"))
    await says(page, "The prior right was recorded.")
    await expect(rights).to_contain_text("Waived")


# --- the acts in the lot's life -------------------------------------------------------------------


async def acted(page: Page, title: str, ground: str, reason: str) -> None:
    """An act of the lot's life from the page of its asset, asked once, by keyboard."""
    form = page.locator("details.acting__one").filter(
        has=page.get_by_text(title, exact=True)
    ).first  # fmt: skip
    await press(form.locator("summary"))
    if ground:
        choice = form.get_by_role("radio", name=ground)
        await choice.focus()
        await choice.press("Space")
        await expect(choice).to_be_checked()
    await form.get_by_label("Lý do").fill(reason)
    await press(form.get_by_role("button"))
    await expect(page.get_by_role("heading", level=1)).to_have_text(title)
    await expect(page.locator(".acting__follows")).to_have_count(2)  # in both languages
    if title.startswith("Dừng"):
        await for_everybody(page)
    await press(page.get_by_role("button", name=f"Xác nhận: {title}"))
    await says(page, title)


async def test_the_officer_pauses_resumes_and_stops_from_the_assets_page(
    office: Office, visitors: Visitors
) -> None:
    (lot,) = await office.instance.put_up(terms=TERMS)
    asset = await office.listed(lot)
    await office.becomes(asset, "LISTED")
    room = await (await visitors.come()).room(lot)
    page = (await visitors.come(office.officer, reduced_motion="reduce")).page
    await page.goto(f"/agency/assets/{asset}")
    await for_everybody(page)
    await acted(page, "Tạm dừng", "hoãn hoặc tạm đình chỉ", "Quyết định số 5")
    await expect(room.page.locator("[data-field=clock_label]")).to_contain_text("Đang dừng")
    await acted(page, "Tiếp tục", "", "Hết thời hạn tạm đình chỉ")
    await expect(room.page.locator("[data-field=clock_label]")).not_to_contain_text("Đang dừng")
    await acted(page, "Dừng cuộc đấu giá", "đình chỉ thi hành án", "Quyết định đình chỉ số 9")
    await expect(room.page.locator("main")).to_contain_text("Quyết định đình chỉ số 9")
    await office.becomes(asset, "WITHDRAWN")
    await page.reload()
    await expect(page.locator("main .lead")).to_contain_text("Đã dừng")
    out = await unfold(page.locator("main"), "Rút tài sản khỏi hợp đồng")
    await out.get_by_role("textbox").fill("Thi hành án đã đình chỉ")
    await press(out.get_by_role("button"))
    await press(page.get_by_role("button", name="Rút tài sản"))
    await says(page, "Tài sản đã rút khỏi hợp đồng")


async def test_after_a_failure_the_price_is_cut_within_the_law(
    office: Office, visitors: Visitors
) -> None:
    visitors.expect_complaint("status of 409")
    (lot,) = await office.instance.put_up(terms=TERMS, lasts_s=3, extension=None)
    asset = await office.listed(lot)
    await office.becomes(asset, "FAILED")
    page = (await visitors.come(office.officer, reduced_motion="reduce")).page
    await page.goto(f"/agency/assets/{asset}")
    least = START - START // 10
    shown = f"{least:,}".replace(",", ".")
    await expect(part(page, "Sau khi đấu giá không thành")).to_contain_text(shown)
    form = page.locator("details.acting__one").filter(has_text="Giảm giá khởi điểm").first
    await press(form.locator("summary"))
    await form.locator("input[name=f_starting_price_minor]").fill(str(least - 1_000_000))
    await press(form.get_by_role("button"))
    await press(page.get_by_role("button", name="Xác nhận: Giảm giá khởi điểm"))
    await expect(page.get_by_role("alert")).to_be_visible()
    await for_everybody(page)
    await page.goto(f"/agency/assets/{asset}")
    form = page.locator("details.acting__one").filter(has_text="Giảm giá khởi điểm").first
    await press(form.locator("summary"))
    await form.locator("input[name=f_starting_price_minor]").fill(shown)
    await press(form.get_by_role("button"))
    await press(page.get_by_role("button", name="Xác nhận: Giảm giá khởi điểm"))
    await says(page, "Giảm giá khởi điểm")
    await office.becomes(asset, "TAKEN")
    await page.goto(f"/agency/assets/{asset}")
    await expect(part(page, "Giá khởi điểm lần tới")).to_contain_text(shown)
    await for_everybody(page)
