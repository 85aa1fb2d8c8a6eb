"""Properties of decisions and approval files; each quotes its MUST of docs/approval-format.md."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from executor_svc.admission import check_envelope, check_people, check_signature, check_sizes
from placet.approval import ApprovalRefused, InputDigest, LogRef, ScopeRef
from placet.approval.decision import Decision, open_decision
from placet.approval.envelope import decision_lines, first_line, parse
from tests.fakes.approvals import NOW, World
from tests.property.test_approval_envelope import digests, json_values, names
from tests.security.test_approval_quorum_faked import KIMS, LEE, PEOPLE, TWO, says, world

GOOD = world(TWO, KIMS, says("lee", LEE))
FILE = GOOD.approval
LINES = FILE.split(b"\n")[:3]
STATEMENT = json.loads(parse(KIMS).payload)
reasons = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=99)
references = st.builds(LogRef, names, st.integers(0, 2**53 - 1), digests)


@st.composite
def decisions(draw: st.DrawFn) -> Decision:
    inputs = draw(st.dictionaries(names, st.tuples(digests, st.integers(0, 2**40)), max_size=4))
    return Decision(
        verdict=draw(st.sampled_from(["ALLOWED", "DENIED"])),
        decided_by="human:" + draw(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)),
        decided_at=NOW + timedelta(microseconds=draw(st.integers(-(10**12), 10**12))),
        reason="." + draw(reasons),
        program_sha256=draw(digests),
        scope=ScopeRef(draw(names), draw(st.integers(1, 2**31)), draw(digests)),
        inputs=tuple(InputDigest(name, *rest) for name, rest in inputs.items()),
        quorum=draw(st.integers(1, 5)),
        request_id="req-1",
        reviewed=draw(st.none() | references),
        review_token=draw(st.none() | digests),
    )


@given(decisions())
@settings(max_examples=100, deadline=None)
def test_every_decision_reads_back_as_it_was(decision: Decision) -> None:
    """§5.2."""
    assert Decision.from_bytes(decision.to_bytes()) == decision


@given(st.sampled_from([*STATEMENT["predicate"], "reviewToken", "other"]), json_values)
@settings(max_examples=300, deadline=None)
def test_any_value_in_any_member_is_read_or_malformed(member: str, value: object) -> None:
    """§5.2: "these members and no others"; never another exception."""
    statement = {**STATEMENT, "predicate": {**STATEMENT["predicate"], member: value}}
    with contextlib.suppress(ApprovalRefused):
        Decision.from_bytes(json.dumps(statement).encode())


@given(st.binary(max_size=300))
def test_bytes_that_nobody_signed_are_no_decision_and_never_a_crash(document: bytes) -> None:
    """§5.3: a decision counts only when a key of NAME signed it."""
    with contextlib.suppress(ApprovalRefused):
        open_decision(document, PEOPLE)
        raise AssertionError("it was taken for a decision")


def admitted(made: World) -> bool:
    try:
        for step in (check_sizes, check_envelope, check_signature, check_people):
            step(made.case)
    except ApprovalRefused:
        return False
    return True


def in_a_hint(position: int) -> bool:
    """Whether the byte lies in a `keyid`."""
    start = 0
    for line in LINES:
        if position <= start + len(line):
            return line.index(b'{"keyid"') < position - start < line.index(b'"sig"')
        start += len(line) + 1
    return False


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(FILE) * 8 - 1))
def test_a_flipped_bit_anywhere_in_the_file_is_refused_but_in_a_hint(bit: int) -> None:
    """§4.5: decisions of that many different people, and §2.6."""
    changed = bytearray(FILE)
    changed[bit // 8] ^= 1 << bit % 8

    assert admitted(GOOD)
    assert admitted(replace(GOOD, approval=bytes(changed))) in (False, in_a_hint(bit // 8))


@given(st.lists(st.sampled_from(LINES), max_size=8), st.booleans())
def test_lines_in_any_order_are_admitted_only_as_approval_and_both_decisions(
    lines: list[bytes], ends: bool
) -> None:
    """§2.8: the approval's envelope, then at most 5 envelopes of decisions."""
    file = b"\n".join(lines) + (b"\n" if ends else b"")
    enough = 0 < len(lines) <= 6 and lines[0] == LINES[0] and set(lines[1:]) == set(LINES[1:])

    assert admitted(replace(GOOD, approval=file)) == enough
    if enough:
        assert (first_line(file), list(decision_lines(file))) == (lines[0], lines[1:])
