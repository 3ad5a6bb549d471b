"""`auction-engine doctor`: what is wrong with an installation, and how to cure it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import re
import resource
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

from auction_engine.doctor_people import findings as people_findings
from auction_engine.embedded import postgres, servers_for, valkey
from auction_engine.embedded.directory import DataDirectory, Version
from auction_engine.errors import AuctionError
from auction_engine.serving import ledger_connections, probe, scheduling
from auction_engine.serving.listening import listen
from auction_engine.settings import Settings

Level = Literal["ok", "warn", "fail"]
PYTHON_MIN = (3, 11)
DISK_FAIL_BYTES, DISK_WARN_BYTES = 1 << 30, 5 << 30
_COLOURS = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@dataclass(frozen=True)
class Finding:
    """One checked thing; `cure` says what to do unless all is well."""

    level: Level
    what: str
    found: str
    cure: str = ""


def run(settings: Settings) -> int:
    """Check everything and print a table; 1 when something has failed, otherwise 0."""
    findings = list(examine(settings))
    table = Table(box=None, pad_edge=False)
    for column in ("", "checked", "found", "cure"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        mark = f"[{_COLOURS[finding.level]}]{finding.level}[/]"
        table.add_row(mark, finding.what, finding.found, finding.cure)
    console = Console(soft_wrap=False)
    if not console.is_terminal:
        # In a file or a pipe nothing is gained by folding to 80 columns.
        console = Console(width=240)
    console.print(table)
    failed = sum(finding.level == "fail" for finding in findings)
    warned = sum(finding.level == "warn" for finding in findings)
    console.print(f"{failed} failed, {warned} to look at, {len(findings)} checked")
    return 1 if failed else 0


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings, in the order a person would look."""
    yield python_version(sys.version_info[:3])
    yield packages()
    yield web_assets(Path(__file__).resolve().parent.parent / "web" / "dist")
    directory = DataDirectory(settings.data_dir)
    yield data_directory(directory, needed=settings.embedded)
    yield disk_space(settings.data_dir)
    yield descriptors(settings)
    yield Finding(*scheduling.said())
    yield port(settings, directory)
    yield from server_findings(settings)


def python_version(found: tuple[int, ...]) -> Finding:
    text = ".".join(map(str, found))
    if found[:2] < PYTHON_MIN:
        return Finding("fail", "Python", text, "Use Python 3.11 or later (make PYTHON=…).")
    return Finding("ok", "Python", text)


def packages(distribution: str = "auction-engine") -> Finding:
    """Every package the program requires, in a sufficient version."""
    what = "packages"
    try:
        requirements = importlib.metadata.requires(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        return Finding("fail", what, f"{distribution} itself is not installed", "Run `make env`.")
    wrong = []
    for requirement in requirements:
        match = re.match(r"([A-Za-z0-9_.-]+)(?:\[[^]]*])?\s*(?:>=\s*([0-9.]+))?", requirement)
        if match is None or "extra ==" in requirement:
            continue
        name, least = match.groups()
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        if least and _numbers(found) < _numbers(least):
            wrong.append(f"{name} {found} is older than {least}")
    if wrong:
        return Finding("fail", what, "; ".join(wrong), "Run `make env`.")
    return Finding("ok", what, f"all {len(requirements)} present")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def web_assets(dist: Path) -> Finding:
    built = [path for path in dist.rglob("*") if path.suffix in (".js", ".css")]
    if len({path.suffix for path in built}) < 2:
        return Finding("fail", "web assets", f"{dist} has no script and style", "Run `make web`.")
    return Finding("ok", "web assets", str(dist))


def data_directory(directory: DataDirectory, *, needed: bool) -> Finding:
    what = "data directory"
    try:
        directory.create()
        if not os.access(directory.path, os.W_OK | os.X_OK):
            raise AuctionError(f"{directory.path} is not writable")
        if needed and directory.version_path.exists():
            ours = Version(postgres.major(), valkey.major())
            theirs = Version.read(directory.version_path)
            if theirs != ours:
                return Finding(
                    "fail",
                    what,
                    f"{directory.path} was made by {theirs}; this program has {ours}",
                    "Run the release that made it, move the ledger with pg_dump, or choose a new "
                    "directory with AUCTION_DATA_DIR.",
                )
    except AuctionError as error:
        cure = "Make it writable, or choose another with AUCTION_DATA_DIR."
        return Finding("fail", what, error.sentence, cure)
    holder = directory.holder()
    use = f", in use by process {holder}" if holder is not None else ""
    return Finding("ok", what, f"{directory.path}{use}")


def disk_space(path: Path) -> Finding:
    while not path.exists():
        path = path.parent
    free = shutil.disk_usage(path).free
    text = f"{free / (1 << 30):.1f} GiB free at {path}"
    if free < DISK_FAIL_BYTES:
        return Finding("fail", "disk space", text, "PostgreSQL stops on a full disk: make room.")
    if free < DISK_WARN_BYTES:
        return Finding("warn", "disk space", text, "Make room before a large session.")
    return Finding("ok", "disk space", text)


def descriptors(settings: Settings) -> Finding:
    what = "file descriptors"
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.limits.connections_max
    if hard == resource.RLIM_INFINITY or hard >= needed:
        return Finding("ok", what, "unlimited" if hard == resource.RLIM_INFINITY else str(hard))
    return Finding(
        "fail" if hard < 1024 else "warn",
        what,
        f"at most {hard}, but connections_max is {needed}",
        f"Raise the hard limit (ulimit -Hn {needed + 500}) or lower "
        f"AUCTION_LIMITS__CONNECTIONS_MAX.",
    )


def port(settings: Settings, directory: DataDirectory) -> Finding:
    where = f"{settings.host}:{settings.port}"
    try:
        listen(settings.host, settings.port).close()
    except AuctionError as error:
        if directory.holder() is not None:
            return Finding("warn", "port", f"{where} is in use, perhaps by the run in progress")
        return Finding("fail", "port", error.sentence, "Choose another with AUCTION_PORT.")
    return Finding("ok", "port", f"{where} is free")


def server_findings(settings: Settings) -> Iterator[Finding]:
    """Findings about PostgreSQL and Valkey, started for the purpose where they are embedded."""
    with contextlib.ExitStack() as stack:
        try:
            ready = stack.enter_context(servers_for(settings))
        except AuctionError as error:
            yield Finding("fail", "servers", error.sentence, "See the log named there.")
            return
        assert ready.database_url is not None
        assert ready.redis_url is not None
        clocks: list[tuple[str, float]] = []
        try:
            database = probe.database(ready.database_url)
        except AuctionError as error:
            yield Finding("fail", "PostgreSQL", error.sentence, "Start it or correct the address.")
        else:
            clocks.append(("PostgreSQL", database.clock_ms))
            yield from database_findings(database)
            yield Finding(*ledger_connections.said(database, settings))
            yield from (Finding(*said) for said in people_findings(settings, ready.database_url))
        try:
            log = probe.log(ready.redis_url)
        except AuctionError as error:
            yield Finding("fail", "log", error.sentence, "Start it or correct the address.")
        else:
            clocks.append((log.kind, log.clock_ms))
            yield from log_findings(log)
        yield from clock_findings(clocks, settings.limits.clock_tolerance_ms)


def database_findings(found: probe.Database) -> Iterator[Finding]:
    if found.major < probe.POSTGRESQL_MIN:
        cure = f"Use PostgreSQL {probe.POSTGRESQL_MIN} or later."
        yield Finding("fail", "PostgreSQL", found.version, cure)
    else:
        yield Finding("ok", "PostgreSQL", found.version)
    unsafe = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    bad = [f"{name} is {value}" for name, value in unsafe.items() if found.settings[name] == value]
    if bad:
        cure = "Turn them on: an acknowledged bid must be on disk."
        yield Finding("fail", "durability", ", ".join(bad), cure)
    else:
        yield Finding("ok", "durability", "fsync and synchronous_commit are on")
    if found.settings["server_encoding"] != "UTF8":
        cure = "Create the database with encoding UTF8."
        yield Finding("fail", "encoding", found.settings["server_encoding"], cure)
    if found.superuser:
        cure = "Use a role that owns the database and is no superuser."
        yield Finding("warn", "role", f"{found.role} is a superuser", cure)
    else:
        yield Finding("ok", "role", found.role)
    yield migrations(found.revision)


def migrations(revision: str | None) -> Finding:
    from auction_engine.ledger.migrate import newest_revision

    newest = newest_revision()
    if revision == newest:
        return Finding("ok", "migrations", str(revision))
    return Finding(
        "warn",
        "migrations",
        f"at {revision or 'none'}, this program has {newest}",
        "Run `auction-engine migrate` (serve does too); if the database is newer than the program, "
        "use the release that made it.",
    )


def log_findings(found: probe.Log) -> Iterator[Finding]:
    if found.new_enough:
        yield Finding("ok", found.kind, found.version)
    else:
        least = f"Valkey {probe.VALKEY_MIN} or Redis {probe.REDIS_MIN}"
        yield Finding("fail", found.kind, found.version, f"Use {least} or later.")
    if found.settings is None:
        cure = "Check maxmemory-policy noeviction and appendonly yes by hand."
        yield Finding("warn", "log settings", "the server does not tell", cure)
        return
    policy = found.settings.get("maxmemory-policy", "")
    if policy != "noeviction":
        cure = "Set maxmemory-policy noeviction: the log must not be thrown away."
        yield Finding("fail", "maxmemory-policy", policy, cure)
    else:
        yield Finding("ok", "maxmemory-policy", policy)
    if found.settings.get("appendonly") != "yes":
        cure = "Set appendonly yes, so that bids in line survive a restart of the log."
        yield Finding("warn", "appendonly", found.settings.get("appendonly", "?"), cure)
    else:
        yield Finding("ok", "appendonly", "yes")


def clock_findings(clocks: list[tuple[str, float]], tolerance_ms: int) -> Iterator[Finding]:
    """Each server's clock against this machine's, and the servers' against each other."""
    differences = [(name, abs(offset_ms)) for name, offset_ms in clocks]
    if len(clocks) == 2:
        pair = " and ".join(name for name, _ in clocks)
        differences.append((f"between {pair}", abs(clocks[0][1] - clocks[1][1])))
    cure = "Synchronise the machines' clocks (chrony or systemd-timesyncd)."
    for name, difference_ms in differences:
        found = f"{difference_ms:.1f} ms apart"
        if difference_ms > tolerance_ms:
            yield Finding("fail", f"clock, {name}", found, cure)
        elif difference_ms > tolerance_ms / 5:
            yield Finding("warn", f"clock, {name}", found, cure)
        else:
            yield Finding("ok", f"clock, {name}", found)
