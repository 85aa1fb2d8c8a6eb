"""An array over a buffer that is taken for objects reads any address; over numbers it is only a view."""

import pytest

from guard_svc.intake import read_program
from guard_svc.rules import analyse
from tests.fakes.guard_world import scope

HEAD = "import numpy as np\nnumbers = np.array([1, 2, 3])\n"


def denied(line: str) -> bool:
    found = analyse(read_program((HEAD + line).encode()), scope()).findings
    return any(finding.denies for finding in found)


@pytest.mark.parametrize(
    "line",
    [
        "np.ndarray((1,), dtype=object, buffer=numbers)",
        "np.ndarray((1,), object, numbers)",
        "np.ndarray((1,), 'O', numbers)",
        "np.ndarray((1,), 'int64,O', numbers)",
        "np.ndarray((1,), np.dtype([('a', 'O')]), numbers)",
        "make = np.ndarray\nmake((1,), dtype=np.object_, buffer=numbers)",
        "np.ndarray(*[(1,), object, numbers])",
        "np.ndarray(**{'shape': 1, 'dtype': object, 'buffer': numbers})",
        "np.ndarray((1,), dtype=input(), buffer=numbers)",
    ],
)
def test_a_buffer_that_is_not_numbers_is_denied(line: str) -> None:
    assert denied(line)


@pytest.mark.parametrize(
    "line",
    [
        "np.ndarray((2, 2))",
        "np.ndarray(shape=(2,), dtype=object)",
        "np.ndarray((3,), dtype=np.int64, buffer=numbers)",
        "np.ndarray((3,), 'float64', numbers)",
        "print(isinstance(numbers, np.ndarray))",
    ],
)
def test_a_view_of_numbers_is_not(line: str) -> None:
    assert not denied(line)


@pytest.mark.parametrize(
    "line",
    [
        "import warnings\nwarnings.catch_warnings()._module.sys.modules",
        "copyright._Printer__setup()",
        "license._Printer__filenames = ['x']",
        "import statsmodels.api as sm\nsm.show_versions()",
    ],
)
def test_what_objects_hide_of_their_modules_is_denied(line: str) -> None:
    assert denied(line)
