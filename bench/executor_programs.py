"""The programs that the executor's bench runs: a trivial one, one that never ends, bombs, and a real job.

Text only; nothing is run here.
"""

from __future__ import annotations

import random
from typing import Final

TRIVIAL: Final = "print(1)\n"
HONEST: Final = "import pandas as pd\nprint(pd.Series(range(1000)).mean())\n"
ENDLESS: Final = "print(1)\nwhile True:\n    pass\n"
BOMBS: Final = {
    "fork": """\
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
""",
    "memory": """\
held = []
while True:
    held.append(b"x" * (1 << 20))
""",
    "output": """\
while True:
    print("x" * 10000)
""",
    "file": """\
number = 0
while True:
    number += 1
    with open(f"file-{number}", "w") as file:
        file.write("x" * 100000)
""",
}
"""Each goes on until a limit ends it."""
GRANTS: Final = {
    TRIVIAL: (),
    HONEST: ("import:pandas",),
    ENDLESS: (),
    BOMBS["fork"]: ("import:os",),
    BOMBS["memory"]: (),
    BOMBS["output"]: (),
    BOMBS["file"]: ("fs.write:outputs",),
}
"""What a guard would have seen in them; without a grant to write there is no file to bomb with."""

TABLE: Final = "table.csv"
PLOT: Final = "means.png"
JOB: Final = f"""\
import matplotlib.pyplot as plt
import pandas as pd

table = pd.read_csv("{TABLE}")
means = table.groupby("region").mean(numeric_only=True)
print(means.round(2).to_string())
means.plot(kind="bar", figsize=(8, 4))
plt.tight_layout()
plt.savefig("{PLOT}")
"""
JOB_GRANTS: Final = ("fs.read:inputs", "fs.write:outputs", "import:matplotlib", "import:pandas")
_ROWS: Final = 100_000
_NUMBERS: Final = 9


def table() -> bytes:
    """A CSV file of 100,000 rows and ten columns, always the same."""
    chance = random.Random(7)
    lines = ["region," + ",".join(f"x{number}" for number in range(_NUMBERS))]
    for _ in range(_ROWS):
        numbers = ",".join(f"{chance.gauss(100, 15):.3f}" for _ in range(_NUMBERS))
        lines.append(f"region-{chance.randrange(20)},{numbers}")
    return ("\n".join(lines) + "\n").encode()
