"""What must exist before a stack can start: directories, certificates, keys, scopes.

Everything is made once and kept. Private keys have mode 0600 in directories of mode 0700.
"""

from __future__ import annotations

import getpass
import hashlib
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from placet.approval.keys import SigningKey
from placet.audit.checkpoint import LogSigner
from placet.local.errors import StackError
from placet.local.layout import Layout
from placet.pki import issue, make_ca
from placet.rpc.channel import server_dns
from placet.rpc.identity import caller_uri, reviewer_uri, service_uri
from placet.scope.companions import contents_below, named_in
from placet.scope.directory import scope_files

SERVICES = ("audit", "console", "executor", "guard", "generator")
"""In the order of their start; they stop in the reverse order."""

LOG_ORIGIN = "placet.local/log"
EXAMPLE_SCOPES = Path(__file__).resolve().parents[2] / "examples" / "scopes"


def local_user() -> str:
    """The name under which this machine's user reviews; [A-Za-z0-9._-]{1,64}."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a user id without an entry
        name = "local"
    return re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip("._-")[:64] or "local"


def prepare(layout: Layout, scopes: Path | None = None) -> None:
    """Make what is missing.

    Args:
        layout: the state directory to fill.
        scopes: directory whose scope files are copied; by default the examples' of a checkout.

    Raises:
        StackError: there is no scope at all, or the state directory belongs to somebody else.
    """
    make_directories(layout)
    make_certificates(layout)
    make_keys(layout)
    copy_scopes(layout, scopes)


def make_directories(layout: Layout) -> None:
    """All directories, for this user only."""
    try:
        for directory in layout.directories():
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            directory.chmod(0o700)
    except PermissionError as error:
        raise StackError(
            f"{error.filename} is not ours to use. Choose another directory: --state DIR"
        ) from None


def make_certificates(layout: Layout) -> None:
    """An authority; certificates of the services, of the command line and of its user as reviewer."""
    make_ca(layout.pki)
    for name in SERVICES:
        issue(layout.pki, name, service_uri(name), server_dns(name))
    issue(layout.pki, "local", caller_uri("local"), None)
    issue(layout.pki, "reviewer", reviewer_uri(local_user()), None)


def make_keys(layout: Layout) -> None:
    """The keys that sign approvals and checkpoints; the public halves lie beside what trusts them."""
    for path in (layout.approval_key, layout.reviewer_key(local_user())):
        if not path.exists():
            SigningKey.generate().save(path)
        public = SigningKey.load(path).public
        (layout.trusted / f"{path.stem}.pub.pem").write_bytes(public.to_pem())
    if not layout.audit_key.exists():
        LogSigner.generate(LOG_ORIGIN).save(layout.audit_key)
    verifier = LogSigner.load(layout.audit_key, LOG_ORIGIN).verifier
    layout.audit_vkey.write_text(verifier.vkey + "\n")


def copy_scopes(layout: Layout, source: Path | None) -> None:
    """Copy the scopes that the state directory does not have, with their companions; never change one."""
    origin = source or EXAMPLE_SCOPES
    if source and not source.is_dir():
        raise StackError(f"{source} is not a directory of scope files (*.yaml, *.yml).")
    documents = {path: path.read_bytes() for path in scope_files(origin)}
    companions = named_in(documents.values())
    for path, document in documents.items():
        is_companion = hashlib.sha256(document).hexdigest() in companions
        if not is_companion and not (layout.scopes / path.name).exists():
            shutil.copyfile(path, layout.scopes / path.name)
    _copy_companions(source or EXAMPLE_SCOPES.parent, layout.scopes / "companions", companions)
    if not scope_files(layout.scopes):
        raise StackError(
            f"There is no scope in {layout.scopes}. Give a directory of scope files: --scopes DIR"
        )


def _copy_companions(origin: Path, target: Path, companions: Mapping[str, str]) -> None:
    """Each under its digest: two scopes may call different files by one name."""
    if not companions:
        return
    target.mkdir(mode=0o700, exist_ok=True)
    for content in contents_below(origin):
        digest = hashlib.sha256(content).hexdigest()
        copy = target / f"{digest[:16]}-{companions.get(digest)}"
        if digest in companions and not copy.exists():
            copy.write_bytes(content)
