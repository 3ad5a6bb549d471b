"""`auction-engine serve` as real processes: start, watch, stop, and every way to go wrong."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.serving.processes import engine, run_engine, using, wait_until


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="auction-serve-") as name:
        yield Path(name) / "data"
        for process in using(Path(name)):
            process.kill()


def environment(home: Path, **more: str) -> dict[str, str]:
    return {"AUCTION_DATA_DIR": str(home), "AUCTION_PORT": "0", **more}


@pytest.fixture
def start(home: Path) -> Iterator[Callable[[], tuple[subprocess.Popen[str], str]]]:
    """Starts a serving program; returns it and its address."""
    started = []

    def begin() -> tuple[subprocess.Popen[str], str]:
        process = engine(["serve"], environment(home))
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+/", line)
        if found is None:
            process.kill()
            pytest.fail(f"{line}{process.communicate()[1]}")
        return process, found.group()

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def end(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> str:
    process.send_signal(number)
    return process.communicate(timeout=40)[1]


def child(home: Path, command: str) -> psutil.Process:
    (found,) = [p for p in using(home) if command in p.cmdline()]
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_and_stops_in_order(home, start, number):
    process, address = start()
    with urllib.request.urlopen(f"{address}health/ready", timeout=5) as answer:
        assert answer.status == 200
    port = address.rsplit(":", 1)[1].strip("/")
    assert run_engine(["health"], environment(home, AUCTION_PORT=port)).returncode == 0
    err = end(process, number)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert not using(home)


def test_second_run_in_the_same_directory_is_refused(home, start):
    process, _ = start()
    second = run_engine(["serve"], environment(home))
    assert second.returncode == 1
    assert f"in use by process {process.pid}" in second.stderr
    assert second.stderr.count("\n") == 1
    end(process)
    assert process.returncode == 0
    again, _ = start()
    end(again)
    assert again.returncode == 0


def test_metrics_of_all_processes(home, start):
    process, address = start()
    with urllib.request.urlopen(f"{address}metrics", timeout=5) as answer:
        page = answer.read().decode()
    # Only the recorder's process sets this one; the gateway's page shows it.
    assert re.search(r'auction_shard_epoch\{shard="0"\} \d', page)
    end(process)


@pytest.mark.parametrize("command", ["recorder", "gateway"])
def test_a_dead_child_ends_everything_and_is_named(home, start, command):
    process, _ = start()
    child(home, command).kill()
    err = process.communicate(timeout=40)[1]
    assert process.returncode == 1
    last = err.strip().splitlines()[-1]
    assert command in last
    assert "was ended by signal 9" in last
    assert not using(home)


def test_a_dead_server_ends_everything_and_is_named(home, start):
    process, _ = start()
    (server,) = [
        p
        for p in using(home)
        if p.name() == "postgres" and p.parent() and p.parent().name() != "postgres"
    ]
    server.kill()
    err = process.communicate(timeout=40)[1]
    assert process.returncode == 1
    assert "PostgreSQL was ended by signal 9" in err.strip().splitlines()[-1]
    assert not using(home)


def test_kill_9_of_the_supervisor_leaves_nothing(home, start):
    process, _ = start()
    # Also one that is stopped, and so cannot be asked to end.
    os.kill(child(home, "recorder").pid, signal.SIGSTOP)
    process.kill()
    process.communicate()
    wait_until(lambda: not using(home))


def test_port_in_use(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_engine(["serve"], environment(home, AUCTION_PORT=str(port)))
    assert done.returncode == 2
    assert f"Port {port}" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not home.exists()


def test_address_of_another_machine(home):
    done = run_engine(["serve", "--host", "192.0.2.1"], environment(home))
    assert done.returncode == 2
    assert "AUCTION_HOST" in done.stderr


@pytest.mark.parametrize(
    "more",
    [
        {"AUCTION_DATABASE_URL": "postgresql://u:secretpw@127.0.0.1:1/d"},
        {"AUCTION_REDIS_URL": "redis://:secretpw@127.0.0.1:1/0"},
    ],
)
def test_unreachable_servers_of_ones_own(home, more):
    done = run_engine(["serve"], environment(home, **more))
    assert done.returncode == 1
    assert next(iter(more)) in done.stderr.splitlines()[-1]
    assert "secretpw" not in done.stderr
    assert "Traceback" not in done.stderr
    assert not using(home)


def test_another_version(home):
    home.mkdir(parents=True)
    (home / "VERSION").write_text("format 1\npostgresql 17\nvalkey 8\n")
    done = run_engine(["serve"], environment(home))
    assert done.returncode == 1
    assert "another version" in done.stderr


def test_ctrl_c_while_starting(home):
    process = engine(["serve"], environment(home))
    wait_until(lambda: (home / "lock").exists())
    time.sleep(0.1)
    end(process, signal.SIGINT)
    assert process.returncode == 0
    assert not using(home)


def test_version_and_help_are_quick():
    assert run_engine(["version"], {}, timeout_s=10).stdout.startswith("auction-engine ")
    for command in ("serve", "gateway", "recorder", "verify", "replay", "doctor", "health"):
        assert run_engine([command, "--help"], {}, timeout_s=10).returncode == 0


def test_a_misspelt_setting_is_one_sentence():
    done = run_engine(["migrate"], {"AUCTION_PROT": "1"})
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
