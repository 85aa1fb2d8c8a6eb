"""docs/scope-format.md with the real rules: comparison and modes, over many scopes and small programs."""

from functools import cache, lru_cache
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard_svc.findings import Finding, Severity
from guard_svc.intake import Intake, read_program
from guard_svc.modes import HARD, SOFT, applied, problems_of
from guard_svc.policy import Verdict, by_both, by_rules_alone
from guard_svc.reviewer import Opinion
from guard_svc.rules import RulesReport, analyse
from placet.scope import RULE_MODES, Scope, compare, load_scope
from tests.fakes.any_scopes import kindred, loaded, scopes

PROGRAMS: Final = (
    "print(6 * 7)",
    "import math\nprint(math.sqrt(2))",
    "import json\nprint(json.dumps({'a': 1}))",
    "import collections\nprint(collections.Counter('abc'))",
    "from collections.abc import Mapping\nprint(Mapping)",
    "import json.decoder\nprint(json.decoder.JSONDecodeError)",
    "import numpy as np\nprint(np.arange(3).sum())",
    "import numpy.linalg\nprint(numpy.linalg.norm([3, 4]))",
    "from numpy import linalg\nprint(linalg.norm([3, 4]))",
    "import numpy.ctypeslib\nprint(numpy.ctypeslib)",
    "import numpy.random\nprint(numpy.random.default_rng(0).random())",
    "import numpy as np\nprint(np.loadtxt('x.csv'))",
    "import pandas as pd\nprint(pd.read_csv('sales.csv').price.mean())",
    "import pandas as pd\npd.DataFrame({'a': [1]}).to_csv('out.csv')",
    "import pandas.errors\nprint(pandas.errors.ParserError)",
    "import pandas as pd\nprint(pd.read_csv('https://api.example.com/x.csv'))",
    "import pandas as pd\npd.io.common.os.getcwd()",
    "import scipy.stats\nprint(scipy.stats.norm.cdf(0))",
    "from scipy import stats, optimize\nprint(stats.norm.cdf(0), optimize)",
    "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.savefig('x.png')",
    "import matplotlib.pyplot as plt\nplt.sys.exit(0)",
    "import matplotlib.pyplot as plt\nplt.importlib.import_module('os').system('id')",
    "import matplotlib\nmatplotlib.use('Agg')\nprint(matplotlib.figure)",
    "print(open('data.txt').read())",
    "print(open('folder/data.txt').read())",
    "with open('out.txt', 'w') as file:\n    file.write('x')",
    "with open('folder/out.txt', 'a') as file:\n    file.write('x')",
    "def load(name):\n    return open(name).read()\nprint(load)",
    "import os\nos.remove('old.txt')",
    "import os\nprint(os.path.join('a', 'b'))",
    "import os.path\nprint(os.path.exists('a.csv'))",
    "import os\nos.rename('a.txt', 'b.txt')",
    "import subprocess\nsubprocess.run(['git', 'status'], check=True)",
    "import subprocess\nsubprocess.run(['ls', '-l'], check=True)",
    "import requests\nprint(requests.get('https://api.example.com/v1', timeout=5).status_code)",
    "import requests\nprint(requests.get('http://api.example.com/v1', timeout=5).status_code)",
    "import requests\nrequests.post('https://db.example.com/v1', json={}, timeout=5)",
    "import requests.adapters\nprint(requests.adapters.HTTPAdapter)",
    "pyperclip.paste()",
    "from math import *\nprint(pi)",
    "from numpy import *\nprint(arange(3))",
    "def f():\n    f()\nf()",
    f"x = '{'TVqQAAMAAAAEaBcDeFgHiJkLmNoPqRsT0123456789+/UvWxYz' * 12}'\nprint(len(x))",
    "import pickle\nprint(pickle.dumps({}))",
    "import pickle\nwith open('x', 'rb') as file:\n    print(pickle.load(file))",
    "import threading\nthreading.Thread(target=print).start()",
    "from concurrent.futures import ThreadPoolExecutor\nprint(ThreadPoolExecutor)",
    "import concurrent.futures\nprint(concurrent.futures.as_completed)",
    "import sqlite3\nsqlite3.connect('data.db').execute('select 1')",
    "import platform\nprint(platform.python_version())",
    "import shutil\nshutil.copy('a.csv', 'b/a.csv')",
    "import shutil\nshutil.rmtree('build')",
    "import os\nfor name in os.listdir('.'):\n    print(name)",
    "import os\nprint(os.getcwd())",
    "import subprocess\nsubprocess.run(input().split())",
    "import requests\nrequests.get(input())",
    "from urllib.request import urlopen\nprint(urlopen('https://api.example.com/v1').status)",
    "import urllib.parse\nprint(urllib.parse.quote('a b'))",
    "open('.env').read()",
    "import os\nprint(os.environ)",
    "eval(input())",
    "import pickle\npickle.load(open('x', 'rb'))",
    "().__class__.__base__.__subclasses__()",
    "open('/etc/passwd').read()",
)
SOFT_KEYS: Final = sorted(SOFT)


@cache
def _read(program: str) -> Intake:
    return read_program(program.encode())


def _verdict(program: str, scope: Scope) -> Verdict:
    return by_rules_alone(scope, analyse(_read(program), scope, ["sales.csv"])).verdict


ROOT: Final[dict[str, object]] = {
    "apiVersion": "placet/v1",
    "kind": "Scope",
    "metadata": {"name": "a", "version": 1, "owner": "b"},
    "purpose": "c",
}


@lru_cache(maxsize=16)
def _allowed(document: bytes) -> frozenset[str]:
    scope = load_scope(document)
    return frozenset(program for program in PROGRAMS if _verdict(program, scope) is Verdict.ALLOWED)


def _more_allowed(a: Scope, b: Scope) -> frozenset[str]:
    """The programs that the rules allow in `b` and do not allow in `a`."""
    return _allowed(b.document) - _allowed(a.document)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"imports": ["matplotlib"]}, {"imports": ["matplotlib.pyplot"]}),
        ({"imports": ["numpy"]}, {"imports": ["numpy.linalg", "numpy.random"]}),
        ({"imports": ["pandas"], "read": ["inputs"]}, {"imports": ["pandas.errors"], "read": ["inputs"]}),
        ({"imports": ["scipy"]}, {"imports": ["scipy.stats"]}),
        ({"imports": ["os"], "write": ["workdir"]}, {"imports": ["os.path"], "write": ["workdir"]}),
        ({"imports": ["os"], "write": ["workdir"]}, {"imports": ["os"], "write": ["outputs"]}),
        ({"read": ["workdir"]}, {"read": ["inputs"]}),
        ({"pure_stdlib": True}, {"pure_stdlib": False, "imports": ["math", "collections"]}),
        ({"imports": ["os", "numpy"]}, {"imports": ["numpy"]}),
    ],
)
def test_what_one_grant_covers_allows_nothing_more(a: dict[str, object], b: dict[str, object]) -> None:
    """Comparing 4, for each implication that the format page names."""
    wide, narrow = loaded({**ROOT, "allow": a}), loaded({**ROOT, "allow": b})
    assert compare(wide, narrow).grants_no_more
    assert _more_allowed(wide, narrow) == frozenset()


@settings(max_examples=30, deadline=None)
@given(kindred(SOFT_KEYS))
def test_no_program_is_allowed_in_what_is_not_wider(chain: tuple[Scope, Scope, Scope]) -> None:
    """Comparing 4: if B grants no more than A, what the rules allow in B MUST be allowed by them in A."""
    for a in chain:
        for b in chain:
            if a is not b and compare(a, b).grants_no_more:
                assert _more_allowed(a, b) == frozenset()


def test_the_programs_tell_scopes_apart() -> None:
    """Else the property above would say nothing."""
    wide = {
        "imports": ["numpy", "pandas", "scipy", "matplotlib", "os", "subprocess", "requests"],
        "read": ["workdir"],
        "write": ["workdir"],
        "network": ["api.example.com:443"],
        "processes": ["git"],
    }
    narrow, wide_scope = loaded(ROOT), loaded({**ROOT, "allow": wide})
    few = [program for program in PROGRAMS if _verdict(program, narrow) is Verdict.ALLOWED]
    many = [program for program in PROGRAMS if _verdict(program, wide_scope) is Verdict.ALLOWED]
    assert 3 <= len(few) < len(many) - 15
    assert len(PROGRAMS) - len(many) >= 8


_FINDINGS = st.builds(
    Finding,
    st.sampled_from(sorted(SOFT | HARD)),
    st.sampled_from(list(Severity)),
    st.just(1),
    st.just(1),
    st.just("A message."),
    st.sampled_from(["rule", "intake", "reviewer", "policy"]),
)
_MODES = st.dictionaries(
    st.sampled_from([*sorted(SOFT | HARD), "threat.*", "capability.*", "scope.*"]),
    st.sampled_from(RULE_MODES),
    max_size=8,
)
# Scopes as no reader would let them in: the modes are put in behind its back.
_ANY_MODES = st.builds(lambda scope, rules: scope.model_copy(update={"rules": rules}), scopes(), _MODES)


@settings(deadline=None)
@given(_ANY_MODES, st.lists(_FINDINGS, max_size=5))
def test_no_modes_allow_a_program_with_a_hard_finding(scope: Scope, findings: list[Finding]) -> None:
    """Rule modes 4 and 5, even in a scope that nobody checked: soft are soft rules' findings below HIGH."""
    report = RulesReport(tuple(findings), (), complete=True, pure=False)
    decisions = by_rules_alone(scope, report), by_both(scope, report, Opinion("clean", 0.0, (), "m"))
    stops = [
        found
        for found in findings
        if found.severity >= Severity.HIGH
        or (found.severity is Severity.MEDIUM and (found.rule_id in HARD or found.source != "rule"))
    ]
    if stops:
        assert Verdict.ALLOWED not in [decision.verdict for decision in decisions]


@settings(deadline=None)
@given(_ANY_MODES, st.lists(_FINDINGS, max_size=5))
def test_modes_only_ever_lower_a_weight_and_keep_every_finding(scope: Scope, findings: list[Finding]) -> None:
    after = applied(scope, findings)
    assert len(after) == len(findings)
    for old, new in zip(findings, after, strict=True):
        assert new.severity <= old.severity
        assert (new.rule_id, new.line, new.source, new.quote) == (
            old.rule_id,
            old.line,
            old.source,
            old.quote,
        )
        assert new == old or f"enforced it would be {old.severity.name}" in new.message


@given(_ANY_MODES)
def test_a_scope_that_softens_a_hard_rule_is_never_accepted(scope: Scope) -> None:
    softened = {key for key, mode in scope.rules.items() if mode != "enforce"}
    hard = {key for key in softened if key.endswith(".*") or key in HARD}
    named = {problem.split("rules: ")[1].split()[0] for problem in problems_of(scope)}
    assert named >= hard
