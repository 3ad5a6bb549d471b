"""An installation of its own: servers, recorders and gateways as processes that can be killed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import redis

from auction_engine.embedded import EmbeddedServers
from auction_engine.ledger.migrate import upgrade
from auction_engine.settings import Limits, Settings

ROOT = Path(__file__).resolve().parents[2]
# A driver bids for all its bidders as fast as answers come, more than any person.
LIMITS = Limits(
    lease_s=1.5,
    messages_per_s=200,
    messages_burst=400,
    bids_per_s=200,
    bids_burst=400,
    bids_waiting_per_bidder=200,
)


class Child:
    """One process of the program; started again when it has been killed, as a supervisor would."""

    def __init__(self, home: Path, name: str, arguments: list[str], env: dict[str, str]) -> None:
        self.log = home / f"{name}.log"
        self._arguments = arguments
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None
        self.kills = 0

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self._arguments],
                env=self._env,
                cwd=ROOT / "tests",
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        assert self._process.wait(10) == -signal.SIGKILL, "it had ended before by itself"
        self.kills += 1

    def pause(self) -> None:
        assert self.running
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        if self.running:
            assert self._process is not None
            os.kill(self.pid, signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    @property
    def megabytes(self) -> float:
        return psutil.Process(self.pid).memory_info().rss / 2**20

    @property
    def log_lines(self) -> int:
        return self.log.read_bytes().count(b"\n")


class World:
    """Private servers, two recorders (one waits) and two gateways."""

    def __init__(self, recorder: list[str] | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="auction-faults-"))
        self.servers = EmbeddedServers(self.home / "data")
        self._recorder = recorder or ["-m", "auction_engine.cli", "recorder"]
        self.recorders: list[Child] = []
        self.gateways: list[Child] = []
        self.ports: list[int] = []
        self.next_lot = 1

    def start(self) -> None:
        self.servers.start()
        upgrade(self.servers.database_url)
        env = {k: v for k, v in os.environ.items() if not k.startswith("AUCTION_")}
        env |= self.settings.environment() | {"AUCTION_LOG_JSON": "true"}
        for n in range(2):
            child = Child(self.home, f"recorder-{n}", [*self._recorder, "--shard", "0"], env)
            self.recorders.append(child)
            self.ports.append(_free_port())
            gate = Child(self.home, f"gateway-{n}", ["-m", "faults.gate", str(self.ports[n])], env)
            self.gateways.append(gate)
        for child in [*self.recorders, *self.gateways]:
            child.start()
        deadline = time.monotonic() + 30
        while not all(map(_listens, self.ports)):
            assert all(child.running for child in self.children), self.last_words()
            assert time.monotonic() < deadline, self.last_words()
            time.sleep(0.05)

    @property
    def children(self) -> list[Child]:
        return [*self.recorders, *self.gateways]

    @property
    def settings(self) -> Settings:
        return Settings(
            data_dir=self.home / "data",
            database_url=self.servers.database_url,
            redis_url=self.servers.redis_url,
            limits=LIMITS,
        )

    def owner(self) -> Child:
        """The recorder that owns the shard now."""
        deadline = time.monotonic() + 15
        while True:
            name = self.servers.postgres.psql("SELECT owner FROM shard WHERE id = 0", "auction")
            for child in self.recorders:
                if child.running and str(child.pid) == name.split(":")[-2]:
                    return child
            assert time.monotonic() < deadline, f"nobody of ours owns the shard: {name}"
            time.sleep(0.05)

    def epoch(self) -> int:
        return int(self.servers.postgres.psql("SELECT epoch FROM shard WHERE id = 0", "auction"))

    def log(self) -> redis.Redis:
        return redis.Redis.from_url(self.servers.redis_url)

    def lots(self, count: int) -> list[int]:
        first, self.next_lot = self.next_lot, self.next_lot + count
        return list(range(first, first + count))

    def revive(self) -> None:
        """Start again what has ended; what a supervisor does."""
        for child in self.children:
            if not child.running:
                child.start()

    def last_words(self) -> str:
        return "\n".join(
            f"{child.log.name}: ...{child.log.read_text('utf-8', 'replace')[-600:]}"
            for child in self.children
        )

    def stop(self) -> None:
        try:
            for child in self.children:
                child.stop()
            self.servers.stop()
        finally:
            shutil.rmtree(self.home, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
