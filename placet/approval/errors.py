"""The one error of approvals. Knows reasons; knows no status code."""

from __future__ import annotations


class ApprovalRefused(Exception):  # noqa: N818 - a refusal, not a failure of ours
    """An approval does not open the door.

    Attributes:
        reason: one of the reasons of docs/approval-format.md §4; what programs compare.
        message: a sentence for a person that says what to do.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message


def malformed(message: str) -> ApprovalRefused:
    """APPROVAL_MALFORMED: the bytes break the format, whoever signed them."""
    return ApprovalRefused(
        "APPROVAL_MALFORMED", f"{message}; ask for a new approval (docs/approval-format.md)"
    )
