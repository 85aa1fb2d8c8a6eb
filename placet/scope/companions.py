"""The files that stand beside a scope: found by digest, so that the scope's digest covers them.

Knows directories and digests. Must not know what a companion is for.
"""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from placet.scope.reading import ScopeInvalid, load_scope
from placet.scope.schema import Scope

MAX_FILE_BYTES: Final = 256 * 1024
MAX_ALL_BYTES: Final = 1024 * 1024

Companions = Mapping[str, bytes]
"""Name in the scope's `files` → content whose digest is the one that stands there."""


def read_companions(scope: Scope, directory: Path) -> Companions:
    """All that the scope names, from anywhere below `directory`, whatever the files are called there.

    Raises ScopeInvalid with every problem; OSError when the directory cannot be read.
    """
    return check_companions(scope, contents_below(directory) if scope.files else ())


def check_companions(scope: Scope, contents: Iterable[bytes]) -> Companions:
    """The same from contents at hand, which may come from anybody. Raises ScopeInvalid."""
    found: dict[str, bytes] = {}
    for content in contents:
        found.setdefault(hashlib.sha256(content).hexdigest(), content)
    problems = [
        f"{scope.at('files', name)}: no file with the digest {digest} is there; put it beside the scope, or "
        "run `placet scope pin` if it was changed on purpose"
        for name, digest in scope.files.items()
        if digest not in found
    ]
    companions = {name: found[digest] for name, digest in scope.files.items() if digest in found}
    if sum(map(len, companions.values())) > MAX_ALL_BYTES:
        problems.append(f"{scope.at('files')}: more than {MAX_ALL_BYTES} bytes together; make them smaller")
    if problems:
        raise ScopeInvalid(problems)
    return companions


def named_in(documents: Iterable[bytes]) -> Mapping[str, str]:
    """Digest and name of all that these scopes name; what is no scope names nothing.

    A style is YAML as well, and beside its scope it is no scope (docs/scope-format.md, Companions 7).
    """
    found: dict[str, str] = {}
    for document in documents:
        with contextlib.suppress(ScopeInvalid):
            found |= {digest: name for name, digest in load_scope(document).files.items()}
    return found


def contents_below(directory: Path) -> Iterator[bytes]:
    """All that may be a companion; a file that cannot be read is missed where a scope names it.

    Raises OSError when the directory cannot be read.
    """
    # Also through links: a mounted ConfigMap consists of them.
    for path in sorted(directory.rglob("*")):
        content = _small(path)
        if content is not None:
            yield content


def _small(path: Path) -> bytes | None:
    """None for what is no file, cannot be read or has too many bytes."""
    with contextlib.suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
            return content if len(content) <= MAX_FILE_BYTES else None
    return None
