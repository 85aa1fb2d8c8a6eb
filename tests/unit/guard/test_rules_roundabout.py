"""Effects that take a way around: a method by its name, a text in an annotation, a pickle from elsewhere."""

from pathlib import Path
from typing import Final

import pytest

from guard_svc.findings import Severity
from guard_svc.intake import read_program
from guard_svc.rules import analyse
from placet.scope import load_scope

SCOPES: Final = Path(__file__).parents[3] / "examples" / "scopes"

ROUNDABOUT: Final = {
    "a method by its name": "import operator\noperator.methodcaller('savefig', '/srv/a.png')(input())",
    "a method by getattr": "import pandas as pd\ngetattr(pd.DataFrame(), 'to_csv')('/srv/a.csv')",
    "an aggregation by name": "import pandas as pd\npd.DataFrame().agg('to_csv', path_or_buf='a.csv')",
    "a text in an annotation": "def f(x: \"print(__import__('os').getpid())\"):\n    return x",
    "a text as a result's type": "def f() -> 'open(1)':\n    return 1",
    "an opener": "open('sales.csv', opener=lambda path, flags: 3)",
    "a descriptor": "for n in range(3, 9):\n    open(n)",
    "a replaced member": "import pandas as pd\nsetattr(pd, 'read_csv', print)",
    "an address": "class A:\n    __array_interface__ = {'data': (1, False)}",
    "a library's own path": "import numpy as np\nprint(np.__file__)",
    "help": "help('posix.getpid')",
    "another alphabet": f"x = {'import os'.encode('cp1026')!r}.decode('cp1026')",
}


def heaviest(program: str, scope: str = "data-analysis") -> Severity:
    found = analyse(read_program(program.encode()), load_scope((SCOPES / f"{scope}.yaml").read_bytes()))
    return max((finding.severity for finding in found.findings), default=Severity.INFO)


@pytest.mark.parametrize("name", sorted(ROUNDABOUT))
def test_a_way_around_is_denied(name: str) -> None:
    assert heaviest(ROUNDABOUT[name]) >= Severity.HIGH


@pytest.mark.parametrize("annotation", ["'list[int]'", "'Frame | None'", "int", "'Callable[[int], str]'"])
def test_an_annotation_that_names_a_type_is_not(annotation: str) -> None:
    assert heaviest(f"def f(x: {annotation}):\n    return x") < Severity.MEDIUM


def test_a_pickle_that_the_program_did_not_write_goes_to_a_person() -> None:
    assert heaviest("import pickle\nprint(pickle.load(open('a.bin', 'rb')))", "automation") == Severity.MEDIUM


def test_a_pickle_is_denied_where_the_scope_does_not_list_it() -> None:
    assert heaviest("import pandas as pd\npd.read_pickle('a.bin')", "automation") >= Severity.HIGH
