"""What the statistics say of money and complaints is what a recount of the books says."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from auction_engine.desk import exclusive
from auction_engine.desk.statistics import computing
from auction_engine.desk.statistics.computing import BYS, Question
from auction_engine.desk.statistics.figures import SECTIONS
from auction_engine.desk.statistics.keeping import FactsKeeper
from auction_engine.desk.statistics.periods import Period

from .money.house import PAID_ON, House, Sale, house
from .money.lives import ACTS, BEGINNINGS, WEIGHTS, Life
from .recount import read
from .test_statistics import check

NAMES = [name for name in ACTS for _ in range(WEIGHTS.get(name, 1))]
YEARS = Period(date(2026, 1, 1), date(2027, 12, 31))


async def lived(desk: House, chance: random.Random) -> None:
    """One lot's money at random: see `test_lives` of the money."""
    life = Life(desk, await desk.sale(4))
    await life.begin(chance.choice(BEGINNINGS), chance.randint(1, 63))
    steps = [
        (chance.choice(NAMES), chance.randint(0, 63), chance.randint(0, 63))
        for _ in range(chance.randint(15, 45))
    ]
    await life.live(steps)
    if chance.random() < 0.6:
        await life.end()


async def sold_and_shared_out(desk: House) -> Sale:
    """A sale to its end, with a guarantee for one deposit and refunds booked by the bank."""
    sale = await desk.sale(4)
    await sale.sold()
    await sale.earnest_arrives()
    await sale.pay_price()
    await sale.delivered()
    life = Life(desk, sale)
    await life._distribute(0, 0)
    await desk.settled(sale)
    return sale


async def complain(connection: Any, lot: int, account: int, chance: random.Random) -> None:
    """Complaints filed and decided at random moments."""
    for _ in range(chance.randint(1, 4)):
        at = datetime(2026, 8, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(100_000))
        number = await connection.fetchval(
            "INSERT INTO complaint (key, lot_id, filed_by, addressee, about, known_on, late,"
            " sealed, at) VALUES ($1, $2, $3, 'AGENCY', 'LOT', $4, false, '', $5) RETURNING id",
            uuid.uuid4(), lot, account, at.date(), at,
        )  # fmt: skip
        kinds = ("FILED", "ACCEPTED", chance.choice(("DECIDED_UPHELD", "DECIDED_DENIED")))
        for n, kind in enumerate(kinds[: chance.randint(1, 3)], 1):
            await connection.execute(
                "INSERT INTO complaint_act (complaint_id, n, account_id, kind, published, at)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                number, n, account, kind, "x" if kind[:3] == "DEC" else None,
                at + timedelta(days=n * 9),
            )  # fmt: skip


@pytest.mark.parametrize("seed", [3, 4])
async def test_every_figure_of_the_money_is_what_a_recount_of_the_books_says(
    database_url: str, seed: int
) -> None:
    chance = random.Random(seed)
    async with exclusive.connected(database_url) as connection:
        for _ in range(2):
            async with house(database_url) as desk:
                await lived(desk, chance)
                sale = await sold_and_shared_out(desk)
                await lived(desk, chance)
                await complain(connection, sale.lot, sale.bidders[0], chance)
        # By this connection too: what it has read of lots before is read on.
        assert await FactsKeeper(database_url).look(connection) == 6
        ledger = await read(connection)
        for by in BYS:
            if by == "day":
                question = Question(Period(PAID_ON, PAID_ON + timedelta(60)), by, PAID_ON)
            else:
                question = Question(YEARS, by, PAID_ON + timedelta(chance.randrange(40)))
            check(await computing.compute(connection, question), ledger)
        found = await computing.compute(connection, Question(YEARS, "month", date(2027, 1, 1)))
        quiet = {key for key in SECTIONS["money"] if not found.total[key]}
        assert quiet <= {"guarantees", "refunds_late", "refunds_overdue", "forfeits",
                         "forfeits_minor"}  # fmt: skip
        assert found.total["complaints"] >= 2
        assert await one_house_only(connection, ledger)


async def one_house_only(connection: Any, ledger: Any) -> int:
    """Each organisation's and each agency's own figures, and nobody else's money among them."""
    seen = 0
    for name in ("organisation", "agency"):
        for body in sorted({told.whose[name] for told in ledger.lots}):
            question = Question(YEARS, "month", PAID_ON)._replace(**{name: int(body)})
            seen += check(await computing.compute(connection, question), ledger)
    return seen
