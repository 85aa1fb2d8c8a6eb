"""Each rule's example is found by that rule, and an honest program of the same kind is not.

The examples are those of docs/rules.md; what goes before them here gives their names a meaning.
"""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha512
from pathlib import Path
from typing import Final

import pytest

from guard_svc.intake import read_program
from guard_svc.rules import analyse
from guard_svc.rules.registry import BY_ID, RULES
from placet.scope import load_scope

SCOPES: Final = {
    path.stem: load_scope(path.read_bytes())
    for path in (Path(__file__).parents[3] / "examples" / "scopes").glob("*.yaml")
}


@dataclass(frozen=True)
class Case:
    """`before` makes the example whole; `instead` is its honest twin; `example` stands in for no code."""

    instead: str
    before: str = ""
    scope: str = "data-analysis"
    example: str = ""


PD: Final = "import pandas as pd\ndf = pd.read_csv('sales.csv')\n"
DO: Final = "automation"
CASES: Final = {
    "scope.import.not_allowed": Case("import json"),
    "scope.import.not_public": Case("import numpy.linalg"),
    "scope.import.undefined": Case("import math\nmath.floor(1.5)"),
    "scope.import.star": Case("from pandas import read_csv"),
    "capability.file.outside": Case("open('sales.csv')"),
    "capability.file.read": Case("print([1, 2])", scope="pure-compute"),
    "capability.file.write": Case("print([1, 2])", scope="pure-compute"),
    "capability.file.change": Case(
        "open('new.csv', 'w')", "import shutil\n", example="shutil.rmtree('old')", scope="data-analysis"
    ),
    "capability.file.hidden": Case("open('sales.csv')"),
    "capability.file.precious": Case("open('sales.csv')", "base = input()\n"),
    "capability.file.unlisted": Case(PD, PD),
    "capability.file.dynamic": Case("open('sales.csv')", "name = input()\n"),
    "capability.network.connect": Case(PD, PD),
    "capability.network.dynamic": Case(
        "import requests\nrequests.get('https://api.example.com/v1')", "import requests\nurl = input()\n", DO
    ),
    "capability.network.download": Case(
        "from sklearn.datasets import load_iris\nload_iris()", "import seaborn as sns\n"
    ),
    "capability.process.start": Case(
        "import subprocess\nsubprocess.run(['git', 'status'])", "import subprocess\nurl = input()\n", DO
    ),
    "capability.process.dynamic": Case(
        "import subprocess\nsubprocess.run(['git', 'log'])", "import subprocess\ncommand = input()\n", DO
    ),
    "capability.process.remote": Case(
        "import subprocess\nsubprocess.run(['git', 'log'])",
        "import socket, subprocess\nconnection = socket.socket()\n",
        DO,
    ),
    "capability.thread.start": Case("print(sum([1, 2]))", "import threading\nf = print\n"),
    "capability.native.call": Case("import numpy as np\nnp.sum([1])", "import ctypes\n"),
    "capability.secrets.environment": Case(
        "import os\nprint(os.getcwd())", "import os\n", scope=DO
    ),
    "capability.system.query": Case("print(1)", "import platform\n"),
    "capability.module.closed": Case("import sys\nprint(sys.argv)", "import sys\n", DO),
    "threat.dynamic.code": Case("import json\njson.loads(input())", "text = input()\n"),
    "threat.dynamic.expression": Case(f"{PD}df[df.age > 3]", PD),
    "threat.dynamic.expression_unknown": Case(f"{PD}df[df.age > 3]", f"{PD}text = input()\n"),
    "threat.dynamic.unpickle": Case(PD, PD),
    "threat.introspection.attribute": Case("print(type(1).__name__)"),
    "threat.introspection.module": Case("import random\nrandom.random()", "import random\n"),
    "threat.introspection.value": Case(PD, f"{PD}use = print\n"),
    "threat.introspection.dynamic": Case(
        "print({'a': min}['a']([1]))", "obj, name = input(), input()\n"
    ),
    "threat.introspection.format": Case("x = 1\nprint(f'{x}')", "x = 1\n"),
    "threat.tampering.library": Case("def mean(values):\n    return 99.0", PD),
    "threat.resource.endless_loop": Case("for attempt in range(10):\n    print(attempt)"),
    "threat.resource.explosion": Case("x = [0] * 10**3"),
    "threat.resource.pattern": Case("import re\nre.fullmatch(r'a+b', 'ab')", "import re\ntext = input()\n"),
    "threat.resource.recursion": Case("def f(n):\n    return 1 if n < 2 else n * f(n - 1)"),
    "threat.obfuscation.decode_exec": Case("print(1)", "import base64\ntext = input()\n"),
    "threat.obfuscation.hidden_code": Case(
        "import base64\nbase64.b64decode('aGVsbG8gd29ybGQsIGhlbGxv')", "import base64\n"
    ),
    "threat.obfuscation.literal": Case(
        "x = 'word ' * 3",
        example=f"x = {b64encode(sha512(b'x').digest() * 8 + sha512(b'y').digest() * 8).decode()!r}",
    ),
    "threat.secrets.path": Case("x = 'sales.csv'", example="x = '/etc/shadow'"),
    "threat.reviewer.manipulation": Case("# the mean of all prices\nx = 1", "x = 1\n"),
}  # fmt: skip
UNTESTABLE: Final = frozenset({"threat.introspection.unresolved", "rules.failed", "scope.mode.actions"})
"""Other tests break the guard on purpose (test_rules.py, of names) or have such a scope (test_plans.py)."""


def found(program: str, scope: str) -> frozenset[str]:
    report = analyse(read_program(program.encode()), SCOPES[scope], ["sales.csv"])
    return frozenset(finding.rule_id for finding in report.findings)


@pytest.mark.parametrize("rule_id", sorted(CASES))
def test_the_example_of_a_rule_is_found_by_it(rule_id: str) -> None:
    case = CASES[rule_id]
    assert rule_id in found(case.before + (case.example or BY_ID[rule_id].example), case.scope)


@pytest.mark.parametrize("rule_id", sorted(CASES))
def test_what_is_allowed_instead_is_not(rule_id: str) -> None:
    case = CASES[rule_id]
    assert rule_id not in found(case.instead, case.scope)


def test_every_rule_has_such_a_case() -> None:
    named = {rule.rule_id for rule in RULES if rule.rule_id.startswith(("scope.", "capability.", "threat."))}
    assert named - CASES.keys() - UNTESTABLE == frozenset()


def test_every_rule_says_what_why_and_what_is_allowed_instead() -> None:
    for rule in RULES:
        assert all((rule.what, rule.why, rule.instead, rule.blind))
        assert rule.cwe.startswith("CWE-")
