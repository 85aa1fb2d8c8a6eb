"""Settings of the executor: where its trust comes from, what it can bear, and where programs run.

Knows names, units and bounds; opens nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from executor_svc.fleet.discovery import source
from placet.approval import Limits
from placet.rpc.settings import ServiceSettings


class JudgeSettings(ServiceSettings):
    """What an approval is judged by: the same for the executor and for its workers, each under its prefix."""

    keys_dir: Path
    """Trusted `*.pub.pem`, and `revoked.txt`. Read anew for each admission."""
    scopes_dir: Path
    """Scopes that approvals may name, *.yaml and *.yml; `retired.txt` holds digests of those they may not."""
    audience: Annotated[str, Field(min_length=1, max_length=128)] = "local"
    """The pool's name in approvals."""

    max_wall_s: Annotated[int, Field(ge=1, le=3600)] = 600
    max_cpu_s: Annotated[int, Field(ge=1, le=3600)] = 600
    max_memory_mib: Annotated[int, Field(ge=1)] = 8192
    max_output_kib: Annotated[int, Field(ge=1, le=8192)] = 8192
    """Per stream; both streams of a run must fit into one message to the audit log."""
    max_artifacts: Annotated[int, Field(ge=1, le=256)] = 256
    max_artifact_mib: Annotated[int, Field(ge=1, le=512)] = 512

    @property
    def ceiling(self) -> Limits:
        """The most that an approval may grant on this pool."""
        return Limits(
            wall_s=self.max_wall_s,
            cpu_s=self.max_cpu_s,
            memory_mib=self.max_memory_mib,
            output_kib=self.max_output_kib,
            artifacts=self.max_artifacts,
            artifact_mib=self.max_artifact_mib,
        )


class SandboxSettings(JudgeSettings):
    """What a sandbox in this process needs besides its interpreter."""

    pool_size: Annotated[int, Field(ge=1, le=64)] = 2
    """Cells kept armed, for each set of libraries in use."""
    rotate_runs: Annotated[int, Field(ge=1)] = 2000
    rotate_minutes: Annotated[float, Field(gt=0)] = 30
    """A zygote is replaced after so many runs or so long; whatever comes first."""
    min_tier: Literal["T0", "T1", "T2"] = "T0"
    """The service does not start below it."""


class ExecutorSettings(SandboxSettings):
    """PLACET_EXECUTOR_*; see docs/settings.md."""

    model_config = SettingsConfigDict(
        env_prefix="PLACET_EXECUTOR_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    audit_address: str
    sandbox_python: Path | None = None
    """Interpreter whose packages programs may import; without workers there must be one."""
    workers: str = ""
    """Where programs run: `dns:HOST:PORT`, `HOST:PORT,…` or `file:PATH`; empty: in this process."""
    worker_wait_s: Annotated[float, Field(gt=0, le=300)] = 10
    """How long a request waits for a worker before it is told to come back."""
    lease_idle_s: Annotated[float, Field(ge=0, le=3600)] = 5
    """How long a worker is kept for a tenant that runs nothing on it."""
    lease_s: Annotated[float, Field(ge=1, le=86_400)] = 60
    """After which a worker takes no new runs of the tenant that has it: another front may want it."""
    max_concurrent_runs: Annotated[int, Field(ge=1, le=256)] = 2
    max_queued_runs: Annotated[int, Field(ge=0, le=1024)] = 128
    """Requests beyond these two together are told to come back."""
    rest_after_limit_s: Annotated[float, Field(ge=0, le=10)] = 0.5
    """How late a run is answered that a limit ended: a loop of such runs must not take the machine."""
    kept_figures_kib: Annotated[int, Field(ge=0, le=3072)] = 2048
    """How much of a run's PNG files the log keeps, for those who review it; 0 keeps none."""

    @model_validator(mode="after")
    def _runs_somewhere(self) -> Self:
        if self.workers:
            source(self.workers)  # raises ValueError with what is wrong
        elif self.sandbox_python is None:
            raise ValueError("set SANDBOX_PYTHON, or WORKERS: programs must run somewhere")
        return self
