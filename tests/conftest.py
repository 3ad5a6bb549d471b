"""Fixtures for everybody: real servers once per run, a fresh database and log per test.

The servers are the embedded ones, or those of `AUCTION_TEST_DATABASE_URL` (a superuser's address)
and `AUCTION_TEST_REDIS_URL`, whose contents are deleted. Several processes (`-n 2`) need a
log each: then the latter is a list with commas.

What the tests write goes to memory where the machine has room for it: a disk takes longer to make
and drop a database than most tests take to use it. `TMPDIR`, where it is set, is obeyed.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import psutil
import pytest
import redis

from auction_engine.embedded import EmbeddedServers
from auction_engine.settings import PREFIX, Settings

ROLE = "auction"
_MEMORY = Path("/dev/shm")
# A whole run needs less than a third of it.
_ROOM_BYTES = 4 << 30
_HOME = pytest.StashKey[tuple[Path, int]]()


def _roomy() -> bool:
    """Whether files in memory may be made and executed, with enough memory for a run."""
    if not (_MEMORY.is_dir() and os.access(_MEMORY, os.W_OK | os.X_OK)):
        return False
    found = os.statvfs(_MEMORY)
    free = min(found.f_bavail * found.f_frsize, psutil.virtual_memory().available)
    return free >= _ROOM_BYTES and not found.f_flag & os.ST_NOEXEC


def _remove_left_over() -> None:
    """What runs that were killed have left in memory. Whoever lives holds a lock on his."""
    for left in _MEMORY.glob("auction-tests-*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime < 60:
                continue  # perhaps just made and not locked yet
            descriptor = os.open(left, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(descriptor)


def pytest_configure(config: pytest.Config) -> None:
    """Temporary files go to memory, those of programs that tests start too.

    The processes of `-n` inherit the place from the one that began them.
    """
    if "TMPDIR" in os.environ or not _roomy():
        return
    _remove_left_over()
    home = Path(tempfile.mkdtemp(prefix="auction-tests-", dir=_MEMORY))
    lock = os.open(home, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_SH)
    # Root's servers run as another user, who must be able to pass.
    home.chmod(0o711)
    config.stash[_HOME] = (home, lock)
    os.environ["TMPDIR"] = str(home)
    tempfile.tempdir = None  # read anew


def pytest_unconfigure(config: pytest.Config) -> None:
    if _HOME not in config.stash:
        return
    home, lock = config.stash[_HOME]
    shutil.rmtree(home, ignore_errors=True)
    os.close(lock)
    os.environ.pop("TMPDIR", None)
    tempfile.tempdir = None


def run_apart(work: Callable[[], Any]) -> Any:
    """Call `work` in a thread of its own, where it may run an event loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def address(base: str, *, role: str | None = None, database: str) -> str:
    """`base` with another database and, with `role`, another user."""
    parts = urlsplit(base)
    place = parts.netloc
    if role is not None:
        user, at, host = place.rpartition("@")
        password = user.partition(":")[1:]
        place = role + "".join(password) + (at or "@") + host
    return urlunsplit((parts.scheme, place, f"/{database}", parts.query, ""))


@dataclass
class Servers:
    """The servers of this test run. `embedded` is None when they are somebody else's."""

    superuser_url: str
    redis_base: str
    redis_databases: int
    embedded: EmbeddedServers | None
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def superuser_of(self, database: str) -> str:
        return address(self.superuser_url, database=database)

    def owner_of(self, database: str) -> str:
        return address(self.superuser_url, role=ROLE, database=database)

    def redis_url(self) -> str:
        """The next log database, emptied."""
        number = next(self._numbers) % self.redis_databases
        base, _, query = self.redis_base.partition("?")
        if base.startswith("unix:"):
            rest = [part for part in query.split("&") if part and not part.startswith("db=")]
            url = base + "?" + "&".join([f"db={number}", *rest])
        else:
            url = urlunsplit(urlsplit(base)._replace(path=f"/{number}", query=query))
        with redis.Redis.from_url(url) as client:
            client.flushall()
        return url

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as superuser, each in a transaction of its own."""

        async def work() -> None:
            connection = await asyncpg.connect(self.superuser_of(database))
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        run_apart(lambda: asyncio.run(work()))

    def create_database(self, name: str, template: str = "template0") -> None:
        self.execute(f'CREATE DATABASE "{name}" OWNER {ROLE} TEMPLATE "{template}"')

    def drop_database(self, name: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    """A developer's AUCTION_* variables must not change what the tests test."""
    patch = pytest.MonkeyPatch()
    for name in list(os.environ):
        if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_"):
            patch.delenv(name)
    yield
    patch.undo()


def _own_of(addresses: str | None) -> str | None:
    """This process's own of a list of addresses: tests empty their log server."""
    if addresses is None:
        return None
    listed = addresses.split(",")
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    assert worker < len(listed), "AUCTION_TEST_REDIS_URL must list a server for each process"
    return listed[worker]


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Valkey (or Redis) for the whole run."""
    database_url = os.environ.get("AUCTION_TEST_DATABASE_URL")
    redis_url = _own_of(os.environ.get("AUCTION_TEST_REDIS_URL"))
    home = Path(tempfile.mkdtemp(prefix="auction-test-"))
    embedded = EmbeddedServers(
        home / "data",
        use_postgres=database_url is None,
        use_valkey=redis_url is None,
        # Nobody cuts the power here. Servers that tests kill (`private_servers`) keep it on.
        postgres_options={"fsync": "off"},
    )
    try:
        with embedded:
            databases = 64 if redis_url is None else 16
            result = Servers(
                database_url or embedded.superuser_url,
                redis_url or embedded.redis_url,
                databases,
                embedded if database_url is None and redis_url is None else None,
            )
            if database_url is not None:
                password = urlsplit(database_url).password or "test"
                result.execute(
                    f"DO $$ BEGIN CREATE ROLE {ROLE} LOGIN CREATEROLE PASSWORD '{password}';"
                    " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
                )
            yield result
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_template(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a migrated database that others are copied from."""
    from auction_engine.ledger.migrate import upgrade

    name = f"template_{os.getpid()}"
    servers.drop_database(name)
    servers.create_database(name)
    # Processes that share a server, one after the other: each would make the same role there, and
    # wait for the other's no longer than a migration may wait for a lock.
    with (tmp_path_factory.getbasetemp().parent / "migrating").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        run_apart(lambda: upgrade(servers.owner_of(name)))
    yield name
    servers.drop_database(name)


_database_numbers = itertools.count(1)


@pytest.fixture
def database_name(servers: Servers, migrated_template: str) -> Iterator[str]:
    name = f"test_{os.getpid()}_{next(_database_numbers)}"
    servers.create_database(name, migrated_template)
    yield name
    servers.drop_database(name)


@pytest.fixture
def database_url(servers: Servers, database_name: str) -> str:
    """A fresh migrated database, as the program's own role (its owner, not a superuser)."""
    return servers.owner_of(database_name)


@pytest.fixture
def superuser_url(servers: Servers, database_name: str) -> str:
    """The same fresh database, as superuser."""
    return servers.superuser_of(database_name)


@pytest.fixture
def empty_database_url(servers: Servers) -> Iterator[str]:
    """A fresh database without any migration."""
    name = f"empty_{os.getpid()}_{next(_database_numbers)}"
    servers.create_database(name)
    yield servers.owner_of(name)
    servers.drop_database(name)


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """A fresh, empty log database."""
    return servers.redis_url()


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_url: str) -> Settings:
    """Settings of a test: a fresh database and log, any free port."""
    return Settings(
        data_dir=tmp_path / "data", port=0, database_url=database_url, redis_url=redis_url
    )


@pytest.fixture
def private_servers() -> Iterator[EmbeddedServers]:
    """Embedded servers for one test alone, which may kill, stop or wipe them."""
    home = Path(tempfile.mkdtemp(prefix="auction-private-"))
    servers = EmbeddedServers(home / "data")
    try:
        with servers:
            yield servers
    finally:
        shutil.rmtree(home, ignore_errors=True)


def in_background(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end from synchronous code."""
    return run_apart(lambda: asyncio.run(work))


# What takes long, longest first: begun last, one process would finish it alone. Those that mostly
# wait for the clock (the whole way, together) follow each other in one process.
_LONG = (
    "browser/test_whole_way.py",
    "browser/test_descending.py",
    "browser/test_together.py",
    "browser/test_pages.py",
    "browser/test_money.py",
    "browser/test_every_page.py",
    "faults/",
    "browser/test_cases.py",
    "browser/test_oversight.py",
    "browser/test_life.py",
    "http/test_access.py",
    "http/test_acting.py",
    "demo/test_director.py",
    "http/test_together.py",
    "http/test_people.py",
    "serving/test_serve.py",
    "http/test_bids.py",
    "http/test_dossier.py",
    "loadtests/",
    "http/test_schemathesis.py",
    "http/test_complaints.py",
    "replay/",
    "http/test_money",
    "http/test_signing_in",
    "story/",
    "simulation/",
    "serving/",
    "desk/",
    "ledger/",
    "live/",
    "rules/test_machines.py",
    "bidding/",
    "http/",
    "bank/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; for the rest the order stays."""
    root = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(root).as_posix() if item.path.is_relative_to(root) else ""
        return next((n for n, long in enumerate(_LONG) if name.startswith(long)), len(_LONG))

    items.sort(key=place)
