"""How a client reaches one of our services, wherever and however many there are (docs/connections.md)."""

from __future__ import annotations

import json
from functools import lru_cache

import grpc

from placet.rpc.identity import TRUST_DOMAIN
from placet.rpc.renewing import RenewingChannel
from placet.rpc.tls import CurrentTls, Pem, TlsFiles, channel_credentials

MIB = 1024 * 1024
MAX_MESSAGE_BYTES = 20 * MIB
SEVERAL = ("dns:", "ipv4:", "ipv6:")
"""How an address begins that may name several replicas."""

ASKED_AGAIN = ("generator", "guard", "executor")
"""Servers of which nothing is done twice when what nobody answered is sent again (docs/connections.md §5).
What a killed one had begun is refused by the next as used already, and lost."""

Options = list[tuple[str, str | int]]


def server_dns(server: str) -> str:
    """The DNS name that a service's certificate carries, wherever it listens."""
    return f"{server}.{TRUST_DOMAIN}"


def service_name(server: str) -> str:
    """The service by whose health a replica of "guard" is chosen: placetpb.guard.v1.GuardService."""
    return f"placetpb.{server}.v1.{server.capitalize()}Service"


def connect(address: str, tls: TlsFiles, *, server: str) -> grpc.aio.Channel:
    """A channel to `server` ("guard") at `address`.

    `address` is one place ("127.0.0.1:4711" or "unix:/path"), which is asked whatever it says of its
    health; or several ("dns:///guard-headless.placet:7443", "ipv4:10.0.0.1:7443,10.0.0.2:7443"): then calls
    go in turn to those that say that they serve.

    The peer must prove to be that server: the address is a place, not a name. Certificates may change
    meanwhile. Connecting is lazy; nothing is raised here when nobody listens. The caller closes the channel.

    Raises:
        OSError, ValueError: the files of `tls` cannot be read, or do not belong together.
    """
    options = _options(server) + (_several(server) if address.startswith(SEVERAL) else [])

    credentials = lru_cache(maxsize=1)(channel_credentials)  # the same ones share what is connected already

    def open_(pem: Pem) -> grpc.aio.Channel:
        return grpc.aio.secure_channel(address, credentials(pem), options=options)

    return RenewingChannel(CurrentTls(tls).pem, open_)


def _options(server: str) -> Options:
    return [
        ("grpc.ssl_target_name_override", server_dns(server)),
        ("grpc.default_authority", server_dns(server)),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 10_000),  # what a handshake may take: busy machines need seconds
        ("grpc.max_reconnect_backoff_ms", 2_000),  # a service that came back is found within two seconds
        ("grpc.enable_http_proxy", 0),  # a proxy of the environment would see our peers' names
        ("grpc.service_config_disable_resolution", 1),  # a name server says where, never how
    ]


_RETRY = {
    "maxAttempts": 5,
    "initialBackoff": "0.5s",
    "maxBackoff": "3s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
"""About six seconds in all: until the name server knows of whoever takes the place of the last one."""


def _several(server: str) -> Options:
    service = service_name(server)
    config = {
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": service},
        "methodConfig": [{"name": [{"service": service}], "retryPolicy": _RETRY}]
        if server in ASKED_AGAIN
        else [],
    }
    return [
        ("grpc.service_config", json.dumps(config)),
        ("grpc.dns_min_time_between_resolutions_ms", 1_000),  # 30 s would hide a replica that is new
    ]
