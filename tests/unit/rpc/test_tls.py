"""What a process makes of certificates that change (docs/connections.md §3)."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from placet.pki import issue, make_ca
from placet.rpc.identity import caller_uri
from placet.rpc.tls import CurrentTls, TlsFiles


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    make_ca(tmp_path)
    return issue(tmp_path, "team", caller_uri("team"), None)


def locked(key: bytes) -> bytes:
    """The same key behind a password."""
    secret = BestAvailableEncryption(b"secret")
    return load_pem_private_key(key, None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret)


def renew(files: TlsFiles) -> None:
    files.cert.unlink()
    issue(files.ca.parent, "team", caller_uri("team"), None)


def test_files_that_do_not_change_are_one_object(files: TlsFiles) -> None:
    """By which a channel knows that it need not begin anew."""
    clock = Clock()
    current = CurrentTls(files, clock=clock)
    first = current.pem()
    clock.now = 5.0
    files.cert.touch()

    assert current.pem() is first


def test_a_change_is_seen_a_second_later(files: TlsFiles) -> None:
    """§3.1"""
    clock = Clock()
    current = CurrentTls(files, clock=clock)
    first = current.pem()
    renew(files)
    clock.now = 0.9
    early = current.pem()
    clock.now = 1.0

    assert early is first
    assert current.pem() == files.read() != first


@pytest.mark.parametrize(
    "spoil",
    [
        lambda files: files.cert.write_bytes(files.cert.read_bytes()[:100]),
        lambda files: files.cert.write_bytes(b""),
        lambda files: files.key.unlink(),
        lambda files: files.key.write_bytes(b"no key"),
        lambda files: files.key.write_bytes(locked(files.key.read_bytes())),
        lambda files: files.ca.write_bytes(b""),
        lambda files: files.key.write_bytes((files.key.parent / "ca.key").read_bytes()),
    ],
    ids=[
        "half a certificate",
        "no certificate",
        "no key file",
        "no key",
        "a locked key",
        "no authority",
        "another's key",
    ],
)
def test_what_does_not_belong_together_is_not_used(files: TlsFiles, spoil: object) -> None:
    """§3.2; what was there before goes on, until all is there."""
    clock = Clock()
    current = CurrentTls(files, clock=clock)
    first = current.pem()
    authority = files.ca.read_bytes()
    spoil(files)  # type: ignore[operator]
    clock.now = 2.0
    meanwhile = current.pem()
    files.ca.write_bytes(authority)
    renew(files)
    clock.now = 4.0

    assert meanwhile is first
    assert current.pem() == files.read()


def test_without_files_to_begin_with_there_is_nothing(files: TlsFiles) -> None:
    """A service that cannot prove who it is does not start."""
    files.key.unlink()

    with pytest.raises(OSError, match="key"):
        CurrentTls(files)


def test_two_authorities_are_as_good_as_one(files: TlsFiles, tmp_path: Path) -> None:
    """§3.4"""
    other = make_ca(tmp_path / "other")
    files.ca.write_bytes(files.ca.read_bytes() + other.read_bytes())

    assert CurrentTls(files).pem().ca.count(b"BEGIN CERTIFICATE") == 2


def test_a_key_is_not_shown(files: TlsFiles) -> None:
    """Not in a log line, not in a traceback."""
    assert "PRIVATE" not in repr(CurrentTls(files).pem())
