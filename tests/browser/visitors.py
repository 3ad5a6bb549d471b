"""People in front of a browser, and the parts of the room they look at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page, WebSocket, expect

from browser.instance import PASSWORD

# A request that fails because a test has cut the network is no fault of the page.
NETWORK = r"net::ERR_|Failed to fetch|WebSocket connection to"


@dataclass
class Visitor:
    """One browser of its own with one tab, and every text that came over its live connection."""

    context: BrowserContext
    page: Page
    base: str
    frames: list[str] = field(default_factory=list)

    async def room(self, lot: int, base: str | None = None) -> Room:
        """The live room of `lot`, connected."""
        answer = await self.page.goto(f"{base or self.base}/lots/{lot}")
        assert answer is not None
        assert answer.status == 200
        room = Room(self.page)
        await room.connected()
        return room


class Room:
    """Where things stand in the live room."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.standing = page.locator("[data-standing]")
        self.price = page.locator("[data-field=price]")
        self.act = page.locator("[data-act]")
        self.accept = page.locator("[data-accept-act]")
        self.course = page.locator("[data-course]")
        self.amount = page.locator("#amount")
        self.acts = page.locator("[data-acts] li")
        self.record = page.locator("[data-ledger] tr")
        self.note = page.locator("[data-field=amount_note]")
        self.left = page.locator("[data-field=left]")
        self.ask = page.locator("dialog[data-ask]")

    async def connected(self) -> None:
        """Until the page has compared its clock with the server's over the live connection."""
        sure = self.page.locator("[data-field=sure]")
        await expect(sure).to_have_text(re.compile(r"±\d+ ms"))

    def step(self, number: int) -> Locator:
        return self.page.locator(".step").nth(number)

    async def stands(self, kind: str, **options: Any) -> None:
        """Until the banner says so: leading, outbid, no_bid, watching, offline, closed, won."""
        await expect(self.standing).to_have_class(f"standing standing--{kind}", **options)

    async def can_press(self, text: str) -> None:
        """Until the button names this act and takes it."""
        await expect(self.act).to_have_text(text)
        await expect(self.act).to_have_attribute("aria-disabled", "false")

    async def type(self, amount: str) -> None:
        await self.amount.fill("")
        await self.amount.press_sequentially(amount)

    async def press(self) -> None:
        """Press the bid button; once more where the page says that its amount has just changed."""
        await self.act.click()
        if await self.note.filter(has_text="vừa đổi").count():
            await self.act.click()

    async def bid(self, amount_minor: int) -> None:
        """A typed bid; returns when it is recorded."""
        await self.type(str(amount_minor))
        await self.can_press(f"Trả {dong(amount_minor)}")
        await self.act.click()
        await expect(self.acts.first).to_have_class("is-recorded")


def dong(minor: int) -> str:
    """An amount as a Vietnamese page writes it."""
    return f"{grouped(minor)}\N{NO-BREAK SPACE}₫"


def grouped(minor: int) -> str:
    return f"{minor:,}".replace(",", ".")


class Visitors:
    """Makes visitors and keeps what their consoles complained about."""

    def __init__(self, browser: Browser, base: str) -> None:
        self._browser = browser
        self._base = base
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []
        self._expected: list[str] = []

    async def come(self, login: str | None = None, **options: Any) -> Visitor:
        """A browser without anybody's cookies, signed in as `login` if one is given."""
        options = {"locale": "vi-VN", "viewport": {"width": 1280, "height": 900}, **options}
        context = await self._browser.new_context(base_url=self._base, **options)
        self._contexts.append(context)
        if login is not None:
            told = {"login": login, "password": PASSWORD}
            answer = await context.request.post("/api/login", data=told)
            assert answer.status == 200, await answer.text()
        return await self._tab(context)

    async def second_tab(self, visitor: Visitor) -> Visitor:
        """Another tab of the same browser."""
        return await self._tab(visitor.context)

    async def _tab(self, context: BrowserContext) -> Visitor:
        page = await context.new_page()
        visitor = Visitor(context, page, self._base)
        page.on("console", lambda m: self._complain(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self._complain(str(error)))
        page.on("websocket", lambda socket: self._listen(visitor, socket))
        return visitor

    def _listen(self, visitor: Visitor, socket: WebSocket) -> None:
        socket.on("framereceived", lambda text: visitor.frames.append(str(text)))

    def _complain(self, text: str) -> None:
        if not any(re.search(pattern, text) for pattern in self._expected):
            self.complaints.append(text)

    def expect_complaint(self, pattern: str) -> None:
        """This test makes the browser itself complain like this."""
        self._expected.append(pattern)

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()
