"""People for tests of their accounts, without a running program."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.http.lettering import Lettering
from auction_engine.http.presenting import presenter
from auction_engine.identity import people
from auction_engine.identity.personal import Personal
from auction_engine.identity.vault import Vault
from auction_engine.ledger.database import make_engine
from auction_engine.post.sender import read
from auction_engine.settings import Settings

BASE = "https://auction.example"
HASH = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$hash"
AN = Personal("PERSON", "Nguyễn Văn An", "079200012345", "an@example.com", "0901234567")
BINH = Personal("PERSON", "Lê Thị Bình", "079200054321", "binh@example.com")


@dataclass
class Folk:
    settings: Settings
    engine: AsyncEngine
    vault: Vault
    statements: list[str] = field(default_factory=list)

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        async with self.engine.begin() as connection:
            found = await connection.execute(text(statement), values)
            return list(found.mappings()) if found.returns_rows else []

    async def letters(self) -> list[tuple[str, str, str]]:
        """(address, kind, text) of every letter, oldest first."""
        rows = await self.sql("""
            SELECT l.id, l.account_id, l.address, l.kind, l.lang, l."values"::text AS "values",
                   l.secrets, p.email, p.data, p.lang AS person_lang
              FROM letter l LEFT JOIN person p ON p.account_id = l.account_id
             ORDER BY l.created_at, l.id
        """)
        pen, found = Lettering(presenter(), BASE), []
        for row in rows:
            opened = read(self.vault, pen, row)
            assert opened is not None
            found.append((opened[0], row["kind"], opened[1].text))
        return found

    async def token(self, kind: str = "people.confirm") -> str:
        """What the link in the newest letter of this kind ends with."""
        texts = [text for _, one, text in await self.letters() if one == kind]
        line = next(line for line in texts[-1].splitlines() if line.startswith(BASE + "/"))
        return line.rpartition("/")[2]

    async def registered(self, personal: Personal = AN) -> int:
        await people.register(self.engine, self.vault, personal, HASH, "vi")
        account = await people.confirm(self.engine, self.vault, await self.token())
        assert account is not None
        return account

    async def person(self, account: int) -> Any:
        [row] = await self.sql("SELECT * FROM person WHERE account_id = :a", a=account)
        return row

    @contextlib.contextmanager
    def counting(self) -> Iterator[list[str]]:
        """Every statement sent within the block."""
        seen: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            seen.append(" ".join(statement.split()))

        event.listen(self.engine.sync_engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(self.engine.sync_engine, "before_cursor_execute", note)


@contextlib.asynccontextmanager
async def folk_of(settings: Settings) -> AsyncIterator[Folk]:
    engine = make_engine(settings.database_url or "")
    try:
        yield Folk(settings, engine, Vault.of(settings))
    finally:
        await engine.dispose()


def dumped(rows: list[Any]) -> str:
    """Rows as one text, bytes as hexadecimal digits and as they are."""

    def plain(value: Any) -> str:
        if isinstance(value, bytes | memoryview):
            return bytes(value).hex() + bytes(value).decode("utf-8", "replace")
        if isinstance(value, dict | list):
            return orjson.dumps(value, default=str).decode()
        return str(value)

    return "\n".join(plain(value) for row in rows for value in row.values())
