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
