"""A checkpoint kept elsewhere finds what a journal written anew as a whole can hide."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import pytest

from auction_engine.ledger import checkpoint
from auction_engine.ledger.checkpoint import Checkpoint, CheckpointUnusable
from auction_engine.ledger.journal import canonical
from auction_engine.ledger.verify import run, verify
from auction_engine.settings import Settings

from .conftest import LOTS
from .factories import START_MS, JournalWriter, list_lot, realistic, writer
from .tampering import alter, entries_of, rewrite, unguarded

MADE_AT = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)


async def test_the_places_are_the_last_entries_whatever_the_heads_say(
    journal: JournalWriter, database_url: str, superuser_url: str
) -> None:
    await alter(superuser_url, "UPDATE lot_head SET seq = 1, hash = ''")
    found = await checkpoint.take(database_url)
    assert found.lots == {lot: (at.seq, at.hash) for lot, at in journal.at.items()}


async def test_an_empty_journal_has_an_empty_checkpoint(database_url: str) -> None:
    assert await checkpoint.take(database_url) == ({}, (0, bytes(32)))


async def test_a_journal_that_grew_still_contains_it(
    journal: JournalWriter, database_url: str
) -> None:
    expected = await checkpoint.take(database_url)
    async with writer(database_url, seed=9) as later:
        later.states, later.at, later.log = journal.states, journal.at, journal.log
        later.do(9, later.bid(1, 10**14), 0)
        list_lot(later, 20, bidders=2, start_ms=START_MS + 10**9, end_ms=START_MS + 2 * 10**9)
        await later.flush()
    report = await verify(database_url, expected)
    assert report.problem is None, report.problem.sentence
    assert (report.lots, report.checkpoint_lots) == (len(LOTS) + 1, len(LOTS))


@pytest.mark.parametrize("lot", LOTS)
async def test_a_cut_tail_with_an_altered_head_is_named(
    journal: JournalWriter, database_url: str, superuser_url: str, lot: int
) -> None:
    expected = await checkpoint.take(database_url)
    last = journal.at[lot].seq
    async with unguarded(superuser_url) as connection:
        entries = await entries_of(connection, lot)
        await rewrite(connection, lot, entries[:-1])
    assert (await verify(database_url)).clean, "the ledger alone cannot know"
    problem = (await verify(database_url, expected)).problem
    assert problem is not None
    assert (problem.lot, problem.seq) == (lot, last)
    assert "the checkpoint has" in problem.sentence


@pytest.mark.parametrize("lot", LOTS)
async def test_a_lot_gone_without_a_trace_is_named(
    journal: JournalWriter, database_url: str, superuser_url: str, lot: int
) -> None:
    expected = await checkpoint.take(database_url)
    await alter(
        superuser_url, *[f"DELETE FROM {t} WHERE lot_id = {lot}" for t in ("journal", "lot_head")]
    )
    assert (await verify(database_url)).clean, "the ledger alone cannot know"
    problem = (await verify(database_url, expected)).problem
    assert problem is not None
    assert (problem.lot, problem.seq) == (lot, 1)


def _drop_a_refused_bid(entries: list[dict[str, Any]]) -> None:
    entries.remove(next(e for e in entries if e["kind"] == "bid.refused"))


def _raise_the_winning_bid(entries: list[dict[str, Any]]) -> None:
    bids = [e for e in entries if e["kind"] == "bid.accepted"]
    closed = next(e for e in entries if e["kind"] == "lot.closed")
    del entries[entries.index(bids[-1]) + 1 : entries.index(closed)]
    del entries[entries.index(closed) + 1 :]
    bids[-1]["amount_minor"] += 1
    closed["price_minor"] += 1


@pytest.mark.parametrize("change", [_drop_a_refused_bid, _raise_the_winning_bid])
async def test_a_history_written_anew_within_the_rules_is_named(
    journal: JournalWriter,
    database_url: str,
    superuser_url: str,
    change: Callable[[list[dict[str, Any]]], None],
) -> None:
    expected = await checkpoint.take(database_url)
    async with unguarded(superuser_url) as connection:
        entries = await entries_of(connection, 8)
        change(entries)
        await rewrite(connection, 8, entries)
    alone = await verify(database_url)
    assert alone.problem is None, alone.problem.sentence
    problem = (await verify(database_url, expected)).problem
    assert problem is not None
    assert problem.lot == 8
    assert "checkpoint" in problem.sentence


async def test_the_same_number_with_another_hash_is_named(
    journal: JournalWriter, database_url: str
) -> None:
    expected = await checkpoint.take(database_url)
    seq, digest = expected.lots[4]
    expected.lots[4] = (seq, digest[::-1])
    problem = (await verify(database_url, expected)).problem
    assert problem is not None
    assert (problem.lot, problem.seq) == (4, seq)
    assert digest[::-1].hex() in problem.sentence
    assert digest.hex() in problem.sentence


class TestFile:
    PLACES: ClassVar = Checkpoint(
        {4: (17, bytes(range(32))), 12: (1, bytes(32))}, (3, bytes(range(32, 64)))
    )

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "checkpoint.json"
        checkpoint.write(path, self.PLACES, MADE_AT)
        return path

    def test_it_gives_back_what_was_written_and_says_when(self, path: Path) -> None:
        assert checkpoint.load(path) == self.PLACES
        content = json.loads(path.read_text())
        assert content["made_at"] == "2026-07-01T09:30:00+00:00"
        assert len(content["sha256"]) == 64

    def test_one_from_before_the_money_is_read(self, path: Path) -> None:
        content = json.loads(path.read_text())
        del content["money"], content["sha256"]
        content["format"] = "auction-engine checkpoint 1"
        content["sha256"] = sha256(canonical(content)).hexdigest()
        path.write_text(json.dumps(content))
        assert checkpoint.load(path) == Checkpoint(self.PLACES.lots, None)

    def test_it_replaces_an_earlier_one_and_leaves_nothing_beside(self, path: Path) -> None:
        checkpoint.write(path, Checkpoint({}), MADE_AT)
        assert checkpoint.load(path) == Checkpoint({})
        assert list(path.parent.iterdir()) == [path]

    def test_no_altered_byte_goes_unnoticed(self, path: Path) -> None:
        content = path.read_bytes()
        for place in range(len(content)):
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            with pytest.raises(CheckpointUnusable):
                checkpoint.load(path)

    @pytest.mark.parametrize("content", ["", "[]", "{}", "null", "7", '{"lots": {}}'])
    def test_another_file_is_refused(self, path: Path, content: str) -> None:
        path.write_text(content)
        with pytest.raises(CheckpointUnusable, match="not a checkpoint"):
            checkpoint.load(path)

    def test_a_missing_file_and_a_missing_folder_are_told(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointUnusable, match="cannot be read"):
            checkpoint.load(tmp_path / "none.json")
        with pytest.raises(CheckpointUnusable, match="cannot be written"):
            checkpoint.write(tmp_path / "none" / "x.json", Checkpoint({}), MADE_AT)


class TestCommands:
    @pytest.fixture
    def filled(self, settings: Settings) -> Settings:
        async def fill() -> None:
            async with writer(settings.database_url or "") as journal:
                await realistic(journal, [1, 2, 3], bids=20)

        asyncio.run(fill())
        return settings

    def test_export_then_verify_against(
        self,
        filled: Settings,
        superuser_url: str,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        path = tmp_path / "checkpoint.json"
        assert checkpoint.export(filled.database_url or "", path) == 3
        assert run(filled, against=path, json_output=True) == 0
        assert json.loads(capsys.readouterr().out)["checkpoint_lots"] == 3
        asyncio.run(
            alter(
                superuser_url,
                "DELETE FROM journal WHERE lot_id = 2",
                "DELETE FROM lot_head WHERE lot_id = 2",
            )
        )
        assert run(filled) == 0
        assert run(filled, against=path) == 1
        assert "lot 2, entry 1: the entry is missing: the checkpoint" in capsys.readouterr().err

    def test_a_damaged_checkpoint_is_an_error_and_not_a_verdict(
        self, filled: Settings, tmp_path: Path
    ) -> None:
        path = tmp_path / "checkpoint.json"
        checkpoint.export(filled.database_url or "", path)
        path.write_text(path.read_text().replace('"3"', '"4"', 1))
        with pytest.raises(CheckpointUnusable, match="damaged"):
            run(filled, against=path)
