"""A loaded interpreter that forks, ends and waits on request: what a fork costs on this machine.

Run by path in the sandbox interpreter: `python bare_zygote.py MODULE…`. It prints a line once the modules are
loaded; then each line "COUNT IN_FLIGHT" is answered with the nanoseconds that so many forks took, with at
most IN_FLIGHT children alive. Nothing here is tuned: it is the baseline. Standard library only.
"""

import gc
import importlib
import os
import sys
import time


def main() -> None:
    """Serve until standard input ends."""
    for name in sys.argv[1:]:
        importlib.import_module(name)
    gc.freeze()
    print("loaded", flush=True)
    for line in sys.stdin:
        count, in_flight = map(int, line.split())
        print(forks(count, in_flight), flush=True)


def forks(count: int, in_flight: int) -> int:
    """Nanoseconds from the first fork until the last child has been waited for."""
    alive = 0
    started = time.perf_counter_ns()
    for _ in range(count):
        if alive == in_flight:
            os.waitpid(-1, 0)
            alive -= 1
        if os.fork() == 0:
            os._exit(0)
        alive += 1
    for _ in range(alive):
        os.waitpid(-1, 0)
    return time.perf_counter_ns() - started


if __name__ == "__main__":
    main()
