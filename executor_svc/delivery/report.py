"""What a stage reports: a closed schema, read strictly. The one thing of a run that the trusted side parses.

The cell that wrote it runs our code, on bytes that may have been made to break it: nothing here is believed
beyond its form, and its files are bounded by the approval afterwards.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from executor_svc.sandbox import Violation
from executor_svc.sandbox.collect import is_artifact_name

NAME: Final = "report.json"
MAX_BYTES: Final = 256 * 1024

MOST: Final = 50
"""Violations, and likewise notices."""
LONGEST: Final = 300
"""Characters of a path, of a message and of a notice."""

_Line = Annotated[str, msgspec.Meta(max_length=LONGEST)]
_Rule = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$", max_length=64)]


class ReportInvalid(ValueError):  # noqa: N818 - says what it is
    """It is not a report as docs/contract.md has it."""


class Leaving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that leaves."""

    name: Annotated[str, msgspec.Meta(max_length=1300)]
    """Relative path."""
    file: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+-[0-9]{1,6}$", max_length=64)]
    """What its bytes are called in the cell."""


class Found(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A violation."""

    path: _Line
    rule: _Rule
    message: _Line


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it."""

    version: Annotated[int, msgspec.Meta(ge=1, le=1)]
    files: Annotated[list[Leaving], msgspec.Meta(max_length=600)]
    streams: Annotated[
        list[Annotated[str, msgspec.Meta(pattern="^(stdout|stderr)$")]], msgspec.Meta(max_length=2)
    ]
    violations: Annotated[list[Found], msgspec.Meta(max_length=MOST)]
    violations_total: Annotated[int, msgspec.Meta(ge=0)]
    notices: Annotated[list[_Line], msgspec.Meta(max_length=MOST)]

    @property
    def broken(self) -> tuple[Violation, ...]:
        """Its violations, in our words."""
        return tuple(Violation(found.path, found.rule, found.message) for found in self.violations)


def read(document: bytes) -> Report:
    """Raises ReportInvalid."""
    if len(document) > MAX_BYTES:
        raise ReportInvalid("too long")
    try:
        report = msgspec.json.decode(document, type=Report, strict=True)
    except (msgspec.DecodeError, RecursionError):  # whose message repeats keys that stand there, however long
        raise ReportInvalid("no JSON of its form") from None
    names = [leaving.name for leaving in report.files]
    if len(set(names)) != len(names) or not all(map(is_artifact_name, names)):
        raise ReportInvalid("files by names that are none")
    if report.violations and (report.files or report.streams):
        raise ReportInvalid("a violation, and yet something leaves")
    if bool(report.violations) != bool(report.violations_total):
        raise ReportInvalid("violations that are not told")
    return report
