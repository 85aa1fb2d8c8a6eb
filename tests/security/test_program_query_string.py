"""Attack: code inside the strings that pandas and patsy evaluate."""

import pytest

from guard_svc.intake import read_program
from guard_svc.rules import analyse
from tests.fakes.scopes import DATA_ANALYSIS

ATTACKS = [
    "import pandas as pd\npd.DataFrame().query('@pd.io.common.os.system(\"id\")')",
    "import pandas as pd\npd.eval('__import__(\"os\")')",
    "import pandas as pd\nq = '@x.' + 'to_csv(\"y\")'\npd.DataFrame().query(q)",
    "import statsmodels.formula.api as smf\nsmf.ols('y ~ open(\"/etc/passwd\")', None)",
]


@pytest.mark.parametrize("program", ATTACKS)
def test_query_string_is_denied(program: str) -> None:
    report = analyse(read_program(program.encode()), DATA_ANALYSIS, ["sales.csv"])
    assert "threat.dynamic.expression" in {found.rule_id for found in report.findings if found.denies}
