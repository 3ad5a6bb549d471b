"""How long a file of ten thousand assets takes: looked at with its faults, and written.

A gateway's own task does it (`desk.integration.importing.Importer`), here in this process; while it
works, a clock in the same loop says for how long anything else would have waited, a bid included.
The rival enters the same assets one by one, as people and simple programs do.
"""

from __future__ import annotations

import asyncio
import resource
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from auction_engine.desk import exclusive
from auction_engine.desk.cases import assets as single
from auction_engine.desk.integration import importing
from auction_engine.desk.integration.importing import Importer, Upload
from auction_engine.identity.vault import Vault
from loadtests import table
from loadtests.imports_file import cases
from loadtests.instance import Instance
from loadtests.storm import quantile_ms

_WITHIN_S = 60.0
_TICK_S = 0.002
# Until the reader has ended, whose CPU time is known only then.
_REST_S = 0.5
_ENDS = ("READY", "WRONG", "IMPORTED", "FAILED", "GIVEN_UP")


@dataclass(frozen=True)
class Plan:
    """A file of `assets`, `wrong` of them with a fault; `single` are entered one by one."""

    assets: int = 10_000
    wrong: float = 0.03
    single: int = 1_000
    rounds: int = 3

    @classmethod
    def quick(cls) -> Plan:
        return cls(assets=400, single=40, rounds=1)


# --- measuring ----------------------------------------------------------------------------------


class Stalls:
    """How much later than due something in the same loop was done, in seconds, and CPU seconds."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.late_s: list[float] = []
        self.before = self._cpu_s()

    async def run(self) -> None:
        while True:
            due = time.perf_counter() + _TICK_S
            await asyncio.sleep(_TICK_S)
            self.late_s.append(max(0.0, time.perf_counter() - due))

    def figures(self) -> dict[str, Any]:
        late = sorted(self.late_s)
        return {
            "stall_p50_ms": quantile_ms(late, 0.5),
            "stall_p99_ms": quantile_ms(late, 0.99),
            "stall_max_ms": quantile_ms(late, 1.0),
            **{
                f"cpu_{name}_s": round(used - self.before[name], 3)
                for name, used in self._cpu_s().items()
            },
        }

    def _cpu_s(self) -> dict[str, float]:
        """Of this process (as a gateway), of PostgreSQL, and of the readers that have ended."""
        ours = self.instance.cpu_s()
        readers = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {
            "gateway": ours["load"] or 0.0,
            "postgresql": ours["postgresql"] or 0.0,
            "reader": readers.ru_utime + readers.ru_stime,
        }


@asynccontextmanager
async def _minded(instance: Instance) -> AsyncIterator[Stalls]:
    stalls = Stalls(instance)
    task = asyncio.create_task(stalls.run())
    try:
        yield stalls
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Agency:
    """An agency of its own with somebody who imports."""

    def __init__(self, instance: Instance, connection: Any) -> None:
        self.instance = instance
        self.vault = Vault.of(instance.settings)
        self.connection = connection
        self.whose = (0, 0)

    async def open(self, name: str) -> Agency:
        body = await self.connection.fetchval(
            "INSERT INTO body (kind, name) VALUES ('AGENCY', jsonb_build_object('vi', $1::text))"
            " RETURNING id", name,
        )  # fmt: skip
        account = await self.connection.fetchval(
            "INSERT INTO account (login, name, role, body_id) VALUES ($1, 'O', 'officer', $2)"
            " RETURNING id", name, body,
        )  # fmt: skip
        self.whose = (body, account)
        return self

    async def look(self, body: bytes) -> dict[str, Any]:
        """Hand a file in; what it came to when it was looked at."""
        upload = Upload(uuid.uuid4(), "x.json", "json", body)
        number = await importing.take(self.connection, self.vault, self.whose, upload)
        return await self._ended(number)

    async def write(self, number: int) -> dict[str, Any]:
        """Confirm it; what it came to."""
        await importing.confirm(self.connection, number, self.whose[1])
        return await self._ended(number)

    async def _ended(self, number: int) -> dict[str, Any]:
        while True:
            found = await importing.one(self.connection, number)
            assert found is not None
            if found["state"] in _ENDS:
                return found
            await asyncio.sleep(0.05)


def _row(what: str, count: int, took_s: float, took: list[float] | None = None) -> dict[str, Any]:
    """`took`: of each asset alone, where they went one by one."""
    took = sorted(took or [])
    return {
        "what": what,
        "assets": count,
        "took_s": round(took_s, 2),
        "offered_per_s": None,
        "acknowledged_share": 1.0,
        "acknowledged_per_s": round(count / took_s, 1),
        "p50_ms": quantile_ms(took, 0.5) if took else None,
        "p99_ms": quantile_ms(took, 0.99) if took else None,
    }


_LOOKED, _WRITTEN, _SINGLE = "looked at, with faults", "confirmed and written", "one by one"


async def _round(agency: Agency, name: str, plan: Plan) -> list[dict[str, Any]]:
    """The file with faults looked at; a good one looked at, and written."""
    rows = []
    for share in (plan.wrong, 0.0):
        told, spoilt = cases(f"{name}-{share}", plan.assets, share)
        body = orjson.dumps({"version": 1, "cases": told})
        async with _minded(agency.instance) as stalls:
            begun = time.perf_counter()
            found = await agency.look(body)
            row = _row(_LOOKED, plan.assets, time.perf_counter() - begun)
            await asyncio.sleep(_REST_S)
        wanted = ("WRONG", spoilt) if spoilt else ("READY", 0)
        if (found["state"], found["wrong"]) != wanted or len(found["errors"]) != spoilt:
            raise RuntimeError(f"The file is {found['state']} with {found['wrong']} faults.")
        if spoilt:
            rows.append(row | {"faults": spoilt, "file_mb": len(body) / 1e6} | stalls.figures())
            continue
        async with _minded(agency.instance) as stalls:
            begun = time.perf_counter()
            done = await agency.write(found["id"])
            row = _row(_WRITTEN, plan.assets, time.perf_counter() - begun)
            await asyncio.sleep(_REST_S)
        if done["state"] != "IMPORTED":
            raise RuntimeError(f"The file is {done['state']}.")
        rows.append(row | {"faults": 0, "file_mb": len(body) / 1e6} | stalls.figures())
    return rows


async def _one_by_one(agency: Agency, name: str, plan: Plan) -> dict[str, Any]:
    """The rival: each case and each asset in a transaction of its own."""
    told, _ = cases(name, plan.single, 0.0)
    took = []
    begun = time.perf_counter()
    for one in told:
        own = one.pop("assets")
        async with agency.connection.transaction():
            number = await single.create_case(
                agency.connection, *agency.whose, one, vault=agency.vault
            )
        for data in own:
            before = time.perf_counter()
            async with agency.connection.transaction():
                await single.create_asset(agency.connection, number, agency.whose[1], data)
            took.append(time.perf_counter() - before)
    return _row(_SINGLE, plan.single, time.perf_counter() - begun, took)


_COLUMNS = (
    ("what", "what"), ("assets", "assets"), ("faults", "faults"), ("took_s", "s"),
    ("acknowledged_per_s", "assets/s"), ("p50_ms", "p50 ms each"),
    ("stall_p99_ms", "others wait, p99 ms"), ("stall_max_ms", "at most, ms"),
    ("cpu_gateway_s", "gateway CPU s"), ("cpu_reader_s", "reader"), ("cpu_postgresql_s", "PG"),
)  # fmt: skip


def _checks(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    of = {row["what"]: row for row in rows}
    looked, written, rival = of[_LOOKED], of[_WRITTEN], of[_SINGLE]
    faster = table.ratio(written["acknowledged_per_s"], rival["acknowledged_per_s"])
    return [
        table.check(f"{written['assets']:,} assets written, s", written["took_s"], _WITHIN_S),
        table.check(f"{looked['assets']:,} assets looked at, s", looked["took_s"], _WITHIN_S),
        table.check("assets per second: imported / one by one", faster, least=1),
        # A frame of updates goes out every 50 ms: nobody sees half of that.
        table.check("others wait while it writes, p99 ms", written["stall_p99_ms"], 25),
    ]


async def run(instance: Instance, plan: Plan) -> dict[str, Any]:
    """Everything of this benchmark: the content of imports.json."""
    url = instance.settings.database_url or ""
    runs: list[dict[str, Any]] = []
    importer = asyncio.create_task(Importer(url, Vault.of(instance.settings)).run())
    try:
        async with exclusive.connected(url) as connection:
            for number in range(plan.rounds):
                agency = await Agency(instance, connection).open(f"imports {number}")
                runs += await _round(agency, f"F{number}", plan)
                runs.append(await _one_by_one(agency, f"S{number}", plan))
                instance.check()
                table.progress(f"round {number + 1} of {plan.rounds}")
    finally:
        importer.cancel()
        await asyncio.gather(importer, return_exceptions=True)
    grouped: dict[str, list[dict[str, Any]]] = {}
    for one in runs:
        grouped.setdefault(one["what"], []).append(one)
    rows = [table.median_of(group) for group in grouped.values()]
    checks = _checks(rows)
    table.show("Files of assets", rows, _COLUMNS)
    table.show_checks(checks)
    return {
        "machine": await table.machine(instance),
        "parameters": asdict(plan),
        "rows": rows,
        "checks": checks,
        "runs": runs,
    }
