"""Every page of the program, as its routes have them: narrow, dark, in high contrast, for all."""

from __future__ import annotations

import re
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from auction_engine.http import routes
from auction_engine.identity.access import ALLOWED
from browser.fitness import cut_off, violations
from browser.instance import START, STEP, TERMS, Instance
from browser.visitors import Visitors

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
ROLES: tuple[Any, ...] = (None, "bidder", "organisation", "officer", "procurator")
# Addresses of things that a test of their own part makes; here they would not be found.
MADE_ELSEWHERE = re.compile(
    r"\{(token|act|line|payout|batch|shares|party|dossier|paper|complaint|signature|name|intake|"
    r"draft|webhook|upload|case|asset|contract|notice|warrant|finding)"
)
# What is no page: files, and the ways to and from another site.
NO_PAGE = re.compile(r"/(file|export|report|opening\.ics)$|^/login/oidc")
# A finger's target, links within text left aside.
SMALL = """() => [...document.querySelectorAll("button, input:not([type=hidden]), select, summary")]
  .filter((element) => {
    if (element.matches(".visually-hidden")) return false;
    const box = (element.closest("label") ?? element).getBoundingClientRect();
    return box.width > 0 && box.height > 0 && box.height < 43.5;
  }).map((element) => element.outerHTML.slice(0, 120))"""
THEMES = (("dark", ""), ("light", "more"), ("dark", "more"))


def paths_for(role: Any) -> list[str]:
    """The pages that `role` is the first in `ROLES` to be shown."""
    found = []
    for spec in routes.PAGES:
        if spec.method != "GET" or spec.kind != "page":
            continue
        first = next(one for one in ROLES if one in ALLOWED[spec.act])
        if first == role and not MADE_ELSEWHERE.search(spec.path) and not NO_PAGE.search(spec.path):
            found.append(spec.path)
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lot(instance: Instance) -> int:
    """A lot with two bids, which one bidder leads."""
    (lot,) = await instance.put_up(terms=TERMS)
    people = [await instance.person("bidder", [lot]) for _ in range(2)]
    for number, login in enumerate(people):
        await instance.bid(login, lot, START + number * STEP)
    return lot


async def faults_of(page: Page) -> dict[str, Any]:
    """What is wrong with the page, by what was looked at; empty if nothing is."""
    found = {"cut": await cut_off(page), "small": await page.evaluate(SMALL)}
    found["axe light"] = await violations(page)
    for scheme, contrast in THEMES:
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        await page.evaluate(f"document.documentElement.dataset.contrast = '{contrast}'")
        found[f"axe {scheme} {contrast}"] = await violations(page, "color-contrast")
    return {name: fault for name, fault in found.items() if fault}


@pytest.mark.parametrize("role", ROLES)
async def test_every_page_is_for_everybody(
    instance: Instance, visitors: Visitors, lot: int, role: Any
) -> None:
    visitors.expect_complaint(".*")  # each page's console is the affair of its own tests
    login = None if role is None else await instance.person(role, [lot] if role == "bidder" else [])
    here = await visitors.come(
        login, viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True,
        reduced_motion="reduce", color_scheme="light",
    )  # fmt: skip
    faults: dict[str, Any] = {}
    looked = 0
    for path in paths_for(role):
        address = re.sub(r"\{lot:int\}", str(lot), path).replace("{session:int}", "1")
        await here.page.emulate_media(color_scheme="light")
        answer = await here.page.goto(address)
        assert answer is not None
        if answer.status >= 500:
            faults[address] = {"status": answer.status}
        if answer.status != 200 or "html" not in answer.headers["content-type"]:
            continue
        looked += 1
        if found := await faults_of(here.page):
            faults[address] = found
    assert not faults, "\n".join(f"{path}: {what}" for path, what in faults.items())
    assert looked >= {None: 10, "bidder": 8, "organisation": 8, "officer": 7}.get(role, 0)


async def test_text_four_times_as_large_needs_no_sideways_scroll(
    visitors: Visitors, lot: int
) -> None:
    """400 % of a 1280 pixels wide window: 320 pixels, and a window no higher than 256."""
    here = await visitors.come(viewport={"width": 320, "height": 256}, device_scale_factor=4)
    for path in ("/", f"/lots/{lot}", "/login", "/design"):
        await here.page.goto(path)
        assert await here.page.evaluate("document.documentElement.scrollWidth") <= 320
        # Nothing that sticks takes the place of what is read.
        stuck = await here.page.evaluate(
            """() => [...document.querySelectorAll("body *")].filter((element) =>
              ["fixed", "sticky"].includes(getComputedStyle(element).position)
              && element.getBoundingClientRect().height > 64).map((e) => e.className)"""
        )
        assert stuck == []


async def test_the_systems_own_colours_are_respected(visitors: Visitors, lot: int) -> None:
    here = await visitors.come(forced_colors="active")
    await here.page.goto(f"/lots/{lot}")
    assert await here.page.evaluate("matchMedia('(forced-colors: active)').matches")
    ink, stroke = await here.page.evaluate(
        """() => [getComputedStyle(document.body).color,
                 getComputedStyle(document.querySelector(".standing__mark")).stroke]"""
    )
    assert ink == stroke


async def test_a_chosen_theme_is_drawn_by_the_server_and_kept(visitors: Visitors) -> None:
    here = await visitors.come(color_scheme="light")
    page, paper = here.page, "getComputedStyle(document.body).backgroundColor"
    await page.goto("/login")
    switch = page.locator("[data-theme-switch]")
    seen = [await page.evaluate(paper)]
    for name in ("sáng", "tối", "tương phản cao"):
        await switch.click()
        assert name in (await switch.text_content() or "")
        seen.append(await page.evaluate(paper))
        text = await (await here.context.request.get("/login")).text()
        wanted = {"sáng": 'data-theme="light"', "tối": 'data-theme="dark"'}
        assert wanted.get(name, 'data-contrast="more"') in text.split("<head>")[0]
    assert seen[0] == seen[1] != seen[2]
    assert seen[3] == "rgb(255, 255, 255)"


async def test_another_language_keeps_the_place(visitors: Visitors, lot: int) -> None:
    here = await visitors.come(viewport={"width": 390, "height": 700})
    await here.page.goto("/design")
    await here.page.evaluate("scrollTo(0, 4000)")
    await here.page.locator("a[data-language]").evaluate("link => link.click()")
    await here.page.wait_for_url("**lang=en")
    await here.page.wait_for_function("scrollY > 3000")


FOCUS = """() => {
  const here = document.activeElement;
  if (here === document.body || here.dataset.seen) return null;
  here.dataset.seen = "1";
  const style = getComputedStyle(here.closest(".card:has(:focus-visible)") ?? here);
  const box = here.getBoundingClientRect();
  const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const inView = box.bottom > 0 && box.top < innerHeight;
  return [here.outerHTML.slice(0, 80), shown && inView];
}"""


async def test_the_whole_room_is_walked_by_keyboard_and_the_focus_is_seen(
    instance: Instance, visitors: Visitors, lot: int
) -> None:
    login = await instance.person("bidder", [lot])
    here = await visitors.come(login)
    await here.room(lot)
    walked: list[tuple[str, bool]] = []
    while len(walked) < 60:
        await here.page.keyboard.press("Tab")
        if (seen := await here.page.evaluate(FOCUS)) is None:
            break
        walked.append(tuple(seen))
    assert [what for what, shown in walked if not shown] == []
    texts = " ".join(what for what, _ in walked)
    for part in ("skip", "step", 'id="amount"', "data-act", "summary", "/record"):
        assert part in texts
    # And back to the step that is one more than the least, and the bid, with keys alone.
    await here.page.locator(".step").nth(1).focus()
    await here.page.keyboard.press("Space")
    await here.page.locator("[data-act]").focus()
    await here.page.keyboard.press("Enter")
    await expect(here.page.locator("[data-acts] li").first).to_have_class("is-recorded")
