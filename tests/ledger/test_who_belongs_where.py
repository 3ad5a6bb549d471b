"""Migration 0007 over a ledger in use: every row finds its house, or says that it has none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg
import pytest
from alembic import command

from auction_engine.ledger import migrate


def at(database_url: str, revision: str, *, down: bool = False) -> None:
    (command.downgrade if down else command.upgrade)(migrate._config(database_url), revision)


def run(database_url: str, work: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    async def connected() -> Any:
        connection = await asyncpg.connect(database_url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(connected())


def text(name: str | None) -> str:
    return json.dumps({"en": "x"} if name is None else {"vi": name, "en": "x"})


async def fill(connection: Any, *sessions: tuple[str | None, str | None]) -> None:
    """Accounts of every role, a book of each kind, sessions of these houses: as 0006 had them."""
    for role in ("bidder", "organisation", "officer"):
        await connection.execute(
            "INSERT INTO account (login, name, role) VALUES ($1, $1, $1)", role
        )
    for organisation, agency in sessions:
        session = await connection.fetchval(
            "INSERT INTO auction_session (title, organisation, agency) VALUES ($1, $2, $3)"
            " RETURNING id",
            text("Phiên"), text(organisation), text(agency),
        )  # fmt: skip
        content = json.dumps({"agency": {"vi": "Cơ quan khác", "en": "x"}})
        await connection.execute(
            "INSERT INTO lot (session_id, position, shard, content) VALUES ($1, 1, 0, $2)",
            session, content,
        )  # fmt: skip
    for kind, name in (("ORGANISATION", "Nhà A"), ("AGENCY", "Cơ quan A")):
        await connection.execute(
            "INSERT INTO book (kind, name, currency, minor_digits) VALUES ($1, $2, 'VND', 0)",
            kind, text(name),
        )  # fmt: skip


_WHOSE = (
    "SELECT o.name ->> 'vi', a.name ->> 'vi' FROM auction_session s"
    " JOIN body o ON o.id = s.organisation_id AND o.kind = 'ORGANISATION'"
    " JOIN body a ON a.id = s.agency_id AND a.kind = 'AGENCY' ORDER BY s.id"
)
_STAFF = (
    "SELECT c.role, b.name ->> 'vi' FROM account c LEFT JOIN body b ON b.id = c.body_id"
    " ORDER BY c.role"
)


def test_one_house_takes_everything_there_is(empty_database_url: str) -> None:
    url = empty_database_url
    at(url, "0006")
    run(url, lambda c: fill(c, ("Nhà A", "Cơ quan A"), ("Nhà A", "Cơ quan A")))
    at(url, "0007")
    assert run(url, lambda c: c.fetch(_WHOSE)) == [("Nhà A", "Cơ quan A")] * 2
    assert run(url, lambda c: c.fetch(_STAFF)) == [
        ("bidder", None), ("officer", "Cơ quan A"), ("organisation", "Nhà A"),
    ]  # fmt: skip
    books = "SELECT count(*) FROM book k JOIN body b ON b.id = k.body_id AND b.kind = k.kind"
    assert run(url, lambda c: c.fetchval(books)) == 2
    # A lot's money is in the book of the session's agency, whatever its description says.
    assert run(url, lambda c: c.fetchval("SELECT count(agency_id) FROM lot")) == 0


def test_of_several_houses_nobody_is_guessed(empty_database_url: str) -> None:
    url = empty_database_url
    at(url, "0006")
    run(url, lambda c: fill(c, ("Nhà A", "Cơ quan A"), ("Nhà B", "Cơ quan A"), (None, "")))
    at(url, "0007")
    assert run(url, lambda c: c.fetch(_WHOSE)) == [
        ("Nhà A", "Cơ quan A"), ("Nhà B", "Cơ quan A"), ("", ""),
    ]  # fmt: skip
    # Two agencies too: the nameless one counts.
    assert run(url, lambda c: c.fetch(_STAFF)) == [
        ("bidder", None), ("officer", None), ("organisation", None),
    ]  # fmt: skip


def test_it_can_be_taken_back_and_books_stay_shut(empty_database_url: str) -> None:
    url = empty_database_url
    at(url, "0006")
    run(url, lambda c: fill(c, ("Nhà A", "Cơ quan A")))
    for _ in range(2):
        at(url, "0007")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            run(url, lambda c: c.execute("UPDATE book SET body_id = 1"))
        with pytest.raises(asyncpg.CheckViolationError):
            run(url, lambda c: c.execute("UPDATE account SET body_id = 1 WHERE role = 'bidder'"))
        run(
            url, lambda c: c.execute("UPDATE account SET role = 'procurator' WHERE role = 'bidder'")
        )
        at(url, "0006", down=True)
        assert run(url, lambda c: c.fetchval("SELECT to_regclass('body')")) is None
        assert run(url, lambda c: c.fetchval("SELECT count(*) FROM account")) == 3


def test_two_who_name_the_same_house_at_once_mean_one(empty_database_url: str) -> None:
    url = empty_database_url
    at(url, "0007")

    async def together() -> list[int]:
        both = [await asyncpg.connect(url) for _ in range(2)]
        first, second = [connection.transaction() for connection in both]
        await first.start()
        await second.start()
        query = "SELECT body_of('AGENCY', $1)"
        made = await both[0].fetchval(query, text("Cơ quan"))
        waiting = asyncio.create_task(both[1].fetchval(query, text("Cơ quan")))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await first.commit()
        found = [made, await waiting]
        await second.commit()
        for connection in both:
            await connection.close()
        return found

    first, second = asyncio.run(together())
    assert first == second
