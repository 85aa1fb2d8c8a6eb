"""Settings of the executor: where its trust comes from, and what one pool can bear.

Knows names, units and bounds; opens nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from placet.approval import Limits
from placet.rpc.settings import ServiceSettings


class ExecutorSettings(ServiceSettings):
    """PLACET_EXECUTOR_*; see docs/settings.md."""

    model_config = SettingsConfigDict(
        env_prefix="PLACET_EXECUTOR_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    audit_address: str
    keys_dir: Path
    """Trusted `*.pub.pem`, and `revoked.txt`. Read anew for each admission."""
    scopes_dir: Path
    """Scopes that approvals may name, `*.yaml`; `retired.txt` holds digests of those they no longer may."""
    audience: Annotated[str, Field(min_length=1, max_length=128)] = "local"
    """The pool's name in approvals."""
    sandbox_python: Path
    """Interpreter whose packages programs may import."""
    pool_size: Annotated[int, Field(ge=1, le=64)] = 2
    """Cells kept armed, for each set of libraries in use."""
    rotate_runs: Annotated[int, Field(ge=1)] = 2000
    rotate_minutes: Annotated[float, Field(gt=0)] = 30
    """A zygote is replaced after so many runs or so long; whatever comes first."""
    min_tier: Literal["T0", "T1", "T2"] = "T0"
    """The service does not start below it."""
    max_concurrent_runs: Annotated[int, Field(ge=1, le=256)] = 2
    max_queued_runs: Annotated[int, Field(ge=0, le=1024)] = 128
    """Requests beyond these two together are told to come back."""
    rest_after_limit_s: Annotated[float, Field(ge=0, le=10)] = 0.5
    """How late a run is answered that a limit ended: a loop of such runs must not take the machine."""

    max_wall_s: Annotated[int, Field(ge=1, le=3600)] = 600
    max_cpu_s: Annotated[int, Field(ge=1, le=3600)] = 600
    max_memory_mib: Annotated[int, Field(ge=1)] = 8192
    max_output_kib: Annotated[int, Field(ge=1, le=8192)] = 8192
    """Per stream; both streams of a run must fit into one message to the audit log."""
    kept_figures_kib: Annotated[int, Field(ge=0, le=3072)] = 2048
    """How much of a run's PNG files the log keeps, for those who review it; 0 keeps none."""
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
