"""What a comparison of two scopes has found so far. Knows lines from strict to lax; must not know any key."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Changes:
    """Sentences that begin with a key's path."""

    widening: list[str] = field(default_factory=list)
    narrowing: list[str] = field(default_factory=list)
    to_read: list[str] = field(default_factory=list)

    def ranked(self, path: str, old: float, new: float, before: object, after: object) -> None:
        """A change along a line from strict to lax."""
        if old != new:
            (self.widening if new > old else self.narrowing).append(f"{path}: {before} -> {after}")

    def items(self, path: str, old: Iterable[str], new: Iterable[str], *, grants: bool) -> None:
        """A change of a list whose entries each grant something, or each forbid something."""
        before, after = set(old), set(new)
        added = [f"{path}: adds {item}" for item in sorted(after - before)]
        dropped = [f"{path}: drops {item}" for item in sorted(before - after)]
        self.widening += added if grants else dropped
        self.narrowing += dropped if grants else added

    def unordered(self, path: str, what: str = "changed") -> None:
        """A change of which no set logic can tell what it lets in."""
        self.to_read.append(f"{path}: {what}; read what it lets in")
