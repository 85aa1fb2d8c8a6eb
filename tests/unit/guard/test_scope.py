"""The scope file: what is read, what is refused, what a difference says."""

from pathlib import Path

import pytest

from placet.scope import (
    Limits,
    Relation,
    ScopeInvalid,
    check_companions,
    compare,
    comparison,
    diff,
    load_scope,
)

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


@pytest.mark.parametrize("path", sorted(SCOPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_examples_are_scopes(path: Path) -> None:
    assert load_scope(path.read_bytes()).name == path.stem


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


def compared(a: bytes, b: bytes) -> tuple[Relation, bool]:
    found = compare(load_scope(MINIMAL + a), load_scope(MINIMAL + b))
    return found.relation, found.grants_no_more


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (b"allow: {imports: [numpy]}", b"allow: {imports: [numpy.linalg]}"),
        (b"allow: {imports: [os, math]}", b"allow: {imports: [math]}"),
        (b"allow: {pure_stdlib: true}", b"allow: {imports: [math], pure_stdlib: false}"),
        (b"allow: {read: [workdir]}", b"allow: {read: [inputs]}"),
        (b"allow: {write: [outputs, workdir]}", b"allow: {write: [outputs]}"),
        (b"allow: {network: ['a.example:443', 'a.example:80']}", b"allow: {network: ['a.example:443']}"),
        (b"allow: {processes: [git]}", b"allow: {processes: none}"),
        (b"prompt: {sample_rows: 3}", b"prompt: {sample_rows: 2}"),
        (b"rules: {a.b: audit}", b"rules: {a.b: warn}"),
        (b"rules: {a.*: audit}", b"rules: {a.b: audit}"),
        (b"rules: {a.*: warn}", b"rules: {a.*: warn, a.b.*: enforce}"),
        (b"review: {static_proof: true}", b"review: {static_proof: true, reviewer: 'off'}"),
    ],
)
def test_less_is_narrower_and_back_again_wider(a: bytes, b: bytes) -> None:
    assert compared(a, b) == (Relation.NARROWER, True)
    assert compared(b, a) == (Relation.WIDER, False)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (b"allow: {read: [inputs, workdir]}", b"allow: {read: [workdir]}"),
        (b"allow: {imports: [numpy]}", b"allow: {imports: [numpy, numpy.linalg]}"),
        (b"allow: {imports: [math]}", b""),
        (b"rules: {a.b: enforce}", b"rules: {}"),
    ],
)
def test_two_spellings_of_one_grant_are_equal(a: bytes, b: bytes) -> None:
    assert compared(a, b) == compared(b, a) == (Relation.EQUAL, True)


def test_a_submodule_that_may_be_internal_must_be_read() -> None:
    """Only the guard's catalogue knows that `numpy` does not cover `numpy.ctypeslib`."""
    a, b = b"allow: {imports: [numpy]}", b"allow: {imports: [numpy, numpy.ctypeslib]}"
    found = compare(load_scope(MINIMAL + a), load_scope(MINIMAL + b))
    assert "adds numpy.ctypeslib; whether numpy covers it" in found.to_read[0]
    assert (found.relation, found.grants_no_more) == (Relation.INCOMPARABLE, False)


def test_each_granting_what_the_other_does_not_is_incomparable() -> None:
    assert compared(b"allow: {read: [inputs]}", b"allow: {write: [outputs]}") == (
        Relation.INCOMPARABLE,
        False,
    )


def test_another_purpose_must_be_read() -> None:
    other = load_scope(MINIMAL.replace(b"purpose: c", b"purpose: anything"))
    found = compare(load_scope(MINIMAL), other)
    assert found.to_read == ("purpose: changed; read what it lets in",)
    assert (found.relation, found.grants_no_more) == (Relation.INCOMPARABLE, False)


def test_a_key_that_nothing_orders_must_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a key would be that the schema has and the comparison does not know yet."""
    monkeypatch.delitem(comparison._STRICT_FIRST, "review.on_uncertain")
    assert compared(b"", b"review: {on_uncertain: deny}") == (Relation.INCOMPARABLE, False)


@pytest.mark.parametrize(
    ("rules", "part"),
    [
        (b"rules: {a.b: off}", "rules.a.b"),
        (b"rules: {a.b: block}", "rules.a.b: Input should be 'enforce', 'warn' or 'audit'"),
        (b"rules: {'*': warn}", "must be a rule's id"),
        (b"rules: {a: warn}", "must be a rule's id"),
        (b"rules: {'a.*.b': warn}", "must be a rule's id"),
        (b"rules: {'a.b*': warn}", "must be a rule's id"),
        (b"rules: {A.b: warn}", "must be a rule's id"),
        (b"rules: [a.b]", "rules: "),
        (b"rules: {" + b", ".join(b"a.b%d: warn" % n for n in range(51)) + b"}", "at most 50"),
    ],
)
def test_a_mode_that_is_none_is_refused(rules: bytes, part: str) -> None:
    assert part in refused(rules + b"\n")


@pytest.mark.parametrize(
    ("extra", "place"),
    [
        (b"limits:\n  wall_s: 30\n  cpu_s: 0\n", "line 7: limits.cpu_s: "),
        (b"allow:\n  imports:\n    - pandas\n    - 'no module'\n", "line 8: allow.imports.1: "),
        (b"outputs: {kinds: [text],\n  images: none}\n", "line 6: outputs.images: "),
        (b"review: {reviewer: 'off'}\n", "line 5: review: "),
        (b"inputs:\n  columns:\n    - {grant: [a]}\n", "line 7: inputs.columns.0.input: "),
    ],
)
def test_each_problem_has_the_line_and_the_path_of_its_key(extra: bytes, place: str) -> None:
    """Document, 5: A reader MUST report all problems at once, each with its line and the path of the key."""
    assert refused(extra).startswith(place)


def test_a_missing_companion_is_told_with_the_line_that_names_it() -> None:
    scope = load_scope(MINIMAL + b"files:\n  a.png: " + b"a" * 64 + b"\n  b.png: " + b"b" * 64 + b"\n")
    with pytest.raises(ScopeInvalid) as caught:
        check_companions(scope, ())
    assert [problem.partition(": no file")[0] for problem in caught.value.problems] == [
        "line 6: files.a.png",
        "line 7: files.b.png",
    ]
