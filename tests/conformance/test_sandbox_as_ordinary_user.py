"""The same sandbox when the executor itself is not root: namespaces come from a user namespace of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conformance.sandbox_kit import PYTHON, ordinary_user, reachable_python

SCRIPT = """
import asyncio, dataclasses, sys
sys.path[:0] = sys.argv[3:]
from pathlib import Path
from executor_svc.sandbox import InputFile, RunLimits, open_sandbox

LIMITS = RunLimits(20, 10, 128, 64, 8, 4)
TAMPER = b'''
import os
for attempt in (lambda: open("a", "w"), lambda: os.remove("a"), lambda: os.chmod("a", 0o777),
                lambda: os.rename("a", "b"), lambda: os.rename("new", "a")):
    open("new", "w").write("made")
    try:
        attempt()
        print("CHANGED")
    except OSError:
        pass
print(open("a").read(), os.getuid())
'''

async def main():
    async def out(stream, data):
        print(data.decode(), end="", flush=True)
    sandbox = open_sandbox(Path(sys.argv[1]), min_tier=sys.argv[2], max_tier=sys.argv[2], preload=())
    await sandbox.start()
    result = await sandbox.run(TAMPER, [InputFile.of("a", b"intact")], LIMITS, out)
    print(result.status, [(a.name, a.content) for a in result.artifacts])
    async def drop(stream, data): pass
    floods = (b"open('f', 'wb').write(bytes(9 << 20))", b"x = bytearray(10**9)", b"while True: print(1)")
    for program in floods:
        print((await sandbox.run(program, [], LIMITS, drop)).status)
    await sandbox.close()

asyncio.run(main())
"""
ENDS = ["EXITED [('new', b'made')]", "DISK_EXCEEDED", "MEMORY_EXCEEDED", "OUTPUT_EXCEEDED"]


def _as_user(python: Path, tier: str) -> subprocess.CompletedProcess[str]:
    """Run the script as somebody who owns nothing, with an interpreter that somebody can read."""
    return subprocess.run(
        ordinary_user(4321, SCRIPT, python, tier),
        cwd="/",
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def _shared() -> Path:
    if not PYTHON.exists():
        pytest.skip("no sandbox interpreter: run `make setup`")
    return reachable_python()


def test_namespaces_without_root_keep_every_promise() -> None:
    done = _as_user(_shared(), "T1")
    if "not permitted" in done.stderr:
        pytest.skip("user namespaces are not allowed here")
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["intact 65534", *ENDS]


def test_without_namespaces_the_inputs_are_never_taken_for_artifacts() -> None:
    done = _as_user(_shared(), "T0")
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[-3:] == ENDS[1:]
    assert "'a'" not in lines[-4]
