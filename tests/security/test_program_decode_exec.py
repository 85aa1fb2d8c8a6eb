"""Attack: decoded text that is run."""

import pytest

from guard_svc.intake import read_program
from guard_svc.rules import analyse
from tests.fakes.scopes import DATA_ANALYSIS

ATTACKS = [
    "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))",
    "import zlib as z\nx = z.decompress(b'x')\neval(x)",
]


@pytest.mark.parametrize("program", ATTACKS)
def test_decode_exec_is_denied(program: str) -> None:
    report = analyse(read_program(program.encode()), DATA_ANALYSIS, ["sales.csv"])
    assert "threat.obfuscation.decode_exec" in {found.rule_id for found in report.findings if found.denies}
