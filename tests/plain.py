"""HTTP without TLS, to programs of a test's own."""

from __future__ import annotations

import ssl
from typing import Any

import httpx

# A client reads the machine's certificates when it is made, which takes longer than most requests
# here; to plain addresses they are of no use.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def client(base: str = "", **options: Any) -> httpx.AsyncClient:
    """A client of the program at `base`; options as httpx has them."""
    return httpx.AsyncClient(base_url=base, verify=_NO_CERTIFICATES, **options)
