"""Plain HTTP connections within bounds: how many, how much before a request, how long.

uvicorn's parser bounds none of these: whoever sends headers without end would fill the memory of
the process that carries the bids, and whoever sends nothing would stay for ever.
"""

import asyncio
from collections import Counter
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from auction_engine.addresses import address_group, listed
from auction_engine.settings import Settings

# A whole request: bodies are read within 10 s, and whoever sends an unread one gets no longer.
_MESSAGE_S = 30.0
# What is written reaches even a slow phone in this time; then the connection ends all the same.
_FLUSH_S = 30.0
# Requests sent ahead on one connection. Browsers send none ahead.
_AHEAD_MOST = 16


class Doors:
    """The plain connections of this process, counted."""

    def __init__(self, settings: Settings) -> None:
        self.limits = settings.limits
        self._trusted = settings.trusted_proxies
        self.inside = 0
        self._groups: Counter[str] = Counter()

    def admit(self, address: str) -> tuple[str | None, int]:
        """Count a connection in. Returns (what to `leave` with, 0), or (None, status) if full."""
        if self.inside >= self.limits.plain_connections_max:
            return None, 503
        # Behind a proxy everybody has its address; there the pages' own limit counts clients.
        group = "" if listed(address, self._trusted) else address_group(address)
        if group and self._groups[group] >= self.limits.plain_connections_per_address:
            return None, 429
        self.inside += 1
        self._groups[group] += 1
        return group, 0

    def leave(self, group: str) -> None:
        """Count a connection out."""
        self.inside -= 1
        self._groups[group] -= 1
        if not self._groups[group]:
            del self._groups[group]


class _HeadTooLarge(Exception):
    """Raised within the parser, which turns it into its own error."""


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's connection with a limit on everything that comes before and between requests."""

    def __init__(self, doors: Doors, **options: Any) -> None:
        super().__init__(**options)
        self._doors = doors
        self._group: str | None = None
        self._upgraded = False
        self._status = 400
        self._timer: asyncio.TimerHandle | None = None
        self._head = 0  # bytes of this request's line and headers, as parsed
        self._body = 0  # bytes of body in the data just parsed
        self._other = 0  # bytes received for this request that were no body
        self._completed = 0  # requests received whole

    # --- coming and going -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._group, full = self._doors.admit(self.client[0] if self.client else "")
        if full:
            self._refuse(full, "Too many connections; try again in a few seconds.")
        else:
            self._within(self._doors.limits.head_timeout_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        self._disarm()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        # From here on the live room counts and times this connection.
        self._upgraded = True
        self._leave()
        self._disarm()
        super().handle_websocket_upgrade()

    def _leave(self) -> None:
        if self._group is not None:
            self._doors.leave(self._group)
            self._group = None

    # --- receiving ------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return  # refused already; the parser may be beyond use
        completed, self._body = self._completed, 0
        super().data_received(data)
        if self._upgraded or self.transport.is_closing():
            return
        # Catches what the parser has not handed over yet, and what lies between requests.
        if self._completed != completed:
            self._other = 0
        else:
            self._other += len(data) - self._body
            if self._other > self._doors.limits.head_max_bytes:
                self._refuse(431, "The request's headers are too large.")
                return
        if self._timer is None and (self.cycle is None or self.cycle.response_complete):
            self._within(self._doors.limits.head_timeout_s)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = self._other = 0
        self._within(self._doors.limits.head_timeout_s)

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= _AHEAD_MOST:
            raise _HeadTooLarge
        super().on_headers_complete()
        self._within(_MESSAGE_S)

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._completed += 1
        self._disarm()

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > self._doors.limits.head_max_bytes:
            self._status = 431
            raise _HeadTooLarge

    # --- ending ---------------------------------------------------------------------------

    def send_400_response(self, msg: str) -> None:
        if self._status == 431:
            msg = "The request's headers are too large."
        self._refuse(self._status, msg)

    def _refuse(self, status: int, text: str) -> None:
        """Answer shortly and hang up; in the middle of another answer only hang up."""
        if self.cycle is None or self.cycle.response_complete:
            body = text.encode("ascii")
            self.transport.write(
                STATUS_LINE[status]
                + b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
                + b"content-length: %d\r\n\r\n" % len(body)
                + body
            )
        self._hang_up()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._hang_up()

    def timeout_keep_alive_handler(self) -> None:
        self._hang_up()

    def _hang_up(self) -> None:
        """Close, and do not wait for ever for a client that does not read."""
        self._disarm()
        self.transport.close()
        self._timer = self.loop.call_later(_FLUSH_S, self.transport.abort)

    def _within(self, seconds: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, self._hang_up)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
