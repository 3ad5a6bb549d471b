"""What the database itself refuses, in plain SQL past `books`, from the program and from above."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest

from auction_engine.ledger import books, store
from auction_engine.rules.postings.entry import Name

from .bookkeeping import GUARDED, connections, count, deposit, new_book, received, refund

# One transfer with its postings, as whoever knows the tables could write it.
RAW = """
    WITH made AS (
        INSERT INTO transfer (book_id, kind, key, cause_kind, cause_id, cause_n, pending, resolves,
                              reverses, booked_on)
        VALUES ($1, 'raw', $2, 'ACT', 1, 0, $5, $6, $7, '2026-07-01') RETURNING id
    ), legs AS (
        INSERT INTO posting (transfer_id, n, account_id, amount_minor)
        SELECT made.id, row_number() OVER (), account, amount
          FROM made, unnest($3::bigint[], $4::bigint[]) AS leg (account, amount)
    ) SELECT id FROM made
"""


@pytest.fixture
async def superuser(superuser_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(superuser_url)
    yield connection
    await connection.close()


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    async with connections(database_url, 1) as made:
        yield made[0]


@pytest.fixture
async def book(app: asyncpg.Connection) -> int:
    book = await new_book(app)
    await books.post(app, [received(book, 1), received(book, 2), deposit(book, 1)])
    return book


async def accounts(connection: asyncpg.Connection, book: int) -> dict[str, int]:
    rows = await connection.fetch(
        "SELECT code, key, id FROM money_account WHERE book_id = $1", book
    )
    return {str(Name(row[0], row[1])): row[2] for row in rows}


async def raw(
    connection: asyncpg.Connection,
    book: int,
    legs: Sequence[tuple[int, int]],
    *,
    pending: bool = False,
    resolves: int | None = None,
    reverses: int | None = None,
    key: str = "raw",
) -> Any:
    ids, amounts = [leg[0] for leg in legs], [leg[1] for leg in legs]
    return await connection.fetchval(RAW, book, key, ids, amounts, pending, resolves, reverses)


async def refused(connection: asyncpg.Connection, book: int, *args: Any, **kw: Any) -> str:
    """The constraint that refuses a raw transfer; of which nothing is left."""
    before = await count(connection), await count(connection, "posting")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        await raw(connection, book, *args, **kw)
    assert (await count(connection), await count(connection, "posting")) == before
    return str(caught.value.constraint_name)


@pytest.fixture(params=["app", "superuser", "replica"])
async def anyone(
    request: pytest.FixtureRequest, app: asyncpg.Connection, superuser: asyncpg.Connection
) -> asyncpg.Connection:
    """The program, a superuser, and one whose session skips plain triggers."""
    if request.param == "app":
        return app
    if request.param == "replica":
        await superuser.execute("SET session_replication_role = replica")
    return superuser


async def test_a_sound_one_is_taken(anyone: asyncpg.Connection, book: int) -> None:
    of = await accounts(anyone, book)
    line, other = of["LIAB.SUSPENSE[line:1]"], of["LIAB.SUSPENSE[line:2]"]
    await raw(anyone, book, [(line, 40), (other, -40)])
    assert await books.balance(anyone, book, Name("LIAB.SUSPENSE", "line:1")) == 60
    assert await books.balance(anyone, book, Name("LIAB.SUSPENSE", "line:2")) == 140


async def test_none_that_is_not_whole_or_sound(
    anyone: asyncpg.Connection, app: asyncpg.Connection, book: int
) -> None:
    other = await new_book(app, "Đấu giá Khác")
    await books.post(app, [received(other, 3)])
    of, theirs = await accounts(app, book), await accounts(app, other)
    line, two = of["LIAB.SUSPENSE[line:1]"], of["LIAB.SUSPENSE[line:2]"]
    bank, held = of["BANK.ESCROW"], of["LIAB.DEPOSIT[lot:1/bidder:1]"]
    hold = await app.fetchval("SELECT id FROM transfer WHERE pending")
    first = await app.fetchval("SELECT id FROM transfer WHERE key = 'line:1'")
    cases: list[tuple[str, list[tuple[int, int]], dict[str, Any]]] = [
        ("transfer_whole", [], {}),
        ("posting_balanced", [(line, 5), (two, -4)], {}),
        ("posting_balanced", [(line, 5)], {}),
        ("posting_amount", [(line, 0), (two, 0)], {}),
        ("posting_account", [(line, 5), (line, -5)], {}),
        ("posting_book", [(line, 5), (10**9, -5)], {}),
        ("posting_book", [(line, 5), (theirs["LIAB.SUSPENSE[line:3]"], -5)], {}),
        ("posting_book", [(theirs["BANK.ESCROW"], 5), (theirs["LIAB.SUSPENSE[line:3]"], -5)], {}),
        ("transfer_pending", [(bank, 5), (line, -2), (two, -3)], {"pending": True}),
        ("transfer_pending", [(line, 5), (bank, -5)], {"pending": True}),
        ("transfer_resolves", [(held, 99), (two, -99)], {"resolves": hold}),
        ("transfer_resolves", [(line, 100), (two, -100)], {"resolves": hold}),
        ("transfer_resolves", [(line, 100), (two, -100)], {"resolves": first}),
        ("transfer_reverses", [(two, 100), (bank, -100)], {"reverses": first}),
        ("transfer_reverses", [(line, 99), (bank, -99)], {"reverses": first}),
        ("transfer_one_end", [(held, 100), (bank, -100)], {"resolves": hold, "reverses": hold}),
        ("transfer_reversal_not_pending", [(held, 100), (bank, -100)],
         {"reverses": hold, "pending": True}),
        ("transfer_ends_an_earlier", [(held, 100), (bank, -100)], {"resolves": 10**9}),
        ("balance_overdrawn", [(line, 101), (two, -101)], {}),
        ("balance_overdrawn", [(held, 100), (two, -100)], {}),
        ("transfer_key_key", [(line, 5), (two, -5)], {"key": "line:1"}),
    ]  # fmt: skip
    for constraint, legs, more in cases:
        assert await refused(anyone, book, legs, **more) == constraint


async def test_a_transfer_does_not_grow(anyone: asyncpg.Connection, book: int) -> None:
    of = await accounts(anyone, book)
    line, two = of["LIAB.SUSPENSE[line:1]"], of["LIAB.SUSPENSE[line:2]"]
    statement = "INSERT INTO posting VALUES ($1, 3, $2, 5), ($1, 4, $3, -5)"
    old = await anyone.fetchval("SELECT id FROM transfer WHERE pending")
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await anyone.execute(statement, old, line, two)
    assert caught.value.constraint_name == "posting_later"
    same = anyone.transaction()
    await same.start()
    new = await raw(anyone, book, [(of["BANK.ESCROW"], 5), (line, -5)])
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await anyone.execute(statement, new, of["LIAB.DEPOSIT[lot:1/bidder:1]"], two)
    assert caught.value.constraint_name == "posting_later"
    await same.rollback()
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await anyone.execute(statement, 10**9, line, two)
    assert caught.value.constraint_name == "posting_transfer"


async def test_not_in_two_statements_either(anyone: asyncpg.Connection, book: int) -> None:
    same = anyone.transaction()
    await same.start()
    await anyone.execute("SET CONSTRAINTS ALL DEFERRED")
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await anyone.execute(
            "INSERT INTO transfer (book_id, kind, key, cause_kind, cause_id, cause_n, pending,"
            " booked_on) VALUES ($1, 'raw', 'raw', 'ACT', 1, 0, false, '2026-07-01')",
            book,
        )
    assert caught.value.constraint_name == "transfer_whole"
    await same.rollback()


async def test_copy_is_no_way_around(anyone: asyncpg.Connection, book: int) -> None:
    of = await accounts(anyone, book)
    old = await anyone.fetchval("SELECT id FROM transfer WHERE pending")
    rows = [(old, 3, of["LIAB.SUSPENSE[line:1]"], 5), (old, 4, of["LIAB.SUSPENSE[line:2]"], -5)]
    with pytest.raises(asyncpg.CheckViolationError):
        await anyone.copy_records_to_table("posting", records=rows)


async def test_a_number_is_the_sequence_s(app: asyncpg.Connection, book: int) -> None:
    of = await accounts(app, book)
    legs = [of["LIAB.SUSPENSE[line:1]"], of["LIAB.SUSPENSE[line:2]"]]
    statement = RAW.replace("(book_id,", "(id, book_id,").replace("VALUES (", "VALUES ($8, ")
    gone = await app.fetchval("SELECT nextval('transfer_id_seq')")
    await books.post(app, [received(book, 4)])
    await books.seal(app)
    for number in (gone, 10**12):
        with pytest.raises(asyncpg.CheckViolationError) as caught:
            await app.fetchval(statement, book, "raw", legs, [5, -5], False, None, None, number)
        assert caught.value.constraint_name == "transfer_number"
    with pytest.raises(asyncpg.CheckViolationError):
        await app.fetchval(statement, book, "raw", legs, [5, -5], False, None, None, -1)


CHANGES = [
    *(f"DELETE FROM {table}" for table in GUARDED),
    *(f"TRUNCATE {table} CASCADE" for table in (*GUARDED, "balance")),
    "UPDATE book SET name = name",
    "UPDATE money_account SET overdrawn = true",
    "UPDATE transfer SET note = 'x' WHERE id = -1",
    "UPDATE posting SET amount_minor = amount_minor + 1",
    "UPDATE money_seal SET hash = hash",
    "UPDATE balance SET amount_minor = 0",
    "DELETE FROM balance WHERE account_id = -1",
    "INSERT INTO balance VALUES (1, 1, 1, 0)",
    "INSERT INTO posting SELECT * FROM posting ON CONFLICT (transfer_id, n)"
    " DO UPDATE SET amount_minor = 1",
    "MERGE INTO transfer t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
]


async def test_nothing_is_changed_or_deleted(anyone: asyncpg.Connection, book: int) -> None:
    for statement in CHANGES:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await anyone.execute(statement)
        assert [await count(anyone, table) for table in GUARDED] == [1, 4, 3, 6, 0], statement


TAKING_DOWN = [
    "ALTER TABLE posting DISABLE TRIGGER posting_1_sound",
    "DROP TABLE balance CASCADE",
    "DROP FUNCTION posting_moves_balances() CASCADE",
    "CREATE TRIGGER mine BEFORE INSERT ON posting EXECUTE FUNCTION posting_is_sound()",
    "INSERT INTO transfer (book_id, kind, key, cause_kind, cause_id, cause_n, pending,"
    " booked_on, at) VALUES (1, 'x', 'x', 'ACT', 1, 0, false, '2026-07-01', '2020-01-01')",
    "INSERT INTO money_account (id, book_id, code, key, debit_side, overdrawn, hot, escrow)"
    " OVERRIDING SYSTEM VALUE VALUES (1, 1, 'x', '', true, true, true, true)",
    "SELECT setval('transfer_id_seq', 1)",
]


async def test_the_program_may_not_take_the_walls_down(app: asyncpg.Connection, book: int) -> None:
    for statement in TAKING_DOWN:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)


async def test_a_look_alike_in_pg_temp_is_not_taken_for_the_real_one(
    app: asyncpg.Connection, book: int
) -> None:
    for table in ("balance", "money_account", "transfer"):
        await app.execute(f"CREATE TEMP TABLE {table} (LIKE public.{table} INCLUDING ALL)")
    of = await accounts_of_public(app, book)
    line, two = of["LIAB.SUSPENSE[line:1]"], of["LIAB.SUSPENSE[line:2]"]
    statement = RAW.replace("INTO transfer", "INTO public.transfer")
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await app.fetchval(statement, book, "raw", [line, two], [101, -101], False, None, None)
    assert caught.value.constraint_name == "balance_overdrawn"
    assert await app.fetchval("SELECT count(*) FROM pg_temp.balance") == 0


async def accounts_of_public(connection: asyncpg.Connection, book: int) -> dict[str, int]:
    rows = await connection.fetch("SELECT code, key, id FROM public.money_account")
    return {str(Name(row[0], row[1])): row[2] for row in rows}


async def test_a_refund_does_not_make_room_for_another(
    anyone: asyncpg.Connection, app: asyncpg.Connection, book: int
) -> None:
    await books.post(app, [refund(book, 1)])
    hold = await app.fetchval("SELECT id FROM transfer WHERE key = 'hold:1-1'")
    of = await accounts(app, book)
    more = of["LIAB.DEPOSIT[lot:1/bidder:1]"], of["BANK.ESCROW"]
    for ends in ({"resolves": hold}, {"reverses": hold}):
        with pytest.raises(asyncpg.UniqueViolationError) as caught:
            await raw(anyone, book, [(more[0], 100), (more[1], -100)], **ends)
        assert caught.value.constraint_name == "transfer_ends_once"


async def test_the_app_connection_is_the_app(app: asyncpg.Connection, database_url: str) -> None:
    assert await app.fetchval("SELECT current_user") == "auction_app"
    connection = await store.connect(database_url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("INSERT INTO balance VALUES (1, 1, 1, 0)")
    await connection.close()
