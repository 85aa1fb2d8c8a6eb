"""The one-machine certificate authority: what `placet up` uses where a cluster has cert-manager or SPIFFE.

Knows files and X.509; knows no service. The authority's key never leaves its directory, and
whoever can read that directory can be anybody: it is created with mode 0700.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from placet.rpc.tls import TlsFiles

CA_LIFETIME = timedelta(days=3650)
CERT_LIFETIME = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)
CLOCK_SKEW = timedelta(minutes=5)


def make_ca(directory: Path) -> Path:
    """Make an authority in `directory` unless it has one; the path of its certificate."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / "ca.pem"
    if path.exists() and (directory / "ca.key").exists():
        return path
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("placet local authority")
    certificate = (
        _builder(name, name, key.public_key(), CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_key(directory / "ca.key", key)
    _write(path, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return path


def issue(directory: Path, name: str, uri: str, dns: str | None) -> TlsFiles:
    """A certificate of the authority in `directory` for one URI, and a DNS name if the holder serves.

    A valid one for the same names with 30 days or more left is kept; otherwise key and certificate
    are made anew.

    Raises:
        FileNotFoundError: there is no authority in `directory`; call `make_ca` first.
    """
    files = TlsFiles(directory / "ca.pem", directory / f"{name}.pem", directory / f"{name}.key")
    authority = x509.load_pem_x509_certificate(files.ca.read_bytes())
    if _is_good(files, authority, uri, dns):
        return files
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _sign_leaf(directory, authority, key.public_key(), name, uri, dns)
    _write_key(files.key, key)
    _write(files.cert, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return files


def _sign_leaf(
    directory: Path,
    authority: x509.Certificate,
    public: ec.EllipticCurvePublicKey,
    name: str,
    uri: str,
    dns: str | None,
) -> x509.Certificate:
    ca_key = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), password=None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if dns else [])]
    return (
        _builder(_name(name), authority.subject, public, CERT_LIFETIME)
        .add_extension(x509.SubjectAlternativeName(_alternative_names(uri, dns)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )


def _is_good(files: TlsFiles, authority: x509.Certificate, uri: str, dns: str | None) -> bool:
    """Whether the files hold a certificate of this authority for these names that lasts 30 days more."""
    if not (files.cert.exists() and files.key.exists()):
        return False
    try:
        certificate = x509.load_pem_x509_certificate(files.cert.read_bytes())
        key = serialization.load_pem_private_key(files.key.read_bytes(), password=None)
        certificate.verify_directly_issued_by(authority)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # unreadable, of another authority, or cut short: make it anew
        return False
    lasts = certificate.not_valid_after_utc - datetime.now(UTC) >= RENEW_BEFORE
    return (
        lasts and list(names) == _alternative_names(uri, dns) and key.public_key() == certificate.public_key()
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, lifetime: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _alternative_names(uri: str, dns: str | None) -> list[x509.GeneralName]:
    return [x509.UniformResourceIdentifier(uri), *([x509.DNSName(dns)] if dns else [])]


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(path, pem, 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all; nobody else can open it before it has its mode."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.unlink(missing_ok=True)
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    scratch.replace(path)
