"""One lot to thousands of viewers: CPU per delivered message, time to the last, memory.

Against a raw `transport.write` of a prebuilt frame of the same size, and against nginx with nchan.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import Any

from loadtests import nchan, procs, table
from loadtests.instance import Instance
from loadtests.storm import quantile_ms
from loadtests.targets import Sent, Target, gateway, nginx, raw
from loadtests.viewers import merge
from loadtests.worker import Worker

_ARRIVE_S = 0.5
_PER_PROCESS = 4_000


@dataclass(frozen=True)
class Plan:
    """What is measured. `changes_per_s`: how often the lot changes while they watch."""

    sockets: tuple[int, ...] = (1_000, 4_000, 8_000)
    seconds: float = 5.0
    idle_s: float = 2.0
    rounds: int = 3
    changes_per_s: int = 20

    @classmethod
    def quick(cls) -> Plan:
        return cls(sockets=(200, 1_000), seconds=1.5, idle_s=1.0, rounds=1)


# --- one measurement --------------------------------------------------------------------------


async def measure(name: str, target: Target, sockets: int, plan: Plan) -> dict[str, Any]:
    """Connect the viewers, let them idle, then let the target send; what it cost."""
    before = await _resident(target.pid, settled=False)
    sent: list[Sent] = []

    async def drive() -> None:
        sent.extend(await target.drive(plan.seconds))
        await asyncio.sleep(_ARRIVE_S)

    async with AsyncExitStack() as stack:
        workers = [
            await stack.enter_async_context(Worker("viewers", spec))
            for spec in _crowds(target, sockets)
        ]
        await asyncio.gather(*(worker.ask("connect", 150) for worker in workers))
        after = await _resident(target.pid, settled=True)
        idle = await _cpu_over(target.pid, asyncio.sleep(plan.idle_s))
        for worker in workers:
            await worker.ask("count")
        busy = await _cpu_over(target.pid, drive())
        seen = merge([await worker.ask("report") for worker in workers])
    grown = None if before is None or after is None else after - before
    row = {
        "server": name,
        "sockets": sockets,
        "offered_per_s": plan.changes_per_s,
        "acknowledged_share": None,
        "changes": len(sent),
        "frames_per_viewer": len(seen["seen"]),
        "delivered": seen["frames"],
        "viewers_behind": sockets - min(seen["seen"], default=0),
        "viewers_lost": seen["lost"],
        "payload_bytes": round(seen["bytes"] / max(1, seen["frames"])),
        "cpu_us_per_message": _per_message_us(idle, busy, seen["frames"]),
        "idle_cpu_share": None if idle is None else round(idle[0] / idle[1], 4),
        "bytes_per_idle_connection": None if grown is None else round(grown / sockets),
    }
    return row | _delays(sent, seen)


def _crowds(target: Target, sockets: int) -> list[dict[str, Any]]:
    """What each process of viewers is told."""
    return [
        {
            "port": target.port,
            "path": target.path,
            "subprotocol": target.subprotocol,
            "say": target.say,
            "greetings": target.greetings,
            "first": first,
            "sockets": min(_PER_PROCESS, sockets - first),
        }
        for first in range(0, sockets, _PER_PROCESS)
    ]


Used = tuple[float, float] | None  # CPU seconds, seconds


def _per_message_us(idle: Used, busy: Used, frames: int) -> float | None:
    if idle is None or busy is None or not frames:
        return None
    return round(1e6 * (busy[0] - idle[0] / idle[1] * busy[1]) / frames, 3)


async def _resident(pid: int, settled: bool) -> int | None:
    """Memory of a process, once it has stopped growing when `settled`."""
    last = procs.rss_bytes(pid)
    for _ in range(20 if settled else 0):
        await asyncio.sleep(0.25)
        now = procs.rss_bytes(pid)
        if last is None or now is None or abs(now - last) < 64 * 1024:
            return now
        last = now
    return last


async def _cpu_over(pid: int, work: Awaitable[None]) -> Used:
    """What a process uses while `work` is done."""
    before, started = procs.cpu_s(pid), time.perf_counter()
    await work
    after, took = procs.cpu_s(pid), time.perf_counter() - started
    return None if before is None or after is None else (after - before, took)


def _delays(sent: list[Sent], seen: dict[str, Any]) -> dict[str, Any]:
    """Time from each message sent to the last viewer that got the frame with it."""
    # A frame of the gateway carries every journal entry up to its `seq`; a rival's carries one.
    shown = [frame["seq"] for frame in seen["kept"] if frame.get("t") == "update"]
    last = seen["last_s"]
    committed, announced = [], []
    frame = 0
    for number, message in enumerate(sent):
        if message.seq is None:
            frame = number
        else:
            while frame < len(shown) and shown[frame] < message.seq:
                frame += 1
        if frame >= len(last):
            break
        committed.append(last[frame] - message.at_s)
        if message.announced_s is not None:
            announced.append(last[frame] - message.announced_s)
    committed.sort()
    announced.sort()
    return {
        "p50_ms": quantile_ms(committed, 0.5),
        "p99_ms": quantile_ms(committed, 0.99),
        "announced_p50_ms": quantile_ms(announced, 0.5),
        "announced_p99_ms": quantile_ms(announced, 0.99),
    }


# --- all of it --------------------------------------------------------------------------------


async def _round(instance: Instance, plan: Plan, sockets: int) -> list[dict[str, Any]]:
    async with gateway(instance, plan.changes_per_s) as target:
        await _wait_until_up(instance, target)
        rows = [_told(await measure("gateway", target, sockets, plan))]
    instance.check()
    size = rows[0]["payload_bytes"] or 1
    async with raw(plan.changes_per_s, size) as target:
        rows.append(_told(await measure("raw write", target, sockets, plan)))
    if nchan.installed():
        async with nginx(plan.changes_per_s, size) as target:
            rows.append(_told(await measure("nginx + nchan", target, sockets, plan)))
    return rows


async def _wait_until_up(instance: Instance, target: Target) -> None:
    """One viewer comes and goes, so that what the gateway is by itself is in memory already."""
    spec = _crowds(target, 1)[0]
    try:
        async with Worker("viewers", spec) as worker:
            await worker.ask("connect")
    except RuntimeError:
        instance.check()
        raise


def _told(row: dict[str, Any]) -> dict[str, Any]:
    table.progress(
        f"{row['server']}, {row['sockets']:,} viewers: "
        f"{table.text(row['cpu_us_per_message'])} µs a message, "
        f"last viewer p50 {table.text(row['p50_ms'])} ms, p99 {table.text(row['p99_ms'])} ms, "
        f"{table.text(row['bytes_per_idle_connection'])} bytes a connection"
    )
    return row


def _checks(rows: list[dict[str, Any]], plan: Plan) -> list[dict[str, Any]]:
    checks = []
    for sockets in plan.sockets:
        crowd = [row for row in rows if row["sockets"] == sockets]
        cost = {row["server"]: row["cpu_us_per_message"] for row in crowd}
        memory = {row["server"]: row["bytes_per_idle_connection"] for row in crowd}
        ours, name = cost["gateway"], f"{sockets:,} viewers"
        checks += [
            table.check(f"{name}: CPU µs a message", ours, 9),
            table.check(f"{name}: times the raw write", table.ratio(ours, cost["raw write"]), 1.3),
            table.check(f"{name}: times nchan", table.ratio(ours, cost.get("nginx + nchan")), 1),
            table.check(f"{name}: bytes an idle connection", memory["gateway"], 20 * 1024),
        ]
    return checks


_COLUMNS = (
    ("server", "server"), ("sockets", "viewers"), ("changes", "changes"),
    ("frames_per_viewer", "frames each"), ("payload_bytes", "payload bytes"),
    ("cpu_us_per_message", "CPU µs/message"), ("p50_ms", "last viewer p50 ms"),
    ("p99_ms", "p99 ms"), ("bytes_per_idle_connection", "bytes/connection"),
    ("viewers_behind", "behind"),
)  # fmt: skip


async def run(instance: Instance, plan: Plan) -> dict[str, Any]:
    """Everything of this benchmark: the content of fanout.json."""
    instance.start_recorder()
    runs: list[dict[str, Any]] = []
    for number in range(1, plan.rounds + 1):
        table.progress(f"fan-out, round {number} of {plan.rounds}")
        for sockets in plan.sockets:
            runs += await _round(instance, plan, sockets)
    grouped: dict[Any, list[dict[str, Any]]] = {}
    for row in runs:
        grouped.setdefault((row["sockets"], row["server"]), []).append(row)
    rows = [table.median_of(group) for group in grouped.values()]
    checks = _checks(rows, plan)
    content = {
        "machine": await table.machine(instance),
        "parameters": asdict(plan) | {"nchan_installed": nchan.installed()},
        "rows": rows,
        "checks": checks,
        "runs": runs,
    }
    instance.stop_recorder()
    table.show("Fan-out of one lot", rows, _COLUMNS)
    table.show_checks(checks)
    return content
