"""Keys as files and as sets: docs/approval-format.md §1."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from placet.approval import KeyFileError, KeySet, SigningKey, VerificationKey


def pem_of(private) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_pem(private) -> bytes:
    return private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def trusted_dir(tmp_path: Path, *keys: SigningKey) -> Path:
    for number, key in enumerate(keys):
        (tmp_path / f"k{number}.pub.pem").write_bytes(key.public.to_pem())
    return tmp_path


def test_a_saved_key_signs_what_its_public_half_verifies(tmp_path: Path) -> None:
    key = SigningKey.generate()
    key.save(tmp_path / "approval.key")
    loaded = SigningKey.load(tmp_path / "approval.key")
    public = VerificationKey.from_pem(loaded.public.to_pem())

    assert loaded.key_id == key.key_id == public.key_id
    assert public.verifies(loaded.sign(b"message"), b"message")
    assert not public.verifies(loaded.sign(b"message"), b"Message")
    assert not public.verifies(b"no DER", b"message")


def test_the_id_is_the_digest_of_the_subject_public_key_info() -> None:
    """§1.2."""
    key = SigningKey.generate()
    der = serialization.load_pem_public_key(key.public.to_pem()).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    assert key.key_id == hashlib.sha256(der).hexdigest()


def test_a_private_key_is_for_its_owner_only(tmp_path: Path) -> None:
    """§1.4: written with 0600, refused when others can read it, never overwritten."""
    path = tmp_path / "approval.key"
    SigningKey.generate().save(path)

    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        SigningKey.generate().save(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        SigningKey.load(path)


@pytest.mark.parametrize(
    ("mode", "owner", "group", "reader", "is_read"),
    [
        (0o440, 0, 65532, 65532, True),
        (0o440, 0, 2000, 65532, True),
        (0o440, 0, 27, 65532, False),
        (0o444, 0, 65532, 65532, False),
        (0o460, 0, 65532, 65532, False),
        (0o440, 0, 65532, 0, False),
        (0o440, 65532, 65532, 65532, False),
    ],
)
def test_a_mounted_secret_is_its_readers_through_the_group(
    tmp_path: Path, monkeypatch, mode: int, owner: int, group: int, reader: int, is_read: bool
) -> None:
    """§1.4: root's file, read by another user through a group of its own; else 0600 and no more."""
    path = tmp_path / "approval.key"
    SigningKey.generate().save(path)
    as_mounted = os.stat_result((0o100000 | mode, 0, 0, 1, owner, group, 0, 0, 0, 0))
    monkeypatch.setattr(Path, "stat", lambda _: as_mounted)
    monkeypatch.setattr(os, "geteuid", lambda: reader)
    monkeypatch.setattr(os, "getegid", lambda: 65532)
    monkeypatch.setattr(os, "getgroups", lambda: [2000])
    if is_read:
        SigningKey.load(path)
    else:
        with pytest.raises(KeyFileError, match="chmod 600"):
            SigningKey.load(path)


def test_a_private_key_is_not_shown() -> None:
    assert "PRIVATE" not in repr(SigningKey.generate())


@pytest.mark.parametrize(
    "private", [ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()]
)
def test_other_kinds_of_key_are_refused(tmp_path: Path, private) -> None:
    """§1.1."""
    path = tmp_path / "k.key"
    path.write_bytes(pem_of(private))
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="P-256"):
        SigningKey.load(path)
    with pytest.raises(KeyFileError, match="P-256"):
        VerificationKey.from_pem(public_pem(private))


def test_a_directory_is_a_set(tmp_path: Path) -> None:
    """§1.3: `*.pub.pem` and nothing else; comments in revoked.txt are for people."""
    one, two = SigningKey.generate(), SigningKey.generate()
    trusted_dir(tmp_path, one, two)
    (tmp_path / "README").write_text("not a key")
    (tmp_path / "revoked.txt").write_text(f"# lost laptop\n\n{two.key_id}  # 2026-05-04\n")
    keys = KeySet.load(tmp_path)

    assert set(keys.trusted) == {one.key_id, two.key_id}
    assert keys.revoked_ids == {two.key_id}


def test_an_empty_directory_trusts_nobody(tmp_path: Path) -> None:
    assert not KeySet.load(tmp_path).trusted


@pytest.mark.parametrize(("name", "text"), [("x.pub.pem", "no key"), ("revoked.txt", "ABC\n")])
def test_one_bad_file_spoils_the_set(tmp_path: Path, name: str, text: str) -> None:
    """§1.5: a set that cannot be read admits nothing."""
    trusted_dir(tmp_path, SigningKey.generate())
    (tmp_path / name).write_text(text)
    with pytest.raises(KeyFileError, match=name):
        KeySet.load(tmp_path)


def test_a_missing_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        KeySet.load(tmp_path / "absent")


@pytest.mark.parametrize(
    ("file", "person"),
    [
        ("reviewer-kim.pub.pem", "kim"),
        ("reviewer-kim+laptop.pub.pem", "kim"),
        ("reviewer-k.i-m_2.pub.pem", "k.i-m_2"),
        ("approval.pub.pem", ""),
        ("old-reviewer-kim.pub.pem", ""),
    ],
)
def test_a_key_is_a_persons_by_its_files_name(tmp_path: Path, file: str, person: str) -> None:
    """§1.3."""
    key = SigningKey.generate()
    (tmp_path / file).write_bytes(key.public.to_pem())
    keys = KeySet.load(tmp_path)

    assert keys.person_of(key.key_id) == person
    assert key.key_id in keys.trusted


def test_one_person_may_have_two_keys_and_two_people_may_not_share_one(tmp_path: Path) -> None:
    """§1.3: two people MUST NOT have the same key."""
    first, second = SigningKey.generate(), SigningKey.generate()
    (tmp_path / "reviewer-kim.pub.pem").write_bytes(first.public.to_pem())
    (tmp_path / "reviewer-kim+laptop.pub.pem").write_bytes(second.public.to_pem())
    assert set(KeySet.load(tmp_path).people.values()) == {"kim"}

    (tmp_path / "reviewer-lee.pub.pem").write_bytes(first.public.to_pem())
    with pytest.raises(KeyFileError, match="each person needs their own"):
        KeySet.load(tmp_path)
