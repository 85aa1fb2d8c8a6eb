"""Attack: a file that chooses the code to run."""

import pytest

from guard_svc.intake import read_program
from guard_svc.rules import analyse
from tests.fakes.scopes import DATA_ANALYSIS

ATTACKS = [
    "import pandas as pd\npd.read_pickle('x')",
    "import numpy as np\nnp.load('x', allow_pickle=True)",
    "import numpy as np\nnp.load('x', **{'allow_pickle': True})",
    "import pandas as pd\npd.read_hdf('x')",
    "import numpy as np\nf = np.load\nf('x', None, 1)",
]


@pytest.mark.parametrize("program", ATTACKS)
def test_unpickle_is_denied(program: str) -> None:
    report = analyse(read_program(program.encode()), DATA_ANALYSIS, ["sales.csv"])
    assert "threat.dynamic.unpickle" in {found.rule_id for found in report.findings if found.denies}
