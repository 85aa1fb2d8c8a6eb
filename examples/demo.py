"""`make demo`: start the stack, solve the tasks of tasks.yaml with the `placet` command, verify the log.

Everything shown comes from the command line that users have; this file only calls it and checks
that each task ended as tasks.yaml expects. It exits with 1 when one did not.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
PLACET = Path(sys.executable).with_name("placet")
EXIT_CODES = {"done": 0, "denied": 1, "needs_review": 2}


def placet(state: Path, *arguments: str) -> int:
    """Run one `placet` command in the open: print it as a user would type it, then its output."""
    shown = " ".join(f"'{a}'" if " " in a else a for a in arguments)
    print(f"\n\033[1m$ placet {shown}\033[0m", flush=True)
    return subprocess.run([PLACET, "--state", state, *arguments], cwd=HERE.parent, check=False).returncode


def solve(state: Path, out: Path, task: dict[str, str]) -> bool:
    """Solve one task; true when it ended as expected."""
    code = placet(
        state,
        "solve",
        task["task"],
        "--scope",
        task["scope"],
        "--input",
        f"examples/{task['input']}",
        "--out",
        str(out / task["name"]),
    )
    as_expected = code == EXIT_CODES[task["expect"]]
    verdict = "as expected" if as_expected else f"but {task['expect']} was expected"
    print(f"-- {task['name']}: exit code {code}, {verdict}", flush=True)
    return as_expected


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="where the stack keeps its state")
    parser.add_argument("--keep", action="store_true", help="leave the stack running")
    options = parser.parse_args()
    state: Path = options.state.resolve()
    tasks = yaml.safe_load((HERE / "tasks.yaml").read_text())
    started = time.monotonic()
    if placet(state, "up", "--detach") != 0:
        return 1
    print(f"-- the stack is up after {time.monotonic() - started:.1f} s", flush=True)
    try:
        results = [solve(state, state / "out", task) for task in tasks]
        results.append(placet(state, "audit", "verify") == 0)
    finally:
        if not options.keep:
            placet(state, "down")
    print(f"\n{sum(results)} of {len(results)} steps ended as expected. State, log and outputs: {state}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
