"""`auction-engine serve`: start everything in order, watch it, stop it in the reverse order."""

from __future__ import annotations

import contextlib
import http.client
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import structlog

from auction_engine import metrics
from auction_engine.embedded import EmbeddedServers
from auction_engine.embedded.attach import with_addresses
from auction_engine.embedded.directory import DataDirectory
from auction_engine.errors import ServerError
from auction_engine.identity.demo_logins import DEMO_LOGINS
from auction_engine.serving import probe
from auction_engine.serving.children import Child, stop_all
from auction_engine.serving.listening import listen, page_address
from auction_engine.serving.schema import bring_up_to_date
from auction_engine.serving.tether import SUPERVISOR_VARIABLE
from auction_engine.settings import Settings

READY_S = 60.0
# A gateway tells its clients to come back and lets answers out; a recorder ends its batch.
PATIENCE_S = 15.0
# Descriptors besides connections: logs, pools, the shared socket, metrics files.
_SPARE_DESCRIPTORS = 256

log = structlog.get_logger(__name__)


class Stop(Exception):
    """SIGINT, SIGTERM or SIGHUP arrived."""


class _Signals:
    """Counts requests to stop, and wakes a waiting supervisor when one comes or a child ends."""

    def __init__(self) -> None:
        self.asked = 0

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        self._reader, writer = os.pipe()
        for descriptor in (self._reader, writer):
            os.set_blocking(descriptor, False)
        previous_wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
        previous = {number: signal.signal(number, self._handle) for number in numbers}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(previous_wakeup)
            os.close(self._reader)
            os.close(writer)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self.asked += 1

    def wait(self, seconds: float) -> None:
        """Wait for a signal. Raises Stop once one of them asked for it."""
        if not self.asked and select.select([self._reader], [], [], seconds)[0]:
            with contextlib.suppress(BlockingIOError):
                while os.read(self._reader, 4096):
                    pass
        if self.asked:
            raise Stop


class Supervisor:
    """Everything one `serve` has started. Use `run()` once, from the main thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._signals = _Signals()
        self._servers: EmbeddedServers | None = None
        self._recorders: list[Child] = []
        self._fronts: list[Child] = []

    def run(self) -> int:
        """Serve until asked to stop; returns 0 then. Raises AuctionError, with all stopped."""
        sock = listen(self._settings.host, self._settings.port)
        with self._signals.installed(), contextlib.closing(sock):
            try:
                self._start(sock)
                address = page_address(sock)
                # The gateways have it now; open here too, it would outlive them while they stop.
                sock.close()
                self._wait_ready(address)
                self._announce(address)
                while True:
                    self._signals.wait(1.0)
                    self._check()
            except Stop:
                log.info("stopping")
                return 0
            finally:
                self._stop()

    # Start

    def _start(self, sock: socket.socket) -> None:
        settings = self._settings
        if settings.embedded:
            self._servers = EmbeddedServers(
                settings.data_dir,
                use_postgres=settings.database_url is None,
                use_valkey=settings.redis_url is None,
            )
            self._servers.start()
            settings = self._settings = with_addresses(settings, self._servers)
        assert settings.database_url is not None
        assert settings.redis_url is not None
        self._signals.wait(0)
        probe.require(settings.database_url, settings.redis_url)
        bring_up_to_date(settings.database_url)
        self._signals.wait(0)
        _raise_descriptor_limit(settings)
        environment = self._environment(sock)
        for shard in range(settings.shards):
            arguments = ["recorder", "--shard", str(shard)]
            self._recorders.append(Child(f"recorder of shard {shard}", arguments, environment))
        for number in range(settings.gateways):
            name = "gateway" if settings.gateways == 1 else f"gateway {number}"
            arguments = ["gateway", "--fd", str(sock.fileno())]
            self._fronts.append(Child(name, arguments, environment, [sock.fileno()]))
        if settings.demo:
            self._fronts.append(Child("demonstration", ["demo"], environment))

    def _environment(self, sock: socket.socket) -> dict[str, str]:
        settings = self._settings.model_copy(update={"port": sock.getsockname()[1]})
        return {
            **os.environ,
            **settings.environment(),
            metrics.DIRECTORY_VARIABLE: str(self._metrics_dir()),
            SUPERVISOR_VARIABLE: str(os.getpid()),
        }

    def _metrics_dir(self) -> Path:
        directory = DataDirectory(self._settings.data_dir)
        if self._servers is None:
            # Several programs with servers of their own may share a directory; their metrics not.
            directory.create()
            path = directory.metrics_dir / str(self._settings.port)
        else:
            path = directory.metrics_dir
        metrics.prepare_directory(path)
        os.environ[metrics.DIRECTORY_VARIABLE] = str(path)
        return path

    def _wait_ready(self, address: str) -> None:
        deadline = time.monotonic() + READY_S
        while True:
            answer = ask_health(address, "/health/ready", timeout_s=2.0)
            if answer is None:
                return
            self._check()
            self._signals.wait(0.1)
            if time.monotonic() > deadline:
                raise ServerError(
                    f"The program was not ready after {READY_S:.0f} s ({answer}); its log says why."
                )

    def _announce(self, address: str) -> None:
        lines = [f"The auction engine serves at {address} (Ctrl-C stops it)."]
        if self._settings.demo:
            lines.append("Logins of the demonstration:")
            widths = [max(len(str(row[column])) for row in DEMO_LOGINS) for column in range(2)]
            lines += [
                f"  {role:<{widths[0]}}   {login:<{widths[1]}}   {password}"
                for role, login, password in DEMO_LOGINS
            ]
        print("\n".join(lines), flush=True)

    # Watch

    def _check(self) -> None:
        """Raises ServerError naming the part that has ended."""
        if self._servers is not None:
            self._servers.check()
        for child in (*self._recorders, *self._fronts):
            death = child.death()
            if death is not None:
                raise ServerError(f"{death[:-1]}; everything else was stopped.")

    # Stop

    def _stop(self) -> None:
        asked = self._signals.asked

        def hurry() -> bool:
            # A second Ctrl-C: the person does not want to wait.
            return self._signals.asked > max(asked, 1)

        forced: list[str] = []
        try:
            # First those who take bids, then those who record them, then what both stand on.
            forced += stop_all(self._fronts, patience_s=PATIENCE_S, hurry=hurry)
            forced += stop_all(self._recorders, patience_s=PATIENCE_S, hurry=hurry)
        finally:
            if self._servers is not None:
                self._servers.stop()
        for name in forced:
            log.warning("had to be killed", part=name)


def ask_health(address: str, path: str, timeout_s: float) -> str | None:
    """None when `path` answers 200, otherwise why not, in a few words."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(
        place.hostname or "127.0.0.1", place.port, timeout=timeout_s
    )
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        response = connection.getresponse()
        body = response.read(2048).decode("utf-8", "replace").strip()
        return None if response.status == 200 else f"{response.status} {body}"[:200]
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()


def _raise_descriptor_limit(settings: Settings) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.limits.connections_max + _SPARE_DESCRIPTORS
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < needed:
        log.warning("few file descriptors", allowed=allowed, needed=needed)


def serve(settings: Settings) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP; the command's exit status.

    Raises AuctionError with one sentence when something cannot start or ends by itself;
    everything that was started has been stopped then.
    """
    sys.stdout.flush()
    return Supervisor(settings).run()
