"""The program under test: private servers in a temporary directory, real child processes."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector
from redis.asyncio import Redis

from auction_engine import metrics
from auction_engine.bidding.client import LogClient
from auction_engine.bidding.connections import make_redis
from auction_engine.embedded import EmbeddedServers
from auction_engine.ledger.migrate import upgrade
from auction_engine.rules.params import LotParams
from auction_engine.rules.parts import Confirm
from auction_engine.rules.terms import Terms
from auction_engine.serving.children import Child, stop_all
from auction_engine.serving.listening import listen
from auction_engine.serving.tether import SUPERVISOR_VARIABLE
from auction_engine.settings import PREFIX, Limits, Settings
from loadtests import procs

START_MINOR = 1_000
_PATIENCE_S = 15.0
_OPTIONS = {
    # The row-lock rival needs a hundred connections beside ours.
    "max_connections": "200",
    # Gives every transaction's commit time, from which the fan-out is timed.
    "track_commit_timestamp": "on",
}
# Only what one load generator at one address would run into; the bounds of the log stay.
_LIMITS = Limits(
    connections_max=100_000,
    connections_per_address=100_000,
    plain_connections_per_address=100_000,
    pages_per_s=1e9,
    pages_burst=1_000_000_000,
    messages_per_s=1e9,
    messages_burst=1_000_000_000,
    bids_per_s=1e9,
    bids_burst=1_000_000_000,
    bids_waiting_per_bidder=1_000_000,
    onlookers_share=1,
)


class Instance:
    """Servers at once; recorder and gateway when asked for. Everything ends with the block."""

    def __init__(self, directory: Path | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="auction-bench-", dir=directory))
        self.servers = EmbeddedServers(self.home / "data", postgres_options=_OPTIONS)
        self.recorder: Child | None = None
        self.gateway: Child | None = None
        self.gateway_port = 0
        self._metrics = self.home / "metrics"
        self._next_lot = 1

    def __enter__(self) -> Instance:
        try:
            self.servers.start()
            upgrade(self.servers.database_url)
            metrics.prepare_directory(self._metrics)
            self.settings = Settings(
                data_dir=self.home / "data",
                database_url=self.servers.database_url,
                redis_url=self.servers.redis_url,
                shards=1,
                gateways=1,
                demo=False,
                log_level="warning",
                limits=_LIMITS,
            )
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        try:
            stop_all(self._children(), patience_s=_PATIENCE_S, hurry=lambda: False)
        finally:
            self.servers.stop()
            shutil.rmtree(self.home, ignore_errors=True)

    # --- processes --------------------------------------------------------------------------

    def _children(self) -> list[Child]:
        return [child for child in (self.gateway, self.recorder) if child is not None]

    def _child(self, name: str, *arguments: str, descriptors: tuple[int, ...] = ()) -> Child:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
        environment |= self.settings.environment()
        environment[SUPERVISOR_VARIABLE] = str(os.getpid())
        environment[metrics.DIRECTORY_VARIABLE] = str(self._metrics)
        return Child(name, arguments, environment, descriptors)

    def start_recorder(self) -> None:
        self.recorder = self._child("recorder", "recorder", "--shard", "0")

    def start_gateway(self) -> None:
        """Start it on a free port; connections wait in its socket until it is ready."""
        with listen("127.0.0.1", 0) as sock:
            self.gateway_port = sock.getsockname()[1]
            fd = sock.fileno()
            self.gateway = self._child("gateway", "gateway", "--fd", str(fd), descriptors=(fd,))

    def stop_recorder(self) -> None:
        child, self.recorder = self.recorder, None
        if child is not None:
            stop_all([child], patience_s=_PATIENCE_S, hurry=lambda: False)

    def stop_gateway(self) -> None:
        child, self.gateway = self.gateway, None
        if child is not None:
            stop_all([child], patience_s=_PATIENCE_S, hurry=lambda: False)

    def check(self) -> None:
        """Raises RuntimeError when a process under test has ended by itself."""
        deaths = [child.death() for child in self._children()] + [self.servers.dead()]
        for sentence in filter(None, deaths):
            raise RuntimeError(sentence)

    # --- what it costs ----------------------------------------------------------------------

    def cpu_s(self) -> dict[str, float | None]:
        """CPU seconds used so far by each process that runs, this one as `load`."""
        postgres, valkey = self.servers.postgres.pid, self.servers.valkey.pid
        found = {
            "load": time.process_time(),
            "postgresql": procs.tree_cpu_s(postgres) if postgres else None,
            "valkey": procs.cpu_s(valkey) if valkey else None,
        }
        for child in self._children():
            found[child.name] = procs.cpu_s(child.pid)
        return found

    def counters(self) -> dict[str, float]:
        """Sums and counts of the recorder's batches and commits so far."""
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=str(self._metrics))  # type: ignore[no-untyped-call]
        found: dict[str, float] = {}
        for family in registry.collect():
            for sample in family.samples:
                if sample.name.endswith(("_sum", "_count")):
                    found[sample.name] = found.get(sample.name, 0.0) + sample.value
        return found

    # --- lots -------------------------------------------------------------------------------

    def new_lot(self) -> int:
        """A lot number not used yet."""
        self._next_lot += 1
        return self._next_lot - 1

    def redis(self) -> Redis:
        """A client for the log; the caller closes it."""
        return make_redis(self.settings.redis_url or "")

    def log(self, redis: Redis, **options: Any) -> LogClient:
        """A way to the log; the caller starts and stops it."""
        url, limits = self.settings.database_url or "", self.settings.limits
        return LogClient(redis, url, 1, limits, **options)


def params() -> LotParams:
    """A lot that is open from now until it is closed by hand, with all the rules a real one has.

    What is unusual is asked of every bid, but set so high that none needs to be confirmed.
    """
    return LotParams(
        "VND",
        0,
        START_MINOR,
        1,
        start_ms=int(time.time() * 1000) - 60_000,
        end_ms=None,
        closed_by="AUCTIONEER",
        automatic_bids=True,
        confirm=Confirm(ratio_bp=10**12, steps=10**12),
        terms=Terms(deposit_minor=100),
    )


async def open_lot(log: LogClient, lot: int, bidders: int) -> None:
    """List `lot` and admit bidders 1 to `bidders`."""
    await log.list_lot(0, lot, params())
    await asyncio.gather(
        *(log.admit(0, lot, number, f"B-{number:04d}", False) for number in range(1, bidders + 1))
    )
