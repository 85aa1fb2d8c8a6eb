"""`placet scope pin`: the digests of what stands beside a scope, written into it."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from placet.cli import beside, outdir, pinned
from placet.cli.human import visible
from placet.cli.invocation import Exit, Json, State, invocation
from placet.durable import sync_directory
from placet.inputs import refused
from placet.scope import MAX_DOCUMENT_BYTES, ScopeInvalid, load_scope
from placet.scope.companions import MAX_FILE_BYTES


def pin(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The scope's file.")],
    state: State = None,
    as_json: Json = False,
) -> int:
    """Write the digests of the files beside a scope into it, and raise its version. Needs no running stack.

    What the scope names as style or own actions, and what its style names, is added where it is missing.

    Exit codes: 0 the digests are there, 4 a file is missing, or the scope is not valid with them.

    Examples:

        placet scope pin my-scope.yaml
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    try:
        before = _read(file, MAX_DOCUMENT_BYTES)
        digests = _digests(before, file.parent)
        after = pinned.with_digests(before, digests)
        scope = load_scope(after)
    except ScopeInvalid as error:
        raise refused("SCOPE_INVALID", f"{file} was not changed: {'; '.join(error.problems)}") from error
    if after != before:
        _replace(file, after)
    if here.as_json:
        here.emit(
            {"name": scope.name, "version": scope.version, "changed": after != before, "files": digests}
        )
    else:
        for name, digest in digests.items():
            here.out.print(Text(f"{visible(name)}: {digest}"))
        said = f"is version {scope.version} now" if after != before else "was pinned already"
        here.out.print(Text(f"{visible(str(file))} {said}"))
    return Exit.DONE


def _digests(document: bytes, directory: Path) -> dict[str, str]:
    """Of all that the scope and its style name. Raises ServiceError COMPANION_MISSING, ScopeInvalid."""
    names, style = list(pinned.named(document)), pinned.style_of(document)
    if style is not None:
        names += pinned.named_by_style(_content(directory, style))
    return {name: hashlib.sha256(_content(directory, name)).hexdigest() for name in dict.fromkeys(names)}


def _content(directory: Path, name: str) -> bytes:
    found = next(beside.places(directory, name), None) if Path(name).name == name else None
    if found is None:
        raise refused(
            "COMPANION_MISSING",
            f"{name} is not beside the scope, nor in a directory near it; put it there, or take it out of it",
        )
    return _read(found, MAX_FILE_BYTES)


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise refused("SCOPE_UNREADABLE", f"{path} cannot be read: {error.strerror}") from error
    if len(content) > most:
        raise refused("COMPANION_TOO_LARGE", f"{path} has more than {most} bytes; make it smaller")
    return content


def _replace(path: Path, content: bytes) -> None:
    """The new text or the old one, never half of it; with the permissions that the file has."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        with outdir.whole_file(path) as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        sync_directory(path.parent)
    except OSError as error:
        raise refused("SCOPE_UNREADABLE", f"{path} cannot be written: {error.strerror}") from error
