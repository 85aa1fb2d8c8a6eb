"""What no run can hold, told from the program: each case beside an honest twin that is left alone."""

from pathlib import Path
from typing import Final

import pytest

from guard_svc.findings import Severity
from guard_svc.intake import read_program
from guard_svc.rules import analyse
from guard_svc.rules.patterns import is_explosive
from placet.scope import load_scope

SCOPE: Final = load_scope(
    (Path(__file__).parents[3] / "examples" / "scopes" / "data-analysis.yaml").read_bytes()
)

PAIRS: Final = {
    "runs away from its end": (
        "total = 1\nwhile total > 0:\n    total += 1",
        "total = 1\nwhile total < 9:\n    total += 1",
    ),
    "waits for what never changes": (
        "n, m = 0, 0\nwhile n < 9:\n    m += 1",
        "n, m = 0, 0\nwhile n < 9:\n    n, m = n + 1, m + 1",
    ),
    "lengthens its own list": (
        "jobs = [1]\nfor job in jobs:\n    jobs.append(job)",
        "jobs, done = [1], []\nfor job in jobs:\n    done.append(job)",
    ),
    "doubles a table": (
        "import pandas as pd\nt = pd.DataFrame()\nfor _ in range(60):\n    t = pd.concat([t, t])",
        "import pandas as pd\nt = u = pd.DataFrame()\nfor _ in range(60):\n    t = pd.concat([t, u])",
    ),
    "multiplies products": (
        "from functools import reduce\nimport numpy as np\nreduce(np.kron, [np.eye(64)] * 6)",
        "from functools import reduce\nimport numpy as np\nreduce(np.add, [np.eye(64)] * 6)",
    ),
    "calls itself twice": (
        "def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\nprint(f(90))",
        "def f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\nprint(f(12))",
    ),
    "collects orders": (
        "import itertools\nprint(sorted(itertools.permutations(range(15))))",
        "import itertools\nprint(sorted(itertools.permutations(range(5))))",
    ),
    "collects a product": (
        "import itertools\nx = list(itertools.product(range(50), repeat=8))",
        "import itertools\nx = list(itertools.product(range(5), repeat=3))",
    ),
    "collects without end": ("x = [n for n in iter(int, 1)]", "x = [n for n in iter([1, 2])]"),
    "loops without end": (
        "for n in iter(int, 1):\n    pass",
        "for n in iter(int, 1):\n    if n:\n        break",
    ),
    "prints a flood": ("print('=' * 100_000_000)", "print('=' * 80)"),
    "prints line after line": (
        "for n in range(10**9):\n    print(n)",
        "for n in range(10**3):\n    print(n)",
    ),
    "writes a flood": (
        "with open('o.csv', 'w') as f:\n    for n in range(10**8):\n        f.write('0,' * 1000)",
        "with open('o.csv', 'w') as f:\n    for n in range(10):\n        f.write('0,' * 1000)",
    ),
    "makes files": (
        "for n in range(200_000):\n    open(f'{n}.txt', 'w').write('x')",
        "for n in range(4):\n    open(f'{n}.txt', 'w').write('x')",
    ),
    "sleeps past its end": ("import time\ntime.sleep(10**6)", "import time\ntime.sleep(0.1)"),
    "unpacks a bomb": (
        "import zlib\nx = zlib.decompress(zlib.compress(b'0' * 30_000_000)) * 400",
        "import zlib\nx = zlib.decompress(zlib.compress(b'0' * 30)) * 4",
    ),
    "asks for digits": (
        "from decimal import getcontext\ngetcontext().prec = 50_000_000",
        "from decimal import getcontext\ngetcontext().prec = 50",
    ),
    "draws a wall": (
        "import matplotlib.pyplot as plt\nplt.figure(figsize=(300, 300))\nplt.savefig('a.png', dpi=2000)",
        "import matplotlib.pyplot as plt\nplt.figure(figsize=(12, 8))\nplt.savefig('a.png', dpi=300)",
    ),
    "searches everything": (
        "import numpy as np\nfrom sklearn.model_selection import ParameterGrid\n"
        "ParameterGrid({'a': np.linspace(0, 1, 1000), 'b': np.linspace(0, 1, 1000)})",
        "from sklearn.model_selection import ParameterGrid\nParameterGrid({'a': [1, 2], 'b': [3, 4]})",
    ),
    "counts milliseconds": (
        "import pandas as pd\npd.date_range('1900', '2100', freq='ms')",
        "import pandas as pd\npd.date_range('1900', '2100', freq='D')",
    ),
    "steps finely": (
        "import numpy as np\nx = np.arange(0, 1e6, 1e-6)",
        "import numpy as np\nx = np.arange(0, 1, 1e-3)",
    ),
    "repeats an index": (
        "import pandas as pd\npd.Index([1]).repeat(10**9)",
        "import pandas as pd\npd.Index([1]).repeat(10)",
    ),
    "counts nothing down": ("i = 10\nwhile i > 0:\n    print(i)", "i = 10\nwhile i > 0:\n    i -= 1"),
    "doubles a text": ("s = 'a'\nfor i in range(99):\n    s += s", "s = 1\nfor i in range(60):\n    s += s"),
    "sums an endless generator": (
        "def g():\n    while True:\n        yield 1\nsum(g())",
        "import itertools\ndef g():\n    while True:\n        yield 1\nsum(itertools.islice(g(), 3))",
    ),
    "makes a square of ones": ("import numpy as np\nnp.eye(10**6)", "import numpy as np\nnp.eye(10**2)"),
    "draws numbers": (
        "import numpy as np\nnp.random.default_rng(0).normal(size=(10**6, 10**6))",
        "import numpy as np\nnp.random.default_rng(0).normal(size=(10**3, 10**2))",
    ),
    "makes a tall table": (
        "import pandas as pd\npd.DataFrame({'a': range(10**9)})",
        "import pandas as pd\npd.DataFrame({'a': range(10**3)})",
    ),
    "asks for rounds": (
        "from scipy.optimize import differential_evolution as d\nd(abs, [(0, 1)], maxiter=10**9)",
        "from scipy.optimize import differential_evolution as d\nd(abs, [(0, 1)], maxiter=10**3)",
    ),
    "unpacks a named bomb": (
        "import zlib\nb = zlib.compress(b'0' * 30_000_000)\nx = zlib.decompress(b) * 400",
        "import zlib\nb = zlib.compress(b'0' * 300)\nx = zlib.decompress(b) * 4",
    ),
    "searches a text for ever": (
        "import re\nre.fullmatch(r'(([a-z])+.)+[A-Z]', 'a' * 50)",
        "import re\nre.fullmatch(r'([a-z]+-)+[A-Z]', 'a' * 50)",
    ),
    "searches a column for ever": (
        "import pandas as pd\npd.Series().str.replace(r'(x|xx|xxx)*$', '', regex=True)",
        "import pandas as pd\npd.Series().str.replace(r'(x|y)*$', '', regex=True)",
    ),
}


def weight(program: str) -> Severity:
    found = analyse(read_program(program.encode()), SCOPE).findings
    return max((finding.severity for finding in found), default=Severity.INFO)


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_what_no_run_can_hold_is_denied(name: str) -> None:
    assert weight(PAIRS[name][0]) >= Severity.HIGH


@pytest.mark.parametrize("name", sorted(PAIRS))
def test_its_honest_twin_is_left_alone(name: str) -> None:
    assert weight(PAIRS[name][1]) < Severity.MEDIUM


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"^(\w+\s?)*$", r"(.*)*x", r"((\d+)\s*)+x", r"([a-z]+)*\d"])
def test_a_pattern_that_divides_a_text_in_many_ways_is_explosive(pattern: str) -> None:
    assert is_explosive(pattern)


@pytest.mark.parametrize(
    "pattern",
    [r"(\d+,)+", r"(?:[a-z]+\.)+com", r"(?:\s+\w+)*", r"(?:[^\"]|\"\")*", r"\b(\w+)(\s+\1\b)+", "["],
)
def test_a_pattern_whose_rounds_are_told_apart_is_not(pattern: str) -> None:
    assert not is_explosive(pattern)
