"""The statistics say what a recount of the journals says, on random histories, however grouped."""

from __future__ import annotations

import asyncio
import math
import os
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from auction_engine.desk import exclusive
from auction_engine.desk.statistics import computing, keeping
from auction_engine.desk.statistics.computing import BYS, Answer, Question
from auction_engine.desk.statistics.figures import FIGURES, SECTIONS
from auction_engine.desk.statistics.keeping import FactsKeeper
from auction_engine.desk.statistics.periods import Period
from auction_engine.ledger.errors import LedgerError
from auction_engine.settings import Settings

from .histories import Archive, random_lives, told_lives
from .recount import Ledger, Recount, Told, read

ALL = Period(date(2017, 7, 1), date(2029, 12, 31))
TODAY = date(2026, 9, 20)


def near(one: Any, other: Any) -> bool:
    """Equal; spreads to the last digits of a double."""
    if isinstance(one, list) and isinstance(other, list):
        return all(math.isclose(a, b, rel_tol=1e-12) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)
    return bool(one == other)


def keeper_of(question: Question) -> Callable[[Told], bool]:
    """Which lots a question is about."""
    wanted = {
        name: str(value)
        for name in ("organisation", "agency", "kind", "province")
        if (value := getattr(question, name)) is not None
    }
    return lambda told: (
        told.params["currency"] == question.currency
        and all(told.whose[name] == value for name, value in wanted.items())
    )


def group_of(question: Question) -> Callable[[Told, date], str]:
    if question.by in ("day", "month", "quarter", "year"):
        names = {
            "day": lambda day: day.isoformat(),
            "month": lambda day: day.isoformat()[:7],
            "quarter": lambda day: f"{day.year}-Q{-(-day.month // 3)}",
            "year": lambda day: str(day.year),
        }
        return lambda told, day: names[question.by](day)
    return lambda told, day: told.whose[question.by]


def check(answer: Answer, ledger: Ledger) -> int:
    """Every figure and every part of every group is what the recount says. How many were not 0."""
    question = answer.question
    again = Recount(ledger, keeper_of(question), question.today)
    first, last = question.period
    group = group_of(question)

    def within(told: Told, day: date) -> bool:
        return first <= day <= last

    assert {one.key for one in FIGURES} == set(again.made)
    seen = _same(answer.total, again.figures(within), "total")
    _same_parts(answer.parts, again.parts(within))
    for one in answer.groups:

        def here(told: Told, day: date, key: str = one.key) -> bool:
            return within(told, day) and group(told, day) == key

        seen += _same(one.values, again.figures(here), one.key)
        parts = {name: of.get(one.key, []) for name, of in answer.parts_of.items()}
        _same_parts(parts, again.parts(here))
    # No group was forgotten: what is counted in groups comes to the total.
    for figure in FIGURES:
        if figure.unit in ("count", "money") and figure.key not in ("sessions", "distributions"):
            total = sum(one.values[figure.key] for one in answer.groups)
            assert total == answer.total[figure.key], figure.key
    return seen


def _same(found: dict[str, Any], expected: dict[str, Any], where: str) -> int:
    wrong = {
        key: (found[key], expected[key]) for key in expected if not near(found[key], expected[key])
    }
    assert not wrong, (where, wrong)
    return sum(value not in (0, None) for value in found.values())


def _same_parts(found: dict[str, Any], expected: dict[str, Any]) -> None:
    told = {
        name: {part.code: (part.number, part.minor) for part in parts}
        for name, parts in found.items()
    }
    assert told == expected


async def archive_of(connection: Any, seed: int, lives: int) -> Archive:
    """Told lives, random ones, and beginnings of both, as lots of some houses."""
    archive = Archive(connection, seed)
    await archive.open()
    for history in told_lives():
        await archive.write(history, plain=True)
        await archive.write(history)
        await archive.write(history, whole=False)
    for history in random_lives(lives):
        if history:
            await archive.write(history, whole=archive.random.random() < 0.8)
    return archive


def questions(ledger: Ledger, seed: int) -> list[Question]:
    """Each grouping of everything, and some of everything else."""
    chance = random.Random(seed)
    made = [Question(ALL, by, TODAY) for by in BYS if by != "day"]
    made.append(Question(ALL, "month", TODAY, currency="EUR"))
    for _ in range(7):
        told = chance.choice(ledger.lots)
        first = date(2024, 12, 1) + timedelta(chance.randrange(900))
        period = Period(first, first + timedelta(chance.choice((0, 6, 40, 180, 700))))
        days = (period.last - period.first).days
        by = chance.choice([by for by in BYS if by != "day" or days < 300])
        made.append(
            Question(
                period,
                by,
                chance.choice((TODAY, first, period.last)),
                currency=chance.choice(("VND", "VND", "EUR")),
                organisation=chance.choice((None, int(told.whose["organisation"]))),
                agency=chance.choice((None, None, int(told.whose["agency"]))),
                kind=chance.choice((None, None, told.whose["kind"])),
                province=chance.choice((None, None, told.whose["province"])),
            )
        )
    return made


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_figure_is_what_a_recount_of_the_journals_says(
    database_url: str, seed: int
) -> None:
    async with exclusive.connected(database_url) as connection:
        archive = await archive_of(connection, seed, lives=60)
        assert await FactsKeeper(database_url).look(connection) == len(archive.lots)
        ledger = await read(connection)
        seen = 0
        for question in questions(ledger, seed):
            seen += check(await computing.compute(connection, question), ledger)
        assert seen > 500
        # Whatever the journals can say was said somewhere.
        whole = await computing.compute(connection, Question(ALL, "year", TODAY))
        books = {*SECTIONS["money"], *SECTIONS["complaints"]} - {"forfeits", "forfeits_minor"}
        silent = {key for key, value in whole.total.items() if value in (0, None)} - books
        assert not silent


async def test_facts_follow_lots_that_go_on(database_url: str) -> None:
    """Read in steps by two gateways, died in between, rebuilt: always the same."""
    async with exclusive.connected(database_url) as connection:
        archive = Archive(connection, 5)
        await archive.open()
        histories = [history for history in told_lives() if len(history) > 8][:12]
        cut = {}
        for history in histories:
            entries = archive._elsewhen(history)
            lot = await archive.write([history[0]])
            cut[lot] = entries
        gateways = [FactsKeeper(database_url), FactsKeeper(database_url)]
        for share in (1, 3, 6, 10):
            for lot, entries in cut.items():
                await _rewrite(connection, archive, lot, entries[: len(entries) * share // 10 + 1])
            if share == 6:
                gateways[0] = FactsKeeper(database_url)  # the first has died
            await gateways[share % 2].look(connection)
            assert await gateways[0].look(connection) == 0
            await _is_right(connection)
        before = await _rows(connection)
        assert await keeping.rebuild(database_url) == len(before)
        assert await _rows(connection) == before


async def _rewrite(connection: Any, archive: Archive, lot: int, entries: Any) -> None:
    """The lot's journal is now these entries: longer, or those of a restored ledger."""
    async with connection.transaction():
        await connection.execute("RESET ROLE")
        await connection.execute("ALTER TABLE journal DISABLE TRIGGER ALL")
        await connection.execute("DELETE FROM journal WHERE lot_id = $1", lot)
        await connection.execute("ALTER TABLE journal ENABLE TRIGGER ALL")
        archive.random.seed(lot)
        await archive.record(lot, entries)
        await connection.execute("SET ROLE auction_app")


async def _is_right(connection: Any) -> None:
    ledger = await read(connection)
    for currency in ("VND", "EUR"):
        question = Question(ALL, "quarter", TODAY, currency=currency)
        check(await computing.compute(connection, question), ledger)


async def _rows(connection: Any) -> list[Any]:
    return [tuple(row) for row in await connection.fetch("SELECT * FROM lot_facts ORDER BY lot_id")]


async def test_a_journal_that_does_not_hold_is_named_and_stops_nobody_else(
    database_url: str,
) -> None:
    async with exclusive.connected(database_url) as connection:
        archive = Archive(connection, 6)
        await archive.open()
        histories = told_lives()[:3]
        lots = [await archive.write(history, plain=True) for history in histories]
        await connection.execute("RESET ROLE")
        await connection.execute("ALTER TABLE journal DISABLE TRIGGER ALL")
        await connection.execute("DELETE FROM journal WHERE lot_id = $1 AND seq = 2", lots[0])
        await connection.execute("ALTER TABLE journal ENABLE TRIGGER ALL")
        await connection.execute("SET ROLE auction_app")
        keeper = FactsKeeper(database_url)
        assert await keeper.look(connection) == 2
        assert await keeper.look(connection) == 0
        assert [row[0] for row in await _rows(connection)] == lots[1:]
    with pytest.raises(LedgerError, match=f"lot {lots[0]} does not hold"):
        await keeping.rebuild(database_url)
    async with exclusive.connected(database_url) as connection:
        assert [row[0] for row in await _rows(connection)] == lots[1:]


async def test_one_looks_at_a_time(database_url: str) -> None:
    async with (
        exclusive.connected(database_url) as connection,
        exclusive.connected(database_url) as other,
    ):
        archive = Archive(connection, 6)
        await archive.open()
        await archive.write(told_lives()[0], plain=True)
        async with exclusive.alone(other, keeping.LOCK, 0):
            assert await FactsKeeper(database_url).look(connection) == 0
        assert await FactsKeeper(database_url).look(connection) == 1


async def test_rebuilding_tells_how_far_it_is_and_forgets_what_is_gone(database_url: str) -> None:
    told: list[tuple[int, int]] = []
    async with exclusive.connected(database_url) as connection:
        archive = Archive(connection, 6)
        await archive.open()
        for history in told_lives()[:5]:
            await archive.write(history, plain=True)
        await FactsKeeper(database_url).look(connection)
        right = await _rows(connection)
        await connection.execute("UPDATE lot_facts SET bids = 99, version = 0")
        await connection.execute("UPDATE lot_facts SET lot_id = -1 WHERE lot_id = $1", right[0][0])
        await keeping.rebuild(database_url, lambda *far: told.append(far))
        assert await _rows(connection) == right
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1][0] == told[-1][1] == sum(map(len, told_lives()[:5]))


async def test_facts_of_an_older_reading_are_made_anew(database_url: str) -> None:
    async with exclusive.connected(database_url) as connection:
        archive = Archive(connection, 6)
        await archive.open()
        await archive.write(told_lives()[0], plain=True)
        await FactsKeeper(database_url).look(connection)
        right = await _rows(connection)
        await connection.execute("UPDATE lot_facts SET version = 0, extensions = 7")
        assert await FactsKeeper(database_url).look(connection) == 1
        assert await _rows(connection) == right


def test_the_command_makes_all_anew(settings: Settings) -> None:
    url = settings.database_url or ""

    async def write() -> None:
        async with exclusive.connected(url) as connection:
            archive = Archive(connection, 6)
            await archive.open()
            for history in told_lives()[:4]:
                await archive.write(history, plain=True)

    async def facts() -> int:
        async with exclusive.connected(url) as connection:
            return len(await _rows(connection))

    asyncio.run(write())
    asked = {"AUCTION_DATABASE_URL": url, "AUCTION_REDIS_URL": settings.redis_url or "",
             "AUCTION_DATA_DIR": str(settings.data_dir)}  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-m", "auction_engine.cli", "statistics", "rebuild"],
        env={**os.environ, **asked}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "The facts of 4 lots are those of their journals.\n"
    assert asyncio.run(facts()) == 4
