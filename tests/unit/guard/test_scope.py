"""The scope file: what is read, what is refused, what a difference says."""

from pathlib import Path

import pytest

from placet.scope import Limits, ScopeInvalid, diff, load_scope

SCOPES = Path(__file__).parents[3] / "examples" / "scopes"
MINIMAL = b"apiVersion: placet/v1\nkind: Scope\nmetadata: {name: a, version: 1, owner: b}\npurpose: c\n"


def refused(extra: bytes) -> str:
    with pytest.raises(ScopeInvalid) as caught:
        load_scope(extra if extra.startswith(b"!") else MINIMAL + extra)
    return "\n".join(caught.value.problems)


def test_silence_allows_nothing() -> None:
    allow = load_scope(MINIMAL).allow
    assert (allow.imports, allow.read, allow.write, allow.hosts, allow.commands) == ((), (), (), (), ())


def test_the_digest_is_that_of_the_bytes() -> None:
    assert load_scope(MINIMAL).sha256 != load_scope(MINIMAL + b"# a comment\n").sha256
    assert load_scope(MINIMAL).document == MINIMAL


@pytest.mark.parametrize("name", ["data-analysis", "automation", "pure-compute"])
def test_the_examples_are_scopes(name: str) -> None:
    assert load_scope((SCOPES / f"{name}.yaml").read_bytes()).name == name


@pytest.mark.parametrize(
    ("extra", "part"),
    [
        (b"colour: red\n", "colour: unknown key"),
        (b"allow: {exec: true}\n", "allow.exec: unknown key"),
        (b"purpose: d\n", "stands twice"),
        (b"allow: &x {}\nlimits: *x\n", "anchors and aliases"),
        (b"allow: {imports: !!set {os}}\n", "tags are not allowed"),
        (b"allow: {<<: {read: [inputs]}}\n", "unknown key"),
        (b"limits: {wall_s: 0}\n", "limits.wall_s: Input should be greater"),
        (b"limits: {wall_s: 601}\n", "limits.wall_s: Input should be less"),
        (b"limits: {wall_s: '30'}\n", "limits.wall_s"),
        (b"limits: {wall_s: 1.0}\n", "limits.wall_s"),
        (b"limits: {wall_s: true}\n", "limits.wall_s"),
        (b"allow: {network: all}\n", "allow.network: must be none, or a list"),
        (b"allow: {network: ['*:443']}\n", "allow.network.0: must be host:port"),
        (b"allow: {processes: ['rm -rf']}\n", "allow.processes.0"),
        (b"allow: {imports: [pandas, pandas]}\n", "same thing twice"),
        (b"allow: {read: [everything]}\n", "allow.read.0"),
        (b"review: {reviewer: off}\n", "review"),
        (b"review: {reviewer: 'off'}\n", "static_proof"),
        (b"x: " + b"[" * 40 + b"]" * 40 + b"\n", "nested deeper"),
        (b"---\na: 1\n", "not valid YAML"),
        (b"x: " + b"a" * 70_000 + b"\n", "at most 65536"),
        (b"x: \xff\n", "not UTF-8"),
    ],
)
def test_what_is_refused_says_where(extra: bytes, part: str) -> None:
    assert part in refused(extra)


def test_all_problems_are_told_at_once() -> None:
    text = refused(b"limits: {wall_s: 0, cpu_s: 0}\nallow: {network: 3}\nextra: 1\n")
    assert text.count("\n") == 3


def test_a_wider_scope_is_called_widening() -> None:
    narrow = load_scope(MINIMAL + b"allow: {read: [inputs]}\nreview: {min_tier: T2}\n")
    wide = load_scope(
        MINIMAL + b"allow: {read: [inputs], network: ['a.example:443']}\nlimits: {wall_s: 31}\n"
    )
    told = diff(narrow, wide)
    assert told.widening == [
        "allow.network: adds a.example:443",
        "limits.wall_s: 30 -> 31",
        "review.min_tier: T2 -> T1",
    ]
    assert told.narrowing == []
    back = diff(wide, narrow)
    assert (len(back.widening), len(back.narrowing)) == (0, 3)


def test_every_limit_has_a_default_within_its_bounds() -> None:
    assert all(value >= 1 for value in Limits().model_dump().values())
