"""Our end of a keeper: start a server, notice its death, stop it."""

from __future__ import annotations

import json
import os
import pwd
import select
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from auction_engine.errors import ServerError

_KEEPER = Path(__file__).with_name("keeper.py")


def server_user(existing: Path) -> str | None:
    """The user the servers run as: None for "the one we are", another name when we are root.

    The owner of `existing` data stays its owner. Otherwise `nobody`, which every system has.
    """
    if os.geteuid() != 0:
        return None
    try:
        owner = existing.stat().st_uid
    except FileNotFoundError:
        owner = 0
    return pwd.getpwuid(owner).pw_name if owner else "nobody"


def give(path: Path, user: str | None) -> None:
    """Make `path` belong to the server's user, where that is another one."""
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


def write_private(path: Path, text: str, user: str | None = None) -> None:
    """Replace `path` by `text`, readable by its owner alone, whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    give(temporary, user)
    temporary.replace(path)


@dataclass
class KeptProcess:
    """One server process under its keeper.

    `paths` are the directories the server must be able to reach; `held` are descriptors the keeper
    holds open as long as it lives (the lock on the data directory).
    """

    name: str
    argv: list[str]
    log: Path
    user: str | None
    paths: list[Path]
    stop_signal: signal.Signals
    patience_s: float = 30.0
    held: Iterable[int] = ()
    environment: dict[str, str] = field(default_factory=dict)
    pid: int | None = field(default=None, init=False)
    _keeper: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    def start(self) -> None:
        """Start the server; returns as soon as its process exists, not when it is ready."""
        spec = {
            "argv": self.argv,
            "log": str(self.log),
            "user": self.user,
            "paths": [str(path) for path in self.paths],
            "stop_signal": int(self.stop_signal),
            "patience_s": self.patience_s,
            "environment": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **self.environment},
        }
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_KEEPER), json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=tuple(self.held),
            start_new_session=True,
        )
        assert self._keeper.stdout is not None
        line = b""
        if select.select([self._keeper.stdout], [], [], 10.0)[0]:
            line = self._keeper.stdout.readline()
        if not line:
            self.stop()
            raise ServerError(f"{self.name} could not be started; see {self.log}.")
        self.pid = int(line)

    def poll(self) -> int | None:
        """The server's exit status (128 + N after signal N), None while it runs."""
        return None if self._keeper is None else self._keeper.poll()

    @property
    def running(self) -> bool:
        return self._keeper is not None and self._keeper.poll() is None

    def wait(self, timeout_s: float) -> int:
        """Wait for a server that ends by itself. Raises subprocess.TimeoutExpired."""
        assert self._keeper is not None
        return self._keeper.wait(timeout_s)

    def stop(self) -> None:
        """Stop the server in good order, then with force; returns when it has ended."""
        keeper, self._keeper, self.pid = self._keeper, None, None
        if keeper is None:
            return
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        keeper.stdin.close()
        try:
            keeper.wait(self.patience_s + 15.0)
        except subprocess.TimeoutExpired:
            keeper.kill()
            keeper.wait()
        keeper.stdout.close()

    def kill(self) -> None:
        """kill -9 the server itself and wait until it is gone (for tests of its loss)."""
        assert self.pid is not None
        os.kill(self.pid, signal.SIGKILL)
        self.wait(10.0)
        self.stop()

    def last_words(self, lines: int = 3) -> str:
        """The end of the server's log, for an error message."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - 4096))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return ""
        return " / ".join(line.strip() for line in text.splitlines()[-lines:] if line.strip())
