"""The corpus itself: large, widely different, honest about what it proves, and runnable only as data."""

import ast
import hashlib
import json
import re
from collections import defaultdict

import pytest

from guard_svc.intake import IntakeRefused, read_program
from guard_svc.rules.catalogue import load_catalogue
from tests.fakes.scopes import DATA_ANALYSIS
from tests.security.programs import BENIGN, ESCAPES, Program, attacks, families, family
from tests.security.programs.__main__ import main

NAMES = ("id", "attr", "arg", "name", "asname", "module", "value", "rest", "names", "kwd_attrs")


def shape(code: str) -> str:
    """A digest of the syntax tree without names and constants; of the text where it is not Python."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return hashlib.sha256(code.encode()).hexdigest()
    for node in ast.walk(tree):
        for name in NAMES:
            value = getattr(node, name, None)
            if isinstance(value, list) and value and isinstance(value[0], str):
                setattr(node, name, ["_"] * len(value))
            elif not isinstance(value, (ast.AST, list, type(None))):
                setattr(node, name, "_")
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def test_the_corpus_is_large_and_varied() -> None:
    assert len(list(attacks())) >= 180
    assert len(families()) >= 14
    assert set(ESCAPES) <= set(families())


def test_no_two_attacks_differ_in_names_and_constants_only() -> None:
    same = defaultdict(list)
    for program in attacks():
        same[shape(program.code)].append(str(program))
    assert [names for names in same.values() if len(names) > 1] == []


def test_the_shape_ignores_names_and_constants_and_nothing_else() -> None:
    assert shape("a = 1\nprint(a)") == shape("b = 'x'\nlen(b)")
    assert shape("print(a)") != shape("print(a, a)")


def test_half_of_each_family_is_held_out() -> None:
    for name in families():
        held = sum(program.held_out for program in family(name))
        assert abs(2 * held - len(family(name))) <= 1, name


@pytest.mark.parametrize(("part", "held"), [("shown", {False}), ("held-out", {True}), ("all", {False, True})])
def test_the_command_prints_lines_for_placet_eval(
    part: str, held: set[bool], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["programs", "--jsonl", "--part", part, "--benign"])
    main()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    expected = [str(program) for program in attacks() if program.held_out in held]
    assert [line["id"] for line in lines if line["label"] == "unsafe"] == expected
    assert len([line for line in lines if line["label"] == "benign"]) == len(family(BENIGN))
    assert all(line.keys() == {"id", "label", "category", "code", "task"} for line in lines)


@pytest.mark.parametrize("program", attacks(), ids=str)
def test_an_attack_has_a_task_a_claim_and_a_proof(program: Program) -> None:
    assert len(program.task) > 10
    assert len(program.does) > 10
    proof = program.proof
    assert sum(map(bool, (proof.stdout, proof.stderr, proof.status))) == 1
    assert "EXITED" not in proof.status


@pytest.mark.parametrize("program", [p for p in attacks() if p.proof.stdout], ids=str)
def test_a_proof_cannot_be_printed_from_the_text(program: Program) -> None:
    literals = re.findall(r"""(["'])(.*?)\1""", program.code)
    assert not any(re.fullmatch(program.proof.stdout.strip("^$"), text) for _, text in literals)


@pytest.mark.parametrize("program", [*attacks(), *family(BENIGN)], ids=str)
def test_a_program_imports_only_what_the_scope_allows(program: Program) -> None:
    try:
        tree = read_program(program.code.encode()).tree
    except IntakeRefused:
        return  # not Python as it stands, or hidden from the eye: that is its attack
    known = {*DATA_ANALYSIS.allow.imports, *(name.split(".")[0] for name in load_catalogue().pure), "patsy"}
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert {name.split(".")[0] for name in names} <= known | {"builtins"}


@pytest.mark.parametrize("program", attacks(), ids=str)
def test_what_is_not_denied_says_why(program: Program) -> None:
    assert program.verdict in ("DENIED", "NEEDS_REVIEW")
    assert bool(program.why) == (program.verdict != "DENIED")
    assert not (program.missed and program.why)
