"""What a scope wants done around its programs. Pure.

Knows the scope's words. Must not know how any of it is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from placet.scope import Scope
from placet.scope.companions import Companions
from placet.scope.style import read_style

CUT: Final = "cut"
DELIVER: Final = "deliver"
STAGES: Final = frozenset({CUT, DELIVER})
"""All that can be done around a program by the code beside this."""
HOUSE_STYLE: Final = "house style"
"""What the resolved style is called among a cell's files; no companion can be called so."""


@dataclass(frozen=True)
class Wanted:
    """Read from a scope that the executor knows by its digest, and so trusted as the scope is."""

    columns: tuple[Mapping[str, Any], ...] | None = None
    """`inputs.columns`, with every key; None: inputs stay as they are."""
    style: str | None = None
    images: str = "any"
    kinds: tuple[str, ...] = ()
    contract: Mapping[str, Any] | None = None
    """`outputs.contract`, with every key; None: nothing is checked."""
    files: Companions = field(default_factory=dict)
    """All that the scope names but the team's own actions, which are in the program already."""

    @classmethod
    def by(cls, scope: Scope, companions: Companions) -> Self:
        """That scope, with companions whose digests were checked.

        Raises ScopeInvalid when its style is none.
        """
        columns, contract = scope.inputs.columns, scope.outputs.contract
        files = {name: content for name, content in companions.items() if name not in scope.actions.own}
        if scope.style is not None or scope.outputs.images == "figures_only":
            files[HOUSE_STYLE] = read_style(scope.style, companions).for_cell()
        return cls(
            columns=None if columns is None else tuple(each.model_dump(mode="json") for each in columns),
            style=scope.style,
            images=scope.outputs.images,
            kinds=scope.outputs.kinds,
            contract=None if contract is None else contract.model_dump(mode="json"),
            files=files,
        )

    @property
    def cuts(self) -> bool:
        """Whether programs find other bytes than the caller sent."""
        return self.columns is not None

    @property
    def draws(self) -> bool:
        """Whether figures are drawn by us."""
        return self.style is not None or self.images == "figures_only"

    @property
    def holds(self) -> bool:
        """Whether nothing leaves before all of it was checked."""
        return self.contract is not None

    @property
    def delivers(self) -> bool:
        """Whether anything is done after the program."""
        return self.draws or self.holds

    @property
    def stages(self) -> frozenset[str]:
        """Those that a run in the scope must have."""
        return frozenset({*((CUT,) if self.cuts else ()), *((DELIVER,) if self.delivers else ())})


NOTHING: Final = Wanted()
"""A run as it would be without any of this."""
