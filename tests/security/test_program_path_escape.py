"""Attack: a path that leaves the working directory, assembled or passed along."""

import pytest

from guard_svc.intake import read_program
from guard_svc.rules import analyse
from tests.fakes.scopes import DATA_ANALYSIS

ATTACKS = [
    "open('/etc/passwd')",
    "import pandas as pd\npd.read_csv('../x.csv')",
    "import pandas as pd\np = '/etc/' + 'passwd'\npd.read_csv(p)",
    "import pandas as pd\ndef r(p):\n    return pd.read_csv(p)\nr('/etc/passwd')",
    "name = input()\nopen(f'/home/{name}/x')",
    "import numpy as np\nnp.memmap('/dev/mem')",
    "import matplotlib.pyplot as plt\nplt.savefig('/tmp/x.png')",
    "import io\nio.open('~/.ssh/id_rsa')",
]


@pytest.mark.parametrize("program", ATTACKS)
def test_path_escape_is_denied(program: str) -> None:
    report = analyse(read_program(program.encode()), DATA_ANALYSIS, ["sales.csv"])
    assert "capability.file.outside" in {found.rule_id for found in report.findings if found.denies}
