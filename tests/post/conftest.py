from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.bidding.tasks import end
from auction_engine.http.lettering import Lettering
from auction_engine.http.presenting import presenter
from auction_engine.identity import accounts, people
from auction_engine.identity.personal import Personal
from auction_engine.identity.vault import Vault
from auction_engine.ledger.database import make_engine, transaction
from auction_engine.post import outbox
from auction_engine.post.sender import Sender
from auction_engine.settings import Settings

from .mailserver import MailServer, mail_server

BASE = "https://auction.example"


@dataclass
class Office:
    """An outbox, its keys, and senders to empty it."""

    settings: Settings
    engine: AsyncEngine
    vault: Vault
    server: MailServer

    async def person(self, login: str, email: str | None = None, lang: str = "vi") -> int:
        made = await accounts.create(self.engine, login, login.title(), "bidder")
        personal = Personal("PERSON", "Nguyễn Văn An", email=email or f"{login}@example.com")
        await people.give(self.engine, self.vault, made.id, personal, lang)
        return made.id

    async def put(self, to: int, kind: str = "people.email_asked", **more: Any) -> bool:
        async with transaction(self.engine) as connection:
            return await outbox.put(connection, to=to, kind=kind, **({"values": {}} | more))

    def sender(self, **options: Any) -> Sender:
        quick: dict[str, Any] = {"look_s": 0.02, "first_retry_s": 0.02, "patience_s": 1.0}
        return Sender(self.settings, self.vault, Lettering(presenter(), BASE), **(quick | options))

    @contextlib.asynccontextmanager
    async def sending(self, count: int = 1, **options: Any) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.sender(**options).run()) for _ in range(count)]
        try:
            yield
        finally:
            await end(tasks)

    async def rows(self) -> list[dict[str, Any]]:
        async with self.engine.connect() as connection:
            found = await connection.execute(text("SELECT * FROM letter ORDER BY created_at, id"))
            return [dict(row) for row in found.mappings()]

    async def tried(self) -> None:
        """Wait until the first letter was tried and not sent."""
        for _ in range(500):
            if (await self.rows())[0]["error"] is not None:
                return
            await asyncio.sleep(0.02)
        raise AssertionError("nobody has tried")

    async def asked(self) -> None:
        """Wait until the server was handed a letter."""
        for _ in range(500):
            if self.server.asked:
                return
            await asyncio.sleep(0.02)
        raise AssertionError("nobody has asked")

    async def until(self, *states: str) -> list[dict[str, Any]]:
        """Wait until the letters are in these states, in the order they were put."""
        async with asyncio.timeout(20):
            while True:
                rows = await self.rows()
                if [row["state"] for row in rows] == list(states):
                    return rows
                await asyncio.sleep(0.02)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


@pytest.fixture
async def office(settings: Settings, server: MailServer) -> AsyncIterator[Office]:
    told = settings.model_copy(update={"smtp_url": server.url, "mail_from": "no-reply@auction.vn"})
    engine = make_engine(settings.database_url or "")
    try:
        yield Office(told, engine, Vault.of(settings), server)
    finally:
        await engine.dispose()
