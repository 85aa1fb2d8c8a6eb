"""Settings of a worker: its judge, its sandbox, and how long it lives.

Knows names, units and bounds; opens nothing. There is no address among them: a worker calls nobody.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from executor_svc.settings import SandboxSettings


class WorkerSettings(SandboxSettings):
    """PLACET_WORKER_*; see docs/settings.md and docs/workers.md."""

    model_config = SettingsConfigDict(
        env_prefix="PLACET_WORKER_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    sandbox_python: Path
    """Interpreter whose packages programs may import."""
    scratch_dir: Path
    """Where inputs, artifacts and a run's files lie; what is in its `scratch` is removed again and again."""
    max_concurrent_runs: Annotated[int, Field(ge=1, le=64)] = 1
    """Runs of its one tenant that may go on at once."""
    replace_after_runs: Annotated[int, Field(ge=1)] = 1000
    replace_after_hours: Annotated[float, Field(gt=0)] = 12
    """It exits after so many runs or so long, whatever comes first, to be started afresh."""
