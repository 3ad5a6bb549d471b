"""Everybody around one session of two lots: a program under a moving clock, desks, banks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import papers
import plain
import pytest
from moving_clock import MovingClock
from playwright.async_api import Browser, Page
from post.mailserver import mail_server
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from auction_engine.clients.bank import Bank, Customer
from auction_engine.identity import accounts
from auction_engine.settings import PREFIX
from auction_engine.story import plot
from browser.instance import PASSWORD, free_port, running
from browser.visitors import Visitors
from browser.whole_way import World

HOUR_MS = 3_600_000
# Each person of the two houses, with a browser of the own; and who watches over both.
STAFF: dict[str, accounts.Role] = {
    "officer": "officer", "head": "officer",
    "maker": "organisation", "chief": "organisation", "auctioneer": "organisation",
    "procurator": "procurator",
}  # fmt: skip
_OF = {"officer": plot.AGENCY, "organisation": plot.ORGANISATION}
NAMES = (
    "Trần Văn Bình", "Lê Thu Cúc", "Phạm Đức Dũng", "Hoàng Thu Giang", "Vũ Minh Hải",
    "Đặng Quốc Khánh", "Bùi Thanh Lâm", "Đỗ Ngọc Mai", "Ngô Phương Nam", "Dương Văn Phúc",
    "Lý Gia Quân",
)  # fmt: skip


@dataclass
class Desk:
    """Somebody's browser. Signed in anew after days have passed, as people are."""

    page: Page
    login: str

    async def signs_in(self) -> None:
        told = {"login": self.login, "password": PASSWORD}
        answer = await self.page.context.request.post("/api/login", data=told)
        assert answer.status == 200, await answer.text()


@dataclass
class Bidder:
    """A bidder whose program asks for him: over the API and the live connection alone."""

    login: str
    name: str
    account: int
    customer: Customer
    client: httpx.AsyncClient
    socket: ClientConnection | None = None

    async def signs_in(self) -> None:
        told = {"login": self.login, "password": PASSWORD}
        self.client.cookies.clear()
        self.client.headers["X-CSRF-Token"] = (await self._post("/api/login", told))["csrf"]

    async def _post(self, path: str, said: Any = None, **more: Any) -> dict[str, Any]:
        answer = await self.client.post(path, **({"json": said} if not more else more))
        assert answer.status_code == 200, (self.login, path, answer.text)
        return dict(answer.json())

    async def hands_in(self, lot: int) -> None:
        """A dossier with a paper, every declaration made."""
        base = f"/api/lots/{lot}/dossier"
        file = {"file": ("cccd.png", papers.png(), "image/png")}
        await self._post(f"{base}/papers", data={"kind": "IDENTITY"}, files=file)
        told = (await self.client.get(base)).json()
        person = {"name": self.name, "id_number": self.customer.account.rjust(12, "0")}
        codes = [one["code"] for one in told["declarations"]]
        said = {"version": told["version"], "declared": codes, "person": person}
        await self._post(base, said)
        assert (await self._post(f"{base}/send", {}))["state"] == "SENT"

    async def asked(self, lot: int) -> tuple[int, str]:
        """How much the deposit is, and under which reference it is paid, as soon as it is asked."""
        async with asyncio.timeout(30):
            while True:
                told = (await self.client.get(f"/api/lots/{lot}/deposit")).json()
                if told.get("pay_to"):
                    return told["needed_minor"], told["pay_to"]["reference"]
                await asyncio.sleep(0.2)

    async def enters(self, *lots: int) -> None:
        """Into the rooms, over a live connection that stays."""
        ticket = (await self._post("/api/live-tickets", {}))["ticket"]
        address = str(self.client.base_url).replace("http", "ws", 1).rstrip("/") + "/live"
        self.socket = await connect(address, subprotocols=[Subprotocol("auction.v1")])
        await self.socket.send(json.dumps({"t": "hello", "ticket": ticket}))
        for lot in lots:
            await self.socket.send(json.dumps({"t": "watch", "lot": lot}))

    async def bids(self, lot: int, amount_minor: int) -> None:
        said = {"bid_id": str(uuid.uuid4()), "amount_minor": amount_minor}
        assert (await self._post(f"/api/lots/{lot}/bids", said))["t"] == "recorded"

    async def leaves(self) -> None:
        if self.socket is not None:
            await self.socket.close()
        await self.client.aclose()


@dataclass
class Together(World):
    """The world of a person's whole way, and everybody else in it. `lot` is the flat."""

    clock: MovingClock = field(kw_only=True)
    treasury: Bank = field(kw_only=True)
    truck: int = 0
    session: int = 0
    desks: dict[str, Desk] = field(default_factory=dict)
    bidders: list[Bidder] = field(default_factory=list)

    def desk(self, name: str) -> Page:
        return self.desks[name].page

    async def passes(self, at_ms: int) -> None:
        """Time passes until then; everybody at work signs in for the new day."""
        self.clock.move_to(at_ms)
        for desk in self.desks.values():
            await desk.signs_in()
        for bidder in self.bidders:
            await bidder.signs_in()

    async def join(self) -> None:
        """The staff of both houses, each at a desk, and eleven bidders with an account."""
        for name, role in STAFF.items():
            login = await self.instance.person(role, of=_OF.get(role))
            visitor = await self.visitors.come(login)
            self.desks[name] = Desk(visitor.page, login)
        for number, name in enumerate(NAMES, 1):
            login = await self.instance.person("bidder")
            account = await self.instance.account_id(login)
            customer = Customer(name, f"00110022{number:04d}")
            client = plain.client(self.instance.base, timeout=30)
            self.bidders.append(Bidder(login, name, account, customer, client))

    async def params(self, lot: int) -> dict[str, Any]:
        """What the lot's record is frozen to."""
        listed = [e for e in await self.instance.journal(lot) if "params" in e][-1]
        return dict(listed["params"])

    async def is_now(self, lot: int, *statuses: str) -> None:
        """Until the lot's record says so."""
        query = "SELECT 1 FROM lot_head WHERE lot_id = $1 AND status = ANY($2::text[])"
        await self.ask(query, lot, list(statuses))


@contextlib.asynccontextmanager
async def together(home: Path, chromium: Browser) -> AsyncIterator[Together]:
    """Everything running, everybody at their desks, nothing done yet."""
    clock = MovingClock(home / "clock")
    with clock.servers(home / "servers") as servers, mail_server() as mail:
        where = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        more = {"SMTP_URL": mail.url, "PUBLIC_URL": base, **where}
        async with contextlib.AsyncExitStack() as stack:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in clock.environment.items():
                    patch.setenv(name, value)
                for name, value in where.items():
                    patch.setenv(PREFIX + name, value)
                instance = await stack.enter_async_context(running(home, port, **more))
            visitors = Visitors(chromium, instance.base)
            # A page left open while days pass asks once more before its person signs in again.
            visitors.expect_complaint("status of 401")
            nobody: Any = None
            world = Together(
                instance, visitors, mail, nobody, 0, Bank(plot.ESCROW, series="E"), "", "", 0,
                clock=clock, treasury=Bank(plot.TREASURY, series="T"),
            )  # fmt: skip
            await world.join()
            yield world
            for bidder in world.bidders:
                await bidder.leaves()
            await visitors.close()
            said = (home / "serve").read_text()[-4_000:]
            assert visitors.complaints == [], f"{visitors.complaints}\n{said}"
