"""Photographs of what is sold, on its public pages; and a case closed by its officer."""

from __future__ import annotations

import hashlib
import io
import re

import orjson
import pytest
import pytest_asyncio
from PIL import Image, ImageDraw
from playwright.async_api import Page, expect

from auction_engine.desk.admission.checking import Checked
from auction_engine.desk.cases import files
from browser.fitness import for_everybody
from browser.instance import Instance
from browser.office import Office, office_of, unfold
from browser.visitors import Visitors

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
NAMES = ("Nhìn từ phía trước", "Khoang lái", "Xước ở cửa phải")
# Of every picture in the page: whether it is there, and what it says to whoever cannot see it.
_PICTURES = """() => [...document.querySelectorAll("main img")]
  .map((one) => [one.complete && one.naturalWidth > 0, one.alt])"""
_ALL_THERE = "() => [...document.querySelectorAll('main img')].every((one) => one.complete)"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def office(instance: Instance) -> Office:
    return await office_of(instance)


def photograph(n: int) -> Checked:
    """A fictional car in front of fictional hills."""
    picture = Image.new("RGB", (1600, 1200), (150 + 20 * n, 180, 200))
    pen = ImageDraw.Draw(picture)
    pen.polygon([(0, 900), (500, 500), (900, 800), (1600, 450), (1600, 1200), (0, 1200)], "#5a7a4e")
    pen.rounded_rectangle((400 + 60 * n, 720, 1200 + 60 * n, 980), 60, "#a33b2b")
    pen.ellipse((500, 930, 660, 1090), "#222222")
    pen.ellipse((940, 930, 1100, 1090), "#222222")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return Checked("image/jpeg", out.getvalue(), hashlib.sha256(out.getvalue()).digest())


async def with_photographs(office: Office) -> int:
    """An open lot of an asset with public photographs."""
    (lot,) = await office.instance.put_up(1)
    asset = await office.listed(lot)
    account = await office.instance.account_id(office.officer)
    async with office.ledger() as connection:
        # As if they had been there before the lot was made.
        session = await connection.fetchval(
            "UPDATE asset a SET state = 'TAKEN', session_id = NULL, lot_id = NULL FROM lot l"
            " WHERE a.id = $1 AND l.id = $2 RETURNING l.session_id",
            asset, lot,
        )  # fmt: skip
        for n, name in enumerate(NAMES):
            said = files.described("PHOTO", name, "", True)
            await files.add(connection, office.vault, asset, account, said, photograph(n))
        content = await connection.fetchval(
            "UPDATE asset SET state = 'LISTED', lot_id = $2, session_id = $3 WHERE id = $1"
            " RETURNING content",
            asset, lot, session,
        )  # fmt: skip
        photos = [one for one in orjson.loads(content)["photos"] if one["alt"] in NAMES]
        await connection.execute(
            "UPDATE lot SET content = content || $2::jsonb WHERE id = $1",
            lot, orjson.dumps({"photos": photos}).decode(),
        )  # fmt: skip
        await connection.execute("UPDATE lot_search SET notice = 0 WHERE lot_id = $1", lot)
    return lot


async def seen(page: Page) -> list[str]:
    """What the pictures of the page show, all of them being there."""
    await page.evaluate("document.querySelectorAll('img').forEach((one) => one.loading = 'eager')")
    await page.wait_for_function(_ALL_THERE)
    found = await page.evaluate(_PICTURES)
    assert all(there for there, _ in found), found
    return [alt for _, alt in found]


async def test_whoever_looks_sees_the_photographs(office: Office, visitors: Visitors) -> None:
    lot = await with_photographs(office)
    page = (await visitors.come(reduced_motion="reduce")).page
    first = page.locator(f'main img[src="/lots/{lot}/photos/"], main img.picture').first
    for _ in range(40):  # descriptions are kept for two seconds
        await page.goto(f"/lots/{lot}")
        if "/photos/" in (await first.get_attribute("src") or ""):
            break
        await page.wait_for_timeout(250)
    assert await seen(page) == list(NAMES)
    await for_everybody(page)
    large = page.get_by_role("link", name=NAMES[1])
    await large.focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"/photos/\d+/1280$"))
    await page.goto(f"/lots?q={lot}")
    assert NAMES[0] in await seen(page)
    await for_everybody(page)


async def test_a_case_is_closed_once_nothing_of_it_is_open(
    office: Office, visitors: Visitors
) -> None:
    visitors.expect_complaint("status of 422")
    async with office.ledger() as connection:
        case, asset = await office.ready(connection)
    page = (await visitors.come(office.officer, reduced_motion="reduce")).page
    await page.goto(f"/agency/cases/{case}")
    end = page.locator("section", has=page.locator("#end"))
    await expect(end).to_contain_text("tài sản chưa xử lý xong")
    await for_everybody(page)
    await page.goto(f"/agency/assets/{asset}")
    rights = page.locator("section", has=page.locator("#rights"))
    form = await unfold(rights, "Giải tỏa kê biên")
    await form.locator("textarea").fill("QĐ 4/2026 hủy việc kê biên.")
    await form.get_by_role("button", name="Giải tỏa kê biên").press("Enter")
    await page.get_by_role("button", name="Giải tỏa").press("Enter")
    await expect(page.locator("main .lead")).to_contain_text("Trả lại")
    await page.goto(f"/agency/cases/{case}")
    form = await unfold(end, "Đóng hồ sơ")
    await form.get_by_role("button", name="Đóng hồ sơ").press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Ghi lý do")
    await for_everybody(page)
    form = end.locator("details[open]")
    await form.locator("textarea").fill("Người phải thi hành án đã trả đủ.")
    await form.get_by_role("button", name="Đóng hồ sơ").press("Enter")
    await page.get_by_role("button", name="Đóng hồ sơ").press("Enter")
    await expect(end).to_contain_text("Đã đóng")
    await for_everybody(page)
