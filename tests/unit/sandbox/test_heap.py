"""The heap of a zygote: what is allocated after its gaps are filled lies together."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

HEAP = Path(__file__).parents[3] / "executor_svc" / "sandbox" / "heap.py"
_PROGRAM = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("heap", sys.argv[1])
heap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(heap)

sizes = (40, 120, 300, 900, 3000)
held = [bytes(size) for _ in range(4000) for size in sizes]
highest = max(map(id, held))
del held[::2]  # a gap beside each that is left
taken = heap.fill_gaps() if sys.argv[2] == "fill" else 0
new = [bytes(size) for _ in range(500) for size in sizes]
print(json.dumps({"taken": taken, "in_gaps": sum(id(each) < highest for each in new), "new": len(new)}))
"""


def told(how: str) -> dict[str, int]:
    """What a fresh interpreter says that has the zygote's allocator."""
    command = [sys.executable, "-S", "-c", _PROGRAM, str(HEAP), how]
    environment = {**os.environ, "PYTHONMALLOC": "malloc"}
    found = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    answer: dict[str, int] = json.loads(found.stdout)
    return answer


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc says where its heap's end is free")
def test_what_is_allocated_after_the_gaps_are_filled_lies_at_the_end() -> None:
    before, after = told("leave"), told("fill")
    assert before["in_gaps"] > before["new"] * 0.9  # else the test would show nothing
    assert after["taken"] > 4000 * sum((40, 120, 300, 900, 3000)) // 4
    assert after["in_gaps"] == 0
