"""Approvals as docs/approval-format.md defines them: keys, envelope, statement.

Pure: no gRPC, no log, no clock. Reading key files is the only I/O.
"""

from placet.approval.errors import ApprovalRefused
from placet.approval.keys import KeyFileError, KeySet, SigningKey, VerificationKey
from placet.approval.statement import Approval, InputDigest, Limits, LogRef, ScopeRef

__all__ = [
    "Approval",
    "ApprovalRefused",
    "InputDigest",
    "KeyFileError",
    "KeySet",
    "Limits",
    "LogRef",
    "ScopeRef",
    "SigningKey",
    "VerificationKey",
]
