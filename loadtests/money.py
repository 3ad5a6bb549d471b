"""The cost of a transfer and of a balance in books of any size; many closings on one escrow.

Each size is a database of its own, filled through `books.post`, so that every balance was kept by
the triggers. Sizes take turns, round by round, so that whatever drifts touches all alike. The
rivals run in the same rounds: a balance as the sum over postings, and an escrow account of one row.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import asyncpg

from auction_engine.ledger import books, store
from auction_engine.rules.postings.chart import of_bidder
from auction_engine.rules.postings.entry import Cause, Entry, Name, credit, debit
from loadtests import table
from loadtests.instance import Instance
from loadtests.storm import quantile_ms

_FLAT = 1.2
_ESCROW = Name("BANK.ESCROW")
_AMOUNT_MINOR = 50_000_000
_CHUNK = 250
_CHUNK_LOTS = 10
_SUM = "SELECT -sum(amount_minor)::bigint FROM posting WHERE account_id = $1"
# The rival's escrow account: allowed to be what it likes, but kept in one row.
_ONE_ROW = (
    "INSERT INTO money_account (book_id, code, key, debit_side, overdrawn, hot, escrow)"
    " VALUES ($1, 'BANK.ESCROW', '', true, true, false, true)"
)


@dataclass(frozen=True)
class Plan:
    """`calls` of each kind at each of `sizes`; `lots` of `bidders` closed by `clients` at once."""

    sizes: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    calls: int = 1_000
    sums: int = 20
    lots: int = 500
    bidders: int = 20
    clients: int = 16
    rounds: int = 5

    @classmethod
    def quick(cls) -> Plan:
        return cls(sizes=(1_000, 5_000), calls=200, sums=5, lots=40, bidders=5, rounds=1)


class Books:
    """One database with one book, in which deposits are held."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.book = 0
        self.posted = 0

    async def open(self, one_row: bool = False) -> None:
        connection = await store.connect(self.url, timeout_s=600)
        try:
            name = {"vi": "Tổ chức đấu giá", "en": "Auction organisation"}
            self.book = await books.open_book(connection, "ORGANISATION", name, "VND", 0)
            if one_row:
                await connection.execute(_ONE_ROW, self.book)
        finally:
            await connection.close()

    def deposit(self) -> Entry:
        """The next one: of another bidder, at a lot of twenty."""
        self.posted += 1
        return self.deposit_of(self.posted // 20, self.posted)

    def deposit_of(self, lot: int, bidder: int) -> Entry:
        legs = (
            debit("BANK.ESCROW", _AMOUNT_MINOR),
            credit("LIAB.DEPOSIT", _AMOUNT_MINOR, of_bidder(lot, bidder)),
        )
        cause = Cause("LINE", bidder)
        return Entry(self.book, "deposit.held", f"hold:{lot}-{bidder}", cause, legs, pending=True)

    def back(self, lot: int, bidder: int) -> Entry:
        legs = (
            debit("LIAB.DEPOSIT", _AMOUNT_MINOR, of_bidder(lot, bidder)),
            credit("BANK.ESCROW", _AMOUNT_MINOR),
        )
        hold = f"hold:{lot}-{bidder}"
        return Entry(
            self.book, "deposit.back", f"back:{lot}-{bidder}", Cause("ACT", lot), legs,
            resolves=hold,
        )  # fmt: skip

    async def fill(self, size: int) -> None:
        """Deposits until there are `size` transfers."""
        connection = await store.connect(self.url, timeout_s=600)
        try:
            while self.posted < size:
                count = min(_CHUNK, size - self.posted)
                await books.post(connection, [self.deposit() for _ in range(count)])
            await connection.execute("RESET ROLE")
            await connection.execute("VACUUM ANALYZE")
        finally:
            await connection.close()


async def _new_books(instance: Instance, name: str, one_row: bool = False) -> Books:
    """An empty copy of the migrated database."""
    make = f"CREATE DATABASE {name} OWNER auction TEMPLATE auction"
    await asyncio.to_thread(instance.servers.postgres.psql, make, "postgres")
    made = Books(instance.servers.postgres.url(database=name))
    await made.open(one_row)
    return made


# --- one at a time, in books of any size --------------------------------------------------------


async def _timed(call: Callable[[], Awaitable[Any]], count: int) -> dict[str, Any]:
    took = []
    gc.collect()
    started = time.perf_counter()
    for _ in range(count):
        before = time.perf_counter()
        await call()
        took.append(time.perf_counter() - before)
    spent = time.perf_counter() - started
    took.sort()
    return {
        "offered_per_s": None,
        "acknowledged_share": 1.0,
        "acknowledged_per_s": round(count / spent, 1),
        "p50_ms": quantile_ms(took, 0.5),
        "p99_ms": quantile_ms(took, 0.99),
    }


async def _one_at_a_time(of: Books, size: int, plan: Plan) -> list[dict[str, Any]]:
    connection = await store.connect(of.url, timeout_s=600)
    try:
        account = await connection.fetchval("SELECT id FROM money_account WHERE code = $1",
                                            _ESCROW.code)  # fmt: skip
        kinds: tuple[tuple[str, Callable[[], Awaitable[Any]], int], ...] = (
            ("post", lambda: books.post(connection, [of.deposit()]), plan.calls),
            ("balance", lambda: books.balance(connection, of.book, _ESCROW), plan.calls),
            ("sum of postings", lambda: connection.fetchval(_SUM, account), plan.sums),
        )
        rows = []
        for what, call, count in kinds:
            for _ in range(10):  # until statements are prepared and plans settled
                await call()
            before = of.posted
            figures = await _timed(call, count)
            rows.append({"case": f"{size:,} transfers", "what": what, "before": before} | figures)
        return rows
    finally:
        await connection.close()


# --- many at once on one escrow -----------------------------------------------------------------


async def _closing(of: Books, case: str, first_lot: int, plan: Plan) -> dict[str, Any]:
    """Every deposit of `plan.lots` lots goes back, a lot at a time, over `plan.clients`."""
    bidders = range(1, plan.bidders + 1)
    lots = range(first_lot, first_lot + plan.lots)
    connections = await asyncio.gather(*(store.connect(of.url) for _ in range(plan.clients)))
    try:
        for at in range(0, plan.lots, _CHUNK_LOTS):
            held = [of.deposit_of(lot, n) for lot in lots[at : at + _CHUNK_LOTS] for n in bidders]
            await books.post(connections[0], held)
        left: Iterator[int] = iter(lots)
        took: list[float] = []

        async def client(connection: asyncpg.Connection) -> None:
            for lot in left:
                before = time.perf_counter()
                await books.post(connection, [of.back(lot, n) for n in bidders])
                took.append(time.perf_counter() - before)

        gc.collect()
        started = time.perf_counter()
        await asyncio.gather(*(client(one) for one in connections))
        spent = time.perf_counter() - started
        escrow = await books.escrow(connections[0], of.book)
        if escrow != (0, 0):
            raise RuntimeError(f"{case}: the escrow should be empty, it is at {escrow}.")
    finally:
        await asyncio.gather(*(one.close() for one in connections))
    took.sort()
    return {
        "case": case,
        "what": f"close a lot of {plan.bidders}",
        "before": 2 * plan.bidders * (first_lot - 1) + plan.bidders * plan.lots,
        "offered_per_s": None,
        "acknowledged_share": 1.0,
        "acknowledged_per_s": round(plan.lots / spent, 1),
        "transfers_per_s": round(plan.lots * plan.bidders / spent, 1),
        "p50_ms": quantile_ms(took, 0.5),
        "p99_ms": quantile_ms(took, 0.99),
    }


# --- all of it ----------------------------------------------------------------------------------

_STRIPES, _ROW = "escrow in stripes", "escrow in one row"
_COLUMNS = (
    ("case", "books"), ("what", "what"), ("before", "transfers before"),
    ("acknowledged_per_s", "per s"), ("transfers_per_s", "transfers/s"),
    ("p50_ms", "p50 ms"), ("p99_ms", "p99 ms"),
)  # fmt: skip


def _checks(rows: list[dict[str, Any]], plan: Plan) -> list[dict[str, Any]]:
    of = {(row["case"], row["what"]): row for row in rows}
    small, large = plan.sizes[0], plan.sizes[-1]
    checks = []
    for what in ("post", "balance", "sum of postings"):
        first, last = (of[f"{size:,} transfers", what] for size in (small, large))
        for field, most in (("p50_ms", _FLAT), ("p99_ms", None)):
            if what == "sum of postings":
                most = None
            title = f"{what}: {field[:3]} at {large:,} / at {small:,} transfers"
            checks.append(table.check(title, table.ratio(last[field], first[field]), most))
    balance, rival = (of[f"{large:,} transfers", what] for what in ("balance", "sum of postings"))
    title = f"sum of postings / balance: p50 at {large:,} transfers"
    checks.append(table.check(title, table.ratio(rival["p50_ms"], balance["p50_ms"]), least=1))
    closing = f"close a lot of {plan.bidders}"
    stripes, row = (of[case, closing]["acknowledged_per_s"] for case in (_STRIPES, _ROW))
    title = f"lots closed per second: stripes / one row, {plan.clients} at once"
    checks.append(table.check(title, table.ratio(stripes, row), least=1))
    return checks


async def run(instance: Instance, plan: Plan) -> dict[str, Any]:
    """Everything of this benchmark: the content of money.json."""
    started = time.perf_counter()
    sizes: dict[int, Books] = {}
    for size in plan.sizes:
        sizes[size] = await _new_books(instance, f"money_{size}")
        await sizes[size].fill(size)
        table.progress(f"{size:,} transfers posted")
    stripes = await _new_books(instance, "money_stripes")
    row = await _new_books(instance, "money_row", one_row=True)
    await asyncio.to_thread(instance.servers.postgres.psql, "CHECKPOINT", "postgres")
    filled_s = time.perf_counter() - started
    runs: list[dict[str, Any]] = []
    for number in range(plan.rounds):
        turn = number % len(plan.sizes)
        for size in (*plan.sizes[turn:], *plan.sizes[:turn]):
            runs += await _one_at_a_time(sizes[size], size, plan)
        pair = [(stripes, _STRIPES), (row, _ROW)]
        for of, case in pair if number % 2 else pair[::-1]:
            runs.append(await _closing(of, case, 1 + number * plan.lots, plan))
        instance.check()
        table.progress(f"round {number + 1} of {plan.rounds}")
    grouped: dict[Any, list[dict[str, Any]]] = {}
    for one in runs:
        grouped.setdefault((one["case"], one["what"]), []).append(one)
    rows = [table.median_of(group) for group in grouped.values()]
    checks = _checks(rows, plan)
    table.show("Transfers and balances", rows, _COLUMNS)
    table.show_checks(checks)
    return {
        "machine": await table.machine(instance),
        "parameters": asdict(plan) | {"filled_s": round(filled_s, 1)},
        "rows": rows,
        "checks": checks,
        "runs": runs,
    }
