"""Who may come through the HTTP door: the file of token digests, read once, and all its problems at once.

Knows tokens, callers' certificates and what each line grants. A token is nowhere: the file has SHA-256
digests, which is enough because a token is 256 random bits of our own making. docs/doors.md §3.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from cryptography import x509
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from placet.doors.folder import Folder
from placet.rpc.identity import caller_uri
from placet.rpc.tls import TlsFiles

MAX_FILE_BYTES: Final = 256 * 1024
_TOKEN: Final = re.compile(r"placet_[A-Za-z0-9_-]{43}\Z")


class BearersInvalid(ValueError):  # noqa: N818  (named for what it says)
    """The file of tokens cannot be used; `problems` says why, one by one, with lines."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    caller: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    token_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    tls: Annotated[str, StringConstraints(min_length=1)] | None = None
    scopes: Annotated[list[Annotated[str, StringConstraints(min_length=1)]], Field(min_length=1)]
    files: Annotated[str, StringConstraints(min_length=1)] | None = None
    expires: datetime | None = None


@dataclass(frozen=True)
class Bearer:
    """Whoever has one token: which caller they are, and what the door opens to them."""

    caller: str
    token_sha256: str
    tls: TlsFiles
    scopes: tuple[str, ...]
    folder: Folder | None
    expires: datetime | None


@dataclass(frozen=True)
class Bearers:
    """All that may come in, by the digest of their token."""

    by_digest: Mapping[str, Bearer]

    def whose(self, token: str, now: datetime) -> Bearer | None:
        """The bearer of a token that is one of ours and not expired; None otherwise."""
        if not _TOKEN.match(token):
            return None
        found = self.by_digest.get(digest_of(token))
        if found is None or (found.expires is not None and found.expires <= now):
            return None
        return found


def new_token() -> str:
    """A token: 256 bits from the system's source of randomness."""
    return f"placet_{secrets.token_urlsafe(32)}"


def digest_of(token: str) -> str:
    """What the file has in a token's place: lower-case hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_bearers(path: Path, pki: Path | None) -> Bearers:
    """Read the file of tokens; `pki` has the certificates of callers whose line names none.

    Raises BearersInvalid with every problem.
    """
    problems: list[str] = []
    found: dict[str, Bearer] = {}
    for number, data in _entries(path):
        try:
            _add(found, _bearer(_Line.model_validate(data), path.parent, pki))
        except (OSError, ValueError) as error:
            problems += [f"{path}, line {number}: {reason}" for reason in _reasons(error)]
    if not found and not problems:
        problems.append(f"{path} has no token, so nobody could come in: placet keys new-token CALLER")
    if problems:
        raise BearersInvalid(problems)
    return Bearers(found)


def _add(found: dict[str, Bearer], bearer: Bearer) -> None:
    if bearer.token_sha256 in found:
        raise ValueError("the token of this line stands in another one too; make one for each")
    found[bearer.token_sha256] = bearer


def _reasons(error: OSError | ValueError) -> list[str]:
    if not isinstance(error, ValidationError):  # which is a ValueError
        return [str(error)]
    return [
        f"{'.'.join(map(str, each['loc'])) or 'entry'}: {each['msg']}"
        for each in error.errors(include_input=False, include_url=False)
    ]


def _entries(path: Path) -> list[tuple[int, Any]]:
    """Each entry of the list with the line on which it begins."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o022:
                raise BearersInvalid(
                    [f"{path} can be written by others, who could let anybody in: chmod go-w"]
                )
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise BearersInvalid([f"{path} has more than {MAX_FILE_BYTES >> 10} KiB"])
        root = yaml.compose(content.decode(), Loader=yaml.SafeLoader)
        items = yaml.safe_load(content) or []
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BearersInvalid([f"{path} cannot be read: {error}"]) from error
    if not isinstance(items, list):
        raise BearersInvalid([f"{path} must be a list; each entry begins with `- caller: NAME`"])
    starts = [node.start_mark.line + 1 for node in root.value] if root else []
    return list(zip(starts, items, strict=True))


def _bearer(line: _Line, beside: Path, pki: Path | None) -> Bearer:
    """Raises OSError or ValueError: what the line names is not there, or is another caller's."""
    tls = _tls(line, beside, pki)
    tls.read().check()
    _check_owner(tls, line.caller)
    if line.expires is not None and line.expires.tzinfo is None:
        raise ValueError("expires needs a time zone, such as 2027-03-01T00:00:00Z")
    return Bearer(
        line.caller,
        line.token_sha256,
        tls,
        tuple(line.scopes),
        _folder(line.files, beside),
        line.expires,
    )


def _tls(line: _Line, beside: Path, pki: Path | None) -> TlsFiles:
    if line.tls is not None:
        place = beside / line.tls
        return TlsFiles(place / "ca.crt", place / "tls.crt", place / "tls.key")
    if pki is None:
        raise ValueError("tls is missing: a directory with ca.crt, tls.crt and tls.key of this caller")
    return caller_files(pki, line.caller)


def caller_files(pki: Path, caller: str) -> TlsFiles:
    """The certificate of a caller that `placet keys new-caller` made, or of the command line ("local")."""
    name = "local" if caller == "local" else f"caller-{caller}"
    return TlsFiles(pki / "ca.pem", pki / f"{name}.pem", pki / f"{name}.key")


def _check_owner(tls: TlsFiles, caller: str) -> None:
    certificate = x509.load_pem_x509_certificates(tls.cert.read_bytes())[0]
    if _uris(certificate) != [caller_uri(caller)]:
        raise ValueError(f"{tls.cert} is not the certificate of caller/{caller}")
    if certificate.not_valid_after_utc <= datetime.now(UTC):
        raise ValueError(f"{tls.cert} has expired; placet keys new-caller {caller} makes it anew")


def _uris(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)


def _folder(named: str | None, beside: Path) -> Folder | None:
    if named is None:
        return None
    path = (beside / named).absolute()
    if not path.is_dir():
        raise ValueError(f"files: {path} is no directory")
    return Folder(path)
