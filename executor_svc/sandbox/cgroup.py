"""A control group per run where one is writable: the hard bound on memory and threads.

Knows cgroup v1 and v2 and that often there is neither; then the caller must watch memory itself. Trusted side
only.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from pathlib import Path

_PREFIX = "placet-"
_MOST_PIDS = 96
_numbers = itertools.count()


def process_mark(pid: int) -> str | None:
    """ "pid-starttime": names a process for ever; None if there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return f"{pid}-{fields[19]}"


def _own_paths() -> dict[str, Path]:
    """Controller ("" for v2) to this process's group directory."""
    paths = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            base = Path("/sys/fs/cgroup") / controller
            paths[controller] = base / path.lstrip("/")
    return paths


class RunGroup:
    """One run's group. All methods are best effort after creation except `limit`, which raises OSError."""

    def __init__(self, memory: Path, pids: Path | None, version: int) -> None:
        self._memory = memory
        self._pids = pids
        self._version = version

    @property
    def version(self) -> int:
        """1 or 2."""
        return self._version

    def attach(self, *pids: int) -> None:
        """Move processes in. Raises OSError."""
        for directory in {self._memory, self._pids or self._memory}:
            for pid in pids:
                (directory / "cgroup.procs").write_text(str(pid))

    def limit(self, memory_bytes: int) -> None:
        """Set the bound. Raises OSError."""
        if self._version == 2:
            (self._memory / "memory.max").write_text(str(memory_bytes))
            with contextlib.suppress(OSError):
                (self._memory / "memory.swap.max").write_text("0")
            return
        (self._memory / "memory.limit_in_bytes").write_text(str(memory_bytes))

    def out_of_memory(self) -> bool:
        """Whether the kernel killed something of this group for memory."""
        name = "memory.events" if self._version == 2 else "memory.oom_control"
        with contextlib.suppress(OSError):
            for line in (self._memory / name).read_text().splitlines():
                key, _, value = line.partition(" ")
                if key == "oom_kill":
                    return int(value) > 0
        return False

    def peak(self) -> int | None:
        """Most bytes ever charged, or None where the kernel does not say."""
        name = "memory.peak" if self._version == 2 else "memory.max_usage_in_bytes"
        try:
            return int((self._memory / name).read_text())
        except (OSError, ValueError):
            return None

    def remove(self) -> None:
        """Remove the (empty) group; a group that is still busy is swept at close or at the next start."""
        for directory in {self._memory, self._pids or self._memory}:
            for _ in range(5):
                try:
                    directory.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.001)


def create() -> RunGroup | None:
    """A fresh group below our own, or None where this machine does not let us."""
    try:
        paths = _own_paths()
        name = f"{_PREFIX}{process_mark(os.getpid())}-{next(_numbers)}"
        if "memory" in paths:
            memory = paths["memory"] / name
            memory.mkdir()
            return RunGroup(memory, _create_pids(paths, name), 1)
        memory = paths[""] / name
        memory.mkdir()
        if not (memory / "memory.max").exists():
            memory.rmdir()
            return None
        if (memory / "pids.max").exists():
            (memory / "pids.max").write_text(str(_MOST_PIDS))
        return RunGroup(memory, None, 2)
    except (OSError, KeyError):
        return None


def _create_pids(paths: dict[str, Path], name: str) -> Path | None:
    if "pids" not in paths:
        return None
    directory = paths["pids"] / name
    try:
        directory.mkdir()
        (directory / "pids.max").write_text(str(_MOST_PIDS))
    except OSError:
        return None
    return directory


def sweep(*, ours: bool) -> None:
    """Remove empty groups of executors that no longer live, and with `ours` those of this process too."""
    own = process_mark(os.getpid())
    with contextlib.suppress(OSError):
        for parent in set(_own_paths().values()):
            for directory in parent.glob(f"{_PREFIX}*"):
                mark = "-".join(directory.name.removeprefix(_PREFIX).split("-")[:2])
                pid = mark.split("-")[0]
                alive = pid.isdigit() and process_mark(int(pid)) == mark
                if not alive or (ours and mark == own):
                    with contextlib.suppress(OSError):
                        directory.rmdir()
