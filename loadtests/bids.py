"""Durable bids on one hot lot, open loop, through the log alone and through live connections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from loadtests import rowlock, table
from loadtests.instance import Instance
from loadtests.paths import Crowd, OverLive, OverLog

_ALL, _BOUNDED_P99_MS = 0.999, 100.0
_CLIMB, _SEARCH_STEPS = 1.2, 10


@dataclass(frozen=True)
class Plan:
    """What is measured. `low_every`: each so many-th bid is too low and recorded as refused."""

    rates: tuple[int, ...] = (1_000, 5_000, 10_000, 20_000)
    seconds: float = 5.0
    warmup_s: float = 1.0
    rounds: int = 3
    bidders: int = 200
    low_every: int = 10
    rival_clients: int = rowlock.CLIENTS
    rival_rate: int = 1_000
    search: bool = True
    transports: tuple[str, ...] = ("log", "live")

    @classmethod
    def quick(cls) -> Plan:
        return cls(rates=(1_000, 5_000), seconds=1.0, warmup_s=0.5, rounds=1, search=False)


Run = Callable[[float, float], Awaitable[dict[str, Any]]]


def carried(row: dict[str, Any]) -> bool:
    """Whether everything offered was acknowledged, in bounded time."""
    return bool(
        row["acknowledged_share"] >= _ALL
        and row["p99_ms"] is not None
        and row["p99_ms"] <= _BOUNDED_P99_MS
        and row["generator_kept_up"]
    )


async def find_best(run: Run, known: float, seconds: float) -> float:
    """The highest rate carried, from `known` upwards in steps of a fifth, then halved once."""
    best = known
    for _ in range(_SEARCH_STEPS):
        rate = float(round(best * _CLIMB, -2))
        # A second chance: one disturbed run is not the limit.
        if not (carried(await run(rate, seconds)) or carried(await run(rate, seconds))):
            between = float(round((best + rate) / 2, -2))
            return between if carried(await run(between, seconds)) else best
        best = rate
    return best


@dataclass
class Best:
    """The highest rate a transport carries; found in the first round, used in all."""

    rate: float | None = None


async def _transport(name: str, run: Run, plan: Plan, best: Best) -> list[dict[str, Any]]:
    rows = []
    for rate in plan.rates:
        rows.append(_named(name, "open loop", await run(rate, plan.seconds)))
    if best.rate is None:
        good = [row["offered_per_s"] for row in rows if carried(row)]
        best.rate = float(max(good)) if good else float(plan.rates[0])
        if plan.search and good:
            table.progress(f"{name}: looking for the highest rate it carries")
            best.rate = await find_best(run, best.rate, min(2.0, plan.seconds))
    if best.rate not in plan.rates:
        rows.append(_named(name, "best", await run(best.rate, plan.seconds)))
    rows.append(_named(name, "twice the best", await run(2 * best.rate, plan.seconds)))
    return rows


def _named(transport: str, mode: str, row: dict[str, Any]) -> dict[str, Any]:
    rate = row["offered_per_s"]
    offered = "" if rate is None else f", {table.text(rate)}/s offered"
    table.progress(
        f"{transport} {mode}{offered}: {table.text(row['acknowledged_per_s'])}/s acknowledged, "
        f"p50 {table.text(row['p50_ms'])} ms, p99 {table.text(row['p99_ms'])} ms"
    )
    return {"transport": transport, "mode": mode, **row}


async def _round(instance: Instance, plan: Plan, best: dict[str, Best]) -> list[dict[str, Any]]:
    redis = instance.redis()
    crowd = Crowd(plan.bidders, plan.low_every, plan.warmup_s)
    rows: list[dict[str, Any]] = []
    try:
        if "log" in plan.transports:
            rows += await _transport("log", OverLog(instance, crowd, redis).run, plan, best["log"])
        rows += await _rival(instance, plan)
        if "live" in plan.transports:
            # Only now: a gateway would follow the events of the other runs as well.
            instance.start_gateway()
            live = OverLive(instance, crowd, redis)
            try:
                rows += await _transport("live", live.run, plan, best["live"])
            finally:
                live.close()
                instance.stop_gateway()
    finally:
        await redis.aclose()
    return rows


async def _rival(instance: Instance, plan: Plan) -> list[dict[str, Any]]:
    low, count = plan.low_every, plan.rival_clients
    closed = await rowlock.closed_loop(instance, plan.seconds, plan.warmup_s, low, count)
    opened = await rowlock.open_loop(
        instance, plan.rival_rate, plan.seconds, plan.warmup_s, low, count
    )
    return [
        _named("row lock", f"closed loop, {count} clients", closed),
        _named("row lock", "open loop", opened),
    ]


def _checks(rows: list[dict[str, Any]], best: dict[str, Best], plan: Plan) -> list[dict[str, Any]]:
    rival = max((r["acknowledged_per_s"] for r in rows if r["transport"] == "row lock"), default=0)
    checks = []
    for name in plan.transports:
        mine = [row for row in rows if row["transport"] == name]
        checks += _promised(name, mine)
        at_best = [row for row in mine if row["offered_per_s"] == best[name].rate]
        carries = next(
            (r["acknowledged_per_s"] for r in at_best if r["mode"] != "twice the best"), None
        )
        over = next((r["acknowledged_per_s"] for r in mine if r["mode"] == "twice the best"), None)
        times, kept = table.ratio(carries, rival), table.ratio(over, carries)
        lost = max(row["lost"] for row in mine)
        checks += [
            table.check(f"{name}: highest rate carried, bids/s", best[name].rate),
            table.check(f"{name}: times the row lock", times, None, 8),
            table.check(f"{name}: acknowledged at twice the best / best", kept, None, 0.8),
            table.check(f"{name}: bids left unanswered", lost, 0),
        ]
    return checks


def _promised(name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The two rates with a latency that must hold."""
    checks = []
    for rate, p99 in ((10_000, 15.0), (20_000, 40.0)):
        for row in rows:
            if row["offered_per_s"] == rate and row["mode"] == "open loop":
                share = row["acknowledged_share"]
                checks.append(table.check(f"{name}: acknowledged at {rate:,}/s", share, None, 1))
                checks.append(table.check(f"{name}: p99 ms at {rate:,}/s", row["p99_ms"], p99))
    return checks


def _key(row: dict[str, Any]) -> tuple[str, str, float | None]:
    return row["transport"], row["mode"], row["offered_per_s"]


async def _wait_until_up(instance: Instance) -> None:
    """The recorder's own start must not be charged to whatever is measured first."""
    redis = instance.redis()
    log = instance.log(redis)
    await log.start()
    try:
        await log.probe(0, 60)
    finally:
        await log.stop()
        await redis.aclose()


_COLUMNS = (
    ("transport", "path"), ("mode", "load"), ("offered_per_s", "offered/s"),
    ("generator_kept_up", "offered in full"), ("acknowledged_per_s", "acknowledged/s"),
    ("acknowledged_share", "share"), ("busy_share", "busy"), ("lost", "lost"),
    ("p50_ms", "p50 ms"), ("p99_ms", "p99 ms"), ("max_ms", "max ms"), ("batch_mean", "batch"),
)  # fmt: skip


async def run(instance: Instance, plan: Plan) -> dict[str, Any]:
    """Everything of this benchmark: the content of bids.json."""
    instance.start_recorder()
    await _wait_until_up(instance)
    best = {name: Best() for name in plan.transports}
    runs: list[dict[str, Any]] = []
    for number in range(1, plan.rounds + 1):
        table.progress(f"durable bids, round {number} of {plan.rounds}")
        runs += await _round(instance, plan, best)
    grouped: dict[Any, list[dict[str, Any]]] = {}
    for row in runs:
        grouped.setdefault(_key(row), []).append(row)
    rows = [table.median_of(group) for group in grouped.values()]
    checks = _checks(rows, best, plan)
    content = {
        "machine": await table.machine(instance),
        "parameters": asdict(plan),
        "rows": rows,
        "checks": checks,
        "runs": runs,
    }
    instance.stop_recorder()
    table.show("Durable bids on one hot lot", rows, _COLUMNS)
    table.show_checks(checks)
    return content
