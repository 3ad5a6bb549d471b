"""Behind our own proxies a request counts for the client's address and keeps its scheme."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from auction_engine.addresses import client_address, listed


class Forwarded:
    """Pure ASGI. Believes X-Forwarded-For and X-Forwarded-Proto from `trusted` peers only."""

    def __init__(self, app: ASGIApp, trusted: tuple[str, ...]) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._trusted and scope["type"] == "http" and scope["client"]:
            peer = scope["client"][0]
            if listed(peer, self._trusted):
                headers = Headers(scope=scope)
                said = ",".join(headers.getlist("x-forwarded-for"))
                scope["client"] = (client_address(peer, said, self._trusted), 0)
                # The nearest proxy's word is the last.
                scheme = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
                if scheme in ("http", "https"):
                    scope["scheme"] = scheme
        await self._app(scope, receive, send)
