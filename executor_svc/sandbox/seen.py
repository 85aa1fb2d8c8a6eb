"""What the kernel tells of a process, and of the machine's memory. Trusted side; knows no run."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

_STATUS = frozenset({"RssAnon", "RssShmem", "VmPTE", "VmRSS", "Threads"})


@dataclass(frozen=True)
class Seen:
    """What a process has at a moment: bytes of its own (of no file), bytes resident, threads."""

    own: int = 0
    resident: int = 0
    threads: int = 1


def see(pid: int) -> Seen:
    """All but nothing of a process that is gone."""
    found = {}
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in _STATUS:
                found[name] = int(value.split()[0])
    resident = found.get("VmRSS", 0)
    # Page tables too: they are all that it costs to read here and there in an empty mapping. Of a kernel that
    # does not tell whose memory it is (gVisor does not) the whole is watched.
    own = sum(found.get(name, 0) for name in ("RssAnon", "RssShmem", "VmPTE")) or resident
    return Seen(own * 1024, resident * 1024, found.get("Threads", 1))


def cpu_seconds(pid: int) -> float:
    """CPU time of all its threads, to the nanosecond; 0 for a process that is gone."""
    with contextlib.suppress(OSError):
        return time.clock_gettime((~pid << 3) | 2)  # what clock_getcpuclockid(3) answers
    return 0.0


def starved_on_machine() -> int:
    """How many processes the kernel has killed for memory, anywhere."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
