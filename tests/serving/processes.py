"""Looking at, and starting, real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]


def wait_until(true: Callable[[], object], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def using(directory: Path) -> list[psutil.Process]:
    """Live processes whose command line or environment names `directory`, except this one."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.environ().get("AUCTION_DATA_DIR", "")]
            named = any(str(directory) in word for word in words)
            if named and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def engine(
    arguments: Sequence[str], environment: dict[str, str], **options: object
) -> subprocess.Popen[str]:
    """`auction-engine <arguments>` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "auction_engine.cli", *arguments],
        env={**clean_environment(), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        **options,  # type: ignore[call-overload]
    )


def run_engine(
    arguments: Sequence[str], environment: dict[str, str], timeout_s: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """The same, to its end."""
    process = engine(arguments, environment)
    try:
        out, err = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AUCTION_")}
