"""The push services browsers use: the only places this program sends anything a stranger named.

A subscription's address comes from a browser, so anybody can write one. It is used only if its
origin is on the list of the settings: never an address inside our own network.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

ENDPOINT_MAX = 1_000


class Services:
    """Origins such as https://push.example or https://*.push.example."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._plain: set[str] = set()
        self._suffixes: list[tuple[str, str]] = []
        for origin in origins:
            scheme, _, host = origin.partition("://")
            if host.startswith("*."):
                self._suffixes.append((scheme, host[1:].lower()))
            else:
                self._plain.add(origin.lower())

    def origin_of(self, endpoint: str) -> str | None:
        """The origin of `endpoint` if it belongs to a listed service, else None."""
        if len(endpoint) > ENDPOINT_MAX or not endpoint.isascii() or not endpoint.isprintable():
            return None
        if "\\" in endpoint or " " in endpoint:
            return None
        try:
            parts = urlsplit(endpoint)
            host = parts.hostname
            _ = parts.port
        except ValueError:
            return None
        if not host or "@" in parts.netloc or parts.fragment:
            return None
        origin = f"{parts.scheme}://{parts.netloc.lower()}"
        if origin in self._plain:
            return origin
        # Behind a wildcard only the port of the scheme itself.
        for scheme, suffix in self._suffixes:
            if parts.scheme == scheme and parts.netloc.lower() == host and host.endswith(suffix):
                return origin
        return None
