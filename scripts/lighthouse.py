"""What Lighthouse finds on the pages people open first, on a simulated slow phone line.

Starts a demonstration of its own and writes loadtests/results/lighthouse.json: for each page the
scores of performance, accessibility and best practices (of 100), and when its first and its largest
content is painted, in milliseconds, the middle of several runs. Ends with 1 where a page misses its
target. The machine should have nothing else to do: a busy one makes pages look slow.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
from screenshots import demonstration

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "loadtests" / "results" / "lighthouse.json"
LIGHTHOUSE = ROOT / "tests" / "node" / "node_modules" / ".bin" / "lighthouse"
CATEGORIES = ("performance", "accessibility", "best-practices")
PAINTS = {
    "first_paint_ms": "first-contentful-paint",
    "largest_paint_ms": "largest-contentful-paint",
}
# The first sight within a second; of the largest, what browsers' makers call good.
SCORE_MIN, PAINT_MAX_MS = 95, {"first_paint_ms": 1_000, "largest_paint_ms": 2_500}
NAMES = ("chromium", "chromium-browser", "google-chrome")


def pages(base: str) -> dict[str, str]:
    """Each page with its address; the room is that of an open lot."""
    lots = httpx.get(f"{base}/api/lots").json()["lots"]
    lot = next((row["id"] for row in lots if row["state"]["phase"] == "open"), lots[0]["id"])
    return {
        "room": f"/lots/{lot}", "session": "/", "catalogue": "/lots", "way": f"/lots/{lot}/way",
        "login": "/login",
    }  # fmt: skip


def look(base: str, path: str, home: Path, number: int) -> dict[str, Any]:
    """One run of Lighthouse."""
    out = home / f"{number}.json"
    chromium = next((found for name in NAMES if (found := shutil.which(name))), "")
    subprocess.run(
        [
            str(LIGHTHOUSE), base + path, "--quiet", "--output=json", f"--output-path={out}",
            f"--only-categories={','.join(CATEGORIES)}",
            "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
        ],
        env={**os.environ, "CHROME_PATH": chromium}, check=True, cwd=home,
    )  # fmt: skip
    told = json.loads(out.read_text("utf-8"))
    found = {name: round(100 * told["categories"][name]["score"]) for name in CATEGORIES}
    found |= {name: round(told["audits"][of]["numericValue"]) for name, of in PAINTS.items()}
    found["bytes"] = int(told["audits"]["total-byte-weight"]["numericValue"])
    found["faults"] = sorted(
        name
        for category in CATEGORIES[1:]
        for ref in told["categories"][category]["auditRefs"]
        if (told["audits"][name := ref["id"]]["score"] or 0) < 1
        and told["audits"][name]["scoreDisplayMode"] in ("binary", "numeric")
    )
    return found


def middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Of each figure the middle one; of faults all."""
    figures = {
        name: round(statistics.median(run[name] for run in runs))
        for name in runs[0]
        if name != "faults"
    }
    return figures | {"faults": sorted({fault for run in runs for fault in run["faults"]})}


def misses(found: dict[str, Any]) -> list[str]:
    low = [f"{name} {found[name]}" for name in CATEGORIES if found[name] < SCORE_MIN]
    late = [f"{name} {found[name]}" for name, most in PAINT_MAX_MS.items() if found[name] > most]
    return low + late


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", help="one page, by its name")
    given = parser.parse_args()
    if not LIGHTHOUSE.exists():
        sys.exit("lighthouse: not installed; run npm ci in tests/node first.")
    results: dict[str, Any] = {}
    missed = False
    with (
        tempfile.TemporaryDirectory(prefix="auction-lighthouse-") as home,
        demonstration(Path(home) / "data") as base,
    ):
        for name, path in pages(base).items():
            if given.only not in (None, name):
                continue
            # Asked once before: the first answer of a program just started takes longer than any.
            if httpx.get(base + path).status_code != 200:
                print(f"{name}: {path} is not there")
                continue
            runs = [look(base, path, Path(home), number) for number in range(given.runs)]
            results[name] = found = middle(runs)
            missed |= bool(misses(found))
            print(name, found, *misses(found), flush=True)
    if given.only is None:
        targets = {"score_min": SCORE_MIN, "paint_max_ms": PAINT_MAX_MS, "runs": given.runs}
        told = {"lighthouse": "12.8.2", "targets": targets, "pages": results}
        RESULT.write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
