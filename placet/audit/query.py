"""Which records somebody asks for (docs/audit-format.md §10). Knows filters; must not know SQL."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Query:
    """Records for which every named filter holds. Empty strings do not filter."""

    request_id: str = ""
    kind: str = ""
    caller: str = ""
    """The whole identity, like `spiffe://placet.local/caller/reports`."""
    scope: str = ""
    """A scope's name."""
    verdict: str = ""
    rule: str = ""
    """Id of a rule that one of the record's findings names."""
    since: str = ""
    """RFC 3339 UTC with microseconds, inclusive."""
    until: str = ""
    """The same, exclusive."""
    text: str = ""
    """Words, all of which the record must have; see placet.audit.columns.words_of."""
    from_index: int = 0
    """Ascending: the first index. Descending: one past the newest; 0 for no bound."""
    limit: int = 100
    descending: bool = False

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are named, by name."""
        paging = ("from_index", "limit", "descending")
        named = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in paging}
        return {name: value for name, value in named.items() if value}
