"""Every alteration a superuser can make is found, and the row is named."""

from __future__ import annotations

import random
from typing import Any

import asyncpg
import pytest

from auction_engine.ledger.verify import verify
from auction_engine.ledger.verify_report import Problem

from .conftest import LOTS
from .factories import JournalWriter
from .tampering import alter, entries_of, rewrite, unguarded

ROW = "WHERE lot_id = 4 AND seq = 30"


async def found(database_url: str) -> Problem:
    report = await verify(database_url)
    assert report.problem is not None, "nothing was found"
    return report.problem


COLUMNS = [
    ("kind", "'bid.void'"),
    ("kind", "'lot.opened'"),
    ("kind", "''"),
    ("bidder", "coalesce(bidder, 0) + 1"),
    ("bidder", "-1"),
    ("bid_id", "gen_random_uuid()"),
    ("body", "''"),
    ("body", "body || ' '"),
    ("body", "substr(body, 2)"),
    ("body", "(SELECT body FROM journal WHERE lot_id = 3 AND seq = 30)"),
    ("hash", "''"),
    ("hash", "sha256(body)"),
    ("hash", "substr(hash, 1, 31)"),
    ("hash", "(SELECT hash FROM journal WHERE lot_id = 4 AND seq = 29)"),
    ("lot_id", "999"),
    ("lot_id", "-1"),
    ("seq", "100000"),
    ("seq", "0"),
    ("seq", "-5"),
]


@pytest.mark.parametrize(("column", "value"), COLUMNS)
async def test_an_altered_column_is_named(
    journal: JournalWriter, database_url: str, superuser_url: str, column: str, value: str
) -> None:
    await alter(superuser_url, f"UPDATE journal SET {column} = {value} {ROW}")
    problem = await found(database_url)
    named = (problem.lot, problem.seq)
    # A row moved to a place before its own is met there first.
    moved = {("lot_id", "-1"): (-1, 1), ("seq", "0"): (4, 0), ("seq", "-5"): (4, -5)}
    assert named == moved.get((column, value), (4, 30)), problem.sentence


@pytest.mark.parametrize("column", ["bidder", "bid_id"])
async def test_an_emptied_column_is_named(
    journal: JournalWriter, database_url: str, superuser_url: str, column: str
) -> None:
    async with unguarded(superuser_url) as connection:
        seq = await connection.fetchval(
            "SELECT max(seq) FROM journal WHERE lot_id = 4 AND bid_id IS NOT NULL"
        )
        await connection.execute(
            f"UPDATE journal SET {column} = NULL WHERE lot_id = 4 AND seq = $1", seq
        )
    problem = await found(database_url)
    assert (problem.lot, problem.seq) == (4, seq)
    assert f"column {column}" in problem.sentence


@pytest.mark.parametrize("seed", range(6))
async def test_any_altered_byte_of_any_row_is_named(
    journal: JournalWriter, database_url: str, superuser_url: str, seed: int
) -> None:
    chance = random.Random(seed)
    async with unguarded(superuser_url) as connection:
        rows = await connection.fetch("SELECT lot_id, seq, body, hash FROM journal")
        for _ in range(12):
            lot, seq, *values = chance.choice(rows)
            which = chance.choice((0, 0, 0, 1))
            content = bytearray(values[which])
            place = chance.randrange(len(content))
            content[place] ^= chance.randrange(1, 256)
            column = ("body", "hash")[which]
            update = f"UPDATE journal SET {column} = $3 WHERE lot_id = $1 AND seq = $2"
            await connection.execute(update, lot, seq, bytes(content))
            told = f"seed {seed}: byte {place} of {column} of lot {lot}, entry {seq}"
            report = await verify(database_url)
            assert report.problem is not None, f"not found: {told}"
            assert (report.problem.lot, report.problem.seq) == (lot, seq), told
            await connection.execute(update, lot, seq, values[which])
    report = await verify(database_url)
    assert report.clean, f"seed {seed}: {report.problem}"


@pytest.mark.parametrize("seq", [1, 2, 30])
async def test_a_deleted_row_is_named(
    journal: JournalWriter, database_url: str, superuser_url: str, seq: int
) -> None:
    await alter(superuser_url, f"DELETE FROM journal WHERE lot_id = 4 AND seq = {seq}")
    problem = await found(database_url)
    assert problem.sentence == f"lot 4, entry {seq}: the entry is missing."


@pytest.mark.parametrize("lot", LOTS)
@pytest.mark.parametrize("rows", [1, 3])
async def test_a_tail_cut_off_is_named(
    journal: JournalWriter, database_url: str, superuser_url: str, lot: int, rows: int
) -> None:
    first = journal.at[lot].seq - rows + 1
    await alter(superuser_url, f"DELETE FROM journal WHERE lot_id = {lot} AND seq >= {first}")
    problem = await found(database_url)
    # A command's outcome cut in the middle is noticed by the rules at what is left of it.
    assert problem.lot == lot
    assert problem.seq == first or (problem.seq == first - 1 and "after this entry" in problem.what)


@pytest.mark.parametrize("lot", LOTS)
async def test_a_journal_deleted_as_a_whole_is_named(
    journal: JournalWriter, database_url: str, superuser_url: str, lot: int
) -> None:
    await alter(superuser_url, f"DELETE FROM journal WHERE lot_id = {lot}")
    problem = await found(database_url)
    assert (problem.lot, problem.seq) == (lot, 1)


async def test_a_row_put_in_at_the_end_is_named(
    journal: JournalWriter, database_url: str, superuser_url: str
) -> None:
    last = journal.at[4].seq
    await alter(
        superuser_url,
        "INSERT INTO journal SELECT lot_id, seq + 1, kind, bidder, NULL, body, hash"
        f" FROM journal WHERE lot_id = 4 AND seq = {last}",
    )
    problem = await found(database_url)
    assert (problem.lot, problem.seq) == (4, last + 1)


async def test_a_row_put_in_at_the_end_with_a_sound_chain_is_named(
    journal: JournalWriter, database_url: str, superuser_url: str
) -> None:
    async with unguarded(superuser_url) as connection:
        entries = await entries_of(connection, 9)
        head = await connection.fetchrow("SELECT * FROM lot_head WHERE lot_id = 9")
        end_ms = head["end_ms"]
        closed = {
            "kind": "lot.closed",
            "leader": head["leader"],
            "n": head["accepted"],
            "price_minor": head["price_minor"],
            "lot": 9,
            "epoch": journal.epoch,
            "log": f"{end_ms}-0",
            "at_ms": end_ms,
        }
        await rewrite(connection, 9, [*entries, closed])
        await connection.execute(
            "UPDATE lot_head SET seq = $1, hash = $2, phase = $3 WHERE lot_id = 9",
            head["seq"],
            head["hash"],
            head["phase"],
        )
    problem = await found(database_url)
    assert (problem.lot, problem.seq) == (9, head["seq"] + 1)
    assert "one too many" in problem.sentence


async def test_a_row_put_in_between_is_named(
    journal: JournalWriter, database_url: str, superuser_url: str
) -> None:
    await alter(
        superuser_url,
        "UPDATE journal SET seq = -seq - 1 WHERE lot_id = 4 AND seq >= 30",
        "UPDATE journal SET seq = -seq WHERE lot_id = 4 AND seq < 0",
        "INSERT INTO journal SELECT lot_id, 30, kind, bidder, NULL, body, hash"
        " FROM journal WHERE lot_id = 4 AND seq = 29",
    )
    problem = await found(database_url)
    assert (problem.lot, problem.seq) == (4, 30)


@pytest.mark.parametrize("columns", [["seq"], ["body", "hash"], ["body"], ["hash"]])
async def test_two_rows_exchanged_are_named(
    journal: JournalWriter, database_url: str, superuser_url: str, columns: list[str]
) -> None:
    if columns == ["seq"]:
        statements = [
            f"UPDATE journal SET seq = {to} WHERE lot_id = 4 AND seq = {of}"
            for of, to in ((30, -1), (31, 30), (-1, 31))
        ]
    else:
        pairs = ", ".join(f"{name} = other.{name}" for name in columns)
        statements = [
            f"UPDATE journal j SET {pairs} FROM journal other WHERE j.lot_id = 4"
            " AND other.lot_id = 4 AND j.seq IN (30, 31) AND other.seq = 61 - j.seq"
        ]
    await alter(superuser_url, *statements)
    problem = await found(database_url)
    assert (problem.lot, problem.seq) == (4, 30)


async def test_two_lots_exchanged_are_named(
    journal: JournalWriter, database_url: str, superuser_url: str
) -> None:
    await alter(
        superuser_url,
        *[
            f"UPDATE {table} SET lot_id = {to} WHERE lot_id = {of}"
            for table in ("journal", "lot_head")
            for of, to in ((3, -3), (4, 3), (-3, 4))
        ],
    )
    problem = await found(database_url)
    assert (problem.lot, problem.seq) == (3, 1)
    assert "column lot" in problem.sentence


class TestSoundChains:
    """The lot's whole chain and head are computed anew; the rules find it where they can."""

    @staticmethod
    async def rewritten(superuser_url: str, change: Any) -> int:
        """Apply `change` to the entries of lot 4; the number of the entry it names."""
        async with unguarded(superuser_url) as connection:
            entries = await entries_of(connection, 4)
            seq: int = change(entries)
            await rewrite(connection, 4, entries)
        return seq

    async def test_a_lowered_bid_is_named(
        self, journal: JournalWriter, database_url: str, superuser_url: str
    ) -> None:
        def lower(entries: list[dict[str, Any]]) -> int:
            bids = [e for e in entries if e["kind"] == "bid.accepted"]
            bids[3]["amount_minor"] = bids[2]["amount_minor"] + 1
            return int(bids[3]["seq"])

        seq = await self.rewritten(superuser_url, lower)
        problem = await found(database_url)
        assert (problem.lot, problem.seq) == (4, seq)
        assert "the rules" in problem.sentence

    async def test_another_winner_is_named(
        self, journal: JournalWriter, database_url: str, superuser_url: str
    ) -> None:
        def crown(entries: list[dict[str, Any]]) -> int:
            closed = next(e for e in entries if e["kind"] == "lot.closed")
            closed["leader"] = closed["leader"] % 5 + 1
            return int(closed["seq"])

        seq = await self.rewritten(superuser_url, crown)
        problem = await found(database_url)
        assert (problem.lot, problem.seq) == (4, seq)
        assert "leader is not what the rules give" in problem.sentence

    async def test_a_bid_id_recorded_for_two_lots_is_named(
        self, journal: JournalWriter, database_url: str, superuser_url: str
    ) -> None:
        async with unguarded(superuser_url) as connection:
            await connection.execute("DROP INDEX journal_one_row_per_bid_id")
            other = next(e for e in await entries_of(connection, 3) if e["kind"] == "bid.refused")
            entries = await entries_of(connection, 4)
            same = next(
                e for e in entries if e["kind"] == "bid.refused" and e["bidder"] == other["bidder"]
            )
            same["bid_id"] = other["bid_id"]
            await rewrite(connection, 4, entries)
        problem = await found(database_url)
        assert (problem.lot, problem.seq) == (4, same["seq"])
        assert other["bid_id"] in problem.sentence


HEAD = [
    ("seq", "seq + 1"),
    ("seq", "seq - 1"),
    ("seq", "0"),
    ("hash", "sha256(hash)"),
    ("hash", "''"),
    ("phase", "'open'"),
    ("phase", "'scheduled'"),
    ("status", "'RUNNING'"),
    ("due_ms", "7"),
    ("end_ms", "end_ms + 1"),
    ("end_ms", "NULL"),
    ("price_minor", "price_minor + 1"),
    ("price_minor", "NULL"),
    ("leader", "leader + 1"),
    ("leader", "NULL"),
    ("accepted", "accepted + 1"),
    ("refused", "refused - 1"),
    ("extensions", "extensions + 1"),
    ("shard", "7"),
    ("shard", "1"),
    ("lot_id", "5"),
    ("lot_id", "77"),
]


@pytest.mark.parametrize(("column", "value"), HEAD)
async def test_an_altered_head_is_named(
    journal: JournalWriter, database_url: str, superuser_url: str, column: str, value: str
) -> None:
    connection = await asyncpg.connect(superuser_url)
    await connection.execute(
        "INSERT INTO shard SELECT 1, epoch, owner, lease_until, consumed FROM shard"
    )
    await connection.execute(f"UPDATE lot_head SET {column} = {value} WHERE lot_id = 4")
    await connection.close()
    problem = await found(database_url)
    assert problem.lot == 4, problem.sentence
    if column not in ("seq", "lot_id"):
        assert column in problem.sentence


@pytest.mark.parametrize("lot", LOTS)
async def test_a_head_that_is_gone_is_named(
    journal: JournalWriter, database_url: str, superuser_url: str, lot: int
) -> None:
    await alter(superuser_url, f"DELETE FROM lot_head WHERE lot_id = {lot}")
    problem = await found(database_url)
    assert problem.sentence == (f"lot {lot}: the lot has journal entries but no row in lot_head.")


@pytest.mark.parametrize("lot", [1, 5, 77])
async def test_a_head_without_a_journal_is_named(
    journal: JournalWriter, database_url: str, superuser_url: str, lot: int
) -> None:
    await alter(
        superuser_url,
        "CREATE TABLE copied AS SELECT * FROM lot_head WHERE lot_id = 3",
        f"UPDATE copied SET lot_id = {lot}",
        "INSERT INTO lot_head SELECT * FROM copied",
    )
    problem = await found(database_url)
    assert (problem.lot, problem.seq) == (lot, 1)
    assert "the journal none" in problem.sentence


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE shard SET consumed = '0-0'", "has not consumed"),
        (
            "UPDATE shard SET consumed = split_part(consumed, '-', 1)::bigint - 1 || '-999'",
            "has not consumed",
        ),
        ("UPDATE shard SET consumed = 'never'", "has not consumed"),
        ("UPDATE shard SET epoch = 0", "older epoch"),
        ("DELETE FROM shard", "has no row"),
    ],
)
async def test_an_altered_shard_is_told_with_the_entry_it_contradicts(
    journal: JournalWriter, database_url: str, superuser_url: str, statement: str, sentence: str
) -> None:
    await alter(superuser_url, statement)
    problem = await found(database_url)
    assert sentence in problem.sentence
    assert problem.lot in LOTS
    assert problem.seq == journal.at[problem.lot].seq


@pytest.mark.parametrize("statement", ["DROP TABLE lot_head", "DROP TABLE shard"])
async def test_a_table_that_is_gone_is_not_taken_for_a_ledger_that_holds(
    journal: JournalWriter, database_url: str, superuser_url: str, statement: str
) -> None:
    from auction_engine.ledger.errors import LedgerError

    await alter(superuser_url, statement)
    with pytest.raises(LedgerError):
        await verify(database_url)
