"""A house with a lot that takes deposits, a bank and accountants: for tests of the money."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import httpx
from house import House, text

from auction_engine.clients.bank import Bank, Customer
from auction_engine.desk import listing
from auction_engine.rules.commands import Act
from auction_engine.story import plot

ESCROW = plot.ESCROW
DEPOSIT = plot.DEPOSIT
_TIMEOUT_S = 20
_DAY_MS = 86_400_000
_numbers = itertools.count(1)
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def today() -> date:
    return datetime.now(UTC).astimezone(plot_zone()).date()


def plot_zone() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass
class Cashroom:
    """`bidders` by login, each with an account at a bank; `references` by login."""

    house: House
    lot: int
    bank: Bank
    bidders: dict[str, int] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        connection = await asyncpg.connect(self.house.settings.database_url)
        try:
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()

    async def until(self, query: str, *arguments: Any) -> Any:
        """The first value of the first row, as soon as there is one that is true."""
        async with asyncio.timeout(_TIMEOUT_S):
            while True:
                rows = await self.fetch(query, *arguments)
                if rows and rows[0][0]:
                    return rows[0][0]
                await asyncio.sleep(0.05)

    def customer(self, login: str) -> Customer:
        return Customer(login.title(), f"0011{self.bidders[login]:08d}")

    def pay(self, login: str, amount: int = DEPOSIT, text: str | None = None) -> None:
        said = f"{self.references[login]} dat truoc" if text is None else text
        self.bank.receive(today(), amount, said, self.customer(login))

    async def register(self, *logins: str) -> None:
        """New bidders hand in their dossiers; their deposits are asked for by the keeper."""
        for login in logins:
            made = await self.house.account(login, "bidder", admitted=False)
            self.bidders[login] = made.id
            shard = self.house.shard(self.lot)
            await self.house.log.act(shard, self.lot, Act("register", "BIDDER", made.id, None, {}))
        for login in logins:
            self.references[login] = await self.until(
                "SELECT reference FROM payment_request WHERE lot_id = $1 AND payer = $2",
                self.lot,
                self.bidders[login],
            )

    async def deliver(self, client: httpx.AsyncClient, form: str = "camt.053") -> httpx.Response:
        """The bank's next statement is brought to the desk."""
        name, body = self.bank.statement(form)
        return await upload(client, "/desk/money/incoming", name, body)


async def csrf(client: httpx.AsyncClient) -> str:
    return client.headers["X-CSRF-Token"]


async def upload(
    client: httpx.AsyncClient, path: str, name: str, body: bytes, **fields: str
) -> httpx.Response:
    return await client.post(
        path, files={"file": (name, body)}, data={"csrf": await csrf(client), **fields}
    )


async def send(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """A form is sent; the answer is not followed."""
    return await client.post(path, data={"csrf": await csrf(client), **fields})


def words(page: str) -> str:
    """A page's text without its marks, spaces tidied."""
    body = page.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("\N{NO-BREAK SPACE}", " ").split())


@contextlib.asynccontextmanager
async def cashroom(house: House, **terms: Any) -> AsyncIterator[Cashroom]:
    """A lot whose registration is open, two accountants on each side, and the book's account.

    `terms` are changes of the lot's.
    """
    await house.rename(plot.ORGANISATION, plot.AGENCY)
    for login, role in (
        ("auctioneer", "organisation"), ("second", "organisation"), ("officer", "officer"),
        ("head", "officer"),
    ):  # fmt: skip
        if login not in house.people:
            await house.account(login, role)
    session = await listing.create_session(
        house.engine, text("Deposits"), plot.ORGANISATION, plot.AGENCY, demo=False
    )
    content = {
        "title": {"vi": "Căn hộ A-0502", "en": "Flat A-0502"}, "place": text("Ward"),
        "summary": text("Flat"), "image": "apartment", "deposit_minor": DEPOSIT, "facts": [],
        "disclosure": [], "documents": [],
    }  # fmt: skip
    ((lot, shard),) = await listing.create_lots(
        house.engine, session, [content], house.settings.shards
    )
    now = int(time.time() * 1000)
    params = plot.params(now + 9 * _DAY_MS, (now - 1000, now + 5 * _DAY_MS), now + 10 * _DAY_MS)
    assert params.terms is not None
    params = replace(params, terms=replace(params.terms, **terms))
    await listing.put_up(house.log, shard, lot, params)
    room = Cashroom(house, lot, Bank(ESCROW, series=f"T{next(_numbers)}"))
    await room.until("SELECT status = 'REGISTRATION_OPEN' FROM lot_head WHERE lot_id = $1", lot)
    yield room
