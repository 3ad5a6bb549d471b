"""Whose address a request counts for: behind trusted proxies, and as a group."""

import ipaddress
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# What one household or office is given; a limit on single IPv6 addresses would limit nobody.
_IPV6_GROUP = 64


@lru_cache(maxsize=16)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


def _parsed(text: str) -> Address | None:
    """The address in `text`: bare, `v4:port`, `[v6]` or `[v6]:port`; None if there is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # One spelling for an IPv4 client, whichever socket it came in by.
    return getattr(found, "ipv4_mapped", None) or found


def listed(address: str, networks: tuple[str, ...]) -> bool:
    """Whether `address` lies in one of `networks`; False for what is no address."""
    found = _parsed(address)
    return found is not None and any(found in network for network in _networks(networks))


def client_address(peer: str, forwarded_for: str | None, trusted: tuple[str, ...]) -> str:
    """Who really asks, given the connection's `peer` and the header X-Forwarded-For.

    Each proxy appends whom it saw, so the list is read from the right, and only as far as proxies
    in `trusted` vouch for it: everything further left could have been made up by the client.
    """
    client = peer
    for part in reversed((forwarded_for or "").split(",")):
        if not listed(client, trusted):
            break
        found = _parsed(part)
        if found is None:
            break
        client = str(found)
    return client


def address_group(address: str) -> str:
    """What counts as one place: an IPv6 address's /64 network, an IPv4 address itself."""
    found = _parsed(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, _IPV6_GROUP), strict=False))
    return address if found is None else str(found)
