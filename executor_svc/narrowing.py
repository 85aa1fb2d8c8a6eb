"""What of the sandbox a program gets at all: no more than its approval's grants need.

Knows grants, inputs and limits. Must not know the sandbox's mechanisms: it only ever takes away.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from executor_svc.sandbox import InputFile, RunLimits

_CANNOT_DRAW = sys.stdlib_module_names | {"numpy"}


def inputs_for(grants: Sequence[str], inputs: tuple[InputFile, ...]) -> tuple[InputFile, ...]:
    """The files that the program finds: none if it was not seen to touch any file."""
    return inputs if any(grant.startswith("fs.") for grant in grants) else ()


def limits_for(grants: Sequence[str], limits: RunLimits) -> RunLimits:
    """The limits, without a byte to write if the program was not seen to write.

    Whatever can draw may write: open figures are saved for it at the end.
    """
    writes = any(grant.startswith("fs.write") for grant in grants)
    if writes or imports_of(grants) - _CANNOT_DRAW:
        return limits
    return replace(limits, artifacts=0, artifact_mib=0)


def imports_of(grants: Sequence[str]) -> frozenset[str]:
    """Top-level packages that the program imports."""
    return frozenset(grant.removeprefix("import:") for grant in grants if grant.startswith("import:"))
