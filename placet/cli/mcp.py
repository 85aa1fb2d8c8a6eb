"""`placet mcp`: the door for agents that speak MCP (docs/doors.md). Options in, a door that is open."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import grpc
import typer

from placet.cli.invocation import Exit, Invocation, Json, State, Timeout, Wait, invocation
from placet.cli.outdir import check_usable, save
from placet.cli.services import addresses, pki
from placet.client import DEFAULT_TIMEOUT_S, Placet
from placet.local import Endpoint
from placet.rpc.errors import ServiceError
from placet.rpc.telemetry import configure_logging
from placet.rpc.tls import TlsFiles


@dataclass(frozen=True)
class _Inside:
    """Options of the door over stdin and stdout."""

    scopes: tuple[str, ...]
    files: Path | None
    out: Path | None
    caller: str | None
    timeout_s: float
    review_wait_s: int


def mcp(
    ctx: typer.Context,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", metavar="GLOB", help="Scopes that the agent may name; repeat for more."),
    ] = None,
    files: Annotated[
        Path | None,
        typer.Option("--files", metavar="DIR", help="The folder whose files the agent may name."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Save artifacts to DIR/REQUEST as well.")
    ] = None,
    caller: Annotated[
        str | None,
        typer.Option("--as", metavar="CALLER", help="Act as a caller that `placet keys new-caller` made."),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option("--http", metavar="HOST:PORT", help="Serve HTTP there instead of stdin and stdout."),
    ] = None,
    tokens: Annotated[
        Path | None, typer.Option("--tokens", metavar="FILE", help="With --http: who may come in.")
    ] = None,
    host: Annotated[
        list[str] | None,
        typer.Option("--host", metavar="NAME", help="With --http: a name under which it is reached."),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option("--origin", metavar="URL", help="With --http: a page that may call it from a browser."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", metavar="FILE", help="With --http: PEM, for TLS.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="With --http: the certificate's key.")
    ] = None,
    timeout: Timeout = DEFAULT_TIMEOUT_S,
    wait: Wait = 0,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Open a door for agents that speak MCP: the tools solve, run and review.

    Over stdin and stdout it acts as the caller of this command or as CALLER, and an MCP host starts it. Over
    HTTP each token acts as the caller that its line names; without a token there is no service.

    Examples:

        placet mcp --scope data-analysis --files ./data --out ./results

        placet mcp --as reports --scope 'data-*'

        placet mcp --http 127.0.0.1:7390 --tokens tokens.yaml
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    _check_installed()
    if http is None:
        if tokens or host or origin or certificate or key:
            raise _refused("USAGE", "--tokens, --host, --origin, --certificate and --key need --http")
        inside = _Inside(tuple(scope or ("*",)), files, out, caller, timeout, wait)
        return _over_stdio(here, inside)
    if scope or files or out or caller:
        raise _refused("USAGE", "with --http each token's line has its caller, scopes and files; no --out")
    if tokens is None:
        raise _refused("TOKENS_MISSING", "--http needs --tokens FILE; placet keys new-token CALLER makes one")
    from placet.cli.mcp_http import Outside, over_http  # its libraries are slow to load

    names, pages = tuple(host or ()), tuple(origin or ())
    return over_http(here, Outside(http, tokens, names, pages, certificate, key, timeout, wait))


def _over_stdio(here: Invocation, inside: _Inside) -> int:
    from placet.doors import Door  # its libraries would slow the start of every other verb
    from placet.doors.mcp_server import serve_stdio

    if inside.files is not None and not inside.files.is_dir():
        raise _refused("FILES_UNREADABLE", f"--files {inside.files} is no directory")
    door = Door.here(
        here.state,
        scopes=inside.scopes,
        folder=inside.files,
        timeout_s=inside.timeout_s,
        review_wait_s=inside.review_wait_s,
    )
    if inside.caller is not None:
        tls = _certificate(here, inside.caller)
        door = replace(door, connect=lambda: Placet.connect(endpoint=Endpoint(addresses(here), tls)))
    if inside.out is not None:
        check_usable(inside.out)
        below = inside.out.absolute()
        door = replace(door, keep=lambda result: save(result.artifacts, below / result.request_id))
    configure_logging("mcp")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a thread reads stdin, and would be waited for
    asyncio.run(serve_stdio(door))
    return Exit.DONE


def _certificate(here: Invocation, caller: str) -> TlsFiles:
    from placet.doors.bearers import caller_files

    place = pki(here)
    if place is None:
        raise _refused("USAGE", "with PLACET_SERVICES, the certificate in PLACET_TLS says who calls; no --as")
    files = caller_files(place, caller)
    if not files.cert.exists():
        raise _refused("CALLER_UNKNOWN", f"there is no caller {caller!r} here: placet keys new-caller NAME")
    return files


def _check_installed() -> None:
    try:
        import mcp as library  # noqa: F401
    except ImportError as error:
        raise _refused(
            "MCP_MISSING", "the library mcp is not installed here: pip install 'mcp>=2,<3'"
        ) from error


def _refused(reason: str, message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.FAILED_PRECONDITION, reason, message)
