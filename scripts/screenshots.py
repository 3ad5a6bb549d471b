"""Pictures of the pages, as a stranger sees them: web/screenshots/<page>-<width>-<theme>.png.

Starts a demonstration of its own in a temporary directory, on a free port, and takes every page in
every state once, on a phone and on a desk, light and dark; then the two pictures of the README.
The last pictures are of a lot that has closed, which takes some minutes. `--pages` takes only the
pages that need nobody to bid, `--only NAME` one of them.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from auction_engine.identity.demo_logins import DEMO_LOGINS

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "web" / "screenshots"
PICTURES = ROOT / "docs" / "pictures"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
THEMES = ("light", "dark")
LIVELY_BIDS = 3
MONEY = ("incoming", "suspense", "due", "payouts", "lots", "account")
RECORD_LINES = 14
CLOSING_MS = 900_000
ARGUMENTS = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PASSWORDS = {entry.role: entry for entry in DEMO_LOGINS}


def chromium() -> str | None:
    """The machine's own browser; None lets Playwright use the one it has downloaded."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextlib.contextmanager
def demonstration(home: Path) -> Iterator[str]:
    """The address of a private demonstration."""
    process = subprocess.Popen(
        [sys.executable, "-m", "auction_engine.cli", "serve", "--demo", "--port", "0"],
        env={**os.environ, "AUCTION_DATA_DIR": str(home), "AUCTION_LOG_LEVEL": "warning"},
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+(?=/)", process.stdout.readline())
        if found is None:
            sys.exit("screenshots: the demonstration did not start.")
        yield found.group()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


class Studio:
    """Opens pages as somebody, in each size and theme, and keeps the pictures."""

    def __init__(self, browser: Browser, base: str) -> None:
        self._browser = browser
        self._base = base

    @contextlib.contextmanager
    def sitting(
        self, role: str | None, size: str, theme: str, lang: str = "vi", scale: float = 1
    ) -> Iterator[Page]:
        width, height = SIZES[size]
        context = self._browser.new_context(
            base_url=self._base, color_scheme=theme, device_scale_factor=scale,  # type: ignore[arg-type]
            viewport={"width": width, "height": height}, locale={"vi": "vi-VN"}.get(lang, "en-GB"),
        )  # fmt: skip
        try:
            if role is not None:
                sign_in(context, role)
            yield context.new_page()
        finally:
            context.close()

    def take(
        self,
        name: str,
        role: str | None,
        path: str,
        act: Callable[[Page], Any] | None = None,
        lang: str = "vi",
    ) -> None:
        for size in SIZES:
            for theme in THEMES:
                with self.sitting(role, size, theme, lang) as page:
                    page.goto(path)
                    settle(page)
                    if act is not None:
                        act(page)
                    target = TARGET / f"{name}-{size}-{theme}.png"
                    save(page, target, whole=act is None)


def sign_in(context: BrowserContext, role: str) -> None:
    entry = PASSWORDS[role]  # type: ignore[index]
    told = {"login": entry.login, "password": entry.password}
    assert context.request.post("/api/login", data=told).ok


def settle(page: Page) -> None:
    """Until the typeface is there and, in a room, the clock compared with the server's."""
    page.evaluate("document.fonts.ready.then(() => null)")
    # Pictures below the fold are fetched when scrolled to; a picture of the whole page needs them.
    page.evaluate(
        """async () => {
          const late = [...document.images];
          for (const image of late) image.loading = "eager";
          await Promise.all(late.map((image) => image.decode().catch(() => null)));
        }"""
    )
    if page.locator(".clock:not(.is-closed) [data-field=sure]").count():
        expect(page.locator("[data-field=sure]")).to_have_text(re.compile("±"))


def save(page: Page, target: Path, whole: bool) -> None:
    page.screenshot(path=target, full_page=whole, animations="disabled")
    print(target.relative_to(ROOT), f"{target.stat().st_size // 1024} KB", flush=True)


def lots(page: Page) -> list[dict[str, Any]]:
    return list(page.request.get("/api/lots").json()["lots"])


def wait_for(page: Page, true: Callable[[list[dict[str, Any]]], bool], patience_s: float) -> None:
    """Until the demonstration's lots are as wanted."""
    deadline = time.monotonic() + patience_s
    while not true(lots(page)):
        if time.monotonic() > deadline:
            sys.exit("screenshots: the demonstration does not come to life.")
        page.wait_for_timeout(500)


def standing(page: Page, kind: str, patience_ms: float = 60_000) -> None:
    expect(page.locator("[data-standing]")).to_have_class(
        f"standing standing--{kind}", timeout=patience_ms
    )


def lead(page: Page) -> None:
    """Bid until the banner says that we lead; robots may be quicker once or twice."""
    act, shown = page.locator("[data-act]"), page.locator("[data-standing]")
    for _ in range(10):
        if "leading" in (shown.get_attribute("class") or ""):
            break
        if act.get_attribute("aria-disabled") == "false":
            act.click()
        page.wait_for_timeout(300)
    standing(page, "leading")


def be_outbid(page: Page) -> None:
    lead(page)
    standing(page, "outbid", 120_000)


def be_refused(page: Page) -> None:
    other = page.locator("[data-other]")
    if other.is_visible():
        other.click()
    page.locator("#amount").press_sequentially("1000000")
    page.locator("[data-act]").click()
    expect(page.locator("[data-acts] .is-refused")).to_be_visible()


def be_asked(page: Page) -> None:
    other = page.locator("[data-other]")
    if other.is_visible():
        other.click()
    price = lots(page)[-1]["state"]["price_minor"]
    page.locator("#amount").press_sequentially(str(price * 10))
    page.locator("[data-act]").click()
    expect(page.locator("dialog[data-ask]")).to_be_visible()


def go_offline(page: Page) -> None:
    page.context.set_offline(True)
    standing(page, "offline")


def take_for_readme(studio: Studio, page: Page) -> None:
    """The live room with a record that fills its page, in English as the README is."""
    wait_for(page, lambda rows: any(r["state"]["n"] >= RECORD_LINES for r in rows[1:]), 240)
    liveliest = max(lots(page)[1:], key=lambda lot: lot["state"]["n"])["id"]
    PICTURES.mkdir(parents=True, exist_ok=True)
    for size, theme, name in (
        ("desktop", "light", "live-room"), ("phone", "dark", "live-room-phone-dark"),
    ):  # fmt: skip
        with studio.sitting("bidder", size, theme, "en", 2 if size == "phone" else 1) as sitting:
            sitting.goto(f"/lots/{liveliest}")
            settle(sitting)
            lead(sitting)
            save(sitting, PICTURES / f"{name}.png", whole=False)


def plain_pages(rooms: list[str]) -> list[tuple[str, str | None, str]]:
    """Every page that shows something without anybody acting: name, who looks, address."""
    room = rooms[-1]
    desk, agency = "/desk/money", "/agency/money"
    money = [("", "overview")]
    money += [(f"/{name}", name) for name in MONEY]
    return [
        ("session", None, "/"), ("login", None, "/login"), ("error", None, "/lots/999999999"),
        ("record", None, f"{rooms[2]}/record"), ("design", None, "/design"),
        ("design-contrast", None, "/design?contrast=more"), ("catalogue", None, "/lots"),
        ("results", None, "/results"), ("places", None, "/places"),
        ("notice", None, f"{room}/notice"),
        ("way", "bidder", f"{room}/way"), ("cost", None, f"{room}/cost"),
        ("dossier", "bidder", f"{room}/dossier"), ("deposit", "bidder", f"{room}/deposit"),
        ("practice", "bidder", f"{room}/practice"), ("replay", None, f"{room}/replay"),
        ("statistics", None, "/statistics"), ("register", None, "/register"),
        ("recover", None, "/recover"), ("terms", None, "/terms"), ("mine", "bidder", "/mine"),
        ("complain", "bidder", f"/mine/complaints/new?lot={room.rsplit('/', 1)[-1]}"),
        ("account", "bidder", "/account"), ("account-edit", "bidder", "/account/edit"),
        ("account-data", "bidder", "/account/data"), ("alerts", "bidder", "/account/alerts"),
        ("searches", "bidder", "/account/searches"), ("security", "bidder", "/account/security"),
        ("devices", "bidder", "/account/devices"), ("desk", "organisation", "/desk"),
        ("dossiers", "organisation", "/desk/dossiers"),
        ("complaints", "organisation", "/desk/complaints"),
        ("desk-statistics", "organisation", "/desk/statistics"), ("agency", "officer", "/agency"),
        ("agency-statistics", "officer", "/agency/statistics"),
        *[(f"money-{name}", "organisation", desk + path) for path, name in money],
        *[(f"agency-money-{name}", "officer", agency + path) for path, name in money],
        ("money-lot", "organisation", f"{desk}{room}"),
        ("agency-money-lot", "officer", f"{agency}{rooms[0]}"),
        ("agency-money-sheet", "officer", f"{agency}{rooms[0]}/sheet"),
        *desk_pages(room.rpartition("/")[2]),
    ]  # fmt: skip


def desk_pages(lot: str) -> list[tuple[str, str | None, str]]:
    """Pages of the agency's cases, the organisation's desk and oversight. Numbers are those of what
    the demonstration makes first."""
    return [
        ("intake", "officer", "/agency/intake"), ("cases", "officer", "/agency/cases"),
        ("case-new", "officer", "/agency/cases/new"), ("case", "officer", "/agency/cases/1"),
        ("asset-new", "officer", "/agency/cases/1/assets/new"),
        ("asset", "officer", "/agency/assets/1"), ("contracts", "officer", "/agency/contracts"),
        ("contract", "officer", "/agency/contracts/1"), ("offers", "organisation", "/desk/offers"),
        ("offer", "organisation", "/desk/offers/2"), ("house", "organisation", "/desk/house"),
        ("sessions", "organisation", "/desk/sessions"),
        ("session-new", "organisation", "/desk/sessions/new"),
        ("questions", "organisation", "/desk/questions"),
        ("webhooks", "organisation", "/desk/webhooks"), ("imports", "officer", "/agency/imports"),
        ("findings", "organisation", "/desk/findings"), ("oversight", "procurator", "/oversight"),
        ("oversight-lot", "procurator", f"/oversight/lots/{lot}"),
        ("oversight-complaints", "procurator", "/oversight/complaints"),
        ("oversight-findings", "procurator", "/oversight/findings"),
        ("finding-new", "procurator", f"/oversight/findings/new?lot={lot}"),
        ("warrants", "procurator", "/oversight/warrants"),
        ("warrant-new", "procurator", f"/oversight/warrants/new?lot={lot}"),
    ]  # fmt: skip


def take_pages(studio: Studio, rooms: list[str], only: str | None = None) -> None:
    """The plain pages; one that is not there is named and passed over."""
    for name, role, path in plain_pages(rooms):
        if only not in (None, name):
            continue
        with studio.sitting(role, "phone", "light") as page:
            answer = page.goto(path)
            there = answer is not None and (answer.ok or name == "error")
        if there:
            studio.take(name, role, path)
        else:
            status = "no answer" if answer is None else answer.status
            print(f"not there: {name} ({path}: {status})", flush=True)


def take_all(studio: Studio, page: Page) -> None:
    wait_for(page, lambda rows: sum(r["state"]["n"] for r in rows) >= len(rows) * LIVELY_BIDS, 120)
    rooms = [f"/lots/{lot['id']}" for lot in lots(page)]
    take_pages(studio, rooms)
    take_for_readme(studio, page)
    studio.take("room-watching", None, rooms[4])
    studio.take("room-not-bid", "bidder", rooms[7])
    studio.take("room-en", "bidder", rooms[5], lang="en")
    studio.take("room-leading", "bidder", rooms[-2], lead)
    studio.take("room-refused", "bidder", rooms[-1], be_refused)
    studio.take("room-question", "bidder", rooms[-1], be_asked)
    studio.take("room-offline", "bidder", rooms[-1], go_offline)
    studio.take("room-outbid", "bidder", rooms[-1], be_outbid)
    page.goto(rooms[0])
    standing(page, "closed", CLOSING_MS)
    studio.take("room-closed", None, rooms[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", action="store_true", help="only pages without bidding")
    parser.add_argument("--only", help="one of these pages, by its name")
    given = parser.parse_args()
    TARGET.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="auction-pictures-") as home,
        demonstration(Path(home) / "data") as base,
        sync_playwright() as playwright,
    ):
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS, *root])
        studio = Studio(browser, base)
        with studio.sitting(None, "desktop", "light") as page:
            if given.pages or given.only:
                wait_for(page, lambda rows: len(rows) > 2, 120)
                take_pages(studio, [f"/lots/{lot['id']}" for lot in lots(page)], given.only)
            else:
                take_all(studio, page)
        browser.close()


if __name__ == "__main__":
    main()
