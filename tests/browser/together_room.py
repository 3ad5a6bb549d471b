"""Bidders before, in and after the room, and who watches over it, in the story of everybody."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import orjson
from playwright.async_api import Page, expect

from auction_engine.desk.oversight import lot_record
from auction_engine.story import plot
from browser import whole_way as way
from browser.fitness import violations
from browser.forms import acts
from browser.together import Bidder, Together
from browser.together_agency import FLAT_MINOR, TRUCK_MINOR
from browser.visitors import Room, dong
from browser.whole_way import Person

STEP, TRUCK_STEP = 50_000_000, 10_000_000
AWARD = FLAT_MINOR + 5 * STEP
_AT_ONCE = 4


async def register(world: Together, her: Person) -> None:
    """She by screen, on a telephone, from the first visit on; eleven others by their programs."""
    await way.registers_by_mail(world, her)
    await way.finds_the_lot(world, her)
    await way.hands_in_a_dossier(world, her)
    limit = asyncio.Semaphore(_AT_ONCE)

    async def one(bidder: Bidder, *lots: int) -> None:
        async with limit:
            for lot in lots:
                await bidder.hands_in(lot)

    await asyncio.gather(*(one(bidder, *_lots(world, bidder)) for bidder in world.bidders))


def _lots(world: Together, bidder: Bidder) -> tuple[int, ...]:
    """All want the flat, three of them the lorry too."""
    return (world.lot, world.truck) if bidder in world.bidders[-3:] else (world.lot,)


def of_the_truck(world: Together) -> list[Bidder]:
    return world.bidders[-3:]


async def pay_deposits(world: Together, her: Person) -> int:
    """Each under the own reference; how many payments there are."""
    page, today = her.page, world.clock.today()
    await world.ask(
        "SELECT 1 FROM payment_request WHERE lot_id = $1 AND payer = $2", world.lot, her.account
    )
    await page.goto(f"/lots/{world.lot}/deposit")
    her.reference = await page.locator("#own-reference").inner_text()
    world.bank.receive(today, plot.DEPOSIT, f"{her.reference} dat coc", her.customer)
    count = 1
    for bidder in world.bidders:
        for lot in _lots(world, bidder):
            amount, reference = await bidder.asked(lot)
            world.bank.receive(today, amount, f"{reference} dat coc", bidder.customer)
            count += 1
    return count


async def enter(world: Together, her: Person) -> Room:
    """Everybody waits at the door: who does not come did not take part."""
    for bidder in world.bidders:
        await bidder.enters(*_lots(world, bidder))
    await her.page.goto(f"/lots/{world.lot}")
    room = Room(her.page)
    await room.connected()
    present = "SELECT count(*) = $2 FROM journal WHERE lot_id = $1 AND kind = 'bidder.entered'"
    await world.ask(present, world.lot, len(world.bidders) + 1)
    await world.ask(present, world.truck, len(of_the_truck(world)))
    return room


async def bid(world: Together, room: Room) -> None:
    """Up to the one who then withdraws."""
    first, second, *_ = world.bidders
    await presses(room, FLAT_MINOR)
    await first.bids(world.lot, FLAT_MINOR + STEP)
    await room.stands("outbid")
    await second.bids(world.lot, FLAT_MINOR + 2 * STEP)
    await presses(room, FLAT_MINOR + 3 * STEP)
    await first.bids(world.lot, FLAT_MINOR + 6 * STEP)
    await room.stands("outbid")
    a, b, _ = of_the_truck(world)
    await a.bids(world.truck, TRUCK_MINOR)
    await b.bids(world.truck, TRUCK_MINOR + TRUCK_STEP)


async def presses(room: Room, amount_minor: int) -> None:
    """The one button of a telephone, once it offers this amount."""
    await room.can_press(f"Trả {dong(amount_minor)}")
    await room.press()
    await room.stands("leading")


async def withdraws(world: Together) -> None:
    """Whoever leads takes the bid back on the page that says what it costs: the deposit."""
    leader = world.bidders[0]
    visitor = await world.visitors.come(leader.login)
    await visitor.page.goto(f"/lots/{world.lot}/acts")
    await acts(visitor.page, "withdraw_bid")
    await visitor.context.close()


async def wins(world: Together, room: Room) -> None:
    """Another goes on from the price before; she bids once more, and nobody after her."""
    await room.stands("leading")
    await world.bidders[2].bids(world.lot, FLAT_MINOR + 4 * STEP)
    await room.stands("outbid")
    await presses(room, AWARD)


async def signs(world: Together, her: Person) -> None:
    page = her.page
    await page.goto("/mine")
    await page.get_by_role("link", name=her.t("after.duty.SIGN")).click()
    await proves(page)
    await page.locator("#code").fill(await page.locator(".minutes .code").inner_text())
    await page.get_by_role("button", name=her.t("after.sign.button")).click()
    await expect(page.get_by_role("status")).to_contain_text(her.t("after.done.signed"))


async def proves(page: Page) -> None:
    """Who one is, where the last proof is older than the program allows."""
    await page.wait_for_load_state()
    if "/login/again" in page.url:
        await page.locator("input[type=password]").fill(way.PASSWORD)
        await page.locator("form button[type=submit]").first.click()
    await expect(page.locator(".minutes")).to_be_visible()


async def pays(world: Together, her: Person, price: int) -> None:
    """The rest, under the reference of her page."""
    asked = "SELECT reference FROM payment_request WHERE lot_id = $1 AND purpose = 'PRICE'"
    reference = await world.ask(asked, world.lot)
    rest = price - plot.DEPOSIT
    await her.page.goto("/mine")
    todo = her.page.locator(".todo")
    await expect(todo).to_contain_text(her.t("after.duty.PAY"))
    await expect(todo).to_contain_text(dong(rest).partition("\N{NO-BREAK SPACE}")[0])
    world.treasury.receive(world.clock.today(), rest, f"{reference} tien mua", her.customer)


# --- who watches ------------------------------------------------------------------------------


async def watches(world: Together) -> Page:
    """The procurator at the session's board, from before the opening on, without touching it."""
    page = world.desk("procurator")
    await page.goto("/oversight")
    await page.locator(f"a[href='/oversight/sessions/{world.session}']").first.click()
    await expect(page.locator(f"[data-lot='{world.lot}']")).to_be_visible()
    return page


async def sees_the_standstill(world: Together) -> None:
    page = world.desk("procurator")
    await page.reload()
    main = page.locator("main")
    await expect(main).to_contain_text("Mất điện ở trung tâm dữ liệu")
    assert await violations(page) == []


async def learns_who_won(world: Together, winner: str) -> None:
    """By a warrant alone, which stays on record."""
    page = world.desk("procurator")
    today = world.clock.today()
    await page.goto(f"/oversight/warrants/new?lot={world.lot}")
    await page.locator("#number").fill("15/LVKS")
    await page.locator("#authority").fill("Viện kiểm sát khu vực 3")
    await page.locator("#valid_until").fill((today + timedelta(days=7)).isoformat())
    await page.locator("#reason").fill("Kiểm sát việc đấu giá tài sản thi hành án.")
    await page.locator("form.decide button[type=submit]").click()
    await page.locator("form button[type=submit].act, form.decide button.act").first.click()
    await expect(page.get_by_role("status")).to_be_visible()
    await page.locator(f"a[href$='/lots/{world.lot}'].button").click()
    await expect(page.get_by_role("table")).to_contain_text(winner)
    assert await violations(page) == []


async def reads_the_record(world: Together) -> list[str]:
    """The lot's whole record on the page, and as the file that is taken away: its kinds."""
    page = world.desk("procurator")
    await page.goto(f"/oversight/lots/{world.lot}")
    rows = page.locator(".entries tbody tr")
    assert await rows.count() > 40
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Tải hồ sơ").click()
    record = orjson.loads((await (await download.value).path()).read_bytes())
    assert lot_record.broken(record) is None
    return [one["kind"] for one in record["entries"]]
