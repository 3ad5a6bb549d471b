"""Who may open a live connection: path, origin, and how many from one place."""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from websockets.http11 import Request

from auction_engine.addresses import address_group, client_address
from auction_engine.settings import Settings

if TYPE_CHECKING:
    from auction_engine.live.connection import LiveConnection

PATH = "/live"
Refusal = tuple[HTTPStatus, str]


class Door:
    """Counts the connections of each place (`addresses.address_group`)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places: Counter[str] = Counter()

    def refuse(
        self, connection: LiveConnection, request: Request, serving: bool, connections: int
    ) -> Refusal | None:
        """Why a handshake is refused, or None. Finds out where the connection comes from."""
        limits = self._settings.limits
        connection.address = self._place(connection.address, request)
        if request.path.partition("?")[0] != PATH:
            return HTTPStatus.NOT_FOUND, "The live room is at /live.\n"
        if not self._origin_allowed(request):
            return HTTPStatus.FORBIDDEN, "This origin may not connect.\n"
        if not serving or connections >= limits.connections_max:
            return HTTPStatus.SERVICE_UNAVAILABLE, "The live room is full; try again soon.\n"
        if self._places[connection.address] >= limits.connections_per_address:
            return HTTPStatus.TOO_MANY_REQUESTS, "Too many connections from this address.\n"
        return None

    def entered(self, connection: LiveConnection) -> None:
        self._places[connection.address] += 1

    def left(self, connection: LiveConnection) -> None:
        self._places[connection.address] -= 1
        if not self._places[connection.address]:
            del self._places[connection.address]

    def _place(self, peer: str, request: Request) -> str:
        forwarded = ",".join(request.headers.get_all("X-Forwarded-For"))
        trusted = self._settings.trusted_proxies
        return address_group(client_address(peer, forwarded or None, trusted))

    def _origin_allowed(self, request: Request) -> bool:
        """Browsers always send Origin; without one it is a program, which needs a ticket to act."""
        origin = request.headers.get("Origin")
        if origin is None or origin in self._settings.allowed_origins:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:  # "http://["
            return False
        return parts.scheme in ("http", "https") and parts.netloc == request.headers.get("Host")
