"""Each benchmark runs with tiny numbers and keeps a well-formed result; no timing is judged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALWAYS = {"offered_per_s", "acknowledged_share", "p50_ms", "p99_ms"}
BIDS = [
    "bids", "--rates", "200", "--seconds", "0.4", "--warmup", "0.1", "--rounds", "1",
    "--no-search", "--rival-clients", "4", "--rival-rate", "50",
]  # fmt: skip


def _start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "loadtests", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _result(arguments: Sequence[str], directory: Path) -> dict[str, Any]:
    process = _start([*arguments, "--results", str(directory), "--dir", str(directory)])
    try:
        out, err = process.communicate(timeout=100)
    except subprocess.TimeoutExpired:
        process.terminate()
        out, err = process.communicate(timeout=30)
        pytest.fail(f"it hung:\n{out}\n{err}")
    assert process.returncode == 0, out + err
    assert list(directory.glob("auction-bench-*")) == [], "it left its servers' data behind"
    content: dict[str, Any] = json.loads((directory / f"{arguments[0]}.json").read_text())
    _check_form(content)
    return content


def _check_form(content: dict[str, Any]) -> None:
    machine = content["machine"]
    assert machine["cpu"]
    assert machine["cores"] >= 1
    assert machine["postgresql"]["fsync"] == "on"
    assert machine["postgresql"]["synchronous_commit"] == "on"
    assert machine["valkey"]
    assert content["parameters"]
    assert content["rows"]
    for row in content["rows"]:
        assert row.keys() >= ALWAYS
        for name in ALWAYS:
            assert row[name] is None or row[name] >= 0
    for check in content["checks"]:
        assert check["met"] in (True, False, None)


def test_bids(tmp_path: Path) -> None:
    content = _result(BIDS, tmp_path)
    rows = {(row["transport"], row["mode"]): row for row in content["rows"]}
    for transport in ("log", "live"):
        row = rows[transport, "open loop"]
        assert row["lost"] == row["errors"] == 0
        assert row["acknowledged_share"] + row["busy_share"] == pytest.approx(1)
        if row["busy_share"] == 0:
            assert row["refused_share"] >= 0.05, "bids that are too low must be recorded"
            assert row["accepted_share"] > 0.1
        assert row["p50_ms"] <= row["p99_ms"] <= row["max_ms"]
        assert (transport, "twice the best") in rows
    assert rows["row lock", "open loop"]["lost"] == 0
    assert rows["row lock", "closed loop, 4 clients"]["acknowledged_per_s"] > 0


def test_fanout(tmp_path: Path) -> None:
    arguments = ["fanout", "--sockets", "20", "--seconds", "0.5", "--rounds", "1"]
    content = _result(arguments, tmp_path)
    rows = {row["server"]: row for row in content["rows"]}
    assert set(rows) - {"nginx + nchan"} == {"gateway", "raw write"}
    for row in rows.values():
        assert 0 < row["delivered"] <= row["frames_per_viewer"] * 20
        assert row["viewers_lost"] == 0
    assert rows["raw write"]["payload_bytes"] == rows["gateway"]["payload_bytes"] > 100
    assert rows["gateway"]["p99_ms"] is not None, "frames must be found again in the journal"


def test_growth(tmp_path: Path) -> None:
    arguments = ["growth", "--sizes", "5,300", "--bids", "60", "--rate", "300", "--rounds", "1"]
    content = _result(arguments, tmp_path)
    cases = {(row["case"], row["mode"]): row for row in content["rows"]}
    assert len(cases) == 6
    assert all(row["not_accepted"] == 0 for row in cases.values())
    assert cases["300 bids", "closed loop"]["bids_before"] == 300
    assert cases["300 bids", "open loop"]["bids_before"] == 360
    assert set(content["start"]["view_read_s"]) == {"5", "300"}


def test_imports(tmp_path: Path) -> None:
    arguments = ["imports", "--assets", "120", "--wrong", "0.1", "--single", "8", "--rounds", "1"]
    content = _result(arguments, tmp_path)
    looked, written, single = content["rows"]
    assert looked["faults"] > 3
    assert (written["faults"], written["assets"], single["assets"]) == (0, 120, 8)
    assert written["stall_p99_ms"] <= written["stall_max_ms"]
    assert content["checks"][0]["at_most"] == 60


def test_logins(tmp_path: Path) -> None:
    arguments = ["logins", "--quick", "--seconds", "2", "--rate", "50", "--per-minute", "300"]
    content = _result(arguments, tmp_path)
    alone, rushed = content["rows"]
    assert (alone["case"], rushed["case"]) == ("bids alone", "bids and sign-ins")
    assert alone["lost"] == rushed["lost"] == alone["logins"] == rushed["logins_refused"] == 0
    assert rushed["logins"] > 0
    assert rushed["login_p50_ms"] <= rushed["login_p99_ms"]
    assert len(content["runs"]) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_what_it_started(tmp_path: Path, number: signal.Signals) -> None:
    process = _start([*BIDS, "--seconds", "60", "--results", str(tmp_path), "--dir", str(tmp_path)])
    assert process.stdout is not None
    assert "round 1" in process.stdout.readline()
    time.sleep(1.5)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("auction-bench-*"))
    assert not _using(tmp_path)


def _using(directory: Path) -> list[str]:
    """Command lines of processes that still name `directory`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if str(directory).encode() in words and int(entry.name) != os.getpid():
            found.append(words[:200].decode("utf-8", "replace"))
    return found


def test_median_keeps_the_worst_of_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)  # the package of the checkout, which is not installed
    from loadtests import table

    runs = [
        {"p50_ms": 1.0, "lost": 0, "generator_kept_up": True, "p99_ms": None, "mode": "x"},
        {"p50_ms": 9.0, "lost": 2, "generator_kept_up": False, "p99_ms": 4.0, "mode": "x"},
        {"p50_ms": 2.0, "lost": 0, "generator_kept_up": True, "p99_ms": 6.0, "mode": "x"},
    ]
    assert table.median_of(runs) == {
        "p50_ms": 2.0, "lost": 2, "generator_kept_up": False, "p99_ms": 5.0, "mode": "x",
        "rounds": 3,
    }  # fmt: skip


def test_catalogue(tmp_path: Path) -> None:
    content = _result(["catalogue", "--quick"], tmp_path)
    cases = {(row["case"], row["what"]) for row in content["rows"]}
    assert cases == {
        ("program", "search"),
        ("program", "search page"),
        ("program", "catalogue page"),
        ("ILIKE over content", "search"),
    }
    assert content["parameters"]["lots"] == 300
