"""Keys and scopes are as they are now, and what cannot be read admits nothing."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import grpc
import pytest

from executor_svc import trust
from executor_svc.people import Quorum
from executor_svc.trust import TrustFiles
from placet.approval import SigningKey
from placet.rpc.errors import ServiceError


@pytest.fixture
def files(tmp_path: Path) -> TrustFiles:
    keys, scopes = tmp_path / "keys", tmp_path / "scopes"
    keys.mkdir()
    scopes.mkdir()
    return TrustFiles(keys, scopes)


def test_a_scope_is_known_by_the_digest_of_its_bytes(files: TrustFiles) -> None:
    (files.scopes_dir / "a.yaml").write_bytes(b"kind: Scope\n")
    (files.scopes_dir / "notes.txt").write_bytes(b"not a scope")

    assert files.load().scopes.known == {hashlib.sha256(b"kind: Scope\n").digest()}


def test_a_retirement_holds_from_the_next_admission_on(files: TrustFiles) -> None:
    digest = hashlib.sha256(b"x")
    before = files.load().scopes.retired
    (files.scopes_dir / "retired.txt").write_text(f"{digest.hexdigest()} # superseded\n")

    assert not before
    assert files.load().scopes.retired == {digest.digest()}


@pytest.mark.parametrize("settled_ns", [0, trust.SETTLED_NS])
def test_a_revocation_holds_from_the_next_admission_on(
    files: TrustFiles, monkeypatch: pytest.MonkeyPatch, settled_ns: int
) -> None:
    """docs/approval-format.md 1.5, also where what was read is kept for as long as nothing changes."""
    monkeypatch.setattr(trust, "SETTLED_NS", settled_ns)
    key = SigningKey.generate()
    (files.keys_dir / "guard.pub.pem").write_bytes(key.public.to_pem())
    before = files.load().keys
    (files.keys_dir / "revoked.txt").write_text(key.key_id + "\n")

    assert not before.revoked_ids
    assert files.load().keys.revoked_ids == {key.key_id}


@pytest.mark.parametrize(
    ("path", "text"), [("keys/a.pub.pem", "x"), ("keys/revoked.txt", "x"), ("scopes/retired.txt", "x")]
)
def test_what_cannot_be_understood_admits_nothing(files: TrustFiles, path: str, text: str) -> None:
    (files.keys_dir.parent / path).write_text(text)
    with pytest.raises(ServiceError) as failed:
        files.load()

    assert (failed.value.code, failed.value.reason) == (grpc.StatusCode.UNAVAILABLE, "TRUST_UNREADABLE")


def test_a_missing_directory_admits_nothing(files: TrustFiles) -> None:
    files.scopes_dir.rmdir()
    with pytest.raises(ServiceError, match="TRUST_UNREADABLE"):
        files.load()


def test_what_has_not_changed_for_long_is_not_read_again(
    files: TrustFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "SETTLED_NS", 0)

    assert files.load() is files.load()


@pytest.mark.parametrize("settled_ns", [0, trust.SETTLED_NS])
def test_a_change_shows_that_keeps_size_and_time_of_its_file(
    files: TrustFiles, monkeypatch: pytest.MonkeyPatch, settled_ns: int
) -> None:
    monkeypatch.setattr(trust, "SETTLED_NS", settled_ns)
    scope = files.scopes_dir / "a.yaml"
    scope.write_bytes(b"version: 1")
    files.load()
    if settled_ns == 0:
        time.sleep(0.05)  # longer than a tick of the file's times
    before = scope.stat()
    scope.write_bytes(b"version: 2")
    os.utime(scope, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert files.load().scopes.known == {hashlib.sha256(b"version: 2").digest()}


def test_a_link_that_leads_nowhere_changes_nothing(files: TrustFiles) -> None:
    (files.keys_dir / "notes").symlink_to("nowhere")

    assert files.load().keys.revoked_ids == frozenset()


STYLE = b"apiVersion: placet/v1\nkind: Style\n"
SCOPE = """\
apiVersion: placet/v1
kind: Scope
metadata: {name: payroll, version: 1, owner: hr}
purpose: Answer questions about salaries.
"""
STYLED = (SCOPE + f"style: house.yaml\nfiles: {{house.yaml: {hashlib.sha256(STYLE).hexdigest()}}}\n").encode()


@pytest.mark.parametrize(
    ("review", "quorum"),
    [
        ("", Quorum(1, 1)),
        ("review: {quorum: 2}\n", Quorum(2, 2)),
        ("review: {quorum: 2, quorum_by_severity: {HIGH: 3, LOW: 1}}\n", Quorum(2, 3)),
    ],
)
def test_how_many_must_agree_is_read_from_the_executors_own_copy(
    files: TrustFiles, review: str, quorum: Quorum
) -> None:
    """docs/approval-format.md §4.5."""
    document = (SCOPE + review).encode()
    (files.scopes_dir / "payroll.yaml").write_bytes(document)

    assert files.load().scopes.quorums == {hashlib.sha256(document).digest(): quorum}


def test_a_scope_that_cannot_be_read_is_known_and_not_usable(files: TrustFiles) -> None:
    document = (SCOPE + "new_key: 1\n").encode()
    digest = hashlib.sha256(document).digest()
    (files.scopes_dir / "payroll.yaml").write_bytes(document)
    scopes = files.load().scopes

    assert scopes.known == {digest}
    assert set(scopes.quorums.values()) == {Quorum(5, 5)}
    with pytest.raises(ServiceError, match=r"payroll\.yaml: line 5: new_key: unknown key") as raised:
        scopes.wanted_of(digest)
    assert (raised.value.code, raised.value.reason) == (grpc.StatusCode.UNAVAILABLE, "SCOPE_UNUSABLE")


def test_a_companion_is_found_by_its_digest_wherever_it_lies(files: TrustFiles) -> None:
    """docs/scope-format.md, Companions 3."""
    (files.scopes_dir / "payroll.yaml").write_bytes(STYLED)
    (files.scopes_dir / "..data").mkdir()
    (files.scopes_dir / "..data" / "any name").write_bytes(STYLE)

    wanted = files.load().scopes.wanted_of(hashlib.sha256(STYLED).digest())

    assert wanted.style == "house.yaml"
    assert wanted.files["house.yaml"] == STYLE


def test_a_companion_that_is_missing_or_changed_makes_the_scope_unusable_until_it_is_back(
    files: TrustFiles,
) -> None:
    """docs/scope-format.md, Companions 4."""
    digest = hashlib.sha256(STYLED).digest()
    (files.scopes_dir / "payroll.yaml").write_bytes(STYLED)
    below = files.scopes_dir / "below"
    below.mkdir()
    for content in (None, STYLE + b" "):
        if content is not None:
            (below / "house.yaml").write_bytes(content)
        with pytest.raises(
            ServiceError, match=r"payroll\.yaml: .*files\.house\.yaml: no file with the digest"
        ):
            files.load().scopes.wanted_of(digest)

    (below / "house.yaml").write_bytes(STYLE)

    assert files.load().scopes.wanted_of(digest).draws


def test_a_style_that_lies_beside_its_scope_is_no_scope_itself(files: TrustFiles) -> None:
    """Companions 7: in a ConfigMap all files lie side by side."""
    (files.scopes_dir / "payroll.yaml").write_bytes(STYLED)
    (files.scopes_dir / "house.yaml").write_bytes(STYLE)
    scopes = files.load().scopes

    assert scopes.known == {hashlib.sha256(STYLED).digest()}
    assert scopes.unusable == {}


def test_a_style_that_is_none_makes_the_scope_unusable_with_its_line(files: TrustFiles) -> None:
    """docs/style-format.md 1.5."""
    style = STYLE + b"colours: {background: white}\n"
    document = STYLED.replace(
        hashlib.sha256(STYLE).hexdigest().encode(), hashlib.sha256(style).hexdigest().encode()
    )
    (files.scopes_dir / "payroll.yaml").write_bytes(document)
    (files.scopes_dir / "house").write_bytes(style)

    with pytest.raises(ServiceError, match=r"house\.yaml:3: colours: unknown key"):
        files.load().scopes.wanted_of(hashlib.sha256(document).digest())
