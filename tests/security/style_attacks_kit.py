"""Reading style attacks, running them through the real stages, and looking at what leaves pixel by pixel.

Pixels are decoded under the sandbox's interpreter, in one process for all.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from executor_svc.delivery import staged
from executor_svc.delivery.wanted import HOUSE_STYLE, Wanted
from executor_svc.sandbox import RunLimits, RunResult, Sandbox
from placet.scope.style import read_style
from tests.conformance.sandbox_kit import PYTHON

DIRECTORY = Path(__file__).with_name("style_attacks")
LIMITS = RunLimits(wall_s=20, cpu_s=15, memory_mib=512, output_kib=64, artifacts=16, artifact_mib=20)
STYLE = b"""
apiVersion: placet/v1
kind: Style
metadata: {name: attacked, version: 1}
figure: {width_in: 5, height_in: 3, dpi: 80, margin_in: 0.2}
colors:
  background: "#fff8e7"
  axes: "#e7f3ff"
  text: "#203040"
  grid: "#d0dae4"
  palette: ["#2f5d8a", "#3f8f6b"]
font: {size_pt: 8}
"""
"""Backgrounds that nothing else has; neither red nor violet nor black anywhere."""
SIZE = (400, 240)
_FIELD = re.compile(r"^(leaves|told): *(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Attack:
    """One program and what its docstring says of it."""

    name: str
    source: bytes
    leaves: tuple[frozenset[str], ...]
    """Alternatives of what leaves."""
    told: str
    """Words that stand in a notice; may be empty."""


def load(path: Path) -> Attack:
    """Read one."""
    source = path.read_text(encoding="utf-8")
    fields = dict(_FIELD.findall(source.partition('"""\n')[0]))
    ways = fields["leaves"].split(" or ")
    leaves = tuple(frozenset() if way == "nothing" else frozenset(way.split(", ")) for way in ways)
    return Attack(path.stem, source.encode(), leaves, fields.get("told", ""))


ATTACKS = tuple(map(load, sorted(DIRECTORY.glob("*.py"))))


def wanted(style: bytes | None = STYLE, images: str = "figures_only") -> Wanted:
    """What a scope with that style wants."""
    companions = {"house.yaml": style} if style is not None else {}
    name = "house.yaml" if style is not None else None
    return Wanted(style=name, images=images, files={HOUSE_STYLE: read_style(name, companions).for_cell()})


@dataclass(frozen=True)
class Delivered:
    """What a run's caller gets."""

    result: RunResult
    said: str

    @property
    def files(self) -> Mapping[str, bytes]:
        return {artifact.name: artifact.content for artifact in self.result.artifacts}


async def deliver(sandbox: Sandbox, program: bytes, wants: Wanted | None = None) -> Delivered:
    """Run a program through all of its stages."""
    said = bytearray()

    async def keep(_stream: str, data: bytes) -> None:
        said.extend(data)

    work = staged.Work(program, (), LIMITS)
    result = await staged.run(sandbox, wants or wanted(), work, keep, lambda _: None)
    return Delivered(result, said.decode("utf-8", "replace"))


_LOOK = """
import json, sys
from pathlib import Path
import numpy as np
from PIL import Image

def near(pixels, color, distance):
    return (np.abs(pixels.astype(int) - color).max(axis=2) <= distance)

for line in sys.stdin:
    path, margin, background, axes = json.loads(line)
    image = Image.open(path)
    pixels = np.asarray(image.convert("RGBA"))
    opaque, pixels = bool((pixels[:, :, 3] == 255).all()), pixels[:, :, :3]
    frame = np.ones(pixels.shape[:2], bool)
    frame[margin:-margin, margin:-margin] = False
    red, green, blue = (pixels[:, :, n].astype(int) for n in range(3))
    violet = (red > green + 60) & (blue > green + 60)
    lime = (green > red + 120) & (green > blue + 120)
    foreign = violet | lime | (pixels.max(axis=2) < 28)
    print(json.dumps({
        "size": image.size, "opaque": opaque, "form": image.format,
        "frame": float(near(pixels, background, 0)[frame].mean()),
        "foreign": float(foreign.mean()),
        "house": float((near(pixels, background, 1) | near(pixels, axes, 1)).mean()),
        "axes": float(near(pixels, axes, 1).mean()),
    }))
"""


def looked_at(directory: Path, pictures: Mapping[str, bytes]) -> dict[str, Any]:
    """Of each PNG its size, and shares of its pixels: `frame` of the margins and `house` of all that have a
    background of the house, `foreign` that have a colour which the house does not."""
    lines = []
    for number, content in enumerate(pictures.values()):
        path = directory / f"picture-{number}"
        path.write_bytes(content)
        lines.append(json.dumps([str(path), 15, [0xFF, 0xF8, 0xE7], [0xE7, 0xF3, 0xFF]]))
    done = subprocess.run(
        [str(PYTHON), "-c", _LOOK], input="\n".join(lines), text=True, capture_output=True, check=True
    )
    return dict(zip(pictures, map(json.loads, done.stdout.splitlines()), strict=True))
