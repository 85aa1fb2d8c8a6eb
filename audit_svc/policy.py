"""Who may call which method of the audit service, and which record an identity may append.

Knows identities and kinds (docs/audit-format.md §5). Must not know storage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import grpc

from placet.audit.actors import refusal
from placet.rpc.errors import ServiceError
from placet.rpc.identity import AllowList

SERVICE: Final = "placetpb.audit.v1.AuditService"
_EVERYBODY: Final = frozenset({"svc/*", "caller/*", "reviewer/*"})
_WRITERS: Final = frozenset({"svc/generator", "svc/guard", "svc/executor", "svc/console", "reviewer/*"})
_PUBLIC: Final = ("GetCheckpoint", "GetInclusionProof", "GetConsistencyProof")
_WAITING: Final = frozenset({"svc/generator", "caller/*"})
_JUDGES: Final = frozenset({"svc/guard"})
_WATCHERS: Final = frozenset({"svc/console"})
ENDLESS: Final = tuple(
    f"/{SERVICE}/{method}" for method in ("TailRecords", "WatchSize", "AwaitReview", "AppendStream")
)
"""Calls that have no end of their own: they end when the service does, and are made again elsewhere."""
_READING: Final = ("GetRecord", "ListRecords", "TailRecords", "EraseBodies")


def allow_list(readers: frozenset[str]) -> AllowList:
    """Checkpoints and proofs tell nothing but hashes and are for every peer; records are for `readers`.

    What each of the readers may is said by their roles (audit_svc/access.py).
    """
    return {
        f"/{SERVICE}/Append": _WRITERS,
        f"/{SERVICE}/AppendStream": _WRITERS,
        f"/{SERVICE}/AwaitReview": _WAITING,
        f"/{SERVICE}/WatchSize": _WATCHERS,
        f"/{SERVICE}/CheckQuota": _JUDGES,
        f"/{SERVICE}/GetUsage": readers | {"caller/*"},
        **{f"/{SERVICE}/{method}": _EVERYBODY for method in _PUBLIC},
        **{f"/{SERVICE}/{method}": readers for method in _READING},
    }


def check_may_append(actor: str, kind: str, body: Mapping[str, object]) -> None:
    """Raise PERMISSION_DENIED/RECORD_NOT_ALLOWED unless the actor may append this record."""
    if reason := refusal(actor, kind, body):
        raise ServiceError(grpc.StatusCode.PERMISSION_DENIED, "RECORD_NOT_ALLOWED", f"{reason}.")
