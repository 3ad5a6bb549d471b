"""What is shown and what is kept: progress, tables, and results as JSON."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from rich.console import Console
from rich.table import Table

from loadtests.instance import Instance

RESULTS = Path(__file__).with_name("results")
_ROOT = Path(__file__).resolve().parents[1]
console = Console(highlight=False)
if console.width < 150 and not console.is_terminal:
    console = Console(highlight=False, width=150)


def _first(path: str, name: str) -> str | None:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return None
    found = (line.partition(":")[2].strip() for line in lines if line.startswith(name))
    return next(found, None)


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", _ROOT, *arguments], capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _filesystem(directory: Path) -> str | None:
    """The type of the file system that `directory` is on."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    except OSError:
        return None
    over = [(len(m[1]), m[2]) for m in mounts if directory.is_relative_to(m[1])]
    return max(over)[1] if over else None


async def machine(instance: Instance) -> dict[str, Any]:
    """What the figures were measured on."""
    connection = await asyncpg.connect(instance.servers.database_url)
    try:
        names = ("server_version", "fsync", "synchronous_commit", "full_page_writes")
        postgres = {name: await connection.fetchval(f"SHOW {name}") for name in names}
    finally:
        await connection.close()
    redis = instance.redis()
    try:
        valkey = await redis.info("server")
    finally:
        await redis.aclose()
    memory = _first("/proc/meminfo", "MemTotal")
    changed = _git("status", "--porcelain")
    return {
        "cpu": _first("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "memory_gib": round(int(memory.split()[0]) / 2**20, 1) if memory else None,
        "system": f"{platform.system()} {platform.release()}",
        "filesystem": _filesystem(instance.home),
        "python": platform.python_version(),
        "postgresql": postgres,
        "valkey": valkey.get("valkey_version") or valkey.get("redis_version"),
        "commit": _git("rev-parse", "HEAD"),
        "commit_is_clean": None if changed is None else not changed,
    }  # fmt: skip


def median_of(runs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """One row from repeated runs: the median of each number, truth only where all agree.

    `lost` and `errors` are not softened: the worst run counts.
    """
    rows = list(runs)
    row: dict[str, Any] = {}
    for name in rows[0]:
        values = [run.get(name) for run in rows]
        known = [value for value in values if value is not None]
        if not known:
            row[name] = None
        elif isinstance(known[0], bool):
            row[name] = all(known)
        elif name in ("lost", "errors"):
            row[name] = max(known)
        elif isinstance(known[0], (int, float)):
            middle = statistics.median(known)
            row[name] = middle if isinstance(known[0], int) else round(middle, 6)
        else:
            row[name] = known[0]
    return row | {"rounds": len(rows)}


def ratio(value: float | None, other: float | None) -> float | None:
    """value / other, None where that makes no sense."""
    return None if value is None or not other else round(value / other, 4)


def check(what: str, value: float | None, most: float | None = None,
          least: float | None = None) -> dict[str, Any]:  # fmt: skip
    """A figure beside what it should be; `met` is None when it is not known."""
    met = None
    if value is not None and (most is not None or least is not None):
        met = (most is None or value <= most) and (least is None or value >= least)
    return {"what": what, "value": value, "at_most": most, "at_least": least, "met": met}


def write(name: str, content: dict[str, Any], directory: Path = RESULTS) -> Path:
    """Keep a result as <name>.json, replacing the last one."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.json"
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    text = orjson.dumps({"name": name, "made_at": made_at, **content}, option=orjson.OPT_INDENT_2)
    path.write_bytes(text + b"\n")
    return path


def text(value: Any) -> str:
    """A figure for people."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def show(title: str, rows: Sequence[dict[str, Any]], columns: Sequence[tuple[str, str]]) -> None:
    """Print rows as a table; `columns` are (field, heading)."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for _, heading in columns:
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*(text(row.get(field)) for field, _ in columns))
    console.print(table)


def show_checks(checks: Sequence[dict[str, Any]]) -> None:
    """Print figures beside their targets."""
    table = Table(title="Against the targets", title_justify="left", title_style="bold")
    for heading in ("figure", "value", "target", "met"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for item in checks:
        bounds = [("≤", item["at_most"]), ("≥", item["at_least"])]
        target = " ".join(f"{sign} {text(bound)}" for sign, bound in bounds if bound is not None)
        met = {True: "[green]yes[/]", False: "[red]no[/]", None: "–"}[item["met"]]
        table.add_row(item["what"], text(item["value"]), target, met)
    console.print(table)


def progress(line: str) -> None:
    """One line of progress, printed between measurements, never during one."""
    console.print(f"[dim]{datetime.now(UTC):%H:%M:%S}[/] {line}")
