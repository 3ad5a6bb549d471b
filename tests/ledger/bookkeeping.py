"""Entries for tests of the books, and waiting for one connection to wait for another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from auction_engine.ledger import books, store
from auction_engine.rules.postings import chart
from auction_engine.rules.postings.entry import Cause, Entry, Leg, Name, credit, debit

ACT = Cause("ACT", 1)
GUARDED = ("book", "money_account", "transfer", "posting", "money_seal")


async def new_book(connection: asyncpg.Connection, name: str = "Đấu giá Thử", **kw: Any) -> int:
    kind, currency = kw.get("kind", "ORGANISATION"), kw.get("currency", "VND")
    return await books.open_book(connection, kind, {"vi": name, "en": "Trial"}, currency, 0)


def entry(book: int, key: str, *legs: Leg, cause: Cause = ACT, **more: Any) -> Entry:
    return Entry(book, key.partition(":")[0], key, cause, legs, **more)


def received(book: int, line: int, amount_minor: int = 100) -> Entry:
    """Money of unknown origin."""
    legs = debit("BANK.ESCROW", amount_minor), credit("LIAB.SUSPENSE", amount_minor, f"line:{line}")
    return entry(book, f"line:{line}", *legs, cause=Cause("LINE", line))


def deposit(book: int, bidder: int, amount_minor: int = 100, lot: int = 1) -> Entry:
    """A deposit, held."""
    key = chart.of_bidder(lot, bidder)
    legs = debit("BANK.ESCROW", amount_minor), credit("LIAB.DEPOSIT", amount_minor, key)
    return entry(book, f"hold:{lot}-{bidder}", *legs, pending=True)


def refund(book: int, bidder: int, amount_minor: int = 100, lot: int = 1) -> Entry:
    """The deposit is to go back."""
    key = chart.of_bidder(lot, bidder)
    legs = debit("LIAB.DEPOSIT", amount_minor, key), credit("LIAB.REFUND", amount_minor, key)
    return entry(book, f"refund:{lot}-{bidder}", *legs, resolves=f"hold:{lot}-{bidder}")


def forfeit(book: int, bidder: int, amount_minor: int = 100, lot: int = 1) -> Entry:
    """The deposit is lost."""
    legs = (
        debit("LIAB.DEPOSIT", amount_minor, chart.of_bidder(lot, bidder)),
        credit("PAYABLE.STATE_BUDGET", amount_minor, chart.of_lot(lot)),
    )
    return entry(book, f"forfeit:{lot}-{bidder}", *legs, resolves=f"hold:{lot}-{bidder}")


def held_by(bidder: int, lot: int = 1) -> Name:
    return Name("LIAB.DEPOSIT", chart.of_bidder(lot, bidder))


async def count(connection: asyncpg.Connection, table: str = "transfer") -> int:
    return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))


@asynccontextmanager
async def connections(database_url: str, number: int) -> AsyncIterator[list[asyncpg.Connection]]:
    """Connections as the program's own."""
    made = list(await asyncio.gather(*(store.connect(database_url) for _ in range(number))))
    try:
        yield made
    finally:
        await asyncio.gather(*(connection.close() for connection in made))


async def waits(superuser_url: str, waiting: asyncpg.Connection) -> None:
    """Return when the server process of `waiting` waits for a lock another one has."""
    admin = await asyncpg.connect(superuser_url)
    try:
        pid = waiting.get_server_pid()
        for _ in range(3000):
            if await admin.fetchval("SELECT cardinality(pg_blocking_pids($1)) > 0", pid):
                return
            await asyncio.sleep(0.01)
        raise AssertionError("it waits for nobody")
    finally:
        await admin.close()


@asynccontextmanager
async def without_triggers(superuser_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection on which the books may be changed, as only a superuser can make one."""
    connection = await asyncpg.connect(superuser_url)
    tables = (*GUARDED, "balance")
    try:
        for table in tables:
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        yield connection
        for table in tables:
            await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
            for (name,) in await connection.fetch(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = $1::text::regclass"
                " AND NOT tgisinternal",
                table,
            ):
                await connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
    finally:
        await connection.close()
