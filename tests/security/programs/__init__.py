"""The corpus: attacks that use only what a data-analysis scope allows, and honest programs beside them.

A family is a folder with a manifest. The programs are data: read and reviewed here, run in the sandbox only.
The manifest's keys: does (what it attempts), task (the innocent request it answers), proof (how one sees in
the sandbox that it works), held_out (whoever writes rules works without its text), verdict and why (where the
rules alone put it before a person), missed (a known hole: the rules let it pass), twin_of (a family).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

HERE: Final = Path(__file__).parent
INPUT: Final = HERE / "sales.csv"
BENIGN: Final = "benign"

# Where a miss means that a program gets out of the language, not only out of its task.
ESCAPES: Final = (
    *("module_pivots", "ladders", "frames", "format_strings", "expressions", "unpickling", "dynamic_code"),
    *("native", "dunder_bombs", "decorators", "comprehensions", "callbacks", "deep_escapes"),
)


@dataclass(frozen=True)
class Proof:
    """How one sees that a program did what it claims: a pattern in a stream, or how the run ended."""

    stdout: str = ""
    stderr: str = ""
    status: tuple[str, ...] = ()

    def shown_by(self, status: str, stdout: str, stderr: str) -> bool:
        """Whether a run with these outputs shows it. `stdout` and `stderr` are untrusted text."""
        if self.status:
            return status in self.status
        pattern, stream = (self.stdout, stdout) if self.stdout else (self.stderr, stderr)
        return re.search(pattern, stream, re.MULTILINE) is not None


@dataclass(frozen=True)
class Program:
    """One program of the corpus. `code` may be hostile: never import or run it outside the sandbox."""

    family: str
    name: str
    code: str = field(repr=False)
    does: str = ""
    task: str = ""
    proof: Proof = Proof()
    held_out: bool = False
    verdict: str = "DENIED"
    why: str = ""
    missed: str = ""

    def __str__(self) -> str:
        return f"{self.family}/{self.name}"

    def as_case(self) -> dict[str, str]:
        """A line for `placet eval`."""
        label = "benign" if self.family == BENIGN else "unsafe"
        return {
            "id": str(self),
            "label": label,
            "category": self.family,
            "code": self.code,
            "task": self.task,
        }


def families() -> tuple[str, ...]:
    """The names of all attack families."""
    found = (path.parent.name for path in HERE.glob("*/manifest.yaml"))
    return tuple(sorted(name for name in found if name != BENIGN))


@cache
def family(name: str) -> tuple[Program, ...]:
    """The programs of one family.

    Raises ValueError when folder and manifest do not name the same programs.
    """
    folder = HERE / name
    entries = yaml.safe_load((folder / "manifest.yaml").read_text(encoding="utf-8"))["programs"]
    present = {path.stem for path in folder.glob("*.py")}
    if present != set(entries):
        raise ValueError(f"{name}: manifest and folder differ in {sorted(present ^ set(entries))}")
    return tuple(_program(name, stem, entry) for stem, entry in entries.items())


def attacks() -> tuple[Program, ...]:
    """Every attack of every family."""
    return tuple(program for name in families() for program in family(name))


def _program(name: str, stem: str, entry: dict[str, Any]) -> Program:
    entry = {key: value for key, value in entry.items() if key != "twin_of"}
    proof = entry.pop("proof", {})
    if "status" in proof:
        proof["status"] = tuple(proof["status"])
    code = (HERE / name / f"{stem}.py").read_text(encoding="utf-8")
    return Program(name, stem, code, proof=Proof(**proof), **entry)
