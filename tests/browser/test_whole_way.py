"""From the first visit to winning, and from the first visit to a refund: nothing is skipped.

One sale, two people. She registers by mail on a Vietnamese phone, wins, signs and learns what to
pay. He comes with the state's identification on an English desk, loses, and has his deposit back.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from auction_engine.story import plot
from browser import whole_way as way
from browser.visitors import Room
from browser.whole_way import Person, World, today

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(900),
]
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
DESK = {"viewport": {"width": 1280, "height": 900}}
HER, HIM = "Nguyễn Thị Hòa", "Trần Thị Lan"  # the provider knows its own name for its citizen


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(chromium: Browser) -> AsyncIterator[World]:
    home = Path(tempfile.mkdtemp(prefix="auction-way-"))
    try:
        async with way.world_of(home, chromium) as world:
            yield world
    finally:
        shutil.rmtree(home, ignore_errors=True)


async def test_from_the_first_visit_to_winning_and_to_a_refund(world: World) -> None:
    her = await world.person("vi", HER, "hoa@example.test", "079200012345", **PHONE)
    him = await world.person("en", HIM, "lan@example.test", "079195000001", **DESK)
    await way.registers_by_mail(world, her)
    await way.signs_in_with_the_provider(world, him)
    for person in (her, him):
        await way.finds_the_lot(world, person)
        await way.hands_in_a_dossier(world, person)
    await _the_house_takes_money(world)
    for person in (her, him):
        await way.reads_what_to_pay(world, person)
    await world.brings_statement()
    for person in (her, him):
        await _deposit_is_held(world, person)
        await _is_admitted(world, person)
    await way.practises(world, her)
    await _bids(world, her, him)
    await _is_announced(world)
    await _wins(world, her)
    await _loses(world, him)
    await _house_signs(world)
    await _owes(world, her)
    await _is_paid_back(world, him)


async def _the_house_takes_money(world: World) -> None:
    """An accountant enters the account that statements are of."""
    page = await world.staff(world.first, "/desk/money/account")
    await page.get_by_label("Chủ tài khoản").fill(plot.ESCROW.name)
    await page.get_by_label("Số tài khoản").fill(plot.ESCROW.account)
    await page.get_by_label("Ngân hàng (BIC").fill(plot.ESCROW.bank)
    await page.get_by_label("Lý do").fill("Hợp đồng số 12")
    await page.get_by_role("button", name="Lưu tài khoản").click()
    await expect(page.get_by_role("status")).to_contain_text("Đã lưu")
    await page.context.close()


async def _deposit_is_held(world: World, person: Person) -> None:
    await world.ask(
        "SELECT 1 FROM transfer t JOIN payment_request r ON t.key = 'hold:' || r.id"
        " WHERE r.reference = $1",
        person.reference,
    )
    await world.ask(
        "SELECT 1 FROM journal WHERE lot_id = $1 AND kind = 'deposit.held'"
        " AND convert_from(body, 'UTF8')::jsonb -> 'data' ->> 'bidder' = $2::text",
        world.lot,
        str(person.account),
    )
    page = person.page
    # The page that says what to pay has been open all the while, and says it by itself.
    await expect(page.locator(".own-deposit__state--held")).to_be_visible(timeout=60_000)
    await page.goto(f"/mine/lots/{world.lot}")
    await expect(page.locator("main")).to_contain_text(person.t("after.deposit.HELD"))
    await expect(page.locator("main")).to_contain_text(person.reference)


async def _is_admitted(world: World, person: Person) -> None:
    number = await world.ask(
        "SELECT id FROM dossier WHERE lot_id = $1 AND account_id = $2", world.lot, person.account
    )
    page = await world.staff(world.first, f"/desk/dossiers/{number}")
    await page.locator("button[value=ADMIT]").click()
    await page.wait_for_url("**/desk/dossiers?**")
    await page.context.close()
    await world.ask(
        "SELECT 1 FROM journal WHERE lot_id = $1 AND bidder = $2 AND kind = 'bidder.admitted'",
        world.lot,
        person.account,
    )
    await person.page.goto(f"/lots/{world.lot}/way")
    await expect(person.page.locator(".steps")).to_be_visible()


async def _bids(world: World, her: Person, him: Person) -> None:
    """Turn by turn in the real room, each in front of the own screen."""
    await world.reaches("REGISTRATION_CLOSED", "READY")
    if not await _is_ready(world):
        await world.instance.act(world.lot, "make_ready", "ORGANISATION", world.auctioneer)
    rooms = []
    for person in (her, him):
        await person.page.goto(f"/lots/{world.lot}")
        room = Room(person.page)
        await room.connected()
        rooms.append(room)
    await world.reaches("RUNNING")
    mine, his = rooms
    await _bids_once(his)
    await mine.stands("no_bid")
    await _bids_once(mine)
    await his.stands("outbid")
    await _bids_once(his)
    await mine.stands("outbid")
    await _bids_once(mine)
    await his.stands("outbid")


async def _is_ready(world: World) -> bool:
    state = await world.instance.state(world.lot)
    return str(state["life"]["status"]) != "REGISTRATION_CLOSED"


async def _bids_once(room: Room) -> None:
    """The smallest bid there is; once more where the amount has changed under the finger."""
    await expect(room.act).to_have_attribute("aria-disabled", "false")
    await room.act.click()
    recorded = room.acts.locator("xpath=self::*[contains(@class, 'is-recorded')]")
    with contextlib.suppress(AssertionError):
        await expect(recorded.first).to_be_visible(timeout=8_000)
    if "leading" not in (await room.standing.get_attribute("class") or ""):
        await room.act.click()
    await room.stands("leading", timeout=20_000)


async def _is_announced(world: World) -> None:
    await world.reaches("LEADER_DETERMINED")
    await world.instance.act(world.lot, "announce", "AUCTIONEER", world.auctioneer)
    await world.reaches("ANNOUNCED")


async def _wins(world: World, her: Person) -> None:
    """She finds what is to be done on top of her page, reads the minutes, and signs."""
    page = her.page
    await page.goto("/mine")
    await expect(page.locator("main")).to_contain_text(her.t("live.standing.winner"))
    await page.get_by_role("link", name=her.t("after.duty.SIGN")).click()
    await _proves_who_she_is(page)
    code = await page.locator(".minutes .code").inner_text()
    await page.locator("#code").fill(code)
    await page.get_by_role("button", name=her.t("after.sign.button")).click()
    await expect(page.get_by_role("status")).to_contain_text(her.t("after.done.signed"))
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360


async def _proves_who_she_is(page: Page) -> None:
    """Asked for only where the last proof is older than the program allows."""
    await page.wait_for_load_state()
    if "/login/again" in page.url:
        await page.locator("input[type=password]").fill(way.PASSWORD)
        await page.locator("form button[type=submit]").first.click()
    await expect(page.locator(".minutes")).to_be_visible()


async def _loses(world: World, him: Person) -> None:
    page = him.page
    await page.goto("/mine")
    await expect(page.locator("main")).to_contain_text(him.t("live.standing.lost"))
    await page.goto(f"/lots/{world.lot}/replay")
    await expect(page.locator("[data-player]")).to_be_visible()
    bids = page.locator("[data-rows] tr[data-code]")
    await expect(bids).to_have_count(4)


async def _house_signs(world: World) -> None:
    for name in ("AUCTIONEER", "RECORDER"):
        role, said = name, {"as": name}
        await world.instance.act(world.lot, "sign_minutes", role, world.auctioneer, **said)
    await world.reaches("AWAIT_PAYMENT")


async def _owes(world: World, her: Person) -> None:
    """Now she has to pay: how much is left after her deposit, until when, by which article."""
    page = her.page
    await page.goto("/mine")
    todo = page.locator(".todo")
    await expect(todo).to_contain_text(her.t("after.duty.PAY"))
    await expect(todo).to_contain_text("65(1)")
    price = (await world.instance.state(world.lot))["price_minor"]
    left = f"{price - plot.DEPOSIT:,}".replace(",", ".")
    await expect(todo).to_contain_text(left)


async def _is_paid_back(world: World, him: Person) -> None:
    """One accountant prepares, another releases, the bank pays and says so; he sees it."""
    await world.ask(
        "SELECT 1 FROM payout WHERE lot_id = $1 AND payee = $2 AND kind = 'REFUND'"
        " AND account IS NOT NULL",
        world.lot,
        him.account,
    )
    page = await world.staff(world.first, "/desk/money/payouts")
    await page.get_by_label("Chọn tất cả").check()
    await page.get_by_role("button", name="Lập lệnh chi").click()
    await expect(page.get_by_role("status")).to_contain_text("Đã lập lệnh chi")
    second = await world.staff(world.second, page.url)
    await second.get_by_role("button", name="Duyệt chi").click()
    await expect(second.get_by_role("status")).to_contain_text("Đã duyệt")
    async with second.expect_download() as download:
        await second.get_by_role("link", name="pain.001").click()
    order = (await (await download.value).path()).read_bytes()
    world.bank.obey(order, today())
    for one in (page, second):
        await one.context.close()
    await him.page.goto(f"/mine/lots/{world.lot}")
    await expect(him.page.locator("main")).to_contain_text(him.t("after.refund.state.ORDERED"))
    await world.brings_statement()
    await world.ask(
        "SELECT 1 FROM payout WHERE lot_id = $1 AND payee = $2 AND state = 'BOOKED'",
        world.lot,
        him.account,
    )
    await him.page.reload()
    main = him.page.locator("main")
    await expect(main).to_contain_text(him.t("after.refund.state.BOOKED"))
    await expect(main).to_contain_text(him.t("after.deposit.REFUNDED"))
    await expect(main).to_contain_text(re.compile(r"FTW\d+"))
    paid = world.bank.paid_to(order, him.account_at_bank)
    assert [amount for amount, _ in paid] == [plot.DEPOSIT]
