"""Bandit as an extra source of rules: it can add findings to ours, and can never clear one.

Knows Bandit's library. Must not know scopes, verdicts or our own rules. Bandit is not installed by default
(`requirements/bandit.txt`); it is switched on by PLACET_GUARD_EXTRA_RULES=bandit. Three of its habits are
undone here: it obeys `# nosec` in the program under review, it skips a file that it cannot read, and it goes
on when one of its tests crashes.
"""

import io
import logging
from typing import Any, Final

from guard_svc.findings import Finding, Severity, shorten
from guard_svc.intake import Intake

_NAME: Final = "<program>"
_PROBE: Final = b"import pickle  # nosec\nprint(eval(pickle.loads(open('x', 'rb').read())))  # nosec\n"
_EXPECTED: Final = frozenset({"B301", "B307", "B403"})


class BanditFailed(RuntimeError):  # noqa: N818  (a state of the scanner, not an opinion on the program)
    """Bandit did not read the whole program."""


class BanditSource:
    """Bandit's tests over one program at a time; without state, safe for threads.

    Raises ImportError at creation when Bandit is missing, and BanditFailed when it does not find what it
    finds in a program that is known to have it: an upgrade must not make it silent.
    """

    def __init__(self) -> None:
        from importlib.metadata import version

        from bandit.core import config, manager

        self.name = f"bandit {version('bandit')}"

        logging.getLogger("bandit").setLevel(logging.CRITICAL)
        self._config = config.BanditConfig()
        self._manager: Any = manager.BanditManager
        found = {issue.test_id for issue in self.scan(_PROBE)}
        if not found >= _EXPECTED:
            raise BanditFailed(f"Bandit misses {sorted(_EXPECTED - found)} in a program that has them")

    def findings(self, intake: Intake) -> tuple[Finding, ...]:
        """Bandit's issues as findings: high severity with high confidence asks a person, the rest are notes.

        Raises BanditFailed.
        """
        lines = intake.source.split("\n")
        return tuple(_finding(issue, lines) for issue in self.scan(intake.source.encode()))

    def scan(self, program: bytes) -> list[Any]:
        """Bandit's own issues in a program. Raises BanditFailed."""
        # debug: a test that crashes raises instead of being logged and forgotten.
        manager = self._manager(self._config, "file", debug=True, quiet=True, ignore_nosec=True)
        manager._parse_file(_NAME, io.BytesIO(program), [_NAME])
        if manager.skipped or _NAME not in manager.metrics.data:
            raise BanditFailed(f"Bandit did not read the program: {manager.skipped}")
        return list(manager.results)


def _finding(issue: Any, lines: list[str]) -> Finding:
    line = int(issue.lineno)
    grave = issue.severity == "HIGH" and issue.confidence == "HIGH"
    return Finding(
        f"bandit.{issue.test_id}",
        Severity.MEDIUM if grave else Severity.LOW,
        line,
        max(line, *issue.linerange) if issue.linerange else line,
        shorten(f"Bandit: {issue.text}", 300),
        "rule",
        shorten(lines[line - 1]) if 0 < line <= len(lines) else "",
    )
