from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from auction_engine.identity import accounts, bodies
from auction_engine.identity.vault import Vault
from auction_engine.ledger import store
from auction_engine.ledger.database import make_engine
from auction_engine.settings import Settings

_numbers = itertools.count(1)


@dataclass
class Docket:
    """Two agencies, two organisations and their people, over a connection of the program's role."""

    connection: Any
    vault: Vault
    url: str
    engine: Any
    agency: int = 0
    strangers: int = 0
    house: int = 0
    rivals: int = 0
    officer: int = 0
    chief: int = 0

    async def other(self) -> Any:
        """Another connection: somebody else at the same time."""
        return await store.connect(self.url)

    async def one(self, query: str, *given: Any) -> Any:
        return await self.connection.fetchval(query, *given)


@pytest.fixture(scope="module")
def ledger_url(servers: Any, migrated_template: str) -> Iterator[str]:
    """One database for the tests of a module; each has bodies of its own in it."""
    name = f"docket_{next(_numbers)}"
    servers.create_database(name, migrated_template)
    yield servers.owner_of(name)
    servers.drop_database(name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(ledger_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Docket]:
    data: Path = tmp_path_factory.mktemp("docket")
    settings = Settings(data_dir=data, port=0, database_url=ledger_url)
    engine = make_engine(ledger_url, pool_size=1)
    connection = await store.connect(ledger_url)
    yield Docket(connection, Vault.of(settings), ledger_url, engine)
    await connection.close()
    await engine.dispose()


@pytest_asyncio.fixture(loop_scope="module")
async def docket(room: Docket) -> Docket:
    """Bodies and people nobody else has."""
    n, made = next(_numbers), replace(room)
    for name, kind in (("agency", "AGENCY"), ("strangers", "AGENCY"),
                       ("house", "ORGANISATION"), ("rivals", "ORGANISATION")):  # fmt: skip
        text = {"vi": f"{name} {n}", "en": f"{name} {n}"}
        setattr(made, name, await bodies.add(room.engine, kind, text))  # type: ignore[arg-type]
    officer = await accounts.create(room.engine, f"o{n}", "Officer", "officer", body=made.agency)
    chief = await accounts.create(room.engine, f"c{n}", "Chief", "organisation", body=made.house)
    made.officer, made.chief = officer.id, chief.id
    return made
