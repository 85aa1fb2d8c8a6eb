"""Attack: a reader or data set helper that uses the network."""

import pytest

from guard_svc.intake import read_program
from guard_svc.rules import analyse
from tests.fakes.scopes import DATA_ANALYSIS

ATTACKS = [
    "import pandas as pd\npd.read_csv('https://example.org/x')",
    "import pandas as pd\npd.read_html('http://example.org')",
    "import pandas as pd\npd.DataFrame().to_sql('a', None)",
    "import numpy as np\nnp.loadtxt('ftp://example.org/x')",
    "import pandas as pd\nu = ''.join(['ht', 'tps', '://e.org'])\npd.read_json(u)",
]


@pytest.mark.parametrize("program", ATTACKS)
def test_url_reader_is_denied(program: str) -> None:
    report = analyse(read_program(program.encode()), DATA_ANALYSIS, ["sales.csv"])
    assert "capability.network.connect" in {found.rule_id for found in report.findings if found.denies}
