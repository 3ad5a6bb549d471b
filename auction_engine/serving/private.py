"""A private instance of the whole program: its own servers, recorder and gateway, gone afterwards.

The recorder and the gateway are the processes `auction-engine serve` starts, on a free port of the
loopback address, with a data directory of their own that is removed at the end.
"""

import contextlib
import os
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from auction_engine.embedded import EmbeddedServers
from auction_engine.errors import ServerError
from auction_engine.metrics import DIRECTORY_VARIABLE
from auction_engine.serving.children import Child, stop_all
from auction_engine.serving.listening import listen, page_address
from auction_engine.serving.schema import bring_up_to_date
from auction_engine.serving.supervisor import ask_health
from auction_engine.serving.tether import SUPERVISOR_VARIABLE
from auction_engine.settings import PREFIX, Limits, Settings

_HOST = "127.0.0.1"
_READY_S = 60.0
_PATIENCE_S = 10.0
# Logs, pools and the interpreter's own, beside one descriptor for each connection.
_SPARE_DESCRIPTORS = 512


class Instance:
    """A running private instance. `settings` name its servers and its port."""

    def __init__(self, settings: Settings, servers: EmbeddedServers, children: list[Child]) -> None:
        self.settings = settings
        self._servers = servers
        self._children = children

    def check(self) -> None:
        """Raises ServerError naming a part that has ended."""
        self._servers.check()
        for child in self._children:
            death = child.death()
            if death is not None:
                raise ServerError(f"{death[:-1]}; the work was stopped.")


@contextlib.contextmanager
def private_instance(settings: Settings, connections: int, lots: int) -> Iterator[Instance]:
    """A ready instance that carries `connections` bidders from this machine on `lots` lots.

    Everything it started is stopped and its data removed at the end of the block. Only from the
    main thread. Raises AuctionError when something cannot start.
    """
    _raise_descriptor_limit(connections + _SPARE_DESCRIPTORS)
    home = Path(tempfile.mkdtemp(prefix="auction-private-"))
    servers = EmbeddedServers(home / "data")
    children: list[Child] = []
    try:
        servers.start()
        private = _settings(settings, servers, connections, lots)
        bring_up_to_date(private.database_url or "")
        with contextlib.closing(listen(_HOST, 0)) as sock:
            private = private.model_copy(update={"port": sock.getsockname()[1]})
            address = page_address(sock)
            environment = _environment(private)
            children.append(Child("recorder", ["recorder", "--shard", "0"], environment))
            gateway = ["gateway", "--fd", str(sock.fileno())]
            children.append(Child("gateway", gateway, environment, [sock.fileno()]))
        instance = Instance(private, servers, children)
        _wait_ready(instance, address)
        yield instance
    finally:
        with _undisturbed():
            # Those who take bids first, then those who record them.
            for child in reversed(children):
                stop_all([child], patience_s=_PATIENCE_S, hurry=lambda: False)
            servers.stop()
            shutil.rmtree(home, ignore_errors=True)


def _settings(
    settings: Settings, servers: EmbeddedServers, connections: int, lots: int
) -> Settings:
    """The given settings for a private instance: one address stands for all bidders."""
    limits = settings.limits
    many = connections + _SPARE_DESCRIPTORS
    raised = {
        "connections_max": max(limits.connections_max, many),
        "bids_per_s": max(limits.bids_per_s, 1e6),
        "bids_burst": max(limits.bids_burst, 1_000_000),
        "bids_waiting_per_bidder": max(limits.bids_waiting_per_bidder, lots + 1),
        "connections_per_address": max(limits.connections_per_address, many),
        "plain_connections_per_address": max(limits.plain_connections_per_address, many),
        # A recorded bidder's bids of days come within milliseconds.
        "messages_per_s": 1_000_000.0,
        "messages_burst": 1_000_000,
        "gateway_inflight_max": max(limits.gateway_inflight_max, 2 * lots),
    }
    return settings.model_copy(
        update={
            "data_dir": servers.directory.path,
            "host": _HOST,
            "database_url": servers.database_url,
            "redis_url": servers.redis_url,
            "shards": 1,
            "gateways": 1,
            "demo": False,
            # The parts' usual news would run through the progress bar.
            "log_level": "warning" if settings.log_level == "info" else settings.log_level,
            "limits": Limits(**{**limits.model_dump(), **raised}),
        }
    )


def _environment(settings: Settings) -> dict[str, str]:
    """Nothing of another installation's settings may reach the private one."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if (not name.startswith(PREFIX) or name == f"{PREFIX}MIGRATIONS")
        and name != DIRECTORY_VARIABLE
    }
    return {**kept, **settings.environment(), SUPERVISOR_VARIABLE: str(os.getpid())}


def _wait_ready(instance: Instance, address: str) -> None:
    deadline = time.monotonic() + _READY_S
    while (answer := ask_health(address, "/health/ready", timeout_s=2.0)) is not None:
        instance.check()
        if time.monotonic() > deadline:
            raise ServerError(
                f"The private instance was not ready after {_READY_S:.0f} s ({answer})."
            )
        time.sleep(0.05)


def _raise_descriptor_limit(needed: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ServerError(
            f"This needs {needed} open files and the system allows {hard}; raise the limit "
            f"(ulimit -n) or do less at once."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not stop the stopping, which takes a few seconds at most."""
    previous = {n: signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def terminating_like_ctrl_c() -> Iterator[None]:
    """Within the block SIGTERM does what Ctrl-C does, so that it leaves nothing behind either.

    Both work though a shell that put us in the background had SIGINT ignored.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    handlers = {signal.SIGTERM: interrupt, signal.SIGINT: signal.default_int_handler}
    previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
