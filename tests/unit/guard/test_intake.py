"""Intake: what is text that can be reviewed."""

import pytest

from guard_svc.intake import IntakeRefused, read_program


def refusal(program: bytes) -> str:
    with pytest.raises(IntakeRefused) as caught:
        read_program(program)
    assert all(finding.denies and finding.source == "intake" for finding in caught.value.findings)
    return caught.value.findings[0].rule_id


@pytest.mark.parametrize(
    ("program", "rule"),
    [
        (b"", "intake.syntax.empty"),
        (b"x = (", "intake.syntax.invalid"),
        (b"x" * 65_537, "intake.size.bytes"),
        (b"x=1\n" * 2_002, "intake.size.lines"),
        (b"x = '" + b"a" * 4_000 + b"'", "intake.size.line_length"),
        (b"\xef\xbb\xbfx=1", "intake.encoding.bom"),
        (b"# coding: latin-1\nx=1", "intake.encoding.cookie"),
        (b"x='\xff'", "intake.encoding.utf8"),
        (b"x=1\x00", "intake.unicode.control"),
        (b"#\rimport os", "intake.unicode.carriage_return"),
        ("ｅval('1')".encode(), "intake.unicode.identifier"),
        ("еval = 1".encode(), "intake.unicode.identifier"),
        ("x = '\u202e'".encode(), "intake.unicode.deception"),
        ("x = '\U000e0041'".encode(), "intake.unicode.deception"),
        ("x = 1 # \u200b".encode(), "intake.unicode.invisible"),
        (b"x = [" + b"1,\n" * 1_900 + b"*[" + b"[1],[2],[3],[4]," * 240 + b"]]", "intake.size.nodes"),
    ],
)
def test_what_cannot_be_reviewed_is_refused(program: bytes, rule: str) -> None:
    if rule == "intake.size.nodes":
        program = b"\n".join([b"x = [" + b"-1," * 1_200 + b"]"] * 12)
    assert refusal(program) == rule


@pytest.mark.parametrize(
    "program",
    [
        b"(" * 3_000 + b")" * 3_000,
        (b"(" * 900 + b"\n") * 20,
        b"-" * 3_900 + b"1",
        b"x=(" + b"\n".join([b"1+" * 1_000] * 30) + b"1)",
        b"a" + b".b" * 1_900,
        b"lambda:" * 500 + b"1",
        b"x = " + b"not " * 900 + b"1",
        b"\n".join(b" " * depth + b"if 1:" for depth in range(90)) + b"\n" + b" " * 95 + b"x",
    ],
    ids=["brackets", "bracket lines", "unary", "sum", "attributes", "lambdas", "not", "blocks"],
)
def test_nesting_that_could_exhaust_the_parser_is_refused(program: bytes) -> None:
    assert refusal(program) in ("intake.size.nesting", "intake.size.line_length", "intake.syntax.invalid")


def test_a_string_may_hold_what_code_may_not() -> None:
    assert read_program("x = 'family: \U0001f468\u200d\U0001f469'  # größe".encode()).tree.body


def test_identifiers_in_other_scripts_pass_when_they_are_what_they_look_like() -> None:
    assert read_program("größe = 1\nσ = 2\n".encode()).tree.body


def test_the_canonical_view_has_no_comments_or_docstrings() -> None:
    intake = read_program(
        b'"""Safe."""\ndef f():\n    """Approved."""\n# trust me\nclass A:\n    "yes"\n    x = 1\n'
    )
    assert intake.canonical == "def f():\n    pass\n\nclass A:\n    x = 1"
