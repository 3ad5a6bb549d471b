"""PostgreSQL and Valkey together, as one thing that starts and stops."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from types import TracebackType

from auction_engine.embedded import postgres, valkey
from auction_engine.embedded.directory import DataDirectory, Version
from auction_engine.embedded.kept import server_user, write_private
from auction_engine.errors import ServerError

_LOG_MAX_BYTES = 10 * 1024 * 1024


class EmbeddedServers:
    """A private PostgreSQL and Valkey with their data in `data_dir`.

    One run at a time uses a directory. Whoever calls `start()` must call `stop()`; if it dies
    instead, however it dies, the servers end too. Not for use from several threads at once.

    `use_postgres` / `use_valkey` False: that server is somebody else's, only the other one runs.
    `postgres_options` override PostgreSQL settings (tests of slow or full disks).
    """

    def __init__(
        self,
        data_dir: Path | str,
        *,
        use_postgres: bool = True,
        use_valkey: bool = True,
        postgres_options: dict[str, str] | None = None,
    ) -> None:
        self.directory = DataDirectory(Path(data_dir))
        self._use = (use_postgres, use_valkey)
        self._postgres_options = postgres_options
        self._postgres: postgres.Postgres | None = None
        self._valkey: valkey.Valkey | None = None
        self._sockets: Path | None = None

    @property
    def postgres(self) -> postgres.Postgres:
        assert self._postgres is not None, "not started"
        return self._postgres

    @property
    def valkey(self) -> valkey.Valkey:
        assert self._valkey is not None, "not started"
        return self._valkey

    @property
    def database_url(self) -> str:
        """Address of the program's database, as its owner (not a superuser)."""
        return self.postgres.url()

    @property
    def superuser_url(self) -> str:
        """Address of the database `postgres` as superuser."""
        return self.postgres.superuser_url

    @property
    def redis_url(self) -> str:
        return self.valkey.url()

    def start(self) -> None:
        """Lock the directory, start both servers, return when both answer.

        Raises DataDirectoryError (in use, another version) or ServerError; nothing is left
        running then.
        """
        directory = self.directory
        directory.create()
        directory.lock()
        try:
            directory.settle_version(Version(postgres.major(), valkey.major()))
            user = server_user(directory.postgres_dir)
            sockets = self._sockets = directory.socket_dir(user)
            held = (directory.lock_descriptor,)
            if self._use[0]:
                log = _log(directory.log_dir / "postgresql.log")
                self._postgres = postgres.Postgres(
                    directory.postgres_dir,
                    sockets,
                    log,
                    user=user,
                    held=held,
                    options=self._postgres_options,
                )
                self._postgres.start()
            if self._use[1]:
                log = _log(directory.log_dir / "valkey.log")
                self._valkey = valkey.Valkey(
                    directory.valkey_dir, sockets, log, user=user, held=held
                )
                self._valkey.start()
            self._write_run_file()
        except BaseException:
            self.stop()
            raise

    def _write_run_file(self) -> None:
        # For commands that want to use the servers of a run in progress (see attach).
        run = {
            "pid": os.getpid(),
            "database_url": self._postgres.url() if self._postgres else None,
            "redis_url": self._valkey.url() if self._valkey else None,
        }
        write_private(self.directory.run_file, json.dumps(run) + "\n")

    def dead(self) -> str | None:
        """A sentence naming a server that has ended by itself, None while all is well."""
        for name, server in (("PostgreSQL", self._postgres), ("Valkey", self._valkey)):
            if server is not None and not server.running:
                status = server.exit_status
                how = "ended" if status is None else f"ended with status {status}"
                if status is not None and status > 128:
                    how = f"was ended by signal {status - 128}"
                return f"The embedded {name} {how}; its log is {server.log}."
        return None

    def check(self) -> None:
        """Raises ServerError when a server has ended."""
        sentence = self.dead()
        if sentence is not None:
            raise ServerError(sentence)

    def stop(self) -> None:
        """Stop both servers in good order and give the directory back. May be called twice."""
        try:
            if self._valkey is not None:
                self._valkey.stop()
        finally:
            try:
                if self._postgres is not None:
                    self._postgres.stop()
            finally:
                self.directory.run_file.unlink(missing_ok=True)
                if self._sockets is not None and self.directory.path not in self._sockets.parents:
                    shutil.rmtree(self._sockets, ignore_errors=True)
                self.directory.unlock()

    def __enter__(self) -> EmbeddedServers:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _log(path: Path) -> Path:
    """`path`, with what was there moved aside once it is large: two files at most."""
    if path.exists() and path.stat().st_size > _LOG_MAX_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path
