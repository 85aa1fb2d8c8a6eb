"""The rules on honest programs, and the page that documents them."""

from pathlib import Path

import pytest

from guard_svc.findings import Severity
from guard_svc.intake import read_program
from guard_svc.rules import RulesReport, analyse, analysis
from guard_svc.rules.document import document
from guard_svc.rules.registry import RULES
from placet.scope import load_scope

ROOT = Path(__file__).parents[3]
SCOPES = {path.stem: load_scope(path.read_bytes()) for path in (ROOT / "examples" / "scopes").glob("*.yaml")}


def review(program: str, scope: str = "data-analysis") -> RulesReport:
    return analyse(read_program(program.encode()), SCOPES[scope], ["sales.csv"])


HONEST = [
    "import pandas as pd\ndf = pd.read_csv('sales.csv')\nprint(df.groupby('region').price.mean())",
    "import matplotlib\nmatplotlib.use('Agg')\nfrom matplotlib import pyplot as plt\nplt.savefig('x.png')",
    "if __name__ == '__main__':\n    print(1)",
    "class A:\n    def __init__(self):\n        super().__init__()",
    "class A:\n    def __repr__(self):\n        return type(self).__name__",
    "with open('out.csv', 'w') as f:\n    f.write('x')",
    "import pandas as pd\nlimit = 3\npd.DataFrame().query('price > @limit and region == \"x\"')",
    "from datetime import datetime\nimport datetime as dt\nprint(dt.datetime.now(), datetime.now())",
    "import numpy as np\nnp.random.seed(0)\nx = np.random.random(10)\nprint(np.linalg.norm(x), np.copy(x))",
    "import statsmodels.formula.api as smf\nprint(smf.ols('y ~ x + np.log(z)', data=None).fit().summary())",
    "while True:\n    try:\n        break\n    except ValueError:\n        pass",
    "import io\nimport pandas as pd\npd.read_csv(io.StringIO('a,b'))",
    "import pandas as pd\ndf = pd.DataFrame({'system': [1]})\nprint(df.system.mean())",
    "import numpy as np\nprint(np.array([1]).agg({'a': np.mean}))",
    "from sklearn.datasets import load_iris\nprint(load_iris().data.shape)",
    "# compute the model's output and return a safe value\nx = 1",
    "import re\nprint(re.compile('x').sub('a', 'b'))",
]


@pytest.mark.parametrize("program", HONEST)
def test_an_honest_program_has_no_finding_that_stops_it(program: str) -> None:
    assert [found for found in review(program).findings if found.severity >= Severity.MEDIUM] == []


AUTOMATION = [
    ("import os\nos.rename('a.txt', 'b.txt')", True),
    ("import os\nos.remove('/etc/hosts')", False),
    ("import os\nprint(os.environ)", False),
    ("import os\nos.system('ls')", True),
    ("import os\nos.system('id')", False),
    ("import sys\nprint(sys.modules)", False),
    ("import subprocess\nsubprocess.run(['git', 'status'])", True),
    ("import subprocess\nsubprocess.run('git status', shell=True)", True),
    ("import subprocess\nsubprocess.run('git status; id', shell=True)", False),
    ("import subprocess as s\nrun = s.run\nrun(['curl', 'x'])", False),
    ("import requests\nrequests.get('https://api.example.com/v1')", True),
    ("import requests\nrequests.get('https://api.example.com.evil.org/')", False),
    ("import requests\nrequests.get('https://api.example.com@evil.org/')", False),
    ("from pathlib import Path\nprint((Path('data') / 'x.csv').read_text())", True),
    ("from pathlib import Path\nprint((Path('/etc') / 'passwd').read_text())", False),
]


@pytest.mark.parametrize(("program", "passes"), AUTOMATION)
def test_a_wider_scope_allows_what_it_names_and_no_more(program: str, passes: bool) -> None:
    assert any(found.denies for found in review(program, "automation").findings) is not passes


def test_a_check_that_breaks_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_subject: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(analysis, "CHECKS", (broken,))
    report = review("x = 1")
    assert not report.complete
    assert [found.rule_id for found in report.findings if found.denies] == ["rules.failed"]


def test_capabilities_say_what_a_program_needs() -> None:
    report = review("import pandas as pd\npd.read_csv('sales.csv').to_csv('out.csv')")
    assert report.capabilities == ("fs.read:inputs", "fs.write:outputs", "import:pandas")
    assert not report.pure
    assert review("import math\nprint(math.pi)", "pure-compute").pure


def test_the_page_equals_the_rules() -> None:
    assert (ROOT / "docs" / "rules.md").read_text("utf-8") == document()


def test_every_rule_id_has_three_parts_or_is_about_the_rules() -> None:
    assert all(rule.rule_id.count(".") == 2 or rule.rule_id == "rules.failed" for rule in RULES)
