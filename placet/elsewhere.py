"""Services that run elsewhere, such as in a cluster: where they are, and who we are there.

    PLACET_SERVICES=dns:///{}-headless.placet.svc.cluster.local:7443     # {} is the service's name
    PLACET_TLS=/etc/placet/tls                                           # ca.crt, tls.crt, tls.key

Knows two variables and the names of files that cert-manager writes; reads no file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import grpc

from placet.local import Endpoint
from placet.rpc.errors import ServiceError
from placet.rpc.tls import TlsFiles

SERVICES: Final = ("audit", "executor", "generator", "guard")
"""What callers talk to."""
WHERE: Final = "PLACET_SERVICES"
TLS: Final = "PLACET_TLS"


def elsewhere(environ: Mapping[str, str]) -> Endpoint | None:
    """The services that the environment names; None when it names none.

    Raises:
        ServiceError: FAILED_PRECONDITION/SERVICES_UNREADABLE when it says too little, or contradicts itself.
    """
    where, tls = environ.get(WHERE, ""), environ.get(TLS, "")
    if not where and not tls:
        return None
    if where.count("{}") != 1 or not tls:
        raise ServiceError(
            grpc.StatusCode.FAILED_PRECONDITION,
            "SERVICES_UNREADABLE",
            f"{WHERE} is an address with {{}} for the service's name, such as dns:///{{}}-headless:7443, "
            f"and {TLS} a directory with ca.crt, tls.crt and tls.key",
        )
    directory = Path(tls)
    files = TlsFiles(directory / "ca.crt", directory / "tls.crt", directory / "tls.key")
    return Endpoint({name: where.replace("{}", name) for name in SERVICES}, files)
