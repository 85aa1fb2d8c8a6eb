"""Three files make a peer: the authorities it trusts, its certificate and its key.

Mutual TLS always; there is no plain-text variant to forget in a configuration. The files may change
while a process lives: `CurrentTls` says what they hold now, and never half of a change.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

LOOK_AGAIN_S = 1.0
"""How old our knowledge of the files may be when a connection is made."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class Pem:
    """What the three files held at one moment."""

    ca: bytes
    """One authority, or two while one takes the place of the other."""
    cert: bytes
    key: bytes = field(repr=False)

    def check(self) -> None:
        """Raise ValueError unless it is whole: authorities, and a certificate of this very key."""
        x509.load_pem_x509_certificates(self.ca)
        certificate = x509.load_pem_x509_certificates(self.cert)[0]
        try:
            key = load_pem_private_key(self.key, password=None)
        except TypeError as error:
            raise ValueError("the key is behind a password") from error
        if key.public_key() != certificate.public_key():
            raise ValueError("the certificate is another key's")


@dataclass(frozen=True)
class TlsFiles:
    """Paths of PEM files."""

    ca: Path
    cert: Path
    key: Path

    def read(self) -> Pem:
        """What they hold, whatever that is. Raises OSError."""
        return Pem(self.ca.read_bytes(), self.cert.read_bytes(), self.key.read_bytes())


class CurrentTls:
    """What the files hold now, as far as it can be used.

    Files are written one after the other, and a mount may change between two reads: what does not belong
    together is not used, and what was there before goes on.
    """

    def __init__(self, files: TlsFiles, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises OSError or ValueError: there is nothing to begin with."""
        self._files, self._clock = files, clock
        self._pem, self._looked_at = files.read(), clock()
        self._pem.check()
        self._told = ""

    def pem(self) -> Pem:
        """The same object for as long as nothing changed. Looks at the files once a second at most."""
        if self._clock() - self._looked_at >= LOOK_AGAIN_S:
            self._looked_at = self._clock()
            self._look()
        return self._pem

    def _look(self) -> None:
        try:
            found = self._files.read()
            if found == self._pem:
                self._told = ""
                return
            found.check()
        except (OSError, ValueError) as error:
            self._tell(f"{type(error).__name__}: {error}")
            return
        self._pem, self._told = found, ""
        _log.info("certificates_changed", certificate=str(self._files.cert))

    def _tell(self, problem: str) -> None:
        """Once, not at every look."""
        if problem != self._told:
            _log.warning("certificates_unusable", certificate=str(self._files.cert), problem=problem)
        self._told = problem


def channel_credentials(pem: Pem) -> grpc.ChannelCredentials:
    """Credentials of a client that trusts these authorities and nothing else."""
    return grpc.ssl_channel_credentials(
        root_certificates=pem.ca, private_key=pem.key, certificate_chain=pem.cert
    )


def server_credentials(current: CurrentTls) -> grpc.ServerCredentials:
    """Credentials of a server that ends the handshake with any peer without a certificate of its authorities.

    Each handshake is made with what the files hold at that moment; connections that stand are not touched.
    """
    used = current.pem()

    def changed() -> grpc.ServerCertificateConfiguration | None:
        nonlocal used
        found = current.pem()
        if found is used:
            return None
        used = found
        return _configuration(found)

    return grpc.dynamic_ssl_server_credentials(
        _configuration(used),
        changed,  # type: ignore[arg-type]  # None is "no change" (gRPC's documentation); the stubs forget it
        require_client_authentication=True,
    )


def _configuration(pem: Pem) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(pem.key, pem.cert)], root_certificates=pem.ca)
