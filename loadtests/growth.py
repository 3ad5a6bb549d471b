"""The cost of a bid on a lot that already has 10, 10,000 and 1,000,000 bids.

The history is made by the rules and the ledger's own commits, hash chain and all. Then bids are
sent to each lot in turn, round by round, so that whatever drifts touches all alike.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from auction_engine.bidding.client import LogClient
from loadtests import storm, table
from loadtests.history import History, build
from loadtests.instance import START_MINOR, Instance, open_lot
from loadtests.rowlock import cpu_per_1000
from loadtests.starting import read_views, start_gateway, start_recorder
from loadtests.storm import Storm, quantile_ms

_SHARED_FROM = 100_000
_FLAT = 1.2


@dataclass(frozen=True)
class Plan:
    """What is measured: `bids` bids each time, `window` at once or `rate` a second."""

    sizes: tuple[int, ...] = (10, 10_000, 1_000_000)
    bids: int = 5_000
    window: int = 32
    rate: int = 2_000
    rounds: int = 5
    bidders: int = 50

    @classmethod
    def quick(cls) -> Plan:
        return cls(sizes=(10, 1_000, 20_000), bids=500, rate=500, rounds=1)


# --- sending bids to a lot ----------------------------------------------------------------------


class Sender:
    """Raises one lot's price, bid by bid."""

    def __init__(self, log: LogClient, lot: History, bidders: int) -> None:
        self._log, self._lot, self._bidders = log, lot, bidders

    def send(self, sink: Any) -> None:
        lot = self._lot
        lot.bids += 1
        bidder, amount = 1 + lot.bids % self._bidders, START_MINOR + lot.bids
        self._log.bid(0, lot.lot, bidder, str(uuid.uuid4()), amount, sink)


async def closed_loop(sender: Sender, bids: int, window: int) -> dict[str, Any]:
    """`window` bids are under way at any moment until `bids` are answered."""
    took: list[float] = []
    refused, left = 0, bids
    answers, done = 0, asyncio.Event()

    def send() -> None:
        nonlocal left
        left -= 1
        sent = time.perf_counter()

        def answer(entry: dict[str, Any] | None, code: str | None, repeat: bool) -> None:
            nonlocal answers, refused
            answers += 1
            if entry is not None and entry["kind"] == "bid.accepted":
                took.append(time.perf_counter() - sent)
            else:
                refused += 1
            if left:
                send()
            elif answers == bids:
                done.set()

        sender.send(answer)

    started = time.perf_counter()
    for _ in range(min(window, bids)):
        send()
    async with asyncio.timeout(120):
        await done.wait()
    spent = time.perf_counter() - started
    took.sort()
    return {
        "offered_per_s": None,
        "acknowledged_share": round(len(took) / bids, 6),
        "acknowledged_per_s": round(bids / spent, 1),
        "not_accepted": refused,
        "p50_ms": quantile_ms(took, 0.5),
        "p99_ms": quantile_ms(took, 0.99),
    }


async def open_loop(sender: Sender, bids: int, rate: int) -> dict[str, Any]:
    """`rate` bids a second by the clock."""
    run = Storm(rate, bids / rate, 0.0)

    def send(number: int) -> None:
        def answer(entry: dict[str, Any] | None, code: str | None, repeat: bool) -> None:
            accepted = entry is not None and entry["kind"] == "bid.accepted"
            outcome = storm.REFUSED if entry is not None else storm.ERROR
            run.answered(number, storm.RECORDED if accepted else outcome, time.perf_counter())

        sender.send(answer)

    run.send = send
    await run.run()
    figures = run.figures()
    wanted = ("offered_per_s", "acknowledged_share", "acknowledged_per_s", "p50_ms", "p99_ms")
    rest = round((1 - figures["accepted_share"]) * run.bids)
    return {name: figures[name] for name in wanted} | {"not_accepted": rest}


async def _bids(
    instance: Instance, log: LogClient, lot: History, plan: Plan, case: str
) -> list[dict[str, Any]]:
    """Both loops on one lot, with what they cost."""
    rows = []
    for mode in ("closed loop", "open loop"):
        sender, had = Sender(log, lot, plan.bidders), lot.bids
        before = instance.cpu_s()
        if mode == "closed loop":
            row = await closed_loop(sender, plan.bids, plan.window)
        else:
            row = await open_loop(sender, plan.bids, plan.rate)
        cost = cpu_per_1000(before, instance.cpu_s(), plan.bids)
        instance.check()
        recorder, ledger = cost["cpu_s_per_1000_recorder"], cost["cpu_s_per_1000_postgresql"]
        both = None if recorder is None or ledger is None else recorder + ledger
        rows.append(
            {
                "case": case,
                "size": lot.size,
                "mode": mode,
                "bids_before": had,
                **row,
                "cpu_us_per_bid": _micros(both),
                "cpu_us_per_bid_recorder": _micros(recorder),
                "cpu_us_per_bid_postgresql": _micros(ledger),
            }
        )
    table.progress(
        f"{case}: closed loop p50 {table.text(rows[0]['p50_ms'])} ms, "
        f"open loop p50 {table.text(rows[1]['p50_ms'])} ms, "
        f"{table.text(rows[1]['cpu_us_per_bid'])} µs CPU a bid"
    )
    return rows


def _micros(s_per_1000: float | None) -> float | None:
    return None if s_per_1000 is None else round(1000 * s_per_1000, 2)


# --- all of it ----------------------------------------------------------------------------------


async def _empty(instance: Instance, log: LogClient, plan: Plan) -> list[dict[str, Any]]:
    """Ten bids on a lot in a ledger that holds nothing else: what a large table itself costs."""
    rows = []
    for _ in range(plan.rounds):
        lot = History(instance.new_lot(), 0, 0)
        await open_lot(log, lot.lot, plan.bidders)
        await closed_loop(Sender(log, lot, plan.bidders), 10, 1)
        lot.size = 10
        rows += await _bids(instance, log, lot, plan, "10 bids, empty ledger")
        await log.close_lot(0, lot.lot)
    return rows


async def _histories(instance: Instance, plan: Plan) -> tuple[dict[int, list[History]], float]:
    """Lots with a past, and the seconds it took to make it.

    A small lot is used for one round only, or it would not be small any more.
    """
    started = time.perf_counter()
    lots: dict[int, list[History]] = {}
    for size in plan.sizes:
        count = 1 if size >= _SHARED_FROM else plan.rounds
        lots[size] = [History(instance.new_lot(), size, 0) for _ in range(count)]
    await build(instance, [lot for group in lots.values() for lot in group], plan.bidders)
    # Otherwise autovacuum and a checkpoint would come in the middle of some measurement.
    for statement in ("VACUUM ANALYZE journal", "CHECKPOINT"):
        await asyncio.to_thread(instance.servers.postgres.psql, statement, "auction")
    return lots, time.perf_counter() - started


async def _rounds(
    instance: Instance, log: LogClient, lots: dict[int, list[History]], plan: Plan
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number in range(plan.rounds):
        turn = number % len(plan.sizes)
        for size in (*plan.sizes[turn:], *plan.sizes[:turn]):
            lot = lots[size][number % len(lots[size])]
            rows += await _bids(instance, log, lot, plan, f"{size:,} bids")
    return rows


def _checks(rows: list[dict[str, Any]], plan: Plan) -> list[dict[str, Any]]:
    checks = []
    of = {(row["case"], row["mode"]): row for row in rows}
    for mode in ("closed loop", "open loop"):
        base = of[f"{plan.sizes[0]:,} bids", mode]
        for size in plan.sizes[1:]:
            row = of[f"{size:,} bids", mode]
            for field, what in (("p50_ms", "p50"), ("p99_ms", "p99"), ("cpu_us_per_bid", "CPU")):
                most = None if field == "p99_ms" else _FLAT
                title = f"{mode}: {what} at {size:,} / at {plan.sizes[0]:,} bids"
                checks.append(table.check(title, table.ratio(row[field], base[field]), most))
    return checks


_COLUMNS = (
    ("case", "the lot has"), ("mode", "load"), ("offered_per_s", "offered/s"),
    ("acknowledged_per_s", "acknowledged/s"), ("p50_ms", "p50 ms"), ("p99_ms", "p99 ms"),
    ("cpu_us_per_bid", "CPU µs/bid"), ("cpu_us_per_bid_recorder", "of it recorder"),
    ("cpu_us_per_bid_postgresql", "PostgreSQL"), ("not_accepted", "not accepted"),
)  # fmt: skip


async def run(instance: Instance, plan: Plan) -> dict[str, Any]:
    """Everything of this benchmark: the content of growth.json."""
    redis = instance.redis()
    log = instance.log(redis)
    await log.start()
    try:
        start: dict[str, Any] = {"empty": await start_recorder(instance, log)}
        runs = await _empty(instance, log, plan)
        instance.stop_recorder()
        table.progress(f"building lots of {', '.join(f'{size:,}' for size in plan.sizes)} bids")
        lots, built_s = await _histories(instance, plan)
        start["with_history"] = await start_recorder(instance, log)
        table.progress(f"recorder up after {start['with_history']['recorder_start_s']} s")
        firsts = {size: group[0].lot for size, group in lots.items()}
        start["with_history"] |= await start_gateway(instance, firsts)
        start["view_read_s"] = await read_views(instance, firsts)
        runs += await _rounds(instance, log, lots, plan)
    finally:
        await log.stop()
        await redis.aclose()
    grouped: dict[Any, list[dict[str, Any]]] = {}
    for row in runs:
        grouped.setdefault((row["case"], row["mode"]), []).append(row)
    rows = [table.median_of(group) for group in grouped.values()]
    checks = _checks(rows, plan)
    table.show("Bids on a lot with a history", rows, _COLUMNS)
    table.show_checks(checks)
    table.console.print_json(data=start)
    return {
        "machine": await table.machine(instance),
        "parameters": asdict(plan) | {"history_built_s": round(built_s, 1)},
        "rows": rows,
        "checks": checks,
        "start": start,
        "runs": runs,
    }
