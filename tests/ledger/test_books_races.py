"""Several connections at once: nothing doubled, nothing lost, nobody waits in a circle."""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import Any

import asyncpg
import pytest

from auction_engine.ledger import books
from auction_engine.ledger.books_types import Escrow
from auction_engine.ledger.verify import verify
from auction_engine.rules.postings.entry import Name, credit, debit

from .bookkeeping import (
    connections,
    count,
    deposit,
    entry,
    forfeit,
    new_book,
    received,
    refund,
    waits,
)


@pytest.mark.parametrize("commits", [True, False])
async def test_the_same_key_waits_for_the_first_and_then_knows(
    database_url: str, superuser_url: str, commits: bool
) -> None:
    async with connections(database_url, 2) as (one, two):
        book = await new_book(one)
        await books.post(one, [received(book, 9)])
        first = one.transaction()
        await first.start()
        (posted,) = await books.post(one, [received(book, 1)])
        second = asyncio.create_task(books.post(two, [received(book, 1)]))
        await waits(superuser_url, two)
        await (first.commit() if commits else first.rollback())
        (answer,) = await second
        assert answer.repeat is commits
        assert (answer.id == posted.id) is commits
        assert await books.escrow(one, book) == Escrow(200, 200)


@pytest.mark.parametrize("commits", [True, False])
async def test_other_content_under_the_same_key(
    database_url: str, superuser_url: str, commits: bool
) -> None:
    async with connections(database_url, 2) as (one, two):
        book = await new_book(one)
        first = one.transaction()
        await first.start()
        await books.post(one, [received(book, 1, 5)])
        second = asyncio.create_task(books.post(two, [received(book, 1, 6)]))
        await waits(superuser_url, two)
        await (first.commit() if commits else first.rollback())
        if commits:
            with pytest.raises(books.KeyReused):
                await second
        else:
            assert (await second)[0].repeat is False
        assert await count(one) == 1


@pytest.mark.parametrize("commits", [True, False])
async def test_a_refund_and_a_forfeiture_at_once(
    database_url: str, superuser_url: str, commits: bool
) -> None:
    async with connections(database_url, 2) as (one, two):
        book = await new_book(one)
        await books.post(one, [deposit(book, 1)])
        first = one.transaction()
        await first.start()
        await books.post(one, [refund(book, 1)])
        second = asyncio.create_task(books.post(two, [forfeit(book, 1)]))
        await waits(superuser_url, two)
        await (first.commit() if commits else first.rollback())
        if commits:
            with pytest.raises(books.AlreadyResolved):
                await second
        else:
            await second
        found = await books.held(one, "hold:1-1")
        assert found is not None
        assert found.ended_by == ("refund:1-1" if commits else "forfeit:1-1")
        assert await books.escrow(one, book) == Escrow(100, 100)


async def test_an_account_that_another_is_just_opening(
    database_url: str, superuser_url: str
) -> None:
    async with connections(database_url, 2) as (one, two):
        book = await new_book(one)
        first = one.transaction()
        await first.start()
        await books.post(one, [received(book, 1)])
        second = asyncio.create_task(books.post(two, [received(book, 2)]))
        await waits(superuser_url, two)  # both need BANK.ESCROW, which is not there yet
        await first.commit()
        assert (await second)[0].repeat is False
        assert await books.balance(one, book, Name("BANK.ESCROW")) == 200


async def test_a_book_opened_by_many_is_one(database_url: str) -> None:
    async with connections(database_url, 6) as many:
        opened = await asyncio.gather(*(new_book(one) for one in many))
        assert len(set(opened)) == 1
        assert await count(many[0], "book") == 1


async def test_many_with_the_same_keys_post_each_once(database_url: str) -> None:
    async with connections(database_url, 6) as many:
        book = await new_book(many[0])

        async def work(connection: asyncpg.Connection, seed: int) -> list[books.Posted]:
            lines = random.Random(seed).sample(range(1, 61), 60)
            done: list[books.Posted] = []
            while lines:
                asked = [received(book, line) for line in lines[:7]]
                del lines[:7]
                done += await books.post(connection, asked)
            return done

        done = await asyncio.gather(*(work(one, seed) for seed, one in enumerate(many)))
        fresh = [posted.key for list_ in done for posted in list_ if not posted.repeat]
        assert sorted(fresh) == sorted(f"line:{line}" for line in range(1, 61))
        assert len({(posted.id, posted.key) for list_ in done for posted in list_}) == 60
        assert await books.escrow(many[0], book) == Escrow(6000, 6000)


async def test_every_deposit_gets_one_fate_of_three(database_url: str) -> None:
    bidders = range(1, 31)
    async with connections(database_url, 6) as many:
        book = await new_book(many[0])
        await books.post(many[0], [deposit(book, bidder) for bidder in bidders])
        outcomes: dict[str, list[str]] = {}

        async def work(connection: asyncpg.Connection, seed: int) -> None:
            chance = random.Random(seed)
            make: Any = (refund, forfeit)[seed % 2]
            for bidder in chance.sample(bidders, len(bidders)):
                asked = make(book, bidder)
                try:
                    (posted,) = await books.post(connection, [asked])
                    outcomes.setdefault(asked.resolves, []).append(posted.key)
                except books.AlreadyResolved:
                    pass

        await asyncio.gather(*(work(one, seed) for seed, one in enumerate(many)))
        assert len(outcomes) == len(bidders)
        for hold, keys in outcomes.items():
            assert len(set(keys)) == 1, f"{hold} has two fates: {keys}"
        ended = await many[0].fetchval("SELECT count(*) FROM transfer WHERE resolves IS NOT NULL")
        assert ended == len(bidders)
        assert await books.escrow(many[0], book) == Escrow(3000, 3000)
    assert (await verify(database_url)).clean


async def test_nobody_waits_in_a_circle(database_url: str, superuser_url: str) -> None:
    """Each in the caller's transaction, where a deadlock would not be tried again but raised."""
    async with connections(database_url, 5) as many:
        book = await new_book(many[0])
        await books.post(many[0], [deposit(book, bidder) for bidder in range(1, 200)])

        async def work(connection: asyncpg.Connection, seed: int) -> None:
            chance = random.Random(seed)
            for turn in range(25):
                lines, bidders = chance.sample(range(1, 13), 8), chance.sample(range(1, 200), 6)
                asked = [
                    entry(
                        book,
                        f"x:{seed}-{turn}-{line}",
                        debit("BANK.ESCROW", 2),
                        credit("LIAB.SUSPENSE", 1, f"line:{line}"),
                        credit("LIAB.RETURN", 1, f"line:{lines[0]}"),
                    )
                    for line in lines
                ]
                asked += [refund(book, bidder) for bidder in bidders]
                chance.shuffle(asked)
                async with connection.transaction():
                    await books.post(connection, asked)

        await asyncio.gather(*(work(one, seed) for seed, one in enumerate(many)))
        total = 199 * 100 + 5 * 25 * 8 * 2
        assert await books.escrow(many[0], book) == Escrow(total, total)


async def test_nobody_waits_for_an_escrow_account(database_url: str) -> None:
    async with connections(database_url, 6) as many:
        book = await new_book(many[0])
        await books.post(many[0], [received(book, 100)])
        # Two whose process numbers fall on different stripes; six in a row are not all alike.
        one = many[0]
        two = next(c for c in many if (c.get_server_pid() - one.get_server_pid()) % 16)
        first = one.transaction()
        await first.start()
        await books.post(one, [received(book, 1)])
        await two.execute("SET lock_timeout = '5s'")
        await books.post(two, [received(book, 2)])  # while the first is still open
        assert await books.balance(two, book, Name("BANK.ESCROW")) == 200
        await first.commit()
        assert await books.balance(two, book, Name("BANK.ESCROW")) == 300
        stripes = await one.fetch(
            "SELECT stripe FROM balance b JOIN money_account a ON a.id = b.account_id WHERE a.hot"
        )
        pids = {c.get_server_pid() % 16 for c in (one, two)}
        assert {row[0] for row in stripes} == pids


async def test_a_hot_account_under_many_adds_up(database_url: str) -> None:
    async with connections(database_url, 8) as many:
        book = await new_book(many[0])

        async def work(connection: asyncpg.Connection, first: int) -> None:
            for line in range(first, first + 30):
                await books.post(connection, [received(book, line, line)])

        await asyncio.gather(*(work(c, 1 + 30 * n) for n, c in enumerate(many)))
        total = sum(range(1, 241))
        assert await books.balance(many[0], book, Name("BANK.ESCROW")) == total
        posted = "SELECT sum(p.amount_minor)::bigint FROM posting p JOIN money_account a"
        found = await many[0].fetchval(f"{posted} ON a.id = p.account_id WHERE a.hot")
        assert found == total


async def test_two_take_the_last_of_an_account(database_url: str, superuser_url: str) -> None:
    async with connections(database_url, 2) as (one, two):
        book = await new_book(one)
        await books.post(one, [received(book, 1)])

        def spent(key: str) -> Any:
            legs = debit("LIAB.SUSPENSE", 60, "line:1"), credit("LIAB.RETURN", 60, "line:1")
            return entry(book, key, *legs)

        first = one.transaction()
        await first.start()
        await books.post(one, [spent("a")])
        second = asyncio.create_task(books.post(two, [spent("b")]))
        await waits(superuser_url, two)
        await first.commit()
        with pytest.raises(books.Overdrawn):
            await second
        assert await books.balance(one, book, Name("LIAB.SUSPENSE", "line:1")) == 40


async def test_killed_in_mid_transaction_leaves_nothing(
    database_url: str, superuser_url: str
) -> None:
    admin = await asyncpg.connect(superuser_url)
    async with connections(database_url, 2) as (one, two):
        book = await new_book(one)
        doomed = one.transaction()
        await doomed.start()
        await books.post(one, [deposit(book, 1), refund(book, 1)])
        waiting = asyncio.create_task(books.post(two, [deposit(book, 1)]))
        await waits(superuser_url, two)
        assert await admin.fetchval("SELECT pg_terminate_backend($1)", one.get_server_pid())
        (posted,) = await waiting
        assert posted.repeat is False
        assert [await count(admin, table) for table in ("transfer", "posting")] == [1, 2]
        assert await books.escrow(two, book) == Escrow(100, 100)
    await admin.close()


async def test_killed_at_any_moment_each_transfer_is_whole_or_not_there(
    database_url: str, superuser_url: str
) -> None:
    admin = await asyncpg.connect(superuser_url)
    chance = random.Random(4)
    async with connections(database_url, 1) as (first,):
        book = await new_book(first)
        for turn in range(10):
            async with connections(database_url, 3) as many:
                far_enough = asyncio.Event()
                most = chance.randint(1, 20)
                tasks = [
                    asyncio.create_task(_without_end(one, book, 1000 * turn, most, far_enough))
                    for one in many
                ]
                await far_enough.wait()
                for one in many:
                    assert await admin.fetchval(
                        "SELECT pg_terminate_backend($1)", one.get_server_pid()
                    )
                ends = await asyncio.gather(*tasks, return_exceptions=True)
                lost = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError,
                        asyncpg.InternalClientError)  # fmt: skip
                assert all(isinstance(end, lost) for end in ends), ends
    await admin.close()
    report = await verify(database_url)
    assert report.problem is None, report.problem.sentence
    assert report.transfers >= 20


async def _without_end(
    connection: asyncpg.Connection, book: int, first: int, most: int, far_enough: asyncio.Event
) -> None:
    for bidder in itertools.count(first):
        await books.post(connection, [deposit(book, bidder)])
        await books.post(connection, [refund(book, bidder)])
        if bidder == first + most:
            far_enough.set()
