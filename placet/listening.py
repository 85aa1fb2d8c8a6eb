"""A TCP socket to serve HTTP on, bound before anything is promised.

Knows addresses. Must not know what is served.
"""

from __future__ import annotations

import socket


def listening(address: str) -> socket.socket:
    """Bind "host:port"; port 0 picks a free one. Raises ValueError when it is none, and OSError."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"{address!r} is no address: give host:port; port 0 picks a free one")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.create_server((host.strip("[]"), int(port)), family=family)
    # asyncio does this only for sockets that name their protocol; without it each answer waits 40 ms.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound


def url_of(bound: socket.socket) -> str:
    """Where a bound socket is reached over HTTP."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
