"""A program looks for our own code in its process."""

from __future__ import annotations

import pytest

from executor_svc.sandbox import Sandbox
from tests.conformance.sandbox_kit import run, sandbox_fixture

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_nothing_of_ours_is_loaded_or_importable(sandbox: Sandbox) -> None:
    program = """
import importlib, sys
OURS = ("placet", "placetpb", "executor_svc", "guard_svc", "generator_svc", "audit_svc",
        "grpc", "openai", "cryptography", "pydantic", "structlog", "pyseccomp", "zygote", "child")
print([name for name in sys.modules if name.split(".")[0] in OURS])
for name in OURS:
    try:
        importlib.import_module(name)
        print("IMPORTED", name)
    except ImportError:
        pass
print([path for path in sys.path if "executor" in path])
"""
    assert (await run(sandbox, program)).stdout == b"[]\n[]\n"


async def test_no_program_or_input_of_others_is_in_memory(sandbox: Sandbox) -> None:
    await run(sandbox, "# marker-" + "a1b2c3\nprint(1)")
    program = """
import gc
word = "marker-" + "a1b2" + "c3"
print(sum(1 for o in gc.get_objects() if isinstance(o, (str, bytes)) and word in str(o)))
"""
    assert (await run(sandbox, program)).stdout == b"0\n"
