"""What a revoked approval key may no longer do (docs/audit-format.md §4.5).

Knows kinds and key ids. The log is the one order of all things: what it has recorded as revoked, it lets
nobody use, wherever a key file or a list of revoked keys may lag.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import grpc

from audit_svc.draft import Draft
from placet.audit.record import RecordInvalid
from placet.rpc.errors import ServiceError
from placet.rpc.identity import service_uri

EXECUTOR: Final = service_uri("executor")
"""Who records revocations: executors read the list of revoked keys before each admission."""
_USES: Final = frozenset({"approval_issued", "run_started"})


def revocation_key(key_id: str) -> str:
    """The idempotency key under which a key's revocation is recorded, whoever sees it first."""
    return f"key_revoked/{key_id}"


def key_used(draft: Draft) -> str:
    """The id of the approval key that a record would make use of; empty when it makes use of none."""
    return str(draft.body.get("key_id", "")) if draft.kind in _USES else ""


def check_key(draft: Draft, revoked: Collection[str]) -> None:
    """Refuse the use of a revoked key, and a revocation under another idempotency key than its own.

    Raises ServiceError FAILED_PRECONDITION/KEY_REVOKED; RecordInvalid.
    """
    if draft.kind == "key_revoked" and draft.idempotency_key != revocation_key(str(draft.body["key_id"])):
        raise RecordInvalid("key_revoked: its idempotency key is `key_revoked/` and the key's id")
    if (key_id := key_used(draft)) and key_id in revoked:
        raise ServiceError(
            grpc.StatusCode.FAILED_PRECONDITION,
            "KEY_REVOKED",
            f"The approval key {key_id[:16]}… is revoked. Review the program again under another key.",
        )
