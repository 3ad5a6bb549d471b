"""Replay of recorded bids through gateway, log and ledger of a private instance.

Modules: `reader` (the file), `instance` (servers and processes of its own), `sending` (bidders and
bids), `secret_maxima` (bids as maxima), `outcome` (what was found).
"""

import math
import sys
from pathlib import Path

import orjson
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from auction_engine.errors import SettingsError
from auction_engine.ledger.verify import verify
from auction_engine.replay.outcome import Outcome
from auction_engine.replay.reader import RecordedLot, read
from auction_engine.replay.sending import Replay
from auction_engine.serving.private import Instance, private_instance, terminating_like_ctrl_c
from auction_engine.settings import Settings

__all__ = ["run"]

_INTERRUPTED = 130


def run(
    settings: Settings, path: Path, speed: float | None, as_json: bool, automatic: bool = False
) -> int:
    """Replay `path` and print the outcome; the command's exit status.

    0: every lot ended at its published price, or (`automatic`: bids taken as secret maxima) at one
    whose difference the recording explains, and the ledger verifies clean; 1: not; 130: stopped
    by Ctrl-C or SIGTERM, with nothing left behind. `speed`: times the recorded pace, None for as
    fast as it can. Raises RecordedBidsError or SettingsError before anything is started, and
    ServerError. Only from the main thread, without a running event loop.
    """
    if speed is not None and not (math.isfinite(speed) and speed > 0):
        raise SettingsError("--speed must be a number above 0, such as 100.")
    lots = read(path)
    try:
        with terminating_like_ctrl_c():
            outcome = _replay(settings, lots, speed, automatic)
    except KeyboardInterrupt:
        print("auction-engine: The replay was stopped.", file=sys.stderr, flush=True)
        return _INTERRUPTED
    if as_json:
        sys.stdout.write(orjson.dumps(outcome.to_json(), option=orjson.OPT_INDENT_2).decode())
        sys.stdout.write("\n")
    else:
        outcome.show(Console())
    return 0 if outcome.good else 1


def _replay(
    settings: Settings, lots: list[RecordedLot], speed: float | None, automatic: bool
) -> Outcome:
    bidders = len({bid.bidder for lot in lots for bid in lot.bids})
    with _progress_bar() as bar:
        stage = bar.add_task("starting", total=None)
        with private_instance(settings, bidders, len(lots)) as instance:
            bar.remove_task(stage)
            return uvloop.run(_work(instance, lots, speed, bar, automatic))


async def _work(
    instance: Instance,
    lots: list[RecordedLot],
    speed: float | None,
    bar: Progress,
    automatic: bool,
) -> Outcome:
    lots_done = bar.add_task("lots", total=len(lots))
    bids_done = bar.add_task("bids", total=sum(len(lot.bids) for lot in lots))
    replay = Replay(
        instance,
        lots,
        speed,
        on_bid=lambda: bar.advance(bids_done),
        on_lot=lambda: bar.advance(lots_done),
        automatic=automatic,
    )
    outcomes = await replay.run()
    bar.add_task("verifying", total=None)
    report = await verify(instance.settings.database_url or "")
    return Outcome(outcomes, replay.seconds, report, automatic)


def _progress_bar() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description:>9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
