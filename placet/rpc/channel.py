"""How a client reaches one of our services."""

from __future__ import annotations

import grpc

from placet.rpc.identity import TRUST_DOMAIN
from placet.rpc.tls import TlsFiles

MIB = 1024 * 1024
MAX_MESSAGE_BYTES = 20 * MIB


def server_dns(server: str) -> str:
    """The DNS name that a service's certificate carries, wherever it listens."""
    return f"{server}.{TRUST_DOMAIN}"


def connect(address: str, tls: TlsFiles, *, server: str) -> grpc.aio.Channel:
    """A channel to `server` ("guard") at `address` ("127.0.0.1:4711" or "unix:/path").

    The peer must prove to be that server: the address is a place, not a name. Connecting is lazy;
    nothing is raised here when nobody listens. The caller closes the channel.
    """
    options: list[tuple[str, str | int]] = [
        ("grpc.ssl_target_name_override", server_dns(server)),
        ("grpc.default_authority", server_dns(server)),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 1_000),
        ("grpc.max_reconnect_backoff_ms", 2_000),  # a service that came back is found within two seconds
        ("grpc.enable_http_proxy", 0),  # a proxy of the environment would see our peers' names
    ]
    return grpc.aio.secure_channel(address, tls.channel_credentials(), options=options)
