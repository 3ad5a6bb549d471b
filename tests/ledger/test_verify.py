from __future__ import annotations

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest

from auction_engine.ledger.errors import LedgerError
from auction_engine.ledger.verify import run, verify
from auction_engine.settings import Settings

from .factories import realistic, writer
from .tampering import alter


async def filled(database_url: str, lots: int, bids: int) -> int:
    """A realistic journal on shard 0; how many entries."""
    async with writer(database_url) as journal:
        await realistic(journal, list(range(1, lots + 1)), bids)
        return sum(position.seq for position in journal.at.values())


async def test_an_empty_ledger_holds(database_url: str) -> None:
    report = await verify(database_url)
    assert (report.clean, report.lots, report.rows) == (True, 0, 0)


async def test_a_realistic_journal_of_thousands_of_entries_holds(database_url: str) -> None:
    entries = await filled(database_url, lots=6, bids=900)
    report = await verify(database_url)
    assert report.problem is None, report.problem.sentence
    assert (report.lots, report.rows) == (6, entries)
    assert entries > 5_400
    # The journal had everything in it that a journal can have.
    assert set(report.kinds) == {
        "lot.listed",
        "bidder.admitted",
        "lot.opened",
        "bid.accepted",
        "bid.refused",
        "lot.extended",
        "lot.closed",
    }
    assert report.kinds["bid.accepted"] > 1_000 < report.kinds["bid.refused"]


async def test_several_shards_and_take_overs_hold(database_url: str) -> None:
    for shard, lots in ((0, [1, 3]), (1, [2, 4])):
        async with writer(database_url, shard, "first", seed=shard) as journal:
            await realistic(journal, lots, bids=30)
            states, at, log = journal.states, journal.at, journal.log
            first = journal.epoch
        async with writer(database_url, shard, "first", seed=10 + shard) as journal:
            assert journal.epoch > first
            journal.states, journal.at, journal.log = states, at, log
            journal.do(lots[-1], journal.bid(1, 10**14), 0)
            await journal.flush()
    report = await verify(database_url)
    assert report.problem is None, report.problem.sentence
    assert report.lots == 4


async def test_a_ledger_in_use_holds_at_every_moment(database_url: str) -> None:
    await filled(database_url, lots=2, bids=400)
    done = asyncio.Event()

    async def write() -> None:
        async with writer(database_url, shard=1, seed=5) as journal:
            await realistic(journal, [11, 12], bids=400, batch=4)
        done.set()

    writing = asyncio.create_task(write())
    seen = set()
    while not done.is_set():
        report = await verify(database_url)
        assert report.problem is None, report.problem.sentence
        seen.add(report.rows)
    await writing
    assert len(seen) > 1


async def test_progress_is_told(database_url: str) -> None:
    entries = await filled(database_url, lots=3, bids=1_500)
    told: list[tuple[int, int]] = []
    await verify(database_url, on_progress=lambda report, total: told.append((report.rows, total)))
    assert len(told) > 1
    assert told[-1] == (entries, entries)
    assert told == sorted(told)


class TestRun:
    @pytest.fixture(autouse=True)
    def no_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            monkeypatch.delenv(name, raising=False)

    @pytest.fixture
    def filled_settings(self, settings: Settings) -> Settings:
        assert settings.database_url is not None
        asyncio.run(filled(settings.database_url, lots=3, bids=20))
        return settings

    def test_a_sound_ledger_is_told_in_a_table(
        self, filled_settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(filled_settings) == 0
        shown = capsys.readouterr()
        assert "The ledger holds" in shown.out
        assert "bid.accepted" in shown.out
        assert shown.err == ""  # no progress bar where nobody looks

    def test_progress_is_shown_on_a_terminal(
        self,
        filled_settings: Settings,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("COLUMNS", "200")
        assert run(filled_settings, json_output=True) == 0
        shown = capsys.readouterr()
        assert "verifying" in shown.err
        assert json.loads(shown.out)["clean"] is True

    def test_the_first_bad_row_is_told_in_a_sentence(
        self, filled_settings: Settings, superuser_url: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        asyncio.run(
            alter(
                superuser_url,
                "UPDATE journal SET hash = sha256(hash) WHERE lot_id = 2 AND seq IN (7, 9)",
                "UPDATE journal SET hash = sha256(hash) WHERE lot_id = 3 AND seq = 1",
            )
        )
        assert run(filled_settings) == 1
        shown = capsys.readouterr()
        assert shown.out == ""
        assert "lot 2, entry 7: the hash" in shown.err
        assert "lot 3" not in shown.err
        assert len(shown.err.splitlines()) == 1

    def test_json_for_machines(
        self, filled_settings: Settings, superuser_url: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(filled_settings, json_output=True) == 0
        clean = json.loads(capsys.readouterr().out)
        assert (clean["clean"], clean["lots"], clean["problem"]) == (True, 3, None)
        asyncio.run(alter(superuser_url, "DELETE FROM journal WHERE lot_id = 2 AND seq = 7"))
        assert run(filled_settings, json_output=True) == 1
        bad = json.loads(capsys.readouterr().out)
        assert (bad["clean"], bad["lots"]) == (False, 1)
        assert (bad["problem"]["lot"], bad["problem"]["seq"]) == (2, 7)
        assert bad["problem"]["sentence"] == "lot 2, entry 7: the entry is missing."

    def test_an_address_of_its_own_goes_first(
        self, filled_settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        elsewhere = Settings(
            database_url="postgresql://nobody@127.0.0.1:1/none", redis_url="redis://127.0.0.1:1"
        )
        assert run(elsewhere, database_url=filled_settings.database_url) == 0
        with pytest.raises(LedgerError, match="cannot be reached"):
            run(elsewhere)

    def test_without_an_address_the_embedded_server_is_verified(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from auction_engine.embedded import servers_for
        from auction_engine.ledger.migrate import upgrade

        embedded = Settings(data_dir=tmp_path / "data")
        with servers_for(embedded) as served:
            assert served.database_url is not None
            upgrade(served.database_url)
            asyncio.run(filled(served.database_url, lots=1, bids=5))
        assert run(embedded, json_output=True) == 0
        assert json.loads(capsys.readouterr().out)["lots"] == 1


async def test_a_database_without_a_ledger_is_told(empty_database_url: str) -> None:
    with pytest.raises(LedgerError, match="auction-engine migrate"):
        await verify(empty_database_url)


async def test_a_connection_lost_on_the_way_is_an_error_and_not_a_verdict(
    database_url: str, superuser_url: str
) -> None:
    await filled(database_url, lots=2, bids=3_000)
    admin = await asyncpg.connect(superuser_url)
    killed: list[asyncio.Task[None]] = []

    async def kill() -> None:
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'auction-verify' AND datname = current_database()"
        )

    def on_progress(*_: object) -> None:
        if not killed:
            killed.append(asyncio.get_running_loop().create_task(kill()))

    with pytest.raises(LedgerError):
        await verify(database_url, on_progress=on_progress)
    await killed[0]
    await admin.close()
