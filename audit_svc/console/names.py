"""Names in use, which forms offer: of callers, scopes and rules. Knows records; must not know forms."""

from __future__ import annotations

from typing import Final

from audit_svc.console.log import Log
from placet.audit.columns import rules_of
from placet.audit.ocsf_objects import short
from placet.audit.reader import Entry, LogReader
from placet.audit.record import Record

MOST: Final = 300
"""Of each; whoever looks for another writes it out."""


class Names:
    """A live.Part."""

    def __init__(self) -> None:
        self._callers: set[str] = set()
        self._scopes: set[str] = set()
        self._rules: set[str] = set()

    async def start(self, log: Log) -> None:
        """See live.Part."""
        callers, scopes, rules = await log.ask(_in_use)
        self._callers |= set(map(short, callers))
        self._scopes |= set(scopes)
        self._rules |= set(rules)

    def follow(self, entry: Entry, record: Record) -> None:
        """See live.Part."""
        _keep(self._callers, [short(entry.caller)])
        _keep(self._scopes, [entry.scope])
        _keep(self._rules, rules_of(record))

    @property
    def callers(self) -> list[str]:
        """Short: `caller/reports`."""
        return sorted(self._callers)

    @property
    def scopes(self) -> list[str]:
        """Without versions."""
        return sorted(self._scopes)

    @property
    def rules(self) -> list[str]:
        """Ids."""
        return sorted(self._rules)


def _in_use(reader: LogReader) -> tuple[list[str], list[str], list[str]]:
    tally = reader.tally
    return tally.names("caller", MOST), tally.names("scope", MOST), tally.names("rule", MOST)


def _keep(known: set[str], names: list[str] | tuple[str, ...]) -> None:
    known.update(name for name in names if name and len(known) < MOST)
