"""A control group per run where one can be made: the bound on memory and threads, the count of both, and the
share of the processors.

Knows cgroup v1 and v2 and that often there is neither; then the caller must watch memory itself. Trusted side
only.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import time
from dataclasses import dataclass
from pathlib import Path

MOST_THREADS = 96
"""Of one run at one time. The kernel refuses more; where it does not, the run is ended."""

BEGINNING = {1: ("cpu.shares", "335"), 2: ("cpu.weight", "33")}
"""A run's share of busy processors: a third of what the services have (1024 or 100), however many threads it
has. So much as a process of nice 5."""
COMPUTING = {1: ("cpu.shares", "70"), 2: ("cpu.weight", "7")}
"""The share of one that has computed for a while; so much as a process of nice 12."""

_PREFIX = "placet-"
_NEAR_BYTES = 1 << 20
_numbers = itertools.count()


@dataclass(frozen=True)
class Hierarchy:
    """Where groups are made: below these directories.

    `pids` is None where threads cannot be counted, `cpu` where processors cannot be shared out.
    """

    version: int
    memory: Path
    pids: Path | None
    cpu: Path | None = None


class RunGroup:
    """One run's group. Everything is best effort except `attach` and `limit`, which raise OSError."""

    def __init__(self, version: int, memory: Path, pids: Path | None, cpu: Path | None = None) -> None:
        """The group's directories; with v2 they are one."""
        self._version = version
        self._memory = memory
        self._pids = pids
        self._cpu = cpu
        self.counts = self.peak() is not None and self.most_threads() is not None  # else somebody has to look

    @property
    def version(self) -> int:
        """1 or 2."""
        return self._version

    def attach(self, *pids: int) -> None:
        """Move processes in. Raises OSError."""
        for directory in self._directories():
            for pid in pids:
                _write(directory / "cgroup.procs", str(pid))

    def limit(self, memory_bytes: int) -> None:
        """Set the bound on memory, swap included where the kernel counts it. Raises OSError."""
        value = str(memory_bytes)
        if self._version == 2:
            _write(self._memory / "memory.max", value)
            _try_write(self._memory / "memory.swap.max", "0")
            return
        _write(self._memory / "memory.limit_in_bytes", value)
        _try_write(self._memory / "memory.memsw.limit_in_bytes", value)

    def step_back(self) -> None:
        """Leave the processors to services, and to runs that have just begun, as far as they want them."""
        if self._cpu is not None:
            _share(self._cpu, COMPUTING[self._version])

    def kill(self) -> None:
        """SIGKILL for everything in it, where the kernel has one call for that. Does not wait."""
        if self._version == 2:
            _try_write(self._memory / "cgroup.kill", "1")

    def out_of_memory(self) -> bool:
        """Whether the kernel killed something of this group because the group had reached its bound."""
        return self._killed_for_memory() and self._reached_bound()

    def starved(self) -> bool:
        """Whether the kernel killed something of this group for memory that others had taken."""
        return self._killed_for_memory() and not self._reached_bound()

    def peak(self) -> int | None:
        """Most bytes ever charged, or None where the kernel does not say."""
        return _number(self._memory / ("memory.peak" if self._version == 2 else "memory.max_usage_in_bytes"))

    def most_threads(self) -> int | None:
        """Most threads at one time, or None where the kernel does not say (before 6.1)."""
        return _number(self._pids / "pids.peak") if self._pids is not None else None

    def remove(self) -> None:
        """Remove the (empty) group; a group that is still busy is swept at close or at the next start."""
        for directory in self._directories():
            for _ in range(5):
                try:
                    directory.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.001)

    def _directories(self) -> set[Path]:
        return {self._memory, *filter(None, (self._pids, self._cpu))}

    def _killed_for_memory(self) -> bool:
        name = "memory.events" if self._version == 2 else "memory.oom_control"
        return _field(self._memory / name, "oom_kill") > 0

    def _reached_bound(self) -> bool:
        if self._version == 2:
            return _field(self._memory / "memory.events", "oom") > 0
        # Not failcnt, which newer kernels leave at 0. What did not fit may have been more than a page.
        bound, most = _number(self._memory / "memory.limit_in_bytes"), self.peak()
        return bound is not None and most is not None and most > bound - _NEAR_BYTES


def create() -> RunGroup | None:
    """A fresh group, or None where this machine does not let us."""
    where = hierarchy()
    if where is None:
        return None
    name = f"{_PREFIX}{process_mark(os.getpid())}-{next(_numbers)}"
    memory = where.memory / name
    try:
        memory.mkdir()
    except OSError:
        return None
    if where.version == 1:
        pids = _make(where.pids, name, ("pids.max", str(MOST_THREADS)))
        return RunGroup(1, memory, pids, _make(where.cpu, name, BEGINNING[1]))
    _try_write(memory / "pids.max", str(MOST_THREADS))
    _try_write(memory / "memory.oom.group", "1")
    if where.cpu is not None:
        _share(memory, BEGINNING[2])
    return RunGroup(2, memory, where.pids and memory, where.cpu and memory)


def sweep(*, ours: bool) -> None:
    """Remove empty groups of executors that no longer live, and with `ours` those of this process too.

    What such an executor ran has died with it; a group with a living process is somebody else's.
    """
    own, where = process_mark(os.getpid()), hierarchy()
    if where is None:
        return
    for parent in {where.memory, *filter(None, (where.pids, where.cpu))}:
        for directory in parent.glob(f"{_PREFIX}*"):
            mark = "-".join(directory.name.removeprefix(_PREFIX).split("-")[:2])
            pid = mark.split("-")[0]
            alive = pid.isdigit() and process_mark(int(pid)) == mark
            if not alive or (ours and mark == own):
                with contextlib.suppress(OSError):
                    directory.rmdir()


def process_mark(pid: int) -> str | None:
    """ "pid-starttime": names a process for ever; None if there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return f"{pid}-{fields[19]}"


@functools.cache
def hierarchy() -> Hierarchy | None:
    """Where this process may make groups, if anywhere. To be asked before it has children."""
    try:
        return find(Path("/proc/self"))
    except OSError:
        return None


def find(proc: Path) -> Hierarchy | None:
    """The same for the process of a /proc directory. Raises OSError.

    v1 says only when a group is made whether it may be; with v2 we move into a group of our own first.
    """
    own = _own_groups(proc)
    if "memory" in own:
        return Hierarchy(1, own["memory"], own.get("pids"), own.get("cpu"))
    return _delegated(own[""]) if "" in own else None


def _own_groups(proc: Path) -> dict[str, Path]:
    """Controller ("" for v2) to the directory of the process's group, as far as it is mounted here."""
    mounts: dict[str, tuple[str, str]] = {}
    for line in (proc / "mountinfo").read_text().splitlines():
        mount, _, system = line.partition(" - ")
        root, point = mount.split()[3:5]
        kind, _source, options = system.split(" ", 2)
        if kind == "cgroup2":
            mounts[""] = (root, point)
        elif kind == "cgroup":
            mounts.update(dict.fromkeys(options.split(","), (root, point)))
    groups = {}
    for line in (proc / "cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            root, point = mounts.get(controller, ("", ""))
            if point and ".." not in path.split("/") and Path(path).is_relative_to(root):
                groups[controller] = Path(point) / Path(path).relative_to(root)
    return groups


def _delegated(own: Path) -> Hierarchy | None:
    """Our own v2 group as the place for others, if it was given to us to divide. Raises OSError.

    A group with processes in it can give its children no controller: so we go into one of the children. If
    that does not empty it, the group is not ours alone, and everything stays as it was.
    """
    available = (own / "cgroup.controllers").read_text().split()
    if "memory" not in available:
        return None
    wanted = [name for name in ("memory", "pids") if name in available]
    me = str(os.getpid())
    inner = own / f"{_PREFIX}{process_mark(os.getpid())}-executor"
    inner.mkdir()
    try:
        _write(inner / "cgroup.procs", me)
        _write(own / "cgroup.subtree_control", " ".join(f"+{name}" for name in wanted))
    except OSError:
        _try_write(own / "cgroup.procs", me)
        inner.rmdir()
        return None
    # By itself: the kernel refuses it beside real-time processes, and memory is bounded all the same then.
    with_cpu = "cpu" in available and _try_write(own / "cgroup.subtree_control", "+cpu")
    return Hierarchy(2, own, own if "pids" in wanted else None, own if with_cpu else None)


def _make(parent: Path | None, name: str, setting: tuple[str, str]) -> Path | None:
    """A group with this setting, or None where it cannot be made."""
    if parent is None:
        return None
    directory = parent / name
    try:
        directory.mkdir()
        _write(directory / setting[0], setting[1])
    except OSError:
        return None
    return directory


def _share(directory: Path, setting: tuple[str, str]) -> None:
    _try_write(directory / setting[0], setting[1])


def _write(path: Path, text: str) -> None:
    """Into a file that the kernel has made; never makes one. Raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


def _try_write(path: Path, text: str) -> bool:
    with contextlib.suppress(OSError):
        _write(path, text)
        return True
    return False


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _field(path: Path, name: str) -> int:
    """The number beside `name` in a file of such lines; 0 where there is none."""
    with contextlib.suppress(OSError, ValueError):
        for line in path.read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return 0
