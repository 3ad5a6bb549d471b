"""The benchmark of the books runs with tiny numbers and keeps its result; no timing is judged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_money(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "loadtests", "money", "--quick", "--sizes", "40,300", "--lots", "6",
         "--results", str(tmp_path), "--dir", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    content = json.loads((tmp_path / "money.json").read_text())
    rows = {(row["case"], row["what"]): row for row in content["rows"]}
    sizes, singles = ("40 transfers", "300 transfers"), ("post", "balance", "sum of postings")
    escrows = ("escrow in stripes", "escrow in one row")
    closing = {(case, "close a lot of 5") for case in escrows}
    assert set(rows) == {(size, what) for size in sizes for what in singles} | closing
    assert rows["300 transfers", "post"]["before"] == 310  # and what settles the plans
    for row in content["rows"]:
        assert 0 < row["p50_ms"] <= row["p99_ms"]
        assert row["acknowledged_share"] == 1
    judged = [check for check in content["checks"] if check["met"] is not None]
    assert len(judged) == 4, "post and balance against a flat cost, and two rivals"
