"""One running program and one Chromium for the directory; pages that report what went wrong."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright, async_playwright, expect

from browser.instance import Instance, running
from browser.visitors import Visitors
from browser.wire import Wire, wire_to

_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
_NO_BROWSER = (
    "NO CHROMIUM WAS FOUND: THE BROWSER TESTS WERE NOT RUN. Install it (on Debian: "
    "apt-get install chromium) and run the tests again; in CI this is a failure."
)
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium_path(playwright: Playwright) -> str | None:
    """The machine's own Chromium, or the one that Playwright has downloaded."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    own = playwright.chromium.executable_path
    return found or (own if Path(own).exists() else None)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        path = chromium_path(playwright)
        if path is None:
            if os.environ.get("CI") == "true":
                pytest.fail(_NO_BROWSER, pytrace=False)
            pytest.skip(_NO_BROWSER)
        expect.set_options(timeout=10_000)
        browser = await playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def instance(chromium: Browser) -> AsyncIterator[Instance]:
    """The program, started only where there is a browser to look at it."""
    home = Path(tempfile.mkdtemp(prefix="auction-browser-"))
    try:
        async with running(home) as instance:
            yield instance
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest_asyncio.fixture(loop_scope="session")
async def visitors(chromium: Browser, instance: Instance) -> AsyncIterator[Visitors]:
    """Opens pages for people. At the end none of them may have an error in its console."""
    visitors = Visitors(chromium, instance.base)
    yield visitors
    await visitors.close()
    assert visitors.complaints == []


@pytest_asyncio.fixture(loop_scope="session")
async def wire(instance: Instance) -> AsyncIterator[Wire]:
    """A network to the program that the test may cut."""
    async with wire_to(instance.base) as wire:
        yield wire
