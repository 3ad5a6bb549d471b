"""Searching and paging in a catalogue of many lots, through the running program by HTTP.

The rival searches the descriptions themselves (`ILIKE '%…%'` over the lot's JSON), straight in
PostgreSQL and without drawing a page; it takes turns with the program, question by question.
"""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import asyncpg
import orjson

from auction_engine.desk.search import indexing
from auction_engine.ledger.store import HEAD_COLUMNS, JOURNAL_COLUMNS
from loadtests import catalogue_lots, table
from loadtests.instance import Instance
from loadtests.storm import quantile_ms

_SEARCH_MS, _PAGE_MS = 50, 80
_CHUNK = 2_000
_SEED = 5
_RIVAL = (
    "SELECT id, count(*) OVER () FROM lot WHERE content::text ILIKE '%' || $1 || '%'"
    " ORDER BY id LIMIT 24"
)


@dataclass(frozen=True)
class Plan:
    """`lots` in the catalogue; `calls` of each kind in each of `rounds`, by `clients` at once."""

    lots: int = 100_000
    calls: int = 600
    rival_calls: int = 20
    clients: int = 2
    rounds: int = 3

    @classmethod
    def quick(cls) -> Plan:
        return cls(lots=300, calls=20, rival_calls=3, rounds=1)


class Page:
    """One connection that is kept, as a browser keeps it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str) -> bytes:
        """The body of the answer. Raises RuntimeError unless it is 200."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode("ascii"))
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        body = await reader.readexactly(length)
        if " 200 " not in head.partition("\r\n")[0]:
            raise RuntimeError(f"{path}: {head.partition(chr(13))[0]}")
        return body

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


async def _fill(url: str, plan: Plan) -> None:
    connection = await asyncpg.connect(url)
    names = orjson.dumps({"vi": "Phiên đấu giá", "en": "Session"}).decode()
    try:
        bodies = [
            await connection.fetchval(
                "INSERT INTO body (kind, name) VALUES ($1, $2) RETURNING id", kind, names
            )
            for kind in ("ORGANISATION", "AGENCY")
        ]
        session = await connection.fetchval(
            "INSERT INTO auction_session (title, organisation, agency, organisation_id, agency_id)"
            " VALUES ($1, $1, $1, $2, $3) RETURNING id",
            names, *bodies,
        )  # fmt: skip
        lots = catalogue_lots.many(plan.lots, _SEED)
        first = 1
        while chunk := list(islice(lots, _CHUNK)):
            await connection.copy_records_to_table(
                "lot",
                columns=("id", "session_id", "position", "shard", "content"),
                records=[
                    (first + n, session, first + n, 0, orjson.dumps(content).decode())
                    for n, (content, _, _) in enumerate(chunk)
                ],
            )
            await connection.copy_records_to_table(
                "journal",
                columns=JOURNAL_COLUMNS,
                records=[r for _, rows, _ in chunk for r in rows],
            )
            await connection.copy_records_to_table(
                "lot_head", columns=HEAD_COLUMNS, records=[head for _, _, head in chunk]
            )
            first += len(chunk)
    finally:
        await connection.close()


def _paths(rng: random.Random, count: int) -> dict[str, list[str]]:
    """What is asked for, of each kind."""

    def filters() -> dict[str, str]:
        chosen: dict[str, str] = {"when": rng.choice(("open", "open", "ended", "all"))}
        if rng.random() < 0.5:
            chosen["kind"] = rng.choice(("land", "apartment", "car", "house"))
        if rng.random() < 0.5:
            chosen["province"] = rng.choice(("01", "79", "48", "31", "92", "38"))
        if rng.random() < 0.3:
            chosen["max"] = str(rng.randint(1, 9) * 1_000_000_000)
        if rng.random() < 0.3:
            chosen["sort"] = rng.choice(("new", "cheap", "dear"))
        return chosen

    asked = [catalogue_lots.question(rng) for _ in range(count)]
    return {
        "search": ["/api/catalogue?" + urlencode({"q": q, "when": "all"}) for q in asked],
        "search page": ["/lots?" + urlencode({"q": q, "when": "all"}) for q in asked],
        "catalogue page": ["/lots?" + urlencode(filters()) for _ in range(count)],
    }


async def _timed(
    things: Iterable[str], clients: list[Callable[[str], Awaitable[Any]]]
) -> dict[str, Any]:
    """How long each call took, with all clients busy."""
    took: list[float] = []
    left = iter(list(things))
    gc.collect()

    async def client(call: Callable[[str], Awaitable[Any]]) -> None:
        for one in left:
            before = time.perf_counter()
            await call(one)
            took.append(time.perf_counter() - before)

    started = time.perf_counter()
    await asyncio.gather(*(client(one) for one in clients))
    spent = time.perf_counter() - started
    took.sort()
    return {
        "offered_per_s": None,
        "acknowledged_share": 1.0,
        "acknowledged_per_s": round(len(took) / spent, 1),
        "p50_ms": quantile_ms(took, 0.5),
        "p95_ms": quantile_ms(took, 0.95),
        "p99_ms": quantile_ms(took, 0.99),
    }


async def _round(
    pages: list[Page], rival: asyncpg.Connection, plan: Plan, number: int
) -> list[dict[str, Any]]:
    rng = random.Random(1_000 + number)
    rows = []
    paths = _paths(rng, plan.calls)
    for what in ("search", "search page", "catalogue page"):
        figures = await _timed(paths[what], [page.get for page in pages])
        rows.append({"case": "program", "what": what} | figures)
    asked = [catalogue_lots.question(rng).replace('"', "") for _ in range(plan.rival_calls)]
    figures = await _timed(asked, [lambda text: rival.fetch(_RIVAL, text)])
    rows.append({"case": "ILIKE over content", "what": "search"} | figures)
    return rows


async def _ready(page: Page) -> None:
    """Wait until the gateway answers: it reads every lot that is still to come first."""
    async with asyncio.timeout(600):
        while True:
            try:
                await page.get("/lots")
                return
            except (OSError, EOFError, RuntimeError):
                await asyncio.sleep(0.5)


_COLUMNS = (
    ("case", "what answers"), ("what", "what"), ("acknowledged_per_s", "per s"),
    ("p50_ms", "p50 ms"), ("p95_ms", "p95 ms"), ("p99_ms", "p99 ms"),
)  # fmt: skip


def _checks(rows: list[dict[str, Any]], plan: Plan) -> list[dict[str, Any]]:
    of = {(row["case"], row["what"]): row for row in rows}
    ours = of["program", "search"]
    rival = of["ILIKE over content", "search"]
    at = f"{plan.lots:,} lots"
    return [
        table.check(f"search: p95 ms at {at}", ours["p95_ms"], _SEARCH_MS),
        table.check(
            f"search page: p95 ms at {at}", of["program", "search page"]["p95_ms"], _PAGE_MS
        ),
        table.check(
            f"catalogue page: p95 ms at {at}", of["program", "catalogue page"]["p95_ms"], _PAGE_MS
        ),
        table.check("ILIKE / search: p50", table.ratio(rival["p50_ms"], ours["p50_ms"]), least=1),
    ]


async def run(instance: Instance, plan: Plan) -> dict[str, Any]:
    """Everything of this benchmark: the content of catalogue.json."""
    url = instance.servers.database_url
    started = time.perf_counter()
    await _fill(url, plan)
    filled_s = time.perf_counter() - started
    table.progress(f"{plan.lots:,} lots in the ledger")
    started = time.perf_counter()
    await indexing.rebuild(url, lambda done, total: None)
    rebuilt_s = time.perf_counter() - started
    await asyncio.to_thread(instance.servers.postgres.psql, "VACUUM ANALYZE", "auction")
    table.progress(f"indexed in {rebuilt_s:.0f} s")
    instance.start_recorder()
    instance.start_gateway()
    pages = [Page(instance.gateway_port) for _ in range(plan.clients)]
    rival = await asyncpg.connect(url)
    runs: list[dict[str, Any]] = []
    try:
        await _ready(pages[0])
        for number in range(plan.rounds):
            runs += await _round(pages, rival, plan, number)
            instance.check()
            table.progress(f"round {number + 1} of {plan.rounds}")
    finally:
        await rival.close()
        for page in pages:
            page.close()
        instance.stop_gateway()
        instance.stop_recorder()
    grouped: dict[Any, list[dict[str, Any]]] = {}
    for one in runs:
        grouped.setdefault((one["case"], one["what"]), []).append(one)
    rows = [table.median_of(group) for group in grouped.values()]
    checks = _checks(rows, plan)
    table.show(f"The catalogue of {plan.lots:,} lots", rows, _COLUMNS)
    table.show_checks(checks)
    return {
        "machine": await table.machine(instance),
        "parameters": asdict(plan)
        | {"filled_s": round(filled_s, 1), "rebuilt_s": round(rebuilt_s, 1)},
        "rows": rows,
        "checks": checks,
        "runs": runs,
    }
