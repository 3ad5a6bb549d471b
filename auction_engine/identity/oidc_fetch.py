"""Asking an OpenID provider: bounded in size, in time and in how many wait for it at once."""

import asyncio
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import structlog

from auction_engine.errors import AuctionError

_FAILED_S = 3.0
_ANSWER_MAX = 256 * 1024
_WAITING_MAX = 64
_log = structlog.get_logger(__name__)


class OidcError(AuctionError):
    """Nobody is signed in. `code` says why: AWAY, CANCELLED, REFUSED, STALE, UNTRUSTED or TAKEN."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def is_safe(address: Any) -> bool:
    """Whether this is an address we would send secrets to: only this machine goes without TLS."""
    if not isinstance(address, str):
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    own = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and own))


class Fetcher:
    """Fetches JSON objects; what changes rarely is kept for a while."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}
        self._failed_at = -_FAILED_S
        self._waiting = 0
        self._looking = asyncio.Lock()
        self._tls: ssl.SSLContext | None = None

    async def kept(self, address: str, most_s: float) -> dict[str, Any]:
        """What is at `address`, fetched unless that was within `most_s`; one fetch at a time.

        After a failure nobody asks again for a moment: whoever waited in line hears it at once.
        Raises OidcError.
        """
        async with self._looking:
            now_s = time.monotonic()
            at_s, found = self._known.get(address, (0.0, None))
            if found is not None and now_s - at_s < most_s:
                return found
            if now_s - self._failed_at < _FAILED_S:
                raise OidcError("AWAY", "The provider does not answer.")
            try:
                status, fetched = await self.ask("GET", address)
                if status != 200:
                    raise OidcError("AWAY", "The provider does not answer.")
            except OidcError:
                self._failed_at = time.monotonic()
                raise
            self._known[address] = (time.monotonic(), fetched)
            return fetched

    def forget(self, address: str) -> None:
        """What was kept of `address` is of no use."""
        self._known.pop(address, None)

    async def ask(self, method: str, address: str, **how: Any) -> tuple[int, dict[str, Any]]:
        """The status and the JSON object of an answer. Raises OidcError."""
        if self._waiting >= _WAITING_MAX:
            raise OidcError("AWAY", "Too many people wait for the provider.")
        self._waiting += 1
        try:
            if self._tls is None:
                # Reading the authorities takes tens of milliseconds.
                self._tls = await asyncio.to_thread(httpx.create_ssl_context)
            async with asyncio.timeout(self._timeout_s):
                return await self._answer(self._tls, method, address, how)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            _log.warning("oidc_away", error=type(error).__name__)
            raise OidcError("AWAY", "The provider does not answer.") from None
        finally:
            self._waiting -= 1

    async def _answer(
        self, tls: ssl.SSLContext, method: str, address: str, how: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        body = bytearray()
        async with (
            httpx.AsyncClient(verify=tls, timeout=self._timeout_s) as client,
            client.stream(method, address, **how) as answer,
        ):
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > _ANSWER_MAX:
                    raise OidcError("AWAY", "The provider's answer is too long.")
        try:
            found = orjson.loads(bytes(body))
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise OidcError("AWAY", "The provider's answer was not understood.")
        return answer.status_code, found
