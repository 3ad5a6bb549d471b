"""What must hold on every page: quiet console, narrow screens, access for all, weight, secrecy."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from browser.fitness import cut_off, violations
from browser.instance import START, STEP, TERMS, Instance
from browser.visitors import Room, Visitor, Visitors

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
ROOM_MAX_BYTES = 150 * 1024
NAMES = (
    "session", "room of an onlooker", "room of the leader", "room of one outbid",
    "room of one refused", "room of a question", "room that has closed", "record", "login",
    "login that failed", "desk", "agency", "error", "room of a falling price",
    "room of one too late", "room of automatic bids", "room in a pause", "record with turns",
)  # fmt: skip


@dataclass
class Scene:
    """A lot with two bids, one that has closed, and somebody for every role."""

    lot: int
    closed: int
    leader: str
    outbid: str
    organisation: str
    officer: str
    falling: int
    accepted: int
    automatic: int
    paused: int
    bidder: str


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(instance: Instance) -> Scene:
    lot, closed = await instance.put_up(1) + await instance.put_up(1, lasts_s=1, extension=None)
    leader, outbid = [await instance.person("bidder", [lot]) for _ in range(2)]
    await instance.bid(outbid, lot, START)
    await instance.bid(leader, lot, START + STEP)
    await instance.until(closed, lambda state: state["phase"] == "closed")
    falling, accepted = [await instance.falls(600_000) for _ in range(2)]
    (automatic,) = await instance.put_up(automatic_bids=True, terms=TERMS)
    (paused,) = await instance.put_up(terms=TERMS)
    bidder = await instance.person("bidder", [falling, accepted, automatic, paused])
    first = await instance.person("bidder", [accepted, paused])
    await instance.bid(first, accepted, START, step=0)
    late = await instance.bid(bidder, accepted, START, step=0, recorded=False)
    assert late["reason"] == "TOO_LATE"
    await instance.bid(bidder, automatic, START + 9 * STEP, automatic=True)
    await instance.bid(first, paused, START)
    await instance.bid(bidder, paused, START + STEP)
    await instance.act(
        paused, "disqualify", "AUCTIONEER", bidder=await instance.account_id(first),
        ground="DISORDER", reason="Gây rối",
    )  # fmt: skip
    await instance.act(paused, "report_incident", "ORGANISATION", what="Mất điện")
    return Scene(
        lot, closed, leader, outbid,
        await instance.person("organisation"), await instance.person("officer"),
        falling, accepted, automatic, paused, bidder,
    )  # fmt: skip


async def show(visitors: Visitors, scene: Scene, name: str, **options: Any) -> Page:
    """The page of this name, as somebody sees it who has a reason to be there."""
    room = f"/lots/{scene.lot}"
    login, path = {
        "session": (None, "/"),
        "room of an onlooker": (None, room),
        "room of the leader": (scene.leader, room),
        "room of one outbid": (scene.outbid, room),
        "room of one refused": (scene.outbid, room),
        "room of a question": (scene.outbid, room),
        "room that has closed": (scene.leader, f"/lots/{scene.closed}"),
        "record": (None, f"{room}/record"),
        "login": (None, "/login"),
        "login that failed": (None, "/login"),
        "desk": (scene.organisation, "/desk"),
        "agency": (scene.officer, "/agency"),
        "error": (None, "/lots/999999999"),
        "room of a falling price": (scene.bidder, f"/lots/{scene.falling}"),
        "room of one too late": (scene.bidder, f"/lots/{scene.accepted}"),
        "room of automatic bids": (scene.bidder, f"/lots/{scene.automatic}"),
        "room in a pause": (scene.bidder, f"/lots/{scene.paused}"),
        "record with turns": (None, f"/lots/{scene.paused}/record"),
    }[name]
    visitor = await visitors.come(login, **options)
    page = visitor.page
    if name == "error":
        visitors.expect_complaint("status of 404")
    if path == room:
        await visitor.room(scene.lot)
    else:
        await page.goto(path)
    if name == "login that failed":
        visitors.expect_complaint("status of 401")
        await page.locator("#login").fill("nobody")
        await page.locator("#password").fill("nothing")
        await page.locator("form.stack button").click()
        await expect(page.get_by_role("alert")).to_be_visible()
    elif name == "room of automatic bids":
        await Room(page).connected()
        if await (other := page.locator("[data-other]")).is_visible():
            await other.click()
        await page.get_by_role("radio", name="Trả tự động").check()
        await Room(page).type(str(START + 20 * STEP))
    elif name == "room of one refused":
        await bid_anything(page, START)
        await expect(Room(page).acts.first).to_have_class("is-refused")
    elif name == "room of a question":
        await bid_anything(page, START * 10)
        await expect(Room(page).ask).to_be_visible()
    return page


async def bid_anything(page: Page, amount: int) -> None:
    other = page.locator("[data-other]")
    if await other.is_visible():
        await other.click()
    await Room(page).type(str(amount))
    await Room(page).act.click()


@pytest.mark.parametrize("name", NAMES)
async def test_a_page_fits_a_phone_of_320_pixels(
    scene: Scene, visitors: Visitors, name: str
) -> None:
    page = await show(visitors, scene, name, viewport={"width": 320, "height": 640})
    assert await cut_off(page) == []


async def test_what_the_pages_policy_forbids_would_be_noticed(
    scene: Scene, visitors: Visitors
) -> None:
    page = await show(visitors, scene, "session")
    async with page.expect_console_message(lambda message: message.type == "error"):
        await page.evaluate(
            """() => {
              const script = document.createElement("script");
              script.textContent = "document.title = 'taken over'";
              document.head.append(script);
            }"""
        )
    assert await page.title() != "taken over"
    assert len(visitors.complaints) == 1
    assert "Content Security Policy" in visitors.complaints.pop()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
async def test_axe_finds_nothing_that_keeps_people_out(
    scene: Scene, visitors: Visitors, scheme: str, width: int
) -> None:
    found: dict[str, Any] = {}
    for name in NAMES:
        options = {"color_scheme": scheme, "reduced_motion": "reduce"}
        page = await show(
            visitors, scene, name, viewport={"width": width, "height": 900}, **options
        )
        if faults := await violations(page):
            found[name] = faults
        await page.context.close()
    assert found == {}


@pytest.mark.parametrize("method", ["rising", "falling"])
async def test_the_room_weighs_little(scene: Scene, visitors: Visitors, method: str) -> None:
    visitor = await visitors.come(scene.leader if method == "rising" else scene.bidder)
    session = await visitor.context.new_cdp_session(visitor.page)
    sizes: list[float] = []
    await session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    await visitor.room(scene.lot if method == "rising" else scene.falling)
    await visitor.page.evaluate("document.fonts.ready.then(() => null)")
    # The document, two scripts, the styles, a picture and the typeface at least.
    assert len(sizes) >= 8
    assert sum(sizes) <= ROOM_MAX_BYTES


async def test_nobody_learns_who_the_others_are(
    scene: Scene, instance: Instance, visitors: Visitors
) -> None:
    me, other, watcher = (
        await visitors.come(scene.leader), await visitors.come(scene.outbid),
        await visitors.come(),
    )  # fmt: skip
    for visitor in (me, other, watcher):
        await visitor.room(scene.lot)
    room = Room(other.page)
    await bid_anything(other.page, START)
    await expect(room.acts.first).to_have_class("is-refused")
    await room.bid((await instance.state(scene.lot))["minimum_minor"])
    for visitor in (me, watcher):
        await Room(visitor.page).stands("outbid" if visitor is me else "watching")
        seen = await everything(visitor, scene)
        for login in (scene.outbid, scene.leader) if visitor is watcher else (scene.outbid,):
            number = str(await instance.account_id(login))
            assert len(number) == 7
            for secret in (number, login, f"Người {login}"):
                assert secret not in seen
        assert "bid.refused" not in seen
    # The search finds what is there: one's own name on one's own page.
    assert f"Người {scene.leader}" in await everything(me, scene)


async def everything(visitor: Visitor, scene: Scene) -> str:
    """All that has come to this visitor: pages, programs' answers and live frames."""
    assert any('"bids"' in frame for frame in visitor.frames)
    paths = [
        f"/lots/{scene.lot}", f"/lots/{scene.lot}/record", "/",
        f"/api/lots/{scene.lot}", f"/api/lots/{scene.lot}/bids", "/api/lots",
    ]  # fmt: skip
    answers = await asyncio.gather(*(visitor.context.request.get(path) for path in paths))
    texts = [await answer.text() for answer in answers]
    return "\n".join([*visitor.frames, await visitor.page.content(), *texts])
