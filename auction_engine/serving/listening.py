"""The listening socket: opened once, shared by all gateways."""

from __future__ import annotations

import errno
import socket

from auction_engine.errors import PortInUseError, SettingsError

# Connections the kernel keeps while gateways start or are busy. A session's opening brings
# thousands within a second; the kernel cuts this to its own limit (net.core.somaxconn).
BACKLOG = 4096


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Port 0 means any free one.

    Raises PortInUseError, or SettingsError when the address is not one of this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise SettingsError(f"AUCTION_HOST={host} cannot be used: {error.strerror}.") from None
    try:
        # A restart must not wait for old connections to time out.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        # At once, not later: an address that is only bound can still be taken by another program.
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(
                f"Port {port} of {host} is in use by another program; stop that one or choose "
                f"another port with AUCTION_PORT."
            ) from None
        raise SettingsError(
            f"The program cannot listen on {host}:{port} ({error.strerror}); choose another "
            f"address with AUCTION_HOST and AUCTION_PORT."
        ) from None
    return sock


def page_address(sock: socket.socket) -> str:
    """The address a person on this machine types."""
    host, port = sock.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 (compared with, not bound to)
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
