"""Two texts side by side: everything is there, and what changed is told apart."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from audit_svc.console.difference import CONTEXT, MAX_LINES, differences

TEXTS = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=30).map(
    lambda lines: "\n".join(lines).encode()
)


def test_equal_texts_differ_in_nothing() -> None:
    assert differences(b"a\nb\n", b"a\nb\n") == []


def test_a_changed_an_added_and_a_removed_line_are_told_apart() -> None:
    rows = differences(b"a\nb\nc\nd", b"a\nB\nc\nd\ne\n")
    assert rows is not None
    assert [row.change for row in rows] == ["same", "changed", "same", "same", "added", "added"]
    rows = differences(b"a\nb", b"b")
    assert rows is not None
    assert [(row.change, row.left and row.left.text) for row in rows] == [("removed", "a"), ("same", "b")]


def test_lines_far_from_a_change_are_folded_and_counted() -> None:
    same = [f"line {n}" for n in range(100)]
    rows = differences("\n".join(same).encode(), "\n".join([*same, "new"]).encode())
    assert rows is not None
    (fold,) = (row for row in rows if row.change == "fold")
    assert fold.folded == 100 - CONTEXT
    assert len(rows) == 1 + CONTEXT + 1


@given(TEXTS, TEXTS)
def test_both_texts_can_be_put_together_again(before: bytes, after: bytes) -> None:
    rows = differences(before, after)
    assert rows is not None
    if before == after:
        return
    for text, side in ((before, "left"), (after, "right")):
        lines: list[str] = []
        for row in rows:
            at = getattr(row, side)
            if row.change == "fold":
                lines += text.decode().split("\n")[at.number - 1 : at.number - 1 + row.folded]
            elif at is not None:
                assert at.number == len(lines) + 1
                lines.append(at.text)
        assert "\n".join(lines).encode() == text


def test_hostile_texts_are_compared_in_no_time_or_not_at_all() -> None:
    started = time.process_time()
    assert differences(b"\n" * MAX_LINES, b"a\n") is None
    few = ["x" if n % 2 else "y" for n in range(MAX_LINES)]
    many = [str(n * n % 199) for n in range(MAX_LINES)]
    for one, other in ((few, many), (many, few), (few, few[1:]), (many, many[::-1])):
        assert differences("\n".join(one).encode(), "\n".join(other).encode()) is not None
    assert time.process_time() - started < 20, "more work than the bound allows"
