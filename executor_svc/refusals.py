"""Refusals as gRPC statuses: docs/approval-format.md §4, last column.

A reason that is not listed is PERMISSION_DENIED.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from grpc import StatusCode

from placet.approval import ApprovalRefused
from placet.rpc.errors import ServiceError

CODES: Final[Mapping[str, StatusCode]] = {
    "APPROVAL_MISSING": StatusCode.INVALID_ARGUMENT,
    "APPROVAL_TOO_LARGE": StatusCode.INVALID_ARGUMENT,
    "APPROVAL_MALFORMED": StatusCode.INVALID_ARGUMENT,
    "APPROVAL_TYPE_FOREIGN": StatusCode.INVALID_ARGUMENT,
    "PROGRAM_EMPTY": StatusCode.INVALID_ARGUMENT,
    "PROGRAM_TOO_LARGE": StatusCode.INVALID_ARGUMENT,
    "APPROVAL_NOT_YET_VALID": StatusCode.FAILED_PRECONDITION,
    "APPROVAL_EXPIRED": StatusCode.FAILED_PRECONDITION,
    "APPROVAL_QUORUM_MISSING": StatusCode.FAILED_PRECONDITION,
    "APPROVAL_TIER_TOO_LOW": StatusCode.FAILED_PRECONDITION,
    "APPROVAL_SPENT": StatusCode.ALREADY_EXISTS,
}


def to_error(refusal: ApprovalRefused) -> ServiceError:
    """The error that a refused caller gets."""
    code = CODES.get(refusal.reason, StatusCode.PERMISSION_DENIED)
    return ServiceError(code, refusal.reason, refusal.message)


def spent() -> ApprovalRefused:
    """Step 4.12."""
    return ApprovalRefused(
        "APPROVAL_SPENT", "the approval was used before; one approval is one run, ask for a new one"
    )


def revoked() -> ApprovalRefused:
    """Step 4.12, when the log knows of a revocation that this pool's key directory does not show yet."""
    return ApprovalRefused(
        "APPROVAL_KEY_REVOKED", "the approval was signed with a revoked key; ask for a new approval"
    )


def no_stages(wanted: Collection[str]) -> ServiceError:
    """A program whose scope wants stages is not run without them; nothing was spent, and it is no denial."""
    return ServiceError(
        StatusCode.UNAVAILABLE,
        "STAGES_UNAVAILABLE",
        f"the scope wants what no worker here can do around a program ({', '.join(sorted(wanted))}); nothing "
        "was spent; workers that are older than their executor have to be replaced",
    )
