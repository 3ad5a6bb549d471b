"""The embedded servers as real processes: life, death, and who may use a directory."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis

from auction_engine.embedded import EmbeddedServers, servers_for
from auction_engine.errors import DataDirectoryError, ServerError
from auction_engine.settings import Settings
from tests.serving.processes import ROOT, using, wait_until

HOLD = """
import sys, time
from auction_engine.embedded import EmbeddedServers
with EmbeddedServers(sys.argv[1]) as servers:
    print(servers.database_url, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="auction-embedded-") as name:
        yield Path(name) / "data"


@pytest.fixture
def other_run(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the servers of `home` running."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("postgresql://")
    yield process
    process.kill()
    process.wait()
    process.stdout.close()
    wait_until(lambda: not using(home))


async def test_second_run_finds_its_data(home):
    with EmbeddedServers(home) as servers:
        connection = await asyncpg.connect(servers.database_url)
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        await connection.close()
        with redis.Redis.from_url(servers.redis_url) as client:
            client.xadd("log", {"a": 1}, id="5-5")
    assert not using(home)
    with EmbeddedServers(home) as servers:
        connection = await asyncpg.connect(servers.database_url)
        assert await connection.fetchval("SELECT n FROM kept") == 7
        await connection.close()
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.xinfo_stream("log")["last-generated-id"] == b"5-5"
    assert not using(home)


async def test_settings_that_matter(home):
    with EmbeddedServers(home) as servers:
        connection = await asyncpg.connect(servers.database_url)
        wanted = {
            "fsync": "on",
            "synchronous_commit": "on",
            "server_encoding": "UTF8",
            "TimeZone": "UTC",
            "jit": "off",
            "wal_compression": "off",
            "listen_addresses": "127.0.0.1",
        }
        for name, value in wanted.items():
            assert await connection.fetchval(f"SHOW {name}") == value
        assert not await connection.fetchval(
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        )
        await connection.close()
        with redis.Redis.from_url(servers.redis_url, decode_responses=True) as client:
            assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
            assert client.config_get("appendonly")["appendonly"] == "yes"
            assert client.config_get("save")["save"] == ""


async def test_tcp_asks_for_the_password(home):
    with EmbeddedServers(home) as servers:
        url = servers.postgres.tcp_url()
        await (await asyncpg.connect(url)).close()
        password = url.split(":")[2].split("@")[0]
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(url.replace(password, "wrong"))
        with (
            redis.Redis(port=servers.valkey.port) as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()
        with redis.Redis.from_url(servers.valkey.tcp_url()) as client:
            assert client.ping()
        for secret in (servers.postgres.password_path, servers.valkey.password_path):
            assert secret.stat().st_mode & 0o077 == 0
        sockets = servers.postgres.socket_dir
        assert sockets.stat().st_mode & 0o077 == 0


def test_directory_in_use_names_the_process(home, other_run):
    with pytest.raises(DataDirectoryError, match=f"in use by process {other_run.pid};"):
        EmbeddedServers(home).start()
    assert other_run.poll() is None


async def test_a_command_uses_the_run_in_progress(home, other_run):
    with servers_for(Settings(data_dir=home)) as settings:
        connection = await asyncpg.connect(settings.database_url)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()
    assert other_run.poll() is None


def test_kill_9_of_the_parent_leaves_nothing(home, other_run):
    assert len(using(home)) > 3
    os.kill(other_run.pid, signal.SIGKILL)
    wait_until(lambda: not using(home))
    with EmbeddedServers(home) as servers:
        assert servers.dead() is None


def test_start_right_after_kill_9_waits_for_the_old_servers(home, other_run):
    os.kill(other_run.pid, signal.SIGKILL)
    other_run.wait()
    with EmbeddedServers(home) as servers:
        assert servers.dead() is None


def test_kill_9_of_a_keeper_takes_its_server(home):
    with EmbeddedServers(home) as servers:
        server = psutil.Process(servers.valkey.pid)
        server.parent().kill()
        wait_until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)
        assert "Valkey" in (servers.dead() or "")


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_dead_child_is_named(home, name):
    with EmbeddedServers(home) as servers:
        os.kill(getattr(servers, name).pid, signal.SIGKILL)
        wait_until(servers.dead)
        title = {"postgres": "PostgreSQL", "valkey": "Valkey"}[name]
        with pytest.raises(ServerError, match=f"embedded {title} was ended by signal 9"):
            servers.check()
    assert not using(home)


def test_killed_servers_come_back_with_their_data(private_servers):
    with redis.Redis.from_url(private_servers.redis_url) as client:
        client.set("a", 1)
        wait_until(lambda: client.info("persistence")["aof_pending_bio_fsync"] == 0)
    private_servers.valkey.kill()
    private_servers.valkey.start()
    with redis.Redis.from_url(private_servers.redis_url) as client:
        assert client.get("a") == b"1"
    private_servers.valkey.kill()
    private_servers.valkey.wipe()
    private_servers.valkey.start()
    with redis.Redis.from_url(private_servers.redis_url) as client:
        assert client.get("a") is None
    private_servers.postgres.kill()
    private_servers.postgres.start()
    assert private_servers.postgres.psql("SELECT 1") == "1"
    assert private_servers.dead() is None


def test_unreadable_log_data_is_set_aside(private_servers):
    private_servers.valkey.stop()
    files = private_servers.valkey.directory / "appendonlydir"
    for path in files.glob("*.manifest"):
        path.write_text("nonsense\n")
    private_servers.valkey.start()
    with redis.Redis.from_url(private_servers.redis_url) as client:
        assert client.ping()
    assert list(private_servers.valkey.directory.glob("unreadable-*"))


def test_another_version_is_refused(home):
    EmbeddedServers(home).directory.create()
    (home / "VERSION").write_text("format 1\npostgresql 17\nvalkey 8\n")
    with pytest.raises(DataDirectoryError, match=r"PostgreSQL 17.*pg_dump"):
        EmbeddedServers(home).start()
    (home / "VERSION").write_text("garbage")
    with pytest.raises(DataDirectoryError, match="damaged"):
        EmbeddedServers(home).start()
    assert not using(home)


def test_a_strangers_directory_is_refused(home):
    home.mkdir()
    (home / "thesis.txt").write_text("mine")
    with pytest.raises(DataDirectoryError, match=r"not empty \(thesis.txt\)"):
        EmbeddedServers(home).start()
    assert (home / "thesis.txt").read_text() == "mine"


def test_stale_postmaster_pid(home):
    with EmbeddedServers(home):
        pass
    # A number that belongs to another program by now: this one.
    stale = home / "postgresql" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{home}/postgresql\n1\n5432\n/tmp\n127.0.0.1\n0 0\nready\n")
    with EmbeddedServers(home) as servers:
        assert servers.dead() is None


def test_interrupted_creation_is_begun_again(home):
    (home / "postgresql.new").mkdir(parents=True)
    (home / "VERSION").write_text("format 1\npostgresql 18\nvalkey 9\n")
    with EmbeddedServers(home) as servers:
        assert servers.postgres.psql("SELECT 1") == "1"


def test_long_path(home):
    long = home / ("x" * 90) / ("y" * 90)
    with EmbeddedServers(long) as servers:
        assert servers.postgres.psql("SELECT 1") == "1"
        assert len(str(servers.valkey.socket)) < 107
        assert servers.valkey.socket.exists()
    assert not servers.valkey.socket.parent.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_unwritable_directory():
    with pytest.raises(DataDirectoryError, match="cannot be used"):
        EmbeddedServers("/proc/auction").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes user")
def test_root_runs_servers_as_another_user_without_opening_directories(home):
    mode = home.parent.stat().st_mode
    assert mode & 0o077 == 0, "the test needs a directory other users cannot pass"
    with EmbeddedServers(home) as servers:
        for pid in (servers.postgres.pid, servers.valkey.pid):
            assert psutil.Process(pid).uids().effective != 0
    assert home.parent.stat().st_mode == mode
