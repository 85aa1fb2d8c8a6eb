"""One run tries to leave something for the next."""

from __future__ import annotations

import pytest

from executor_svc.sandbox import Sandbox
from tests.conformance.sandbox_kit import run, sandbox_fixture

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_nothing_written_by_one_run_is_seen_by_the_next(sandbox: Sandbox) -> None:
    leave = """
import builtins, os, sys, tempfile, json
builtins.left = json.left = sys.left = 1
os.environ["LEFT"] = "1"
open("left", "w").write("1")
open(os.path.join(tempfile.gettempdir(), "left"), "w").write("1")
sys.modules["left"] = sys
json.loads = lambda *a: "poisoned"
for path in sys.path:
    try:
        open(os.path.join(path, "left.py"), "w")
        print("WROTE", path)
    except OSError:
        pass
"""
    look = """
import builtins, os, sys, tempfile, json
print([hasattr(m, "left") for m in (builtins, json, sys)], "LEFT" in os.environ, os.listdir("."),
      os.listdir(tempfile.gettempdir()), "left" in sys.modules, json.loads("1"))
"""
    for _ in range(3):
        assert (await run(sandbox, leave)).stdout == b""
        assert (await run(sandbox, look)).stdout == b"[False, False, False] False [] [] False 1\n"


async def test_no_two_runs_share_random_numbers(sandbox: Sandbox) -> None:
    program = "import random, numpy, uuid\nprint(random.random(), numpy.random.random(), uuid.uuid4())"
    seen = [(await run(sandbox, program)).stdout.split() for _ in range(4)]
    for column in zip(*seen, strict=True):
        assert len(set(column)) == 4
