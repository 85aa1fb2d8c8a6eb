"""Orders for the code that runs inside a cell, carried out without a sandbox: many in one process.

The interpreter is the sandbox's own, so that its libraries and no others are there.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
PYTHON = REPOSITORY / ".venv-sandbox" / "bin" / "python"
_EACH = """
import importlib, json, os, sys, traceback
from pathlib import Path
sys.path.append(sys.argv[1])
sys.path.append(sys.argv[2])
for line in sys.stdin:
    stage, directory = json.loads(line)
    os.chdir(directory)
    try:
        importlib.import_module(f"executor_svc.delivery.inside.{stage}").main(Path())
    except BaseException:
        Path("died.txt").write_text(traceback.format_exc())
"""


@dataclass(frozen=True)
class AnyOrder:
    """One stage's order with its files' content; see `executor_svc.delivery.inside.order.Order`."""

    stage: str = "deliver"
    inputs: Mapping[str, bytes] = field(default_factory=dict)
    artifacts: Mapping[str, bytes] = field(default_factory=dict)
    streams: Mapping[str, bytes] = field(default_factory=dict)
    figures: bytes | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    succeeded: bool = True
    columns: Sequence[Mapping[str, Any]] | None = None
    style: str | None = None
    images: str = "any"
    kinds: Sequence[str] = ("text", "txt", "png", "svg", "pdf", "csv", "json", "parquet", "xlsx")
    contract: Mapping[str, Any] | None = None
    salt: str = "5a" * 32

    def write(self, directory: Path) -> None:
        """As the executor lays it out."""
        told = {key: value for key, value in vars(self).items() if key != "stage"}
        for key in ("inputs", "artifacts", "streams", "files"):
            told[key] = {}
            for number, (name, content) in enumerate(getattr(self, key).items()):
                told[key][name] = f"{key}-{number}"
                (directory / told[key][name]).write_bytes(content)
        if self.figures is not None:
            told["figures"] = "figures"
            (directory / "figures").write_bytes(self.figures)
        (directory / "order.json").write_text(json.dumps(told))


@dataclass(frozen=True)
class Handed:
    """What a stage handed out."""

    files: Mapping[str, bytes]
    streams: frozenset[str]
    violations: Sequence[Mapping[str, str]]
    notices: Sequence[str]
    died: str
    """A traceback; empty when it did not."""

    @property
    def rules(self) -> list[str]:
        """Of its violations."""
        return [violation["rule"] for violation in self.violations]


def carried_out(orders: Mapping[str, AnyOrder], directory: Path) -> dict[str, Handed]:
    """All of them in one process, each in a directory of its own below `directory`, by its name."""
    lines = []
    for name, order in orders.items():
        (directory / name).mkdir(parents=True)
        order.write(directory / name)
        lines.append(json.dumps([order.stage, str(directory / name)]))
    late = PYTHON.parents[1] / "late"
    subprocess.run(
        [str(PYTHON), "-c", _EACH, str(late), str(REPOSITORY)],
        input="\n".join(lines),
        text=True,
        check=True,
        env={"MPLBACKEND": "Agg", "MPLCONFIGDIR": str(directory)},
    )
    return {name: handed(directory / name) for name in orders}


def handed(directory: Path) -> Handed:
    """What lies in the directory of a stage that was carried out."""
    died, report = directory / "died.txt", directory / "report.json"
    if died.exists() or not report.exists():
        return Handed({}, frozenset(), (), (), died.read_text() if died.exists() else "no report")
    told = json.loads(report.read_bytes())
    files = {entry["name"]: (directory / entry["file"]).read_bytes() for entry in told["files"]}
    return Handed(files, frozenset(told["streams"]), told["violations"], told["notices"], "")
