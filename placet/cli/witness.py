"""`placet witness`: a witness for logs, for whoever does not trust the machine that the log runs on."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import Annotated

import grpc
import typer
from rich.text import Text

from placet.audit.checkpoint import CheckpointRefused, LogVerifier
from placet.audit.witness import Logs
from placet.cli.human import visible
from placet.cli.invocation import Exit, Invocation, Json, State, invocation
from placet.listening import listening, url_of
from placet.local.layout import default_state
from placet.rpc.errors import ServiceError
from placet.rpc.telemetry import configure_logging
from placet.witness.book import DEFAULT_NAME, BookUnusable, WitnessBook
from placet.witness.witness import Witness

DEFAULT_LISTEN = "127.0.0.1:7380"


def witness(
    ctx: typer.Context,
    log: Annotated[
        list[str],
        typer.Option(
            "--log", metavar="KEY", help="A log's public key, or its file (audit.vkey); repeat for more."
        ),
    ],
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Where logs reach it.")
    ] = DEFAULT_LISTEN,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="Its key and memory; default: beside the XDG state."),
    ] = None,
    name: Annotated[
        str,
        typer.Option("--name", metavar="NAME", help=f"Its name, at first; default {DEFAULT_NAME}."),
    ] = "",
    state: State = None,
    as_json: Json = False,
) -> int:
    """Cosign a log's checkpoints as long as each continues the last, until Ctrl-C.

    Run it on a machine that the log's operator cannot change. The key is made at the first start. Keep the
    directory: without its memory a witness would believe a second history, so it does not start without it.

    Examples:

        placet witness --log ./audit.vkey

        placet witness --log placet.local/log+1c2f…+AT… --listen 10.0.0.7:7380 --name security.example/witness
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    logs = _logs(log)
    try:
        book = WitnessBook(directory or default_state().parent / "placet-witness", name)
        bound = listening(listen)
    except (BookUnusable, OSError, ValueError) as error:
        raise _refused("WITNESS_UNUSABLE", str(error)) from error
    configure_logging("witness")
    url = url_of(bound)
    about = _about(book, logs, url)
    _show(here, book, about, url)
    try:
        _serve(Witness(book, logs), about, bound)
    finally:
        book.close()
    return Exit.DONE


def _serve(witness: Witness, about: str, bound: socket.socket) -> None:
    from placet.witness.app import serve  # its libraries would slow the start of every other verb

    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how a witness ends
        serve(witness, about, bound)


def _logs(keys: list[str]) -> Logs:
    logs: dict[str, list[LogVerifier]] = {}
    for key in keys:
        try:
            path = Path(key)
            found = LogVerifier.from_vkey(path.read_text() if path.is_file() else key)
        except (OSError, UnicodeDecodeError, CheckpointRefused) as error:
            raise _refused("LOG_KEY_UNREADABLE", f"--log {key}: {error}") from error
        logs.setdefault(found.name, []).append(found)
    return logs


def _about(book: WitnessBook, logs: Logs, url: str) -> str:
    verifier = book.signer.verifier
    watched = "".join(
        f"watches {origin}: {page.checkpoint.size if (page := book.newest(origin)) else 0} records so far\n"
        for origin in logs
    )
    policy = f"witness {verifier.name} {verifier.vkey} {url}"
    return (
        f"witness {verifier.name}\n{watched}for the trust policy of the log and of its readers:\n  {policy}\n"
    )


def _show(here: Invocation, book: WitnessBook, about: str, url: str) -> None:
    if here.as_json:
        here.emit({"event": "ready", "name": book.signer.name, "vkey": book.signer.verifier.vkey, "url": url})
    else:
        here.out.print(Text(visible(about).rstrip("\n")))
        here.err.print("Ctrl-C stops it.")


def _refused(reason: str, message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.FAILED_PRECONDITION, reason, message)
