"""Is a page fit for everybody: axe-core's rules, and nothing wider than the window."""

from __future__ import annotations

import functools
import os
from typing import Any

import pytest
from playwright.async_api import Page

from browser.instance import ROOT

_AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
_VIOLATIONS = """async (only) => (await axe.run(only.length ? { runOnly: only } : {})).violations
  .map((v) => [v.id, v.nodes.slice(0, 3).map((n) => [n.target.join(" "), n.failureSummary])])"""
# What reaches beyond the window, tables left aside: they scroll in a box of their own.
_CUT = """() => [...document.querySelectorAll("main *")].filter((element) => {
  if (element.closest(".table-box, svg, .visually-hidden, [data-scrolls]")) return false;
  const box = element.getBoundingClientRect();
  return box.width > 0 && box.height > 0 && box.right > innerWidth + 1;
}).map((element) => element.outerHTML.slice(0, 120))"""


@functools.cache
def _source() -> str:
    if not _AXE.is_file():
        told = "axe-core is not installed: run `make web` to be told what keeps people out"
        pytest.fail(told) if os.environ.get("CI") == "true" else pytest.skip(told)
    return _AXE.read_text("utf-8")


async def violations(page: Page, *only: str) -> list[Any]:
    """What axe-core finds on the page that stands there now; with `only`, by these rules alone.

    Wait for the page after a click before calling this: a page that is being left has no document.
    """
    await page.wait_for_load_state("load")
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(_source())
    found: list[Any] = await page.evaluate(_VIOLATIONS, list(only))
    return found


async def cut_off(page: Page) -> list[str]:
    """What of the page does not fit its window: the elements, and the page if it is wider."""
    wide = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    found: list[str] = await page.evaluate(_CUT)
    return [*([f"the page, by {wide} px"] if wide > 0 else []), *found]


# Alerts name what is wrong by links to its fields; those that lead nowhere.
_ASTRAY = """() => [...document.querySelectorAll("[role=alert] a[href^='#']")]
  .map((link) => decodeURIComponent(link.hash.slice(1)))
  .filter((id) => !document.getElementById(id))"""
# Every folded part opened, and folded again: what is folded is looked at too.
_UNFOLD = """() => document.querySelectorAll("main details:not([open])").forEach((part) => {
  part.open = true;
  part.dataset.folded = "";
})"""
_FOLD = """() => document.querySelectorAll("details[data-folded]").forEach((part) => {
  part.open = false;
  delete part.dataset.folded;
})"""


async def for_everybody(page: Page) -> None:
    """Assert that the page suits everybody: all rules of axe by day and by night, 320 pixels.

    Its folded parts are opened for that. Afterwards it stands in the light and as wide as it was.
    """
    size = page.viewport_size
    assert size is not None
    # Without motion: halfway between two schemes nothing can be judged.
    await page.emulate_media(reduced_motion="reduce")
    await page.evaluate(_UNFOLD)
    found: dict[str, list[Any]] = {}
    for scheme in ("dark", "light"):
        await page.emulate_media(color_scheme=scheme)
        found[scheme] = await violations(page)
    await page.set_viewport_size({"width": 320, "height": 640})
    found["320 px"] = await cut_off(page)
    found["astray"] = await page.evaluate(_ASTRAY)
    await page.set_viewport_size(size)
    await page.evaluate(_FOLD)
    faults = {name: fault for name, fault in found.items() if fault}
    assert not faults, f"{page.url}: {faults}"
