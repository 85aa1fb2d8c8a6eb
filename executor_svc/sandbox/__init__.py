"""The sandbox.

Runs one program, isolated, limited and once. See `types` for its words and `backend` for how.
"""

from executor_svc.sandbox.backend import open_sandbox
from executor_svc.sandbox.pool import Rotation
from executor_svc.sandbox.types import (
    InputFile,
    RunArtifact,
    RunLimits,
    RunResult,
    RunStatus,
    Sandbox,
    SandboxUnavailable,
    Usage,
    Violation,
)

__all__ = [
    "InputFile",
    "Rotation",
    "RunArtifact",
    "RunLimits",
    "RunResult",
    "RunStatus",
    "Sandbox",
    "SandboxUnavailable",
    "Usage",
    "Violation",
    "open_sandbox",
]
