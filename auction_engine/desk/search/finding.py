"""Lists of lots: a page at a time, and how many there are of each kind.

A page begins after the last lot of the page before (a keyset), not at a number: lots that come and
go meanwhile move nothing, and each lot that stays where it is is seen once.
"""

import asyncio
import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from auction_engine.desk.search.filters import (
    FACETS,
    Filters,
    conditions,
    facet_conditions,
    numbered,
)

PAGE = 24
# Of the web's connections to the ledger; the others are for those who bid.
_AT_ONCE = 2
_MARK_S = 0.5
# Counting a hundred thousand lots takes a while: counts may be this old while prices move.
_COUNTS_S = 2.0
_COUNTS_KEPT = 200
_COLUMNS = (
    "lot_id, session_id, kind, province, state, method, status, failure, currency, starting_minor,"
    " price_minor, deposit_minor, bids, listed_ms, opens_ms, closes_ms, registration_ms, ended_ms,"
    " place, updated_at, seq, notice, card"
)
# Of each order: the column, and whether it goes down.
_ORDERS = {
    "soon": ("place", False),
    "best": ("place", False),
    "new": ("listed_ms", True),
    "cheap": ("price_minor", False),
    "dear": ("price_minor", True),
}
_CURSOR = re.compile(r"([0-3])-([0-9]{1,17})-([0-9]{1,17})").fullmatch
_MOST_ID = 2**53


class Mark(NamedTuple):
    """How often the index has changed, and when it last did."""

    version: int
    changed_at: datetime


class Cursor(NamedTuple):
    """After which lot a page begins: `tier` of the question, value of the order, lot."""

    tier: int
    value: int
    lot: int

    def __str__(self) -> str:
        return f"{self.tier}-{self.value}-{self.lot}"

    @classmethod
    def read(cls, typed: str | None) -> "Cursor | None":
        """What an address says; None where it says nothing that can be read."""
        found = _CURSOR(typed or "")
        return (
            None if found is None or not found.group().isascii() else cls(*map(int, found.groups()))
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Lots as columns of `lot_search`, and where the next page begins; None after the last."""

    lots: list[dict[str, Any]]
    after: Cursor | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many lots there are in all, and of each value of each facet with the others kept."""

    total: int
    of: dict[str, dict[str, int]]
    when: dict[str, int]


# (kind, province, state, method, how many)
_Cube = list[tuple[Any, ...]]


class Search:
    """Questions to the index. One per process."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._mark: Mark | None = None
        self._mark_until_s = 0.0
        self._cubes: OrderedDict[Any, tuple[int, float, _Cube]] = OrderedDict()

    async def mark(self) -> Mark:
        """The index's mark, at most half a second old."""
        now_s = time.monotonic()
        if self._mark is None or now_s >= self._mark_until_s:
            async with self._engine.connect() as connection:
                row = (
                    await connection.execute(text("SELECT version, changed_at FROM search_mark"))
                ).one()
            self._mark = Mark(row[0], row[1])
            self._mark_until_s = now_s + _MARK_S
        return self._mark

    async def lot(self, lot: int) -> dict[str, Any] | None:
        """A published lot's columns and the journal entry they are of; None if there is none."""
        if not 0 < lot < _MOST_ID:
            return None
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text(f"SELECT {_COLUMNS} FROM lot_search WHERE lot_id = :lot"),  # noqa: S608
                {"lot": lot},
            )
            row = rows.one_or_none()
        return None if row is None else dict(row._mapping)

    async def page(self, filters: Filters, after: Cursor | None = None, most: int = PAGE) -> Page:
        """The lots of a list after `after`."""
        question = filters.asked if filters.text else None
        tiers: tuple[str | None, ...] = (None,)
        if question is not None:
            tiers = question.tiers if filters.sort == "best" else (question.all,)
        first = 0 if after is None else min(after.tier, len(tiers) - 1)
        values: dict[str, Any] = {}
        branches = []
        for tier in range(first, len(tiers)):
            begin = after if tier == first else None
            branch = _branch(filters, tiers, tier, begin, values)
            branches.append(f"({branch} LIMIT {most + 1})")
        # One after the other, and no further than the page is full.
        sql = f"SELECT * FROM ({' UNION ALL '.join(branches)}) AS found LIMIT {most + 1}"  # noqa: S608
        rows = await self._fetch(sql, values, question is not None)
        found = [dict(row) for row in rows[:most]]
        if len(rows) <= most:
            return Page(found, None)
        column, _ = _ORDERS[filters.sort]
        last = rows[most - 1]
        return Page(found, Cursor(last["tier"], int(last[column]), int(last["lot_id"])))

    async def _fetch(self, sql: str, values: dict[str, Any], words: bool) -> list[Any]:
        """The rows of a statement, without the layers that each would pay for; `words`: it asks
        for words, which the index alone may answer."""
        in_numbers, in_order = numbered(sql, values)
        async with self._turns, self._engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            if not words:
                return list(await driver.fetch(in_numbers, *in_order))
            # For a word that half of the lots have PostgreSQL would read the words of all of them.
            await driver.execute("BEGIN; SET LOCAL enable_seqscan = off")
            try:
                return list(await driver.fetch(in_numbers, *in_order))
            finally:
                await driver.execute("ROLLBACK")

    async def counts(self, filters: Filters) -> Counts:
        """How many there are. At most two seconds old."""
        return _counted(await self._cube(filters), filters)

    async def _cube(self, filters: Filters) -> _Cube:
        """How many lots there are of every combination of the facets' values."""
        question = filters.asked if filters.text else None
        where, values = conditions(filters, None if question is None else question.all)
        key = tuple(sorted(values.items()))
        mark, now_s = await self.mark(), time.monotonic()
        kept = self._cubes.get(key)
        if kept is not None and (kept[0] == mark.version or now_s < kept[1]):
            self._cubes.move_to_end(key)
            return kept[2]
        sql = f"SELECT facets, count(*) FROM lot_search{_where(where)} GROUP BY facets"  # noqa: S608
        rows = await self._fetch(sql, values, question is not None)
        cube: _Cube = [(*row[0].split("|"), row[1]) for row in rows]
        self._cubes[key] = (mark.version, now_s + _COUNTS_S, cube)
        if len(self._cubes) > _COUNTS_KEPT:
            self._cubes.popitem(last=False)
        return cube


def _where(found: list[str]) -> str:
    return f" WHERE {' AND '.join(found)}" if found else ""


def _branch(
    filters: Filters,
    tiers: tuple[str | None, ...],
    tier: int,
    after: Cursor | None,
    values: dict[str, Any],
) -> str:
    """SQL for the next lots that a tier of the question finds and no better one.

    Adds to `values`.
    """
    where, given = conditions(filters, None)
    more, chosen = facet_conditions(filters)
    where += more
    values |= given | chosen
    for number in range(tier + 1):
        values[f"query{number}"] = tiers[number]
    if tiers[tier] is not None:
        where.append(f"words @@ CAST(:query{tier} AS tsquery)")
    if tier:
        better = " OR ".join(f"words @@ CAST(:query{n} AS tsquery)" for n in range(tier))
        where.append(f"lot_id NOT IN (SELECT lot_id FROM lot_search WHERE {better})")  # noqa: S608
    column, down = _ORDERS[filters.sort]
    if after is not None:
        where.append(f"({column}, lot_id) {'<' if down else '>'} (:value, :lot)")
        values |= {"value": after.value, "lot": after.lot}
    way = " DESC" if down else ""
    # How many lots have rare words PostgreSQL guesses too high: it would read the words of lot
    # after lot in the order's index. What is reckoned has no index.
    reckoned = "" if tiers[tier] is None else " + 0"
    return (
        f"SELECT {tier} AS tier, {_COLUMNS} FROM lot_search{_where(where)}"  # noqa: S608
        f" ORDER BY {column}{reckoned}{way}, lot_id{way}"
    )


def _counted(cube: _Cube, filters: Filters) -> Counts:
    chosen = [set(filters.chosen(facet)) for facet in FACETS]
    scope = set(filters.scope)
    at_state = FACETS.index("state")
    of: list[dict[str, int]] = [{} for _ in FACETS]
    when = dict.fromkeys(("open", "ended", "all"), 0)
    total = 0
    ended = set(Filters(when="ended").scope)
    for *values, count in cube:
        misses = [n for n, wanted in enumerate(chosen) if wanted and values[n] not in wanted]
        if not misses or misses == [at_state]:
            when["all"] += count
            when["ended" if values[at_state] in ended else "open"] += count
        if values[at_state] not in scope:
            continue
        if not misses:
            total += count
        for n in range(len(FACETS)) if not misses else misses if len(misses) == 1 else ():
            of[n][values[n]] = of[n].get(values[n], 0) + count
    return Counts(total, dict(zip(FACETS, of, strict=True)), when)
