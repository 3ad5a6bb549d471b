"""The data directory: one run at a time, one version, one place for everything."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from auction_engine.embedded.kept import give, write_private
from auction_engine.errors import DataDirectoryError

FORMAT = 1
# A socket's path must fit into 108 bytes with its end; PostgreSQL's name is the longest of ours.
_SOCKET_PATH_MAX = 107
_LONGEST_SOCKET = "/.s.PGSQL.65535"
# How long a run that was killed may take to stop its servers before we give up on the lock.
_HANDOVER_S = 60.0
# What an unused directory may contain: a mount point's own directory, a file that keeps it in git.
_IGNORED = frozenset({"lock", "lost+found", ".gitkeep", ".gitignore"})


@dataclass(frozen=True)
class Version:
    """What wrote a data directory: majors of the servers and the format of the directory."""

    postgresql: int
    valkey: int
    format: int = FORMAT

    def text(self) -> str:
        return f"format {self.format}\npostgresql {self.postgresql}\nvalkey {self.valkey}\n"

    def __str__(self) -> str:
        return f"format {self.format}, PostgreSQL {self.postgresql}, Valkey {self.valkey}"

    @classmethod
    def read(cls, path: Path) -> Version:
        """Raises DataDirectoryError when the file is not one of ours."""
        try:
            words = dict(line.split() for line in path.read_text("utf-8").splitlines() if line)
            return cls(int(words["postgresql"]), int(words["valkey"]), int(words["format"]))
        except (ValueError, KeyError, UnicodeDecodeError):
            raise DataDirectoryError(
                f"{path} cannot be read as a version file; the directory was damaged or is not "
                f"one of this program: restore it, or choose another with AUCTION_DATA_DIR."
            ) from None


class DataDirectory:
    """`path`, locked for this process from `lock()` until `unlock()` or the process's end."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.lock_path = self.path / "lock"
        self.version_path = self.path / "VERSION"
        self.run_file = self.path / "run.json"
        self.log_dir = self.path / "log"
        self.metrics_dir = self.path / "metrics"
        self.postgres_dir = self.path / "postgresql"
        self.valkey_dir = self.path / "valkey"
        self._lock: int | None = None

    def create(self) -> None:
        """Make the directory. Raises DataDirectoryError when that is not possible."""
        # Root's servers run as another user, who must be able to pass (not to list or read).
        mode = 0o711 if os.geteuid() == 0 else 0o700
        try:
            if not self.path.exists():
                self.path.mkdir(parents=True)
                self.path.chmod(mode)
            for directory in (self.log_dir, self.metrics_dir):
                directory.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> DataDirectoryError:
        return DataDirectoryError(
            f"The data directory {self.path} cannot be used ({error.strerror}); make it writable "
            f"or choose another with AUCTION_DATA_DIR."
        )

    @property
    def lock_descriptor(self) -> int:
        assert self._lock is not None
        return self._lock

    def holder(self) -> int | None:
        """The process id of the run that holds the lock, None if nobody does (0: unknown)."""
        try:
            descriptor = os.open(self.lock_path, os.O_RDWR)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            return int(text) if text.isdigit() else 0
        else:
            return None
        finally:
            os.close(descriptor)

    def lock(self) -> None:
        """Take the directory for this process.

        Waits while the servers of a run that was killed are still stopping: their keepers hold the
        lock too. Raises DataDirectoryError naming the process that uses it.
        """
        try:
            descriptor = os.open(self.lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unusable(error) from None
        deadline = time.monotonic() + _HANDOVER_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                text = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
                pid = int(text) if text.isdigit() else 0
                if _alive(pid) or time.monotonic() > deadline:
                    os.close(descriptor)
                    raise DataDirectoryError(
                        f"The data directory {self.path} is in use by process {pid}; stop that run "
                        f"or choose another directory with AUCTION_DATA_DIR."
                    ) from None
                time.sleep(0.05)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._lock = descriptor

    def unlock(self) -> None:
        """Give the directory back; the caller must have stopped its servers."""
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None

    def settle_version(self, ours: Version) -> None:
        """Mark a new directory with our version; refuse one of another version.

        Raises DataDirectoryError. The caller must hold the lock.
        """
        if self.version_path.exists():
            theirs = Version.read(self.version_path)
            if theirs != ours:
                raise DataDirectoryError(
                    f"The data directory {self.path} was made by another version ({theirs}; this "
                    f"program has {ours}): run the release that made it and move its ledger with "
                    f"pg_dump, or choose a new directory with AUCTION_DATA_DIR."
                )
            return
        own = {self.log_dir.name, self.metrics_dir.name}
        strangers = sorted({entry.name for entry in self.path.iterdir()} - _IGNORED - own)
        if strangers:
            raise DataDirectoryError(
                f"The directory {self.path} is not empty ({strangers[0]}) and was not made by this "
                f"program; choose another with AUCTION_DATA_DIR."
            )
        write_private(self.version_path, ours.text())

    def socket_dir(self, user: str | None) -> Path:
        """A directory for sockets, open to the servers' user alone, with a short enough path."""
        directory = self.path / "run"
        if len(os.fsencode(directory)) + len(_LONGEST_SOCKET) > _SOCKET_PATH_MAX:
            digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]
            directory = Path(tempfile.gettempdir()) / f"auction-{os.geteuid()}-{digest}"
            if len(os.fsencode(directory)) + len(_LONGEST_SOCKET) > _SOCKET_PATH_MAX:
                directory = Path("/tmp") / directory.name  # noqa: S108 (checked just below)
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
        # The temporary directory is everybody's: somebody else may have made the name first.
        give(directory, user) if found.st_uid == os.geteuid() else None
        found = directory.lstat()
        expected = os.geteuid() if user is None else _uid(user)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != expected:
            raise DataDirectoryError(f"{directory} belongs to somebody else; remove it.")
        directory.chmod(0o700)
        return directory


def _uid(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_uid


def _alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
