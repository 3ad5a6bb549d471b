"""A clock that a test moves on: for the servers and programs under it, weeks pass in a moment.

A session's dates are counted by the law, and what is counted must be real: no window is shortened
and no rule left out. So PostgreSQL, Valkey and the program themselves are told a later time, by a
few lines of C between them and libc (`moving_clock.c`); what only measures how long something lasts
goes on as ever. The test itself keeps the machine's time.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from auction_engine.embedded import EmbeddedServers, kept, postgres, valkey

_SOURCE = Path(__file__).with_suffix(".c")
_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_NO_COMPILER = (
    "NO C COMPILER WAS FOUND: tests that let weeks pass were not run. Install one (on Debian: "
    "apt-get install gcc libc6-dev) and run the tests again; in CI this is a failure."
)


class MovingClock:
    """One clock for everything that is started with its `environment`. It never goes back."""

    def __init__(self, home: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            if os.environ.get("CI") == "true":
                pytest.fail(_NO_COMPILER, pytrace=False)
            pytest.skip(_NO_COMPILER)
        home.mkdir()
        # The servers run as somebody who owns nothing here.
        home.chmod(0o755)
        library, self._ahead = home / "moving_clock.so", home / "ahead"
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O2", "-o", library, _SOURCE, "-ldl"], check=True
        )
        self._ahead_s = 0
        self._ahead.write_bytes(struct.pack("q", 0))
        for path in (library, self._ahead):
            path.chmod(0o644)
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_AHEAD_FILE": str(self._ahead)}

    def now_ms(self) -> int:
        """UTC milliseconds as the programs have them."""
        return int((time.time() + self._ahead_s) * 1000)

    def today(self) -> date:
        """The day it is in Vietnam."""
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC).astimezone(_ZONE).date()

    def move_to(self, at_ms: int) -> None:
        """Let time pass until then; nothing if it has come already."""
        more_s = (at_ms - self.now_ms()) // 1000
        if more_s <= 0:
            return
        self._ahead_s += more_s
        # In place: the file is mapped by everybody who looks at this clock.
        with self._ahead.open("r+b") as file:
            file.write(struct.pack("q", self._ahead_s))

    @contextlib.contextmanager
    def servers(self, home: Path) -> Iterator[EmbeddedServers]:
        """PostgreSQL and Valkey of their own under this clock, with their data in `home`."""
        begun = partial(kept.KeptProcess, environment=dict(self.environment))
        with pytest.MonkeyPatch.context() as patch:
            for module in (postgres, valkey):
                patch.setattr(module, "KeptProcess", begun)
            servers = EmbeddedServers(home)
            servers.start()
        try:
            yield servers
        finally:
            servers.stop()
