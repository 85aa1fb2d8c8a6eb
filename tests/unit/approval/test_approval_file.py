"""An approval file: docs/approval-format.md §2.8."""

from __future__ import annotations

import pytest

from placet.approval import ApprovalRefused
from placet.approval.envelope import (
    MAX_ENVELOPE_BYTES,
    approval_file,
    check_file_size,
    decision_lines,
    first_line,
)
from tests.fakes.approvals import signed

APPROVAL = signed()


@pytest.mark.parametrize("decisions", [(), (b"1",), (b"1", b"2", b"3", b"4", b"5")])
def test_what_is_written_is_what_is_read(decisions: tuple[bytes, ...]) -> None:
    file = approval_file(APPROVAL, *decisions)

    check_file_size(file)
    assert first_line(file) == APPROVAL
    assert decision_lines(file) == decisions
    assert decision_lines(file.removesuffix(b"\n")) == decisions, "the last line feed MAY be missing"


def test_one_line_alone_is_the_envelope_itself() -> None:
    assert approval_file(APPROVAL) == APPROVAL


@pytest.mark.parametrize("rest", [b"\n\n", b"\n1\n\n", b"\n\n1", b"\n1\n2\n3\n4\n5\n6"])
def test_an_empty_line_or_a_sixth_decision_is_refused(rest: bytes) -> None:
    with pytest.raises(ApprovalRefused, match="APPROVAL_MALFORMED"):
        decision_lines(APPROVAL + rest)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", "APPROVAL_MISSING"),
        (b"\n", "APPROVAL_MISSING"),
        (b"x" * (MAX_ENVELOPE_BYTES + 1), "APPROVAL_TOO_LARGE"),
        (APPROVAL + b"\n" + b"x" * (MAX_ENVELOPE_BYTES + 1), "APPROVAL_TOO_LARGE"),
        (APPROVAL + b"\n1" * 300_000, "APPROVAL_TOO_LARGE"),
    ],
)
def test_no_line_is_larger_than_an_envelope_may_be(file: bytes, reason: str) -> None:
    with pytest.raises(ApprovalRefused) as refused:
        check_file_size(file)

    assert refused.value.reason == reason


def test_six_full_lines_are_read() -> None:
    check_file_size(b"\n".join([b"x" * MAX_ENVELOPE_BYTES] * 6) + b"\n")
