"""What a cell hands out: files under numbers, and report.json: what they are called, and what was found.

Nothing that a program chose becomes a file's name here. Whoever reads the report checks it again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from executor_svc.delivery.inside.order import Order

NAME = "report.json"
MOST_VIOLATIONS = 50
MOST_NOTICES = 50
LONGEST = 300
"""Characters of a path, of a message and of a notice; a longer one is cut."""


@dataclass
class Parcel:
    """Changed step by step; what is in it when it is written leaves, unless there is a violation."""

    order: Order
    files: dict[str, Path]
    """Relative path → where its bytes are."""
    streams: set[str]
    """Those of `stdout` and `stderr` that leave, each as it was captured."""
    described: dict[str, Any] = field(default_factory=dict)
    """File name → the figure that it was drawn from: what to search of an image for what must not leave."""
    violations: list[dict[str, str]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    _written: int = 0

    @classmethod
    def of(cls, order: Order) -> Parcel:
        """All that the program left; for `cut` nothing yet."""
        return cls(order, dict(order.artifacts), set(order.streams))

    def put(self, name: str, content: bytes) -> None:
        """Add a file, or replace it."""
        self.room(name).write_bytes(content)

    def room(self, name: str) -> Path:
        """Where to write a file that is added, or replaced, so that it need not be in memory as a whole."""
        self._drop(self.files.pop(name, None))
        self._written += 1
        self.files[name] = self.order.directory / f"new-{self._written}"
        return self.files[name]

    def withhold(self, name: str, why: str) -> None:
        """Leave a file out, and say so."""
        if (path := self.files.pop(name, None)) is not None:
            self._drop(path)
            self.tell(f"{name} was withheld: {why}")

    def tell(self, sentence: str) -> None:
        """What the caller is told. Without values of the data."""
        self.notices.append(_line(sentence))

    def violate(self, path: str, rule: str, message: str) -> None:
        """Nothing leaves.

        `path` such as `result.json:$.rows[3].price`, `artifacts/x.html`, `stdout`, `inputs/raw.bin`.
        """
        self.violations.append({"path": _line(path), "rule": rule, "message": _line(message)})

    def write(self) -> None:
        """Files as leaves-1, leaves-2 …, and the report. With a violation no file and no stream is in it."""
        if self.violations:
            self.files, self.streams = {}, set()
        listed = [
            {"name": name, "file": self._place(i, path)}
            for i, (name, path) in enumerate(sorted(self.files.items()))
        ]
        report = {
            "version": 1,
            "files": listed,
            "streams": sorted(self.streams),
            "violations": self.violations[:MOST_VIOLATIONS],
            "violations_total": len(self.violations),
            "notices": self.notices[:MOST_NOTICES],
        }
        (self.order.directory / NAME).write_text(json.dumps(report), encoding="utf-8")

    def _drop(self, path: Path | None) -> None:
        """What does not leave takes no room; what came in stays, others may read it."""
        if path is not None and path.name.startswith("new-"):
            path.unlink(missing_ok=True)

    def _place(self, number: int, path: Path) -> str:
        """A file that was made here is renamed; one that came in is named: its bytes are known outside."""
        if path.name.startswith("new-"):
            path = path.rename(path.with_name(f"leaves-{number}"))
        return path.name


def _line(text: str) -> str:
    """Cut, and without halves of characters, which no reader of a report takes."""
    return text[:LONGEST].encode("utf-8", "replace").decode()
