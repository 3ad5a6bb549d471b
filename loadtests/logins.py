"""What a rush of sign-ins does to bids: the same steady bids without and with it, in turns."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from auction_engine.identity import accounts
from auction_engine.identity.passwords import Passwords
from auction_engine.ledger.database import make_engine
from auction_engine.serving import scheduling
from loadtests import table
from loadtests.instance import Instance
from loadtests.paths import Crowd, OverLive
from loadtests.storm import quantile_ms

# 1,000 sign-ins a minute move the p99 of bids by no more than a quarter.
_MOVED = 1.25
_PASSWORD = "a password of the benchmark"
_ALONE, _WITH = "bids alone", "bids and sign-ins"
_ANSWER_S = 30.0


@dataclass(frozen=True)
class Plan:
    """`rate` bids a second for `seconds`, `per_minute` sign-ins meanwhile in every second turn."""

    rate: int = 200
    seconds: float = 20.0
    warmup_s: float = 2.0
    rounds: int = 5
    bidders: int = 50
    accounts: int = 200
    per_minute: int = 1_000

    @classmethod
    def quick(cls) -> Plan:
        return cls(rate=100, seconds=3.0, warmup_s=0.5, rounds=1, bidders=10, accounts=20)


@dataclass
class Rush:
    """People who sign in with right passwords, at a steady rate whatever becomes of others."""

    port: int
    logins: list[str]
    per_minute: float
    seconds: list[float] = field(default_factory=list)
    refused: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; returns when everybody under way has an answer."""
        begun, number = time.perf_counter(), 0
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                due = begun + number * 60 / self.per_minute
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(self._sign_in(self.logins[number % len(self.logins)]))
                number += 1

    async def _sign_in(self, login: str) -> None:
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(_ANSWER_S):
                status = await self._post(orjson.dumps({"login": login, "password": _PASSWORD}))
        except (OSError, TimeoutError):
            status = b""
        if status == b"200":
            self.seconds.append(time.perf_counter() - begun)
        else:
            self.refused += 1

    async def _post(self, body: bytes) -> bytes:
        """The answer's status; by hand, because this process also times the bids."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            head = (
                f"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            line = await reader.readline()
            await reader.read()
            return line.split(b" ", 2)[1] if line.count(b" ") > 1 else b""
        finally:
            writer.close()

    def figures(self) -> dict[str, Any]:
        """What became of the sign-ins."""
        took = sorted(self.seconds)
        return {
            "logins": len(self.seconds),
            "logins_refused": self.refused,
            "login_p50_ms": quantile_ms(took, 0.5),
            "login_p99_ms": quantile_ms(took, 0.99),
        }


@contextlib.asynccontextmanager
async def _rushing(rush: Rush | None) -> AsyncIterator[None]:
    """A rush for as long as the block lasts; it has begun to press when the block begins."""
    if rush is None:
        yield
        return
    stop = asyncio.Event()
    running = asyncio.create_task(rush.run(stop))
    try:
        yield
    finally:
        stop.set()
        await running


async def _people(instance: Instance, count: int) -> list[str]:
    """Accounts with a password; one hash serves all, for checking it costs the same."""
    engine = make_engine(instance.settings.database_url or "", pool_size=1)
    try:
        hashed = await Passwords().hash(_PASSWORD)
        logins = [f"person-{number}" for number in range(count)]
        for login in logins:
            await accounts.create(engine, login, login, "organisation", hashed)
        return logins
    finally:
        await engine.dispose()


async def _turn(
    instance: Instance, live: OverLive, plan: Plan, rush: Rush | None
) -> dict[str, Any]:
    async with _rushing(rush):
        row = await live.run(plan.rate, plan.seconds)
    name = _ALONE if rush is None else _WITH
    more = Rush(0, [], 1).figures() if rush is None else rush.figures()
    table.progress(f"{name}: bids p99 {table.text(row['p99_ms'])} ms, {more['logins']} sign-ins")
    return {"case": name, **row, **more}


def _checks(rows: list[dict[str, Any]], plan: Plan) -> list[dict[str, Any]]:
    alone, rushed = (next(row for row in rows if row["case"] == case) for case in (_ALONE, _WITH))
    wanted = plan.per_minute / 60 * plan.seconds
    return [
        table.check(
            "p99 of bids with sign-ins / without",
            table.ratio(rushed["p99_ms"], alone["p99_ms"]),
            _MOVED,
        ),
        table.check("sign-ins answered / asked for", rushed["logins"] / wanted, None, 0.95),
        table.check("sign-ins refused", rushed["logins_refused"], 0),
        table.check("bids left unanswered", max(alone["lost"], rushed["lost"]), 0),
    ]


_COLUMNS = (
    ("case", "load"), ("offered_per_s", "bids offered/s"), ("acknowledged_share", "share"),
    ("p50_ms", "p50 ms"), ("p99_ms", "p99 ms"), ("max_ms", "max ms"), ("logins", "sign-ins"),
    ("login_p50_ms", "sign-in p50 ms"), ("login_p99_ms", "sign-in p99 ms"),
)  # fmt: skip


async def run(instance: Instance, plan: Plan) -> dict[str, Any]:
    """Everything of this benchmark: the content of logins.json."""
    instance.start_recorder()
    instance.start_gateway()
    redis = instance.redis()
    live = OverLive(instance, Crowd(plan.bidders, 0, plan.warmup_s), redis)
    runs: list[dict[str, Any]] = []
    try:
        logins = await _people(instance, plan.accounts)
        for number in range(1, plan.rounds + 1):
            table.progress(f"sign-ins beside bids, round {number} of {plan.rounds}")
            # In turns, and every second round the other way about: what drifts touches both alike.
            for rushed in (False, True) if number % 2 else (True, False):
                rush = Rush(instance.gateway_port, logins, plan.per_minute) if rushed else None
                runs.append(await _turn(instance, live, plan, rush))
    finally:
        live.close()
        await redis.aclose()
        instance.stop_gateway()
    rows = [
        table.median_of([row for row in runs if row["case"] == case]) for case in (_ALONE, _WITH)
    ]
    checks = _checks(rows, plan)
    content = {
        "machine": {**await table.machine(instance), "scheduling": scheduling.said()[2]},
        "parameters": asdict(plan),
        "rows": rows,
        "checks": checks,
        "runs": runs,
    }
    instance.stop_recorder()
    table.show("Sign-ins beside bids", rows, _COLUMNS)
    table.show_checks(checks)
    return content
