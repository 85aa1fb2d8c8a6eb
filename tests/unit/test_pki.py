"""The one-machine authority: who it names, how long, and who can read its keys."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from placet import pki
from placet.rpc.identity import caller_uri, service_uri

GUARD = service_uri("guard")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    pki.make_ca(tmp_path / "pki")
    return tmp_path / "pki"


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_an_independent_verifier_accepts_the_chain(directory: Path) -> None:
    """The certificate is good for TLS servers, by its DNS name, under our authority alone."""
    files = pki.issue(directory, "guard", GUARD, "guard.placet.local")
    verifier = (
        PolicyBuilder()
        .store(Store([read(files.ca)]))
        .build_server_verifier(x509.DNSName("guard.placet.local"))
    )

    assert len(verifier.verify(read(files.cert), [])) == 2


def test_a_service_has_one_uri_and_one_dns_name(directory: Path) -> None:
    """Identity and place, nothing else."""
    certificate = read(pki.issue(directory, "guard", GUARD, "guard.placet.local").cert)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [GUARD]
    assert names.get_values_for_type(x509.DNSName) == ["guard.placet.local"]


def test_a_caller_cannot_serve(directory: Path) -> None:
    """No DNS name, and no extended key usage for servers."""
    certificate = read(pki.issue(directory, "local", caller_uri("local"), None).cert)
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value

    assert list(usages) == [x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_leaf_cannot_sign_certificates(directory: Path) -> None:
    """Neither by basic constraints nor by key usage."""
    certificate = read(pki.issue(directory, "guard", GUARD, "guard.placet.local").cert)

    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


def test_keys_are_for_their_owner_only(directory: Path) -> None:
    """Mode 0600 in a directory of mode 0700."""
    files = pki.issue(directory, "guard", GUARD, None)

    assert files.key.stat().st_mode & 0o777 == 0o600
    assert (directory / "ca.key").stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700


def test_what_exists_is_kept(directory: Path) -> None:
    """A second start has the same authority and the same certificates."""
    before = pki.issue(directory, "guard", GUARD, None).cert.read_bytes()
    authority = (directory / "ca.pem").read_bytes()
    pki.make_ca(directory)

    assert pki.issue(directory, "guard", GUARD, None).cert.read_bytes() == before
    assert (directory / "ca.pem").read_bytes() == authority


@pytest.mark.parametrize(
    ("age_days", "kept"), [(0, True), (330, True), (336, False), (366, False)], ids="{}".format
)
def test_a_certificate_is_renewed_thirty_days_before_its_end(
    directory: Path, monkeypatch: pytest.MonkeyPatch, age_days: int, kept: bool
) -> None:
    """A year of life, renewed in the last thirty days."""
    before = pki.issue(directory, "guard", GUARD, None).cert.read_bytes()
    _move_clock(monkeypatch, timedelta(days=age_days))

    assert (pki.issue(directory, "guard", GUARD, None).cert.read_bytes() == before) is kept


def test_another_name_another_certificate(directory: Path) -> None:
    """A file under the same name that says something else is not good enough."""
    before = pki.issue(directory, "guard", GUARD, None).cert.read_bytes()

    assert pki.issue(directory, "guard", service_uri("audit"), None).cert.read_bytes() != before


@pytest.mark.parametrize("damage", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_damaged_certificate_is_made_anew(directory: Path, damage: bytes) -> None:
    """A start after a crash mends what a crash cut short."""
    files = pki.issue(directory, "guard", GUARD, None)
    files.cert.write_bytes(damage)

    assert read(pki.issue(directory, "guard", GUARD, None).cert).issuer == read(files.ca).subject


def test_a_key_of_another_certificate_is_replaced(directory: Path) -> None:
    """Certificate and key must belong together."""
    guard, audit = (pki.issue(directory, n, service_uri(n), None) for n in ("guard", "audit"))
    shutil.copyfile(audit.key, guard.key)
    mended = pki.issue(directory, "guard", GUARD, None)

    assert mended.key.read_bytes() != audit.key.read_bytes()


def test_without_an_authority_nothing_is_issued(tmp_path: Path) -> None:
    """An authority does not appear by accident."""
    with pytest.raises(FileNotFoundError):
        pki.issue(tmp_path, "guard", GUARD, None)


def _move_clock(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + by

    monkeypatch.setattr(pki, "datetime", Later)
