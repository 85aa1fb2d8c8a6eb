"""A closed sandbox leaves something behind."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from executor_svc.sandbox import hostbox
from tests.conformance.sandbox_kit import descendants, opened, run


def _boxes() -> set[str]:
    mine = f"{hostbox.PREFIX}{os.getpid()}-"
    return {path.name for path in Path(tempfile.gettempdir()).glob(f"{mine}*")}


@pytest.mark.parametrize("tier", ["T1", "T0"])
async def test_closing_leaves_no_process_and_no_directory(tier: str) -> None:
    before, boxes = descendants(os.getpid()), _boxes()
    async with opened(tier, pool_size=2, preload=()) as started:
        await run(started, "import os; os.makedirs('a/b'); open('a/b/c', 'w').write('x')")
        assert descendants(os.getpid()) - before
    assert not descendants(os.getpid()) - before
    assert not _boxes() - boxes
