"""`auction-engine verify`: does the ledger hold?

Reads the whole journal in one snapshot, recomputes every chain, replays every command through the
rules, and compares with what is stored beside it: `lot_head`, `shard`, and a checkpoint if one is
given. Then recomputes the money (`verify_books`), and seals what was found to hold. Stops at the
first thing that does not hold and names it. Memory does not grow with the journal, and a ledger in
use can be verified.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from auction_engine.embedded import servers_for
from auction_engine.ledger import checkpoint
from auction_engine.ledger.checkpoint import Checkpoint
from auction_engine.ledger.journal import log_order
from auction_engine.ledger.verify_books import seal_verified, transfers, verify_books
from auction_engine.ledger.verify_lot import LotCheck
from auction_engine.ledger.verify_report import Problem, Report
from auction_engine.ledger.verify_source import Heads, journal_batches, repeated_bid_id, snapshot
from auction_engine.rules.machine import next_due_ms
from auction_engine.settings import Settings

# The report so far; journal entries and transfers expected in all
OnProgress = Callable[[Report, int], None]


def run(
    settings: Settings,
    *,
    against: Path | None = None,
    json_output: bool = False,
    database_url: str | None = None,
) -> int:
    """Verify and print the outcome; 0 if everything holds, 1 if not.

    `database_url` goes before the settings'; with neither, the embedded server is used. Must
    not be called from a running event loop. Raises LedgerError if the ledger or the checkpoint
    cannot be read.
    """
    expected = None if against is None else checkpoint.load(against)
    if database_url is None and settings.database_url is None:
        with servers_for(settings) as served:
            return run(served, against=against, json_output=json_output)
    url = database_url or settings.database_url or ""
    errors = Console(stderr=True)
    with _progress_bar(errors) as bar:
        report = asyncio.run(verify(url, expected, _shown_on(bar)))
    if json_output:
        sys.stdout.write(orjson.dumps(report.to_json(), option=orjson.OPT_INDENT_2).decode())
        sys.stdout.write("\n")
    else:
        report.show(Console() if report.clean else errors)
    return 0 if report.clean else 1


async def verify(
    database_url: str,
    expected: Checkpoint | None = None,
    on_progress: OnProgress | None = None,
) -> Report:
    """Verify the ledger, and that it contains the checkpoint `expected`.

    Problems are in the report, not raised. Raises LedgerError if the ledger cannot be read.
    """
    report = Report(checkpoint_lots=None if expected is None else len(expected.lots))
    started = time.perf_counter()
    async with snapshot(database_url) as connection:
        try:
            await _Verification(connection, report, expected, on_progress).run()
        except Problem as problem:
            report.problem = problem
    if report.clean and report.transfers:
        report.sealed = await seal_verified(database_url)
    report.seconds = time.perf_counter() - started
    return report


class _Verification:
    """One pass over the ledger. Raises Problem at the first thing that does not hold."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        report: Report,
        expected: Checkpoint | None,
        on_progress: OnProgress | None,
    ) -> None:
        self._connection = connection
        self._report = report
        # Last lot first, so that the next one expected is cheap to look at and to take.
        self._left = sorted(({} if expected is None else expected.lots).items(), reverse=True)
        self._sealed = None if expected is None else expected.money
        self._on_progress = on_progress
        self._heads = Heads(connection)
        self._newest: dict[int, LotCheck] = {}  # shard: the lot with its newest log id
        self._epochs: dict[int, LotCheck] = {}  # shard: the lot with its newest epoch

    async def run(self) -> None:
        total = int(await self._connection.fetchval("SELECT coalesce(sum(seq), 0) FROM lot_head"))
        total += await transfers(self._connection)
        check: LotCheck | None = None
        place: tuple[int, bytes] | None = None
        async for batch in journal_batches(self._connection):
            for lot, seq, kind, bidder, bid_id, body, digest in batch:
                if check is None or lot != check.lot:
                    if check is not None:
                        await self._finish(check, place)
                    check, place = LotCheck(lot), await self._begin(lot)
                check.row(seq, kind, bidder, bid_id, body, digest)
                if place is not None and place[0] == seq and place[1] != digest:
                    raise Problem(
                        lot, seq, "the entry's hash is not the checkpoint's", place[1], digest
                    )
                self._report.kinds[kind] += 1
            if self._on_progress is not None:
                self._on_progress(self._report, total)
        if check is not None:
            await self._finish(check, place)
        await self._begin(None)
        await repeated_bid_id(self._connection)
        await self._shards()
        await self._books(total)

    async def _books(self, total: int) -> None:
        async for count in verify_books(self._connection, self._sealed):
            self._report.transfers += count
            if count and self._on_progress is not None:
                self._on_progress(self._report, total)

    async def _begin(self, lot: int | None) -> tuple[int, bytes] | None:
        """The checkpoint's place of `lot`, if it has one.

        Raises Problem if head or checkpoint know a lot before it (None: any other lot) of which
        the journal has no entry.
        """
        await self._heads.none_before(lot)
        if self._left and (lot is None or self._left[-1][0] < lot):
            raise Problem(
                self._left[-1][0],
                1,
                "the entry is missing: the checkpoint has this lot, the journal does not",
            )
        return self._left.pop()[1] if self._left and self._left[-1][0] == lot else None

    async def _finish(self, check: LotCheck, place: tuple[int, bytes] | None) -> None:
        check.finish()
        head = await self._heads.take(check.lot)
        compare_head(check, head)
        if place is not None and place[0] > check.seq:
            raise Problem(
                check.lot,
                check.seq + 1,
                f"the entry is missing: the checkpoint has {place[0]} entries of this lot",
            )
        self._report.lots += 1
        check.state = None  # what is kept for the shards must not hold the lot's bidders
        shard = head["shard"]
        newest, epochs = self._newest, self._epochs
        if shard not in newest or check.log > newest[shard].log:
            newest[shard] = check
        if shard not in epochs or check.epoch > epochs[shard].epoch:
            epochs[shard] = check

    async def _shards(self) -> None:
        rows = await self._connection.fetch("SELECT id, epoch, consumed FROM shard")
        stored = {row["id"]: row for row in rows}
        for shard, check in sorted(self._newest.items()):
            if shard not in stored:
                raise Problem(check.lot, check.seq, f"shard {shard} of this lot has no row")
            consumed = stored[shard]["consumed"]
            if _log_order(consumed) < check.log:
                raise Problem(
                    check.lot,
                    check.seq,
                    f"shard {shard} has not consumed this entry's command",
                    f"at least {check.log[0]}-{check.log[1]}",
                    consumed,
                )
            newest = self._epochs[shard]
            if stored[shard]["epoch"] < newest.epoch:
                raise Problem(
                    newest.lot,
                    newest.seq,
                    f"shard {shard} is at an older epoch than this entry",
                    f"at least {newest.epoch}",
                    stored[shard]["epoch"],
                )


def compare_head(check: LotCheck, head: asyncpg.Record) -> None:
    """Raise Problem if `lot_head` is not what the replay of the journal gives."""
    lot, state = check.lot, check.state
    if head["seq"] > check.seq:
        raise Problem(
            lot, check.seq + 1, f"the entry is missing: lot_head has {head['seq']} entries"
        )
    if head["seq"] < check.seq:
        raise Problem(
            lot, head["seq"] + 1, f"the entry is one too many: lot_head has {head['seq']} entries"
        )
    expected = {"hash": check.hash, "due_ms": None if state is None else next_due_ms(state)} | {
        name: getattr(state, name)
        for name in (
            "phase",
            "status",
            "end_ms",
            "price_minor",
            "leader",
            "accepted",
            "refused",
            "extensions",
        )
    }
    if head["listed_shard"] is not None:
        expected["shard"] = head["listed_shard"]
    for name, value in expected.items():
        if head[name] != value:
            raise Problem(
                lot,
                check.seq,
                f"{name} in lot_head is not what the journal gives",
                _or_null(value),
                _or_null(head[name]),
            )


def _or_null(value: Any) -> Any:
    return "NULL" if value is None else value


def _log_order(text: str) -> tuple[int, int]:
    """A stored log id, or one before every other if it is none."""
    try:
        return log_order(text)
    except ValueError:
        return (-1, -1)


def _progress_bar(console: Console) -> Progress:
    return Progress(
        TextColumn("verifying"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("entries,"),
        TextColumn("{task.fields[lots]:,} lots, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _shown_on(bar: Progress) -> OnProgress:
    task = bar.add_task("verify", total=None, lots=0, rate=0.0)
    started = time.perf_counter()

    def show(report: Report, total: int) -> None:
        done = report.rows + report.transfers
        rate = done / (time.perf_counter() - started)
        bar.update(task, completed=done, total=max(total, done), lots=report.lots, rate=rate)

    return show
