"""Where webhooks may go: https to public addresses, and to networks the settings allow.

A name is looked up anew for every message, every address it has must be allowed, and the message
goes to the very address that was checked: a name that changes its mind meanwhile changes nothing.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from auction_engine.errors import AuctionError

URL_MAX = 1_000
_LOOK_UP_S = 4.0
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LookUp = Callable[[str, int], Awaitable[list[str]]]
# Translates to IPv4 addresses, which would not be seen.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class BadTarget(AuctionError):
    """Nothing is sent to this address. `code` is stable."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Target(NamedTuple):
    """An address as it was written, taken apart."""

    url: str
    scheme: str
    host: str
    port: int
    rest: str


class Route(NamedTuple):
    """Where a message really goes: to `url`, which names an address, as `host` (and `sni`)."""

    url: str
    host: str
    sni: str


class Targets:
    """Which targets are allowed. `networks` are such as 10.1.0.0/16."""

    def __init__(self, networks: Iterable[str] = (), look_up: LookUp | None = None) -> None:
        self._networks = [ipaddress.ip_network(network) for network in networks]
        self._look_up = look_up or _system

    def read(self, url: object) -> Target:
        """The target that `url` names, as far as can be told without asking. Raises BadTarget."""
        if not isinstance(url, str) or not 0 < len(url) <= URL_MAX:
            raise BadTarget("BAD_URL", "The address is missing or too long.")
        if not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>'):
            raise BadTarget("BAD_URL", "The address has characters that no address has.")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise BadTarget("BAD_URL", "This is no address.") from None
        if not host or "@" in parts.netloc or parts.fragment or port == 0:
            raise BadTarget("BAD_URL", "The address names a host, and no user and no fragment.")
        if parts.scheme not in (("https", "http") if self._networks else ("https",)):
            raise BadTarget("NOT_HTTPS", "The address begins with https://.")
        usual = 443 if parts.scheme == "https" else 80
        rest = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target = Target(url, parts.scheme, host, port or usual, rest)
        literal = _literal(host)
        if literal is not None:
            self._check(target, literal)
        return target

    async def route(self, target: Target) -> Route:
        """Where to send it now. Raises BadTarget for what is not allowed, OSError if unknown."""
        literal = _literal(target.host)
        if literal is None:
            async with asyncio.timeout(_LOOK_UP_S):
                found = await self._look_up(target.host, target.port)
            addresses = [ipaddress.ip_address(one.partition("%")[0]) for one in found]
        else:
            addresses = [literal]
        if not addresses:
            raise OSError("the name has no address")
        for address in addresses:
            self._check(target, address)
        first = addresses[0]
        shown = f"[{first}]" if first.version == 6 else str(first)
        host = f"[{target.host}]" if ":" in target.host else target.host
        usual = target.port == (443 if target.scheme == "https" else 80)
        return Route(
            f"{target.scheme}://{shown}:{target.port}{target.rest}",
            host if usual else f"{host}:{target.port}",
            target.host,
        )

    def _check(self, target: Target, address: Address) -> None:
        mapped = getattr(address, "ipv4_mapped", None)
        address = mapped or address
        if any(address in network for network in self._networks):
            return
        if target.scheme != "https":
            raise BadTarget("NOT_HTTPS", "Only https leaves our own network.")
        if not is_public(address):
            raise BadTarget("NOT_PUBLIC", "This is no public address; nothing is sent there.")


def is_public(address: Address) -> bool:
    """Whether anybody on the internet reaches this address, and as this one alone."""
    if isinstance(address, ipaddress.IPv6Address) and (
        address.sixtofour or address.teredo or address.ipv4_mapped or address in _NAT64
    ):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


async def _system(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(row[4][0]) for row in found]
