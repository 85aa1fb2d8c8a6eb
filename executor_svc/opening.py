"""The sandbox of a process as its settings want it: armed before anything is served, closed at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from executor_svc.sandbox import Rotation, Sandbox, open_sandbox
from executor_svc.settings import SandboxSettings


@asynccontextmanager
async def opened(settings: SandboxSettings, python: Path) -> AsyncIterator[Sandbox]:
    """A sandbox whose programs are run by `python`. Raises SandboxUnavailable with what to do."""
    sandbox = open_sandbox(
        python,
        pool_size=settings.pool_size,
        min_tier=settings.min_tier,
        rotation=Rotation(settings.rotate_runs, settings.rotate_minutes * 60),
        secrets=(str(settings.tls_key),),  # the self-test must not be able to read it
    )
    await sandbox.start()
    try:
        yield sandbox
    finally:
        await sandbox.close()
