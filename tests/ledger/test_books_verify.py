"""Seals, and every alteration a superuser can make to the books: found, and the row is named."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import asyncpg
import orjson
import pytest

from auction_engine.ledger import books, books_seal, checkpoint
from auction_engine.ledger.verify import run, verify
from auction_engine.rules.postings.entry import Cause, Name, debit, reversal
from auction_engine.settings import Settings

from .bookkeeping import (
    ACT,
    connections,
    count,
    deposit,
    entry,
    forfeit,
    new_book,
    received,
    refund,
    without_triggers,
)

# Transfers 1 to 3 receive, 4 to 6 hold deposits; 7 refunds, 8 forfeits, 9 undoes the third.
ENTRIES = 9


@pytest.fixture
async def book(database_url: str) -> int:
    async with connections(database_url, 1) as (connection,):
        book = await new_book(connection)
        await books.post(
            connection,
            [
                *(received(book, line) for line in (1, 2, 3)),
                *(deposit(book, bidder) for bidder in (1, 2, 3)),
                refund(book, 1),
                forfeit(book, 2),
                reversal(received(book, 3), "undo:3", ACT),
            ],
        )
        return book


async def found(database_url: str) -> str:
    report = await verify(database_url)
    assert report.problem is not None, "nothing was found"
    assert report.sealed == 0
    return report.problem.sentence


async def test_sound_books_hold_and_are_sealed(database_url: str, book: int) -> None:
    report = await verify(database_url)
    assert (report.problem, report.transfers, report.sealed) == (None, ENTRIES, ENTRIES)
    again = await verify(database_url)
    assert (again.problem, again.transfers, again.sealed) == (None, ENTRIES, 0)


# --- alterations, before and after the seal -----------------------------------------------------

LEG = "WHERE transfer_id = {} AND n = {}"
OF = "(SELECT id FROM money_account WHERE code = '{}' LIMIT 1)"
# What sums and rules show by themselves: statement, what the sentence begins with, and with a seal.
SEEN: list[tuple[str, str, str]] = [
    ("UPDATE posting SET amount_minor = amount_minor + 1 " + LEG.format(2, 1), "transfer 2: its de",
     "transfer 2: its content"),
    ("DELETE FROM posting " + LEG.format(5, 1), "transfer 5: it has fewer", "transfer 5: its con"),
    ("DELETE FROM posting WHERE transfer_id = 5", "transfer 5: it has fewer", "transfer 5: its c"),
    ("DELETE FROM transfer WHERE id = 2", "transfer 2: the transfer is missing",
     "transfer 2: it is missing: seal 1"),
    ("INSERT INTO posting SELECT 1, id, id, CASE key WHEN 'line:2' THEN 5 ELSE -5 END"
     " FROM money_account WHERE key IN ('line:2', 'line:3')", "account ",
     "transfer 1: its content"),
    (f"UPDATE posting SET account_id = {OF.format('LIAB.REFUND')} " + LEG.format(2, 2), "account ",
     "transfer 2: its content"),
    ("UPDATE posting SET account_id = 999 " + LEG.format(2, 2), "transfer 2: it posts to an acc",
     "transfer 2: its content"),
    ("UPDATE transfer SET resolves = 6 WHERE id = 7", "transfer 7: it does not take all",
     "transfer 7: its content"),
    ("UPDATE transfer SET resolves = NULL WHERE id = 7", "account ", "transfer 7: its content"),
    ("UPDATE transfer SET pending = false WHERE id = 4", "transfer 7: it does not take all",
     "transfer 4: its content"),
    ("UPDATE transfer SET pending = false WHERE id = 6", "account ", "transfer 6: its content"),
    ("UPDATE transfer SET pending = true WHERE id = 1", "account ", "transfer 1: its content"),
    ("UPDATE transfer SET reverses = 2 WHERE id = 9", "transfer 9: it is not the exact opposite",
     "transfer 9: its content"),
    ("UPDATE transfer SET reverses = 7 WHERE id = 9", "transfer 9: it is not the exact opposite",
     "transfer 9: its content"),
    ("UPDATE transfer SET book_id = 2 WHERE id = 2", "transfer 2: it posts to an account that",
     "transfer 2: its content"),
    ("UPDATE transfer SET cause_kind = 'JOURNAL', cause_id = 4, cause_n = 7 WHERE id = 2",
     "transfer 2: the journal has no entry that caused it (expected lot 4, entry 7",
     "transfer 2: its content"),
]  # fmt: skip
# What only the seal shows: everything adds up.
UNSEEN = [
    ("UPDATE transfer SET kind = 'other' WHERE id = 2", "transfer 2: its content"),
    ("UPDATE transfer SET key = 'other' WHERE id = 2", "transfer 2: its content"),
    ("UPDATE transfer SET cause_kind = 'ACT' WHERE id = 2", "transfer 2: its content"),
    ("UPDATE transfer SET cause_id = 5 WHERE id = 2", "transfer 2: its content"),
    ("UPDATE transfer SET cause_n = 5 WHERE id = 2", "transfer 2: its content"),
    ("UPDATE transfer SET booked_on = '2020-01-01' WHERE id = 2", "transfer 2: its content"),
    ("UPDATE transfer SET at = at + interval '1 us' WHERE id = 2", "transfer 2: its content"),
    ("UPDATE transfer SET note = '' WHERE id = 2", "transfer 2: its content"),
    ("UPDATE posting SET n = 7 " + LEG.format(2, 2), "transfer 2: its content"),
    ("UPDATE money_account SET key = 'line:9' WHERE key = 'line:2'", "transfer 2: its content"),
    ("UPDATE book SET name = '{\"vi\": \"Khác\"}'", "transfer 1: its content"),
    ("UPDATE book SET currency = 'USD'", "transfer 1: its content"),
    # A whole transfer, and all it did, away; another one put in; two amounts and all sums changed.
    ("DELETE FROM transfer WHERE id = 2; DELETE FROM posting WHERE transfer_id = 2;"
     " DELETE FROM balance WHERE account_id = (SELECT id FROM money_account WHERE key = 'line:2');"
     " UPDATE balance SET amount_minor = amount_minor - 100 WHERE account_id = 1",
     "transfer 2: it is missing: seal 1 has it"),
    ("UPDATE posting SET amount_minor = amount_minor * 2 WHERE transfer_id = 2;"
     " UPDATE balance SET amount_minor = amount_minor * 2 WHERE account_id ="
     " (SELECT id FROM money_account WHERE key = 'line:2');"
     " UPDATE balance SET amount_minor = amount_minor + 100 WHERE account_id = 1",
     "transfer 2: its content"),
]  # fmt: skip
# Sums alone.
SUMS = [
    ("UPDATE balance SET amount_minor = amount_minor + 1 WHERE account_id = 3", "account 3 LIAB."),
    ("UPDATE balance SET held_minor = 0 WHERE held_minor > 0", "account "),
    ("DELETE FROM balance WHERE account_id = 4", "account 4 "),
    ("INSERT INTO balance VALUES (2, 5, 7, 0)", "account 2 "),
    ("INSERT INTO balance VALUES (99, 0, 7, 0)", "account 99: its balance"),
    ("UPDATE money_account SET overdrawn = true WHERE id = 3", "account 3 LIAB."),
    ("UPDATE money_account SET hot = false WHERE id = 1", "account 1 BANK.ESCROW[]: debit side"),
    ("UPDATE money_account SET escrow = false, code = 'BANK.OPERATING' WHERE code = 'BANK.ESCROW'",
     "transfer 1: "),
    ("UPDATE book SET kind = 'AGENCY'", ""),
]  # fmt: skip


@pytest.mark.parametrize("sealed", [False, True])
async def test_what_no_longer_adds_up_is_named(
    database_url: str, superuser_url: str, book: int, sealed: bool
) -> None:
    """Each alteration in turn, taken back by restoring the rows."""
    if sealed:
        assert (await verify(database_url)).sealed == ENTRIES
    for statement, plain, with_seal in SEEN:
        async with altered(superuser_url, statement):
            sentence = await found(database_url)
        assert sentence.startswith(with_seal if sealed else plain), (statement, sentence)
    for statement, begins in SUMS:
        async with altered(superuser_url, statement):
            sentence = await found(database_url)
        assert sealed or sentence.startswith(begins), (statement, sentence)
    assert (await verify(database_url)).clean


async def test_what_still_adds_up_is_shown_by_the_seal(
    database_url: str, superuser_url: str, book: int
) -> None:
    assert (await verify(database_url)).sealed == ENTRIES
    for statement, begins in UNSEEN:
        async with altered(superuser_url, statement):
            sentence = await found(database_url)
        assert sentence.startswith(begins), (statement, sentence)
    assert (await verify(database_url)).clean


class altered:
    """The books changed by `statements` within the block, as they were after it."""

    TABLES = ("book", "money_account", "transfer", "posting", "balance", "money_seal")

    def __init__(self, superuser_url: str, statements: str) -> None:
        self._url, self._statements = superuser_url, statements

    async def __aenter__(self) -> None:
        async with without_triggers(self._url) as connection:
            for table in self.TABLES:
                await connection.execute(f"CREATE TABLE was_{table} AS TABLE {table}")
            await connection.execute(self._statements)

    async def __aexit__(self, *_: object) -> None:
        async with without_triggers(self._url) as connection:
            for table in self.TABLES:
                await connection.execute(
                    f"DELETE FROM {table};"
                    f" INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE was_{table};"
                    f" DROP TABLE was_{table}"
                )


async def test_a_second_fate_is_named(database_url: str, superuser_url: str, book: int) -> None:
    """As in a database whose unique index was taken away meanwhile."""
    admin = await asyncpg.connect(superuser_url)
    await admin.execute("DROP INDEX transfer_ends_once")
    await admin.close()
    async with connections(database_url, 1) as (connection,):
        more = deposit(book, 1)._replace(key="more", pending=False)
        await books.post(connection, [more, forfeit(book, 1)])
    assert (await found(database_url)).startswith("transfer 11: it ends a transfer that another")


@pytest.mark.parametrize("missing", [1, 2, 3])
async def test_a_transfer_inserted_under_a_seal_is_named(
    database_url: str, superuser_url: str, book: int, missing: int
) -> None:
    async with connections(database_url, 1) as (connection,):
        gone = [await connection.fetchval("SELECT nextval('transfer_id_seq')") for _ in range(3)]
        await books.post(connection, [received(book, 50)])
    assert (await verify(database_url)).sealed == ENTRIES + 1
    number = gone[missing - 1]
    async with without_triggers(superuser_url) as admin:
        await admin.execute(
            "INSERT INTO transfer SELECT $1, book_id, kind, 'slipped in', cause_kind, cause_id,"
            " cause_n, pending, resolves, reverses, booked_on, at, note FROM transfer WHERE id = 1",
            number,
        )
        await admin.execute(
            "INSERT INTO posting SELECT $1, n, account_id, amount_minor FROM posting"
            " WHERE transfer_id = 1",
            number,
        )
        await admin.execute(
            "UPDATE balance b SET amount_minor = b.amount_minor + p.amount_minor FROM posting p"
            " WHERE p.transfer_id = 1 AND p.account_id = b.account_id"
        )
    expected = f"transfer {number}: it was inserted later: seal 1 does not have it."
    assert await found(database_url) == expected


# --- seals --------------------------------------------------------------------------------------


@pytest.fixture
async def four_seals(database_url: str) -> int:
    """Nine transfers under four seals."""
    async with connections(database_url, 1) as (connection,):
        book = await new_book(connection)
        await books.post(connection, [received(book, line) for line in range(1, 10)])
        assert await books.seal(connection, block=2) == 9
        rows = await connection.fetch("SELECT upto, transfers FROM money_seal ORDER BY n")
        assert [row[0] for row in rows] == [2, 4, 6, 8, 9]
        assert [row[1] for row in rows] == [[1, 2], [3, 4], [5, 6], [7, 8], [9]]
        return book


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("DELETE FROM money_seal WHERE n = 2", "seal 2: it is missing"),
        ("DELETE FROM money_seal WHERE n = 1", "seal 1: it is missing"),
        ("UPDATE money_seal SET hash = sha256(hash) WHERE n = 2", "seal 2: the hash is not"),
        ("UPDATE money_seal SET digests = digests || '\\x00' WHERE n = 2", "seal 2: the hash is"),
        ("UPDATE money_seal SET transfers = '{3}' WHERE n = 2", "seal 2: the hash is not"),
        ("UPDATE money_seal SET upto = 5 WHERE n = 2", "seal 2: the hash is not"),
        ("UPDATE transfer SET note = 'x' WHERE id IN (5, 8)", "transfer 5: its content is not"),
    ],
)
async def test_an_altered_seal_is_named(
    database_url: str, superuser_url: str, four_seals: int, statement: str, sentence: str
) -> None:
    assert (await verify(database_url)).clean
    async with altered(superuser_url, statement):
        assert (await found(database_url)).startswith(sentence)


async def test_a_seal_leaves_out_what_may_still_get_company(database_url: str, book: int) -> None:
    async with connections(database_url, 3) as (one, two, three):
        slow = one.transaction()
        await slow.start()
        await books.post(one, [received(book, 11)])
        await books.post(two, [received(book, 12)])  # committed, with a higher number
        assert await books.seal(three) == ENTRIES
        await books.post(one, [received(book, 13)])
        await slow.commit()
        assert await books.seal(three) == 3
        assert await books.seal(three) == 0
        await books.post(one, [received(book, 11)])  # a repeat is nothing new
        assert await books.seal(three) == 0
    assert (await verify(database_url)).clean


async def test_what_was_given_up_holds_no_seal_up(database_url: str, book: int) -> None:
    async with connections(database_url, 2) as (one, two):
        given_up = one.transaction()
        await given_up.start()
        await books.post(one, [received(book, 11)])
        with pytest.raises(books.Overdrawn):
            await books.post(one, [entry(book, "x", debit("LIAB.SUSPENSE", 999, "line:1"),
                                         _back(999))])  # fmt: skip
        await given_up.rollback()
        await books.post(two, [received(book, 12)])
        assert await books.seal(two) == ENTRIES + 1


def _back(amount: int) -> Any:
    from auction_engine.rules.postings.entry import credit

    return credit("LIAB.RETURN", amount, "line:1")


async def test_sealing_while_many_post_leaves_nothing_out(database_url: str) -> None:
    async with connections(database_url, 6) as many:
        book = await new_book(many[0])
        done = asyncio.Event()

        async def work(connection: asyncpg.Connection, first: int) -> None:
            chance = random.Random(first)
            for line in range(first, first + 40):
                moving = connection.transaction()
                await moving.start()
                await books.post(connection, [received(book, line)])
                await asyncio.sleep(0)
                # Numbers are lost, and taken long before their transaction ends.
                await (moving.rollback() if chance.random() < 0.3 else moving.commit())

        async def seal(connection: asyncpg.Connection) -> int:
            total = 0
            while not done.is_set():
                total += await books.seal(connection, block=7)
                await asyncio.sleep(0)
            return total

        sealing = [asyncio.create_task(seal(one)) for one in many[:2]]
        await asyncio.gather(*(work(c, 100 * n) for n, c in enumerate(many[2:], 1)))
        done.set()
        sealed = sum(await asyncio.gather(*sealing)) + await books.seal(many[0])
        assert sealed == await count(many[0]) > 0
        listed = await many[0].fetchval("SELECT sum(cardinality(transfers)) FROM money_seal")
        assert listed == sealed
    report = await verify(database_url)
    assert report.problem is None, report.problem.sentence


async def test_the_last_seal_can_be_kept_elsewhere(database_url: str, book: int) -> None:
    async with connections(database_url, 1) as (connection,):
        assert await books_seal.last(connection) == (0, 0, bytes(32))
        await books.seal(connection)
        n, upto, digest = await books_seal.last(connection)
        assert (n, upto, len(digest)) == (1, ENTRIES, 32)
        await books.post(connection, [received(book, 20)])
        await books.seal(connection)
        assert (await books_seal.last(connection))[0] == 2


# --- the command --------------------------------------------------------------------------------


async def test_a_journal_cause_that_exists_is_fine(database_url: str, book: int) -> None:
    from .factories import list_lot, writer

    async with writer(database_url) as journal:
        list_lot(journal, 4, bidders=2)
        await journal.flush()
        caused = received(book, 30)._replace(cause=Cause("JOURNAL", 4, 2))
        await books.post(journal.connection, [caused])
        assert await books.balance(journal.connection, book, Name("BANK.ESCROW")) == 600
    report = await verify(database_url)
    assert report.problem is None, report.problem.sentence


async def test_progress_counts_transfers_too(database_url: str, book: int) -> None:
    told: list[tuple[int, int]] = []
    await verify(
        database_url,
        on_progress=lambda report, total: told.append((report.rows + report.transfers, total)),
    )
    assert told[-1] == (ENTRIES, ENTRIES)


def test_the_command_names_the_row_and_ends_with_one(
    settings: Settings, superuser_url: str, book: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(settings) == 0
    assert "transfers of money" in capsys.readouterr().out
    change = altered(superuser_url, "UPDATE transfer SET note = 'x' WHERE id = 2")
    asyncio.run(change.__aenter__())
    assert run(settings) == 1
    assert "First problem: transfer 2: its content is not what seal 1" in capsys.readouterr().err
    assert run(settings, json_output=True) == 1
    told = orjson.loads(capsys.readouterr().out)
    assert told["problem"]["row"] == "transfer 2"


async def test_a_checkpoint_finds_seals_written_anew(
    database_url: str, superuser_url: str, book: int
) -> None:
    assert (await verify(database_url)).sealed == ENTRIES
    expected = await checkpoint.take(database_url)
    assert expected.money is not None
    assert expected.money[0] == 1
    assert (await verify(database_url, expected)).clean
    async with without_triggers(superuser_url) as connection:
        await connection.execute("DELETE FROM money_seal")
    problem = (await verify(database_url, expected)).problem
    assert problem is not None
    assert "seal 1" in problem.sentence
    assert "the checkpoint has 1 seals" in problem.sentence
    async with without_triggers(superuser_url) as connection:
        await connection.execute("UPDATE transfer SET note = 'another' WHERE id = 1")
    assert (await verify(database_url)).clean, "the books alone cannot know: they are sealed anew"
    problem = (await verify(database_url, expected)).problem
    assert problem is not None
    assert "seal 1" in problem.sentence
    assert "checkpoint's" in problem.sentence
