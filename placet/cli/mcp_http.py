"""`placet mcp --http`: what its options mean, and when the door does not open (docs/doors.md §3)."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path

import grpc
from rich.text import Text

from placet.cli.invocation import Exit, Invocation
from placet.cli.services import addresses, pki
from placet.client import Placet
from placet.doors import Door
from placet.doors.bearers import BearersInvalid, read_bearers
from placet.doors.http import Frontage, doors, own_hosts, serve
from placet.listening import listening
from placet.rpc.errors import ServiceError
from placet.rpc.telemetry import configure_logging


@dataclass(frozen=True)
class Outside:
    """Options of the door over HTTP."""

    listen: str
    tokens: Path
    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    certificate: Path | None
    key: Path | None
    timeout_s: float
    review_wait_s: int


def over_http(here: Invocation, outside: Outside) -> int:
    """Serve until Ctrl-C. Raises ServiceError DOOR_UNUSABLE, with every problem of the tokens' file."""
    try:
        bearers = read_bearers(outside.tokens, pki(here))
        bound = listening(outside.listen)
        _check_outside(bound, outside)
    except (BearersInvalid, OSError, ValueError) as error:
        raise ServiceError(grpc.StatusCode.FAILED_PRECONDITION, "DOOR_UNUSABLE", str(error)) from error
    base = Door(Placet.connect, timeout_s=outside.timeout_s, review_wait_s=outside.review_wait_s)
    frontage = Frontage(own_hosts(bound, outside.hosts), outside.origins, outside.certificate, outside.key)
    configure_logging("mcp")
    door_of = doors(bearers, lambda: addresses(here), base)
    asyncio.run(
        serve(bound, frontage, bearers, door_of, lambda url: _ready(here, url, len(bearers.by_digest)))
    )
    return Exit.DONE


def _ready(here: Invocation, url: str, tokens: int) -> None:
    if here.as_json:
        here.emit({"event": "ready", "url": url, "tokens": tokens})
    else:
        here.out.print(Text(f"{url}, for {tokens} tokens"))
        here.err.print("Ctrl-C stops it.")


def _check_outside(bound: socket.socket, outside: Outside) -> None:
    """Raises ValueError: a token would cross a network in plain text, or nobody could reach the door."""
    if (outside.certificate is None) != (outside.key is None):
        raise ValueError("--certificate and --key belong together; give both")
    address = bound.getsockname()[0]
    if ipaddress.ip_address(address).is_loopback:
        return
    if outside.certificate is None or not outside.hosts:
        raise ValueError(
            f"{address} is not loopback, so tokens would cross a network in plain text. Give --certificate, "
            "--key and with --host the names under which it is reached; or listen on 127.0.0.1"
        )
