"""`placet keys new-caller` and `new-token`: who may come in, from another machine or through a door.

Works on files; asks no service. A token is shown once and kept nowhere: its file has the digest.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Annotated

import grpc
import typer
from rich.text import Text

from placet.cli.invocation import Exit, Invocation, Json, State, invocation
from placet.local import Layout
from placet.pki import issue
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri

Name = Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits, dot, dash, underscore.")]


def new_caller(ctx: typer.Context, name: Name, state: State = None, as_json: Json = False) -> int:
    """Make a caller: a certificate of this machine's authority, under which a program of yours may call.

    What the caller may do is up to the services: its scopes stand in the guard's callers file, its quota in
    the log's.

    Examples:

        placet keys new-caller reports
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    layout = _layout(here)
    _check_name(name)
    if name == "local":
        raise _refused("NAME_INVALID", "'local' is the caller of this command; choose another name")
    files = issue(layout.pki, f"caller-{name}", caller_uri(name), None)
    if here.as_json:
        here.emit({"caller": name, "ca": str(files.ca), "cert": str(files.cert), "key": str(files.key)})
    else:
        here.out.print(Text(f"caller {name}: certificate {files.cert}, key {files.key}"))
    return Exit.DONE


def new_token(
    ctx: typer.Context,
    name: Name,
    tokens: Annotated[Path, typer.Option("--tokens", metavar="FILE", help="Gets a line; made if missing.")],
    scope: Annotated[list[str], typer.Option("--scope", metavar="GLOB", help="Repeat for more.")],
    files: Annotated[
        Path | None, typer.Option("--files", metavar="DIR", help="The folder whose files may be named.")
    ] = None,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Make a token for the door over HTTP, which acts as that caller. It is shown once.

    Examples:

        placet keys new-token reports --tokens tokens.yaml --scope data-analysis
    """
    from placet.doors.bearers import caller_files, digest_of, new_token  # slow for every other verb

    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    _check_name(name)
    if not caller_files(_layout(here).pki, name).cert.exists():
        raise _refused("CALLER_UNKNOWN", f"there is no caller {name!r} here: placet keys new-caller {name}")
    token = new_token()
    _append(tokens, _line(name, digest_of(token), scope, files))
    if here.as_json:
        here.emit({"caller": name, "token": token, "tokens": str(tokens)})
    else:
        here.out.print(Text(token))
        here.err.print(Text(f"it is shown once; its digest stands in {tokens}", style="dim"))
    return Exit.DONE


def _line(name: str, digest: str, scopes: list[str], files: Path | None) -> str:
    """One entry of the file. JSON's texts are YAML's."""
    told = {"caller": name, "token_sha256": digest, "scopes": scopes}
    told |= {"files": str(files.absolute())} if files else {}
    first, *rest = (f"{key}: {json.dumps(value)}" for key, value in told.items())
    return "".join([f"- {first}\n", *(f"  {line}\n" for line in rest)])


def _append(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
    except OSError as error:
        raise _refused("TOKENS_UNWRITABLE", f"{path} cannot be written: {error.strerror}") from error


def _layout(here: Invocation) -> Layout:
    layout = Layout(here.state_directory)
    if not (layout.pki / "ca.key").exists():
        raise _refused("STATE_MISSING", f"{layout.state} has no authority yet; `placet up --detach` makes it")
    return layout


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise _refused("NAME_INVALID", f"{name!r}: give 1 to 64 letters, digits, dots, dashes or underscores")


def _refused(reason: str, message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.FAILED_PRECONDITION, reason, message)
