"""docs/labels-format.md §2.1: the sample is drawn by the records' own hashes."""

from __future__ import annotations

import hashlib

import pytest

from audit_svc.console.sample import Sample

HASHES = [hashlib.sha256(str(n).encode()).digest() for n in range(20_000)]


@pytest.mark.parametrize("percent", [1, 5, 50])
def test_it_is_the_share_that_was_asked_for(percent: int) -> None:
    drawn = sum(Sample(percent).has(each) for each in HASHES)
    assert drawn / len(HASHES) == pytest.approx(percent / 100, rel=0.12)


def test_nothing_is_drawn_of_nought_and_everything_of_a_hundred() -> None:
    assert not any(Sample(0).has(each) for each in HASHES)
    assert all(Sample(100).has(each) for each in [*HASHES, b"\xff" * 32])


def test_the_border_is_exact() -> None:
    half = (2**63).to_bytes(8)
    assert not Sample(50).has(half + bytes(24))
    assert Sample(50).has((2**63 - 1).to_bytes(8) + b"\xff" * 24)


def test_a_larger_share_holds_the_smaller_one() -> None:
    small, large = Sample(5), Sample(20)
    assert all(large.has(each) for each in HASHES if small.has(each))
