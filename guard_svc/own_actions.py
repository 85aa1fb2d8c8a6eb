"""A team's own actions under the rules of their own scope, before any plan uses them.

Knows what of a file goes into programs, and where it stands there. Must not know plans. The program that a
plan compiles to is judged again, whatever was said here: this tells the author early, with file and line.
"""

from collections import defaultdict
from collections.abc import Iterator

from guard_svc.findings import Finding, Severity
from guard_svc.intake import IntakeRefused, read_program
from guard_svc.modes import applied
from guard_svc.reasons import reason_of
from guard_svc.rules import analyse
from guard_svc.rules.mode import RULE_ID as ABOUT_PROGRAMS
from placet.actions.reading import read_actions
from placet.scope import Companions, Scope


def problems_of(scope: Scope, files: Companions) -> Iterator[str]:
    """What keeps own actions of a scope from being used in it: sentences that begin with `FILE:LINE`.

    Raises ActionInvalid for a file that holds no actions.
    """
    for name in scope.actions.own:
        for found in findings(scope, as_in_programs(name, files[name])):
            if found.severity >= Severity.MEDIUM and found.rule_id != ABOUT_PROGRAMS:
                instead = reason_of(found.rule_id).instead
                yield f"{name}:{found.line or 1}: {found.rule_id}: {found.message} Instead: {instead}"


def as_in_programs(name: str, content: bytes) -> str:
    """The file's definitions, each on the line where it stands in the file, without decorators and words.

    Raises ActionInvalid.
    """
    lines: dict[int, list[str]] = defaultdict(list)
    for definition in read_actions(name, content).definitions.values():
        lines[int(definition.place.rpartition(":")[2])].append(definition.source)
    text = ""
    for number, sources in sorted(lines.items()):
        text += "\n" * (number - 1 - text.count("\n")) + "; ".join(sources) + "\n"
    return text


def findings(scope: Scope, source: str) -> tuple[Finding, ...]:
    """What the rules say of it as a program of the scope."""
    try:
        return applied(scope, analyse(read_program(source.encode()), scope).findings)
    except IntakeRefused as refused:
        return refused.findings
