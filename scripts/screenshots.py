"""Pictures of the pages, as a stranger sees them: web/screenshots/<page>-<width>.png.

Starts a demonstration of its own in a temporary directory, on a free port.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "web" / "screenshots"
WIDTHS = {"desktop": (1440, 900), "phone": (390, 844)}
# Robots need some seconds to give the pages something to show.
WARM_UP_MS = 8_000


def chromium() -> str | None:
    """The machine's own browser; None lets Playwright use the one it has downloaded."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def start(home: Path) -> tuple[subprocess.Popen[str], str]:
    environment = {**os.environ, "AUCTION_DATA_DIR": str(home / "data"), "AUCTION_PORT": "0"}
    process = subprocess.Popen(
        [sys.executable, "-m", "auction_engine.cli", "serve", "--demo"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    found = re.search(r"http://\S+/", process.stdout.readline())
    if found is None:
        process.wait()
        sys.exit("screenshots: the demonstration did not start.")
    return process, found.group()


def take(browser: Browser, address: str) -> None:
    for name, (width, height) in WIDTHS.items():
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(address)
        page.wait_for_timeout(WARM_UP_MS)
        lot = page.locator("a[href^='/lots/']").first.get_attribute("href")
        for title, path in (("session", "/"), ("lot", lot or "/"), ("login", "/login")):
            page.goto(address.rstrip("/") + path)
            page.wait_for_timeout(1_500)
            page.screenshot(path=TARGET / f"{title}-{name}.png", full_page=True)
            print(TARGET.relative_to(ROOT) / f"{title}-{name}.png")
        page.close()


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="auction-pictures-") as home:
        process, address = start(Path(home))
        try:
            with sync_playwright() as playwright:
                arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
                browser = playwright.chromium.launch(executable_path=chromium(), args=arguments)
                take(browser, address)
                browser.close()
        finally:
            process.terminate()
            process.communicate()


if __name__ == "__main__":
    main()
