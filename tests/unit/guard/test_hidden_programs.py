"""Programs inside a program's texts are analysed like any other, and found where they are carried."""

import base64

import pytest

from guard_svc.findings import Finding
from guard_svc.intake import read_program
from guard_svc.rules import analyse
from tests.fakes.scopes import DATA_ANALYSIS

INNER = "import pandas as pd\npd.io.common.os.getpid()"
RULE = "threat.introspection.module"


def encoded(code: str, times: int = 1) -> str:
    for _ in range(times):
        packed = base64.b64encode(code.encode()).decode()
        code = f"import base64\ntext = base64.b64decode('{packed}')"
    return code


def findings(program: str) -> list[Finding]:
    return [
        found for found in analyse(read_program(program.encode()), DATA_ANALYSIS).findings if found.denies
    ]


@pytest.mark.parametrize(
    "program",
    [
        f"x = 1\nexec({INNER!r})",
        f"x = 1\neval(compile({INNER!r}, 'x', 'exec'))",
        f"x = 1\nexec({INNER[::-1]!r}[::-1])",
        f"x = 1\ncode = {base64.b64encode(INNER.encode()).decode()!r}",
        f"x = 1\ncode = {INNER.encode().hex()!r}",
        f"import base64\ntext = base64.b85decode({base64.b85encode(INNER.encode()).decode()!r})",
        f"import base64 as b\ntext = b.b64decode({base64.b64encode(INNER.encode())!r})",
    ],
)
def test_a_program_in_text_is_analysed_again(program: str) -> None:
    found = [found for found in findings(program) if found.rule_id == RULE and "decoded" in found.message]
    assert found
    assert {item.line for item in found} == {2}


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_three_layers_are_opened(layers: int) -> None:
    assert RULE in {found.rule_id for found in findings(encoded(INNER, layers))}


def test_more_layers_deny_because_they_are_not_read() -> None:
    assert "threat.introspection.unresolved" in {found.rule_id for found in findings(encoded(INNER, 5))}


@pytest.mark.parametrize(
    "text", ["Just a sentence of words.", "df.groupby('a').mean()", "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo="]
)
def test_harmless_text_is_no_finding(text: str) -> None:
    assert findings(f"x = {text!r}") == []
