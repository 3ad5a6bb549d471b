"""A process killed at any statement, and started again, ends where an undisturbed one ends.

`AUCTION_MONEY_KILLS` is how many lives end early at most (120 unless said); `AUCTION_FAULT_SEED`
makes the moments those of an earlier run.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest

from .house import House, house

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

KILLS = int(os.environ.get("AUCTION_MONEY_KILLS", "120"))
TESTS = Path(__file__).parents[2]
# What must be the same at the end; numbers of lines, transfers and batches need not.
STANDS = {
    "balances": """
        SELECT a.code, CASE WHEN a.key LIKE 'lot:%' THEN a.key END AS key,
               sum(b.amount_minor)::bigint AS minor
          FROM balance b JOIN money_account a ON a.id = b.account_id
         GROUP BY 1, 2 HAVING sum(b.amount_minor) <> 0 ORDER BY 1, 2""",
    "transfers": "SELECT kind, count(*) FROM transfer GROUP BY 1 ORDER BY 1",
    "payouts": """
        SELECT kind, lot_id, payee, code, amount_minor, state, attempt FROM payout
         ORDER BY 1, 2, 3, 4, 5""",
    "given": """
        SELECT r.purpose, r.lot_id, r.payer, sum(a.amount_minor)::bigint AS minor, count(*)
          FROM payment_request r LEFT JOIN allocation a ON a.request_id = r.id
         GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
    "suspense": "SELECT reason, outcome, count(*) FROM suspense GROUP BY 1, 2 ORDER BY 1, 2",
    "lines": "SELECT amount_minor, count(*) FROM bank_line GROUP BY 1 ORDER BY 1",
    "journal": "SELECT lot_id, kind, count(*) FROM journal GROUP BY 1, 2 ORDER BY 1, 2",
}


@pytest.fixture
def urls(servers: Any, migrated_template: str) -> Iterator[list[str]]:
    names = [f"kills_{os.getpid()}_{n}" for n in range(3)]
    for name in names:
        servers.create_database(name, migrated_template)
    yield [servers.owner_of(name) for name in names]
    for name in names:
        servers.drop_database(name)


class Process:
    """The drudge of one database; `lives` says how its next life shall end."""

    def __init__(self, url: str, files: Path) -> None:
        known = asyncio.run(_begin(url))
        self._url = url
        files.mkdir()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "desk.money.drudge", url, str(files), orjson.dumps(known)],
            cwd=TESTS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.kills = 0

    def live(self, statements: int) -> bool:
        """A life that ends after so many halves of statements, 0: by itself; whether it did."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{statements}\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.strip() in ("DONE", "KILLED"):
                self.kills += line.strip() == "KILLED"
                return line.strip() == "DONE"
            if line.strip() == "BROKEN":
                break
        self._process.terminate()
        raise AssertionError(self._process.communicate()[1][-3_000:])

    def ends(self) -> dict[str, list[tuple[Any, ...]]]:
        """Let it live to its end; then what stands in the database."""
        assert self.live(0)
        self._process.communicate()
        return asyncio.run(_stands(self._url))


async def _begin(url: str) -> dict[str, Any]:
    """Four lots with three dossiers each; everything else the drudge does."""
    async with house(url) as desk:
        for _ in range(4):
            await desk.sale(3, keep=False)
        await _costs(desk)
        names = ("organisation", "agency", "session", "people")
        return {name: getattr(desk, name) for name in names}


async def _costs(desk: House) -> None:
    from auction_engine.desk.money import holders

    for (lot,) in await desk.connection.fetch("SELECT id FROM lot"):
        await holders.state_costs(
            desk.connection, desk.organisation, lot, 12_000_000, desk.people["clerk"], "Bills"
        )


async def _stands(url: str) -> dict[str, list[tuple[Any, ...]]]:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read"):
            from auction_engine.ledger.verify_books import verify_books

            async for _ in verify_books(connection):
                pass
        return {
            name: [tuple(row) for row in await connection.fetch(query)]
            for name, query in STANDS.items()
        }
    finally:
        await connection.close()


def same(found: dict[str, Any], calm: dict[str, Any]) -> None:
    for name, rows in calm.items():
        lost, more = set(rows) - set(found[name]), set(found[name]) - set(rows)
        assert found[name] == rows, (name, sorted(lost, key=str), sorted(more, key=str))


def test_killed_at_any_statement_it_ends_in_the_same_balances(
    urls: list[str], tmp_path: Path
) -> None:
    seed = int(os.environ.get("AUCTION_FAULT_SEED") or random.randrange(2**32))
    print(f"AUCTION_FAULT_SEED={seed}")
    chance = random.Random(seed)
    calm = Process(urls[0], tmp_path / "calm").ends()
    assert {row[1] for row in calm["journal"]} >= {"proceeds.distributed", "result.annulled"}
    assert {row[5] for row in calm["payouts"]} <= {"BOOKED", "CANCELLED"}
    assert {row[6] for row in calm["payouts"]} == {1, 2}
    # One life after the other gets a little further before it is killed: every statement's turn.
    swept = Process(urls[1], tmp_path / "swept")
    for statements in itertools.count(1):
        if swept.kills >= KILLS * 2 // 3 or swept.live(statements):
            break
    same(swept.ends(), calm)
    # And at random moments.
    tossed = Process(urls[2], tmp_path / "tossed")
    while tossed.kills < KILLS // 3 and not tossed.live(chance.randrange(1, 400)):
        pass
    same(tossed.ends(), calm)
    assert swept.kills + tossed.kills > min(KILLS, 60) // 2
    print(f"{swept.kills} + {tossed.kills} kills")
