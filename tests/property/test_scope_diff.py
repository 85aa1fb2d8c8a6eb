"""docs/scope-format.md, "Comparing two scopes", over many scopes."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from placet.scope import Scope, ScopeInvalid, diff, load_scope

READS = st.sampled_from(["[]", "[inputs]", "[inputs, workdir]"])
LISTS = st.lists(st.sampled_from(["pandas", "numpy", "math"]), unique=True)


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    lines = [
        "apiVersion: placet/v1\nkind: Scope\nmetadata: {name: a, version: 1, owner: b}\npurpose: c",
        f"allow: {{imports: {draw(LISTS)}, read: {draw(READS)}}}",
        f"limits: {{wall_s: {draw(st.integers(1, 600))}, artifacts: {draw(st.integers(1, 256))}}}",
        f"review: {{min_tier: {draw(st.sampled_from(['T0', 'T1', 'T2', 'T3']))}}}",
    ]
    return load_scope("\n".join(lines).encode())


@given(scopes(), scopes())
def test_what_widens_one_way_narrows_the_other(a: Scope, b: Scope) -> None:
    there, back = diff(a, b), diff(b, a)
    assert len(there.widening) == len(back.narrowing)
    assert len(there.narrowing) == len(back.widening)


@given(scopes())
def test_a_scope_does_not_differ_from_itself(scope: Scope) -> None:
    assert diff(scope, scope).widening == diff(scope, scope).narrowing == []


@given(st.binary(max_size=200))
def test_any_bytes_are_a_scope_or_refused(document: bytes) -> None:
    """MUST: a reader answers with a scope or with problems, whatever the bytes."""
    with suppress(ScopeInvalid):
        assert load_scope(document).document == document
