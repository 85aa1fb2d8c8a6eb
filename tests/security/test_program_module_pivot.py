"""Attack: a library's internals lead to the operating system."""

import pytest

from guard_svc.intake import read_program
from guard_svc.rules import analyse
from tests.fakes.scopes import DATA_ANALYSIS

ATTACKS = [
    "import random\nrandom._os.system('id')",
    "import pandas as pd\npd.io.common.os.system('id')",
    "import statistics\nstatistics.sys.modules",
    "import json\njson.codecs.open('x')",
    "import numpy as np\nx = getattr(np, 'ctypes' + 'lib')",
    "import pandas as pd\nx = [pd]\nx[0].io.common",
    "import pandas as pd\nclass A:\n    m = pd\nA.m.io.common",
    "from statistics import sys",
    "import enum\nenum.bltns.eval('1')",
    "import matplotlib.pyplot as plt\nplt.sys.modules",
]


@pytest.mark.parametrize("program", ATTACKS)
def test_module_pivot_is_denied(program: str) -> None:
    report = analyse(read_program(program.encode()), DATA_ANALYSIS, ["sales.csv"])
    assert "threat.introspection.module" in {found.rule_id for found in report.findings if found.denies}
