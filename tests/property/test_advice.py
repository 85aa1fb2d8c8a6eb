"""Advice is true: with the change the rules say what was promised, and no line of it can be spared."""

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from guard_svc.advice import MAX_GRANTS, advise
from guard_svc.findings import Severity
from guard_svc.grants import Grant, widened
from guard_svc.intake import read_program
from guard_svc.policy import Decision, Verdict, by_rules_alone
from guard_svc.rules import analyse
from placet.scope import Scope
from tests.fakes.scopes import DATA_ANALYSIS, PURE_COMPUTE

STATEMENTS = [
    "import os\nprint(os.listdir('.'))",
    "import os.path\nprint(os.path.exists('a'))",
    "import shutil\nshutil.move('a', 'b')",
    "import subprocess\nsubprocess.run(['git', 'status'])",
    "import subprocess\nsubprocess.run(['wc', '-l', 'a'])",
    "import requests\nprint(requests.get('https://api.example.com/x').text)",
    "import pandas as pd\nprint(pd.read_csv('a.csv'))",
    "import pandas as pd\npd.DataFrame().to_csv('o.csv')",
    "open('x', 'w').write('a')",
    "print(open('y').read())",
    "from pandas import *",
    "from json import *",
    "eval('1')",
    "import os\nprint(os.environ)",
    "while True:\n    pass",
    "print(1)",
]
PROGRAMS = st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=4, unique=True).map("\n".join)
SCOPES = st.sampled_from([DATA_ANALYSIS, PURE_COMPUTE])
MILD = [Verdict.DENIED, Verdict.NEEDS_REVIEW, Verdict.ALLOWED]


def decide(program: str, scope: Scope) -> Decision:
    return by_rules_alone(scope, analyse(read_program(program.encode()), scope, ()))


def stops(decision: Decision) -> set[tuple[str, int]]:
    return {(found.rule_id, found.line) for found in decision.findings if found.severity >= Severity.MEDIUM}


def grant(line: str) -> Grant:
    """The change that a line of advice means, read as a person would."""
    where, _, what = line.partition(": ")
    if where == "rules":
        return Grant("rules", what.removeprefix("set ").removesuffix(" to warn"))
    return Grant(where.removeprefix("allow."), what.removeprefix("add "))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PROGRAMS, SCOPES)
def test_the_promised_change_holds_and_is_minimal(program: str, scope: Scope) -> None:
    before = decide(program, scope)
    advice = advise(program.encode(), scope, (), before)
    assert (advice is None) == (before.verdict is Verdict.ALLOWED)
    assume(advice is not None and advice.complete)
    assert advice is not None
    grants = [grant(line) for line in advice.changes]
    assert len(grants) <= MAX_GRANTS
    if not grants:
        assert advice.rules_verdict is None
        return
    after = decide(program, widened(scope, grants))
    assert after.verdict is advice.rules_verdict
    assert MILD.index(after.verdict) > MILD.index(before.verdict)
    for one in grants:
        spared = decide(program, widened(scope, [other for other in grants if other != one]))
        assert spared.verdict is not after.verdict or not stops(spared) <= stops(after)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PROGRAMS, SCOPES)
def test_a_hard_finding_gets_no_change(program: str, scope: Scope) -> None:
    hard = ("eval(", "os.environ", "while True")
    advice = advise(program.encode(), scope, (), decide(program, scope))
    assume(advice is not None)
    assert advice is not None
    if any(text in program for text in hard):
        assert (advice.changes, bool(advice.never) or not advice.complete) == ((), True)
    else:
        assert advice.never == ()
