"""Whole sales in PostgreSQL: what the rules post, the books take, and both come to the same."""

from __future__ import annotations

import random
from collections import defaultdict

from auction_engine.ledger import books
from auction_engine.rules.postings.chart import CHART
from auction_engine.rules.postings.entry import Name
from tests.rules.sales import Sale

from .bookkeeping import connections, new_book

SALES = 25


async def test_the_books_take_any_lawful_course_of_a_sale(database_url: str) -> None:
    async with connections(database_url, 1) as (connection,):
        book = await new_book(connection, "Thi hành án Thử", kind="AGENCY")
        turns = set()
        expected: dict[Name, int] = defaultdict(int)
        for lot in range(1, SALES + 1):
            sale = Sale(random.Random(lot), lot, book)
            turns.add(sale.run())
            for entry in sale.book.entries.values():
                await books.post(connection, [entry])
            for name, minor in sale.book.balances.items():
                side = 1 if CHART[name.code].nature == "ASSET" else -1
                expected[name] += side * minor
        assert {"annul after payouts", "default", "deliver", "in kind", "rescind"} <= turns
        found = {one.account: one.amount_minor for one in await books.balances(connection, book)}
        assert found == expected
        escrow = await books.escrow(connection, book)
        assert escrow.equal
        assert escrow.owed_minor > 0
