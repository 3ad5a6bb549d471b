"""`auction-engine simulate`: one seed replayed, or many with a progress bar."""

import os
import re
import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from auction_engine.errors import SettingsError
from auction_engine.simulation.many import Total, simulate_many
from auction_engine.simulation.run import Result, simulate

DEFAULT_LOTS = 20
_MOST_LOTS = 1_000
_RANGE = re.compile(r"(\d{1,12})\.\.(\d{1,12})", re.ASCII).fullmatch


def run(
    *,
    seed: int | None = None,
    seeds: str | None = None,
    lots: int = DEFAULT_LOTS,
    verbose: bool = False,
) -> int:
    """Simulate `seed`, or the range `seeds` ("A..B"), with `lots` lots each; the exit status.

    0: every promise was kept; 1: not, and the first seed that broke one is named. Raises
    SettingsError if neither or both are given, or they make no sense. Only from the main module:
    the range is run by processes of their own.
    """
    if (seed is None) == (seeds is None):
        raise SettingsError("Give either --seed N or --seeds A..B.")
    if not 1 <= lots <= _MOST_LOTS:
        raise SettingsError(f"--lots must be 1 to {_MOST_LOTS}.")
    if seeds is not None:
        if verbose:
            raise SettingsError("--verbose shows one seed: give --seed N.")
        return _many(seeds, lots)
    assert seed is not None
    if seed < 0:
        raise SettingsError("--seed must be a whole number from 0.")
    return _one(seed, lots, verbose)


# --- one seed ------------------------------------------------------------------------------------


def _one(seed: int, lots: int, verbose: bool) -> int:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    started = time.perf_counter()
    result = simulate(seed, lots, trace=_printed if verbose else None)
    seconds = time.perf_counter() - started
    table = Table(title=f"Seed {seed}", title_justify="left", show_header=False)
    for name, value in (
        ("lots", f"{result.lots:,}"),
        ("bids sent", f"{result.bids:,}"),
        ("journal entries", f"{result.entries:,}"),
        ("virtual seconds", f"{result.virtual_s:,.1f}"),
        ("seconds", f"{seconds:,.2f}"),
        ("faults", _faults(result.faults)),
    ):
        table.add_row(name, value)
    console.print(table)
    console.print(f"Ledger: SHA-256 {result.digest}")
    return _verdict(console, result if result.broken else None, lots, "The run kept every promise.")


def _printed(line: str) -> None:
    try:
        print(line)
    except BrokenPipeError:  # whoever read along has seen enough
        sys.stdout = open(os.devnull, "w")


def _verdict(console: Console, bad: Result | None, lots: int, good: str) -> int:
    if bad is None:
        console.print(good)
        return 0
    console.print(f"Seed {bad.seed} breaks a promise:")
    for violation in bad.broken:
        console.print(f"  {violation.invariant}\n    {violation.text}")
    console.print(f"Replay it: auction-engine simulate --seed {bad.seed} --lots {lots} --verbose")
    return 1


def _faults(faults: dict[str, int]) -> str:
    return ", ".join(f"{kind} {count:,}" for kind, count in sorted(faults.items())) or "none"


# --- many seeds ----------------------------------------------------------------------------------


def _many(seeds: str, lots: int) -> int:
    matched = _RANGE(seeds)
    if matched is None:
        raise SettingsError("--seeds is a range such as 0..999.")
    first, last = int(matched[1]), int(matched[2])
    if last < first:
        raise SettingsError("--seeds ends before it begins.")
    console = Console(highlight=False, markup=False, soft_wrap=True)
    with _bar() as bar:
        task = bar.add_task("simulating", total=last - first + 1, lots=0, rate=0.0)

        def show(total: Total) -> None:
            bar.update(task, completed=total.seeds, lots=total.lots, rate=total.lots_per_s)

        total = simulate_many(first, last, lots, on_progress=show)
    _show(console, total)
    return _verdict(console, total.bad, lots, "Every run kept every promise.")


def _bar() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("seeds, {task.fields[lots]:,} lots, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _show(console: Console, total: Total) -> None:
    table = Table(title="Simulated", title_justify="left")
    table.add_column("what")
    table.add_column("number", justify="right")
    table.add_row("seeds", f"{total.seeds:,}")
    table.add_row("lots", f"{total.lots:,}")
    table.add_row("lots per second", f"{total.lots_per_s:,.0f}")
    table.add_row("bids sent", f"{total.bids:,}")
    table.add_row("journal entries", f"{total.entries:,}")
    table.add_row("virtual seconds", f"{total.virtual_s:,.0f}")
    table.add_row("seconds", f"{total.seconds:,.1f}")
    table.add_row("faults", f"{total.faults.total():,}")
    for kind, count in sorted(total.faults.items()):
        table.add_row(f"  {kind.replace('_', ' ')}", f"{count:,}")
    console.print(table)
