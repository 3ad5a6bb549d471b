"""nginx with the nchan module, where it is installed: a private one with a single worker."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

from auction_engine.embedded.postgres import free_port
from loadtests import procs

_MODULES = (
    "/usr/lib/nginx/modules", "/usr/share/nginx/modules", "/usr/lib64/nginx/modules",
    "/usr/local/lib/nginx/modules",
)  # fmt: skip
_CONFIG = """\
load_module {module};
user {user};
daemon off;
worker_processes 1;
worker_rlimit_nofile {files};
pid {home}/nginx.pid;
error_log {home}/error.log warn;
events {{ worker_connections {files}; }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    keepalive_requests 1000000;
    nchan_shared_memory_size 256m;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /watch {{
            nchan_subscriber websocket;
            nchan_channel_id lot;
            nchan_subscriber_first_message newest;
        }}
        location = /publish {{
            nchan_publisher;
            nchan_channel_id lot;
            nchan_message_buffer_length 1;
        }}
    }}
}}
"""
_READY_S = 15.0


def program() -> str | None:
    """The path of nginx, None where it is not installed."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def module() -> Path | None:
    """The nchan module's path, None where it is not installed."""
    found = (Path(folder) / "ngx_nchan_module.so" for folder in _MODULES)
    return next((path for path in found if path.exists()), None)


def installed() -> bool:
    return program() is not None and module() is not None


class Nchan:
    """A private nginx; use it as a block. `pid` is its worker's."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="auction-nchan-"))
        self.port = free_port()

    async def __aenter__(self) -> Nchan:
        config = self.home / "nginx.conf"
        config.write_text(
            _CONFIG.format(
                module=module(), user=pwd.getpwuid(os.geteuid()).pw_name, home=self.home,
                files=procs.raise_file_limit(), port=self.port,
            )
        )  # fmt: skip
        self._process = subprocess.Popen(  # noqa: ASYNC220 (starting a process does not wait)
            [program() or "nginx", "-p", str(self.home), "-c", str(config)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            await self._connect()
            self.pid = procs.children(self._process.pid)[0]
        except BaseException:
            self._end()
            raise
        return self

    async def _connect(self) -> None:
        deadline = time.monotonic() + _READY_S
        while True:
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = self.home / "error.log"
                words = log.read_text()[-500:].strip() if log.exists() else "it said nothing"
                raise RuntimeError(f"nginx did not start: {words}")
            try:
                self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
                return
            except OSError:
                await asyncio.sleep(0.05)

    async def publish(self, payload: bytes) -> None:
        """Publish one message; returns when nginx has taken it."""
        self._writer.write(
            b"POST /publish HTTP/1.1\r\nHost: nchan\r\nContent-Type: text/plain\r\n"
            b"Accept: text/json\r\nContent-Length: %d\r\n\r\n" % len(payload) + payload
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        await self._reader.readexactly(length)
        status = head.split(b" ", 2)[1]
        if not status.startswith(b"2"):
            raise RuntimeError(f"nchan refused a message with status {status.decode()}")

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.close()
        await asyncio.to_thread(self._end)
