"""`python -m placet.local --state DIR`: the supervisor in the foreground, as `placet up` starts it."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from placet.local.errors import StackError
from placet.local.layout import default_state
from placet.local.stack import FAILED, LocalStack


def main() -> int:
    """Run a stack until it is told to stop: 0, or 1 with a sentence when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m placet.local", description=__doc__)
    parser.add_argument("--state", type=Path, default=default_state(), help="where the stack keeps its state")
    parser.add_argument("--scopes", type=Path, help="directory of scope files to start with")
    options = parser.parse_args()
    stack = LocalStack(options.state, scopes=options.scopes)

    def report(name: str, state: str) -> None:
        print(f"{name}: {state}", file=sys.stderr, flush=True)
        if stack.layout.run.is_dir():
            with stack.layout.progress.open("a") as file:  # for the one that started us in the background
                file.write(json.dumps([name, state]) + "\n")

    try:
        asyncio.run(stack.up(report))
    except StackError as error:
        report("stack", f"{FAILED}{error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
