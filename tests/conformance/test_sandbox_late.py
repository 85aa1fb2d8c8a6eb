"""Libraries that no fork carries and every program can load: Parquet, workbooks, JSON Schema."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from executor_svc.sandbox import Sandbox
from executor_svc.sandbox.backend import PRELOAD
from tests.conformance.sandbox_kit import opened, run

NAMES = ("pyarrow", "openpyxl", "jsonschema", "detect_secrets")
NOT_LOADED = f"import sys; print([name for name in {NAMES!r} if name in sys.modules])"
LOADED = f"import importlib; print([importlib.import_module(name).__name__ for name in {NAMES!r}])"
PARQUET = """\
import pandas as pd
before = pd.DataFrame({"n": [1, 2, 3], "x": [1.5, None, 2.5], "s": ["a", None, "c"], "b": [True, False, True],
                       "d": pd.to_datetime(["2026-01-01", "2026-01-02", None]),
                       "c": pd.Categorical(["u", "v", "u"])})
before.to_parquet("t.parquet")
after = pd.read_parquet("t.parquet")
pd.testing.assert_frame_equal(before, after)
pd.testing.assert_frame_equal(before[["s", "n"]], pd.read_parquet("t.parquet", columns=["s", "n"]))
assert after.s.str.upper().tolist()[::2] == ["A", "C"]
assert after.groupby("c", observed=True).n.sum().to_dict() == {"u": 4, "v": 2}
before.to_excel("t.xlsx", index=False)
assert pd.read_excel("t.xlsx").n.tolist() == [1, 2, 3]
print("round")
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with opened("T1", preload=PRELOAD) as made:
        yield made


@pytest.mark.asyncio(loop_scope="module")
async def test_no_program_finds_them_loaded_and_each_can_load_them(sandbox: Sandbox) -> None:
    assert (await run(sandbox, NOT_LOADED)).stdout == b"[]\n"
    assert (await run(sandbox, LOADED)).stdout == f"{list(NAMES)!r}\n".encode()
    assert {line.partition("==")[0].replace("-", "_") for line in sandbox.libraries} >= set(NAMES)


@pytest.mark.asyncio(loop_scope="module")
async def test_pandas_that_was_loaded_without_them_reads_and_writes_what_they_do(sandbox: Sandbox) -> None:
    ran = await run(sandbox, PARQUET)

    assert (ran.stdout, ran.stderr) == (b"round\n", b"")


async def test_without_namespaces_they_are_there_as_well() -> None:
    async with opened("T0", preload=()) as bare:
        assert (await run(bare, LOADED)).stdout == f"{list(NAMES)!r}\n".encode()
