"""A worker's lives: what is wiped between two of them, and how the next one begins in the same process.

Knows the process and its scratch directory. With what cannot be wiped nobody lives: then the process exits,
and whoever started it starts another.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from executor_svc.sandbox import hostbox

MODULE = "executor_svc.worker"
_TOLD_TO_STOP = frozenset({signal.SIGTERM})
_DYING_S = 5.0
"""How long a process that was killed may take to be dead."""


class LeftOver(Exception):  # noqa: N818 - says what there is
    """Something of the last lease cannot be removed, so that the next one must not begin here."""


@dataclass(frozen=True)
class Life:
    """Runs of the lives before this one, and when the first began: monotonic seconds, which outlast exec."""

    runs: int
    since: float

    @classmethod
    def of(cls, arguments: list[str]) -> Life:
        """What the life before left behind in the arguments; a first one without any."""
        parser = argparse.ArgumentParser(
            prog=f"python -m {MODULE}", description="Settings are environment variables: docs/workers.md."
        )
        parser.add_argument("--runs", type=int, default=0, help="runs before this life; for itself")
        parser.add_argument("--since", type=float, default=time.monotonic(), help="likewise, its beginning")
        found = parser.parse_args(arguments)
        return cls(found.runs, found.since)

    def after(self, runs: int) -> Life:
        """The next one."""
        return replace(self, runs=self.runs + runs)

    def begin(self) -> NoReturn:
        """Become this life: a new program in the old process, with nothing but standard streams open."""
        keep_told()
        for handle in _numbers(Path("/proc/self/fd")):
            if handle > 2:
                with contextlib.suppress(OSError):  # the one that listed them
                    os.set_inheritable(handle, False)
        before = sys.orig_argv[: sys.orig_argv.index(MODULE) + 1]
        arguments = [*before, "--runs", str(self.runs), "--since", repr(self.since)]
        os.execv(sys.executable, arguments)  # noqa: S606 - what was started, with our own words


def keep_told() -> None:
    """From now on a SIGTERM waits for `heed`, of this life or the next: nobody hears it meanwhile.

    As process 1 it would otherwise be lost. Call it while the event loop, which heard it till then, is open.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _TOLD_TO_STOP)


def heed() -> None:
    """From now on SIGTERM ends the process, also as process 1; `serve` takes over from here."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _TOLD_TO_STOP)


def fresh_scratch(directory: Path) -> Path:
    """Remove what lies in `directory`/scratch, and have every temporary file made there from now on.

    Raises LeftOver when something in it cannot be removed.
    """
    scratch = directory / "scratch"
    try:
        hostbox.remove(scratch)
        scratch.mkdir()
        scratch.chmod(0o711)  # a program's user goes through it and cannot list it
    except OSError as error:
        raise LeftOver(f"the scratch directory cannot be emptied: {error}") from error
    tempfile.tempdir = os.environ["TMPDIR"] = str(scratch)
    return scratch


def require_alone() -> None:
    """Once the sandbox is closed: no process of it is left, and in a container none at all.

    Waits for what has been killed and is not dead yet. Raises LeftOver.
    """
    until = time.monotonic() + _DYING_S
    while left := _others():
        if time.monotonic() > until:
            raise LeftOver(f"of the last lease there is still {left}")
        time.sleep(0.01)


def _others() -> str:
    """What lives beside this process; children that are dead are taken leave of."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return "a process of the sandbox"
    others = [pid for pid in _numbers(Path("/proc")) if pid != 1] if os.getpid() == 1 else []
    return f"other processes in the container: {others}" if others else ""


def _numbers(directory: Path) -> list[int]:
    return [int(entry.name) for entry in directory.iterdir() if entry.name.isdigit()]
