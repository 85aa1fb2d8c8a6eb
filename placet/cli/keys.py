"""`placet keys`: whose approvals this machine's executor accepts, and who calls. Works on files only."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import grpc
import typer
from rich.text import Text

from placet.approval import KeyFileError, KeySet, SigningKey, VerificationKey
from placet.approval.keys import REVOKED_FILE
from placet.cli import callers
from placet.cli.human import visible
from placet.cli.invocation import Exit, Invocation, Json, State, invocation
from placet.local import Layout
from placet.pki import issue
from placet.rpc.errors import ServiceError
from placet.rpc.identity import reviewer_uri

app = typer.Typer(
    help="Keys whose approvals count, and who may call.", no_args_is_help=True, add_completion=False
)
app.command("new-caller")(callers.new_caller)
app.command("new-token")(callers.new_token)

SUFFIX = ".pub.pem"
MIN_PREFIX = 8
RESTART_HINT = "a running executor may keep the set it has read: `placet down`, then `placet up`"


@dataclass(frozen=True)
class TrustedKey:
    """One public key that the executor trusts, or has trusted."""

    name: str
    key_id: str
    revoked: bool
    private_here: bool
    """Whether its private half lies in this state directory."""


@app.command("list")
def list_(ctx: typer.Context, state: State = None, as_json: Json = False) -> int:
    """The trusted keys, and which of them are revoked.

    Examples:

        placet keys list

        placet keys list --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    for key in _trusted(_layout(here)):
        if here.as_json:
            here.emit(asdict(key))
        else:
            notes = [n for n, on in (("REVOKED", key.revoked), ("private key here", key.private_here)) if on]
            here.out.print(Text(visible(f"{key.name:24} {key.key_id} {', '.join(notes)}").rstrip()))
    return Exit.DONE


@app.command()
def show(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="A name, or the beginning of an id.")],
    state: State = None,
    as_json: Json = False,
) -> int:
    """One public key in PEM, as another executor's key directory takes it.

    Examples:

        placet keys show approval

        placet keys show reviewer-ana --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    layout = _layout(here)
    found = _find(layout, key)
    pem = (layout.trusted / f"{found.name}{SUFFIX}").read_text()
    if here.as_json:
        here.emit({**asdict(found), "pem": pem})
    else:
        here.out.print(Text(pem.rstrip()))
        here.err.print(Text(f"id {found.key_id}{' REVOKED' if found.revoked else ''}", style="dim"))
    return Exit.DONE


@app.command("new-reviewer")
def new_reviewer(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits, dot, dash, underscore.")],
    state: State = None,
    as_json: Json = False,
) -> int:
    """Make a reviewer: a key that signs, trusted by this machine's executor, and a certificate for the log.

    Examples:

        placet keys new-reviewer ana

        placet approve fix.py --scope data-analysis --as ana --reason "read it twice"
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    layout = _layout(here)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise _refused("NAME_INVALID", f"{name!r}: give 1 to 64 letters, digits, dots, dashes or underscores")
    private = layout.reviewer_key(name)
    key = SigningKey.generate()
    try:
        key.save(private)
    except FileExistsError as error:
        raise _refused(
            "REVIEWER_EXISTS", f"{name!r} has a key already, {private}; revoke it first"
        ) from error
    issue(layout.pki, f"reviewer-{name}", reviewer_uri(name), None)
    (layout.trusted / f"{private.stem}{SUFFIX}").write_bytes(key.public.to_pem())
    if here.as_json:
        here.emit({"name": private.stem, "key_id": key.key_id, "private": str(private)})
    else:
        here.out.print(Text(f"reviewer {name}: key {key.key_id}, private half {private}"))
        here.err.print(Text(RESTART_HINT, style="dim"))
    return Exit.DONE


@app.command()
def revoke(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="A name, or the beginning of an id.")],
    state: State = None,
    as_json: Json = False,
) -> int:
    """Revoke a key: approvals that it signed, earlier ones too, are refused. It cannot be taken back here.

    Examples:

        placet keys revoke reviewer-ana

        placet keys revoke 3fa94c1e
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    layout = _layout(here)
    found = _find(layout, key)
    if not found.revoked:
        _append_line(layout.trusted / REVOKED_FILE, f"{found.key_id}  # {found.name}")
    if here.as_json:
        here.emit({"name": found.name, "key_id": found.key_id, "revoked": True})
    else:
        here.out.print(Text(f"revoked {found.name}, key {found.key_id}"))
        here.err.print(Text(RESTART_HINT, style="dim"))
    return Exit.DONE


def _layout(here: Invocation) -> Layout:
    layout = Layout(here.state_directory)
    if not layout.trusted.is_dir():
        raise _refused(
            "STATE_MISSING",
            f"{layout.state} holds no keys yet; `placet --state {layout.state} up --detach` makes them",
        )
    return layout


def _trusted(layout: Layout) -> Iterator[TrustedKey]:
    try:
        revoked = KeySet.load(layout.trusted).revoked_ids
        for path in sorted(layout.trusted.glob(f"*{SUFFIX}")):
            name = path.name.removesuffix(SUFFIX)
            key_id = VerificationKey.from_pem(path.read_bytes()).key_id
            yield TrustedKey(name, key_id, key_id in revoked, (layout.keys / f"{name}.key").exists())
    except KeyFileError as error:
        raise _refused("KEY_UNREADABLE", f"{error}; the executor will not start with it either") from error


def _find(layout: Layout, named: str) -> TrustedKey:
    """The one key of that name, or whose id begins so."""
    keys = list(_trusted(layout))
    by_name = [key for key in keys if key.name == named]
    by_id = [key for key in keys if len(named) >= MIN_PREFIX and key.key_id.startswith(named)]
    found = by_name or by_id
    if len(found) != 1:
        raise _refused(
            "KEY_UNKNOWN",
            f"{named!r} names {len(found)} keys; give a name, or {MIN_PREFIX} or more digits of an id, of "
            "`placet keys list`",
        )
    return found[0]


def _append_line(path: Path, line: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(line + "\n")


def _refused(reason: str, message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.FAILED_PRECONDITION, reason, message)
