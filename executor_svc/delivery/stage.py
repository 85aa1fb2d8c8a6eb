"""One stage of ours in a fresh cell: its order and files are laid out, and what it hands out is taken in.

Knows names, digests and the report. Files go in under numbers, so that no name that a caller or a program
chose is a file's name in the cell; what they hold is looked at there only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from executor_svc.delivery import report, shipping
from executor_svc.delivery.report import Report, ReportInvalid
from executor_svc.delivery.wanted import Wanted
from executor_svc.sandbox import (
    InputFile,
    RunArtifact,
    RunLimits,
    RunResult,
    RunStatus,
    Sandbox,
    SandboxUnavailable,
)
from executor_svc.sandbox.libraries import DELIVERY
from executor_svc.sandbox.spool import Spool

_log = structlog.get_logger()

MIB: Final = 1 << 20
WALL_S: Final = 60.0
"""Of one stage; two of them fit into `places.AROUND_S`."""
MEMORY_MIB: Final = 768
"""At least; a stage has no less than the program, whose tables it may have to read."""
_SPARE_MIB: Final = 4
_CAUSE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,80}")


class StageFailed(Exception):  # noqa: N818 - says what happened
    """It did not come to an end within its limits, or not to a report: nothing that it made may leave."""


@dataclass(frozen=True)
class Errand:
    """What one stage is to do, and of what. Everything but `wanted`, `limits` and `salt` is untrusted."""

    stage: str
    wanted: Wanted
    limits: RunLimits
    """The program's."""
    salt: bytes
    inputs: tuple[InputFile, ...] = ()
    artifacts: tuple[RunArtifact, ...] = ()
    streams: Mapping[str, bytes] = field(default_factory=dict)
    figures: RunArtifact | None = None
    succeeded: bool = False

    @property
    def own_limits(self) -> RunLimits:
        """Of the stage: for `cut` room for two copies of the inputs, for `deliver` for what may leave."""
        incoming = sum(item.size for item in self.inputs) // MIB
        cut = self.stage == "cut"
        return RunLimits(
            wall_s=WALL_S,
            cpu_s=WALL_S,
            memory_mib=max(MEMORY_MIB, self.limits.memory_mib),
            output_kib=64,
            artifacts=1 + (len(self.inputs) if cut else self.limits.artifacts),
            artifact_mib=_SPARE_MIB + (2 * incoming if cut else self.limits.artifact_mib),
        )


@dataclass(frozen=True)
class Handed:
    """What it handed out: files by the names under which they leave, each where it is held."""

    report: Report
    files: tuple[RunArtifact, ...]


async def carry_out(sandbox: Sandbox, errand: Errand, spools: set[Spool]) -> Handed:
    """Do it, in a cell that has seen nothing else. `spools` gets what must be released afterwards.

    Raises:
        StageFailed: it did not come to its end.
        SandboxUnavailable: the sandbox failed, or what a stage needs is not installed in it.
    """
    laid_out = _LaidOut(errand)
    said = bytearray()

    async def keep(_stream: str, data: bytes) -> None:
        said.extend(data)

    placed = laid_out.placed
    source, limits = shipping.program(errand.stage), errand.own_limits
    result = await sandbox.run(source, placed, limits, keep, imports=DELIVERY.packages)
    spools.update(artifact.held.spool for artifact in result.artifacts)
    _require_end(errand.stage, result, bytes(said))
    return _handed(result, laid_out.may_leave)


class _LaidOut:
    """An errand as files of a cell."""

    def __init__(self, errand: Errand) -> None:
        wanted = errand.wanted
        self.may_leave = {f"artifacts-{number}": artifact for number, artifact in enumerate(errand.artifacts)}
        kinds = {
            "inputs": ((item.name, item) for item in errand.inputs),
            "artifacts": ((item.name, _as_input(item)) for item in errand.artifacts),
            "streams": _contents(errand.streams),
            "files": _contents(wanted.files),
        }
        found = {kind: _numbered(kind, items) for kind, items in kinds.items()}
        figures = [_as_input(replace(errand.figures, name="figures"))] if errand.figures else []
        order = {
            **{kind: {name: item.name for name, item in items.items()} for kind, items in found.items()},
            "figures": "figures" if figures else None,
            "succeeded": errand.succeeded,
            "columns": wanted.columns,
            "style": wanted.style,
            "images": wanted.images,
            "kinds": wanted.kinds,
            "contract": wanted.contract,
            "salt": errand.salt.hex(),
        }
        placed = (item for items in found.values() for item in items.values())
        self.placed = (InputFile.of("order.json", json.dumps(order).encode()), *placed, *figures)


def _numbered(kind: str, items: Iterable[tuple[str, InputFile]]) -> dict[str, InputFile]:
    return {name: replace(item, name=f"{kind}-{number}") for number, (name, item) in enumerate(items)}


def _contents(files: Mapping[str, bytes]) -> Iterable[tuple[str, InputFile]]:
    return ((name, InputFile.of(name, content)) for name, content in files.items())


def _as_input(artifact: RunArtifact) -> InputFile:
    return InputFile(artifact.name, artifact.sha256, artifact.held)


def _require_end(stage: str, result: RunResult, said: bytes) -> None:
    """Raises StageFailed or SandboxUnavailable, and tells our own log the kind of error: never its words."""
    if result.status is RunStatus.EXITED and result.exit_code == 0:
        return
    cause = _CAUSE.fullmatch(said.decode("utf-8", "replace").strip().rpartition("\n")[2])
    # Of one that was ended, the last line is whatever it had just said.
    how = cause[0] if cause and result.status is RunStatus.EXITED else ""
    _log.warning("a stage failed", stage=stage, status=result.status.value, code=result.exit_code, error=how)
    if result.status is RunStatus.EXITED and result.exit_code == shipping.UNUSABLE:
        raise SandboxUnavailable(f"the stage {stage} cannot be loaded ({how}); run deploy/setup.sh again")
    raise StageFailed(f"it ended {result.status.value}" + (f" ({how})" if how else ""))


def _handed(result: RunResult, may_leave: Mapping[str, RunArtifact]) -> Handed:
    made = {artifact.name: artifact for artifact in result.artifacts}
    if (told := made.pop(report.NAME, None)) is None:
        raise StageFailed("it left no report")
    if told.size > report.MAX_BYTES:
        raise StageFailed("its report is too long")
    try:
        found = report.read(told.content)
    except ReportInvalid as error:
        raise StageFailed(f"its report is none: {error}") from None
    available = {**may_leave, **made}
    if not available.keys() >= {leaving.file for leaving in found.files}:
        raise StageFailed("it handed out what is not there")
    files = (available[leaving.file].named(leaving.name) for leaving in found.files)
    return Handed(found, tuple(files))
