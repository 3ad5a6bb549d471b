"""`python -m loadtests [bids|fanout|growth|imports ...]`: run benchmarks, keep results."""

from __future__ import annotations

import argparse
import dataclasses
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop

from auction_engine.errors import AuctionError
from loadtests import bids, catalogue, fanout, growth, imports, logins, money, procs, table
from loadtests.instance import Instance

Runner = Callable[[Instance, Any], Awaitable[dict[str, Any]]]
_BENCHMARKS: dict[str, tuple[Runner, Any]] = {
    "bids": (bids.run, bids.Plan),
    "catalogue": (catalogue.run, catalogue.Plan),
    "fanout": (fanout.run, fanout.Plan),
    "growth": (growth.run, growth.Plan),
    "imports": (imports.run, imports.Plan),
    "logins": (logins.run, logins.Plan),
    "money": (money.run, money.Plan),
}


def _numbers(text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(word) for word in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list such as 1000,5000") from None
    if min(numbers) <= 0:
        raise argparse.ArgumentTypeError("the numbers must be positive")
    return numbers


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="loadtests", description=__doc__)
    parser.add_argument("benchmark", nargs="*", metavar="|".join(_BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="small and short: does it work?")
    parser.add_argument("--seconds", type=float, help="length of each measurement")
    parser.add_argument("--warmup", type=float, dest="warmup_s", help="seconds not counted (bids)")
    parser.add_argument("--rounds", type=int, help="repetitions; medians are shown")
    parser.add_argument("--rates", type=_numbers, help="bids offered per second (bids)")
    parser.add_argument("--no-search", action="store_false", dest="search", default=None,
                        help="do not look for a rate above --rates (bids)")  # fmt: skip
    parser.add_argument("--transports", type=lambda text: tuple(text.split(",")),
                        help="of log,live (bids)")  # fmt: skip
    parser.add_argument("--rival-clients", type=int, help="row-lock connections (bids)")
    parser.add_argument("--rival-rate", type=int, help="row-lock open-loop rate (bids)")
    parser.add_argument("--sockets", type=_numbers, help="viewers (fanout)")
    parser.add_argument("--sizes", type=_numbers, help="bids (growth), transfers (money) there are")
    parser.add_argument("--bids", type=int, help="bids of each measurement (growth)")
    parser.add_argument("--lots", type=int, help="lots closed at once (money), in the catalogue")
    parser.add_argument("--rate", type=int, help="open-loop bids per second (growth, logins)")
    parser.add_argument("--assets", type=int, help="assets in the file (imports)")
    parser.add_argument("--wrong", type=float, help="share of them with a fault (imports)")
    parser.add_argument("--single", type=int, help="assets entered one by one (imports)")
    parser.add_argument("--per-minute", type=int, help="sign-ins a minute (logins)")
    parser.add_argument("--results", type=Path, default=table.RESULTS, help="directory of results")
    parser.add_argument("--dir", type=Path, help="where the servers' data lie meanwhile")
    found = parser.parse_args()
    for name in found.benchmark:
        if name not in _BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}")
    return found


def _plan(kind: Any, arguments: argparse.Namespace) -> Any:
    """The benchmark's plan with what the command line says about it."""
    plan = kind.quick() if arguments.quick else kind()
    names = {field.name for field in dataclasses.fields(kind)}
    given = {k: v for k, v in vars(arguments).items() if k in names and v is not None}
    return dataclasses.replace(plan, **given)


def _run(name: str, arguments: argparse.Namespace) -> None:
    runner, kind = _BENCHMARKS[name]
    plan = _plan(kind, arguments)
    with Instance(arguments.dir) as instance:
        content = uvloop.run(_checked(runner, instance, plan))
    path = table.write(name, {**content, "quick": arguments.quick}, arguments.results)
    table.console.print(f"Kept as {path}.\n")


async def _checked(runner: Runner, instance: Instance, plan: Any) -> dict[str, Any]:
    try:
        return await runner(instance, plan)
    except (OSError, TimeoutError):
        instance.check()  # a process that died says more than the connection it took along
        raise


def main() -> int:
    """Run what was asked for; timings never make it fail."""
    arguments = _arguments()
    # A polite end stops everything that was started, as Ctrl-C does.
    # A shell that puts us in the background has SIGINT ignored; then neither would stop us.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    procs.raise_file_limit()
    try:
        for name in arguments.benchmark or _BENCHMARKS:
            _run(name, arguments)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except (AuctionError, RuntimeError) as error:
        print(f"loadtests: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
