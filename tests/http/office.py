"""Two accountants at the organisation's money desk who work over JSON: for tests of that."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import Any

import contract
import httpx
import pytest
import pytest_asyncio
from cashroom import ESCROW, Cashroom, cashroom, today
from house import running_house

from auction_engine.clients.bank import Customer
from auction_engine.settings import Settings

BASE = "/api/desk/money"
ACCOUNT = {
    "name": ESCROW.name, "account": ESCROW.account, "bic": ESCROW.bank, "bin": "970436",
    "reason": "Contract 12",
}  # fmt: skip
names = (f"payer{n:02}" for n in itertools.count(1))
# Amounts by which a test finds its own line.
amounts = itertools.count(7_001, 13)


@dataclass
class Office:
    """Two accountants of the organisation, signed in, and the room they work in."""

    room: Cashroom
    first: httpx.AsyncClient
    second: httpx.AsyncClient

    async def bring(self) -> dict[str, Any]:
        """The bank's next statement, taken by the first accountant."""
        name, body = self.room.bank.statement("camt.053")
        return await ok(
            self.first.post(
                f"{BASE}/incoming", params={"filename": name}, content=body,
                headers={"content-type": "application/xml"},
            )
        )  # fmt: skip

    async def line(self, amount: int) -> int:
        rows = await self.room.fetch("SELECT id FROM bank_line WHERE amount_minor = $1", amount)
        return int(rows[0]["id"])

    async def arrived(self, *wanted: int, said: str = "x") -> list[int]:
        """Lines of these amounts in suspense."""
        for amount in wanted:
            self.room.bank.receive(
                today(), amount, said, Customer(f"Sender {amount}", f"9{amount}")
            )
        await self.bring()
        return [await self.line(amount) for amount in wanted]

    async def owed(self, count: int) -> list[int]:
        """So many payments back are due."""
        made = []
        for line in await self.arrived(*(next(amounts) for _ in range(count))):
            await ok(self.first.post(f"{BASE}/suspense/{line}/send-back", json={"reason": "R"}))
            rows = await self.room.fetch("SELECT id FROM payout WHERE key = $1", f"return:{line}")
            made.append(int(rows[0]["id"]))
        return made

    async def batch(self, count: int = 1) -> int:
        chosen = {"payouts": await self.owed(count), "requested_on": today().isoformat()}
        return int((await ok(self.first.post(f"{BASE}/batches", json=chosen)))["batch"]["id"])

    async def acts(self) -> int:
        rows = await self.room.fetch("SELECT count(*) FROM money_act")
        return int(rows[0][0])

    async def transfers(self) -> int:
        rows = await self.room.fetch("SELECT count(*) FROM transfer")
        return int(rows[0][0])


async def ok(asked: Awaitable[httpx.Response]) -> Any:
    answer = await asked
    assert answer.status_code == 200, answer.text
    return answer.json()


async def no(asked: Awaitable[httpx.Response], status: int, code: str, path: str = "") -> None:
    """Refused with this code, naming the field."""
    answer = await asked
    said = answer.json()
    assert (answer.status_code, said["code"]) == (status, code), answer.text
    if path:
        assert path in [fault["path"] for fault in said["faults"]], said


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(
    servers: Any, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Office]:
    database = f"money_api_{os.getpid()}"
    servers.create_database(database, migrated_template)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("money_api"), port=0,
        database_url=servers.owner_of(database), redis_url=servers.redis_url(),
    )  # fmt: skip
    many = {"messages_per_s": 500, "messages_burst": 500}
    limits = settings.limits.model_copy(update=many)
    async with running_house(settings.model_copy(update={"limits": limits}), lots=0) as house:
        house.hooks.append(contract.check)
        async with (
            cashroom(house, deposit_means=("TRANSFER", "GUARANTEE")) as room,
            house.signed_in("auctioneer") as first,
            house.signed_in("second") as second,
        ):
            # Opens the organisation's book: it is kept from the first payment that is asked for.
            await room.register("first.of.all")
            await ok(first.post(f"{BASE}/account", json=ACCOUNT))
            yield Office(room, first, second)
    servers.drop_database(database)
