"""A style sheet of matplotlib as a companion of a style: its keys, and what their values look like.

Closed (docs/style-format.md, Sheet): what a key could do besides looks is not in the table. Must not know
matplotlib, which has the last word on a value, in the cell where it is used.
"""

import re
from collections.abc import Mapping
from typing import Final

MAX_LINES: Final = 500

_NUMBER: Final = r"-?\d{1,4}(\.\d{1,6})?"
_COLOR: Final = r"#?[0-9a-fA-F]{6}|[a-z]{3,20}|(0|1|0?\.\d{1,3})|C\d|inherit|auto|none"
_FORMS: Final[Mapping[str, str]] = {
    "number": _NUMBER,
    "numbers": rf"{_NUMBER}( *, *{_NUMBER}){{0,7}}",
    "size": rf"{_NUMBER}|(xx|x)?-?(small|large)|medium|smaller|larger",
    "color": _COLOR,
    "switch": r"True|False|true|false|on|off|yes|no|0|1",
    "word": r"[A-Za-z][A-Za-z0-9 _-]{0,40}|-|--|-\.|:|None",
    "words": r"[A-Za-z][A-Za-z0-9 ,_-]{0,200}",
    "cycle": r"""cycler\( *['"]?color['"]? *[,=] *\[( *['"]?#?[0-9a-fA-F]{6}['"]? *,?){1,20} *\] *\)""",
}

KEYS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("figure.facecolor", "axes.facecolor", "text.color", "grid.color", "savefig.facecolor"), "color"
    ),
    **dict.fromkeys(
        ("axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color"), "color"
    ),
    **dict.fromkeys(
        ("xtick.labelcolor", "ytick.labelcolor", "legend.edgecolor", "legend.facecolor"), "color"
    ),
    **dict.fromkeys(("patch.edgecolor", "legend.labelcolor", "hatch.color"), "color"),
    **dict.fromkeys(
        ("lines.linewidth", "lines.markersize", "lines.markeredgewidth", "axes.linewidth"), "number"
    ),
    **dict.fromkeys(
        ("grid.linewidth", "grid.alpha", "patch.linewidth", "axes.titlepad", "axes.labelpad"), "number"
    ),
    **dict.fromkeys(("axes.xmargin", "axes.ymargin", "legend.framealpha", "legend.borderpad"), "number"),
    **dict.fromkeys(
        ("legend.labelspacing", "legend.handlelength", "legend.handletextpad", "font.size"), "number"
    ),
    **{
        f"{side}.{end}": "number"
        for side in ("xtick", "ytick")
        for end in ("major.size", "major.width", "major.pad", "minor.size", "minor.width", "minor.pad")
    },
    **{
        f"{side}tick.{end}": "switch"
        for side in "xy"
        for end in ("minor.visible", "major.left", "major.right")
    },
    **dict.fromkeys(("xtick.direction", "ytick.direction", "axes.titlelocation", "axes.grid.axis"), "word"),
    **dict.fromkeys(
        ("grid.linestyle", "lines.linestyle", "lines.solid_capstyle", "axes.titleweight"), "word"
    ),
    **dict.fromkeys(
        ("axes.labelweight", "font.weight", "figure.titleweight", "lines.solid_joinstyle"), "word"
    ),
    **dict.fromkeys(("font.family", "font.sans-serif", "font.serif", "font.monospace"), "words"),
    **dict.fromkeys(("axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize"), "size"),
    **dict.fromkeys(
        ("legend.fontsize", "legend.title_fontsize", "figure.titlesize", "figure.labelsize"), "size"
    ),
    **dict.fromkeys(
        ("axes.grid", "axes.axisbelow", "legend.frameon", "legend.fancybox", "legend.shadow"), "switch"
    ),
    **{f"axes.spines.{side}": "switch" for side in ("left", "right", "top", "bottom")},
    "figure.figsize": "numbers",
    "figure.dpi": "number",
    "savefig.dpi": "number",
    "axes.prop_cycle": "cycle",
}
"""Key → the form of its value."""


def read_sheet(name: str, content: bytes) -> tuple[Mapping[str, str], list[str]]:
    """Its keys with their values as written, and every problem as `name:line: …`."""
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        return {}, [f"{name}: not UTF-8 at byte {error.start}; save it as UTF-8"]
    if len(lines) > MAX_LINES:
        return {}, [f"{name}: {len(lines)} lines; at most {MAX_LINES} are read"]
    found: dict[str, str] = {}
    problems = []
    for number, line in enumerate(lines, start=1):
        key, colon, value = (part.strip() for part in _without_comment(line).partition(":"))
        if not key and not colon:
            continue
        if problem := _problem(key, colon, value, found):
            problems.append(f"{name}:{number}: {problem}")
        found[key] = value
    return found, problems


def _without_comment(line: str) -> str:
    """As matplotlib reads it: # begins a comment, unless it is quoted."""
    return re.sub(r"""(["'][^"']*["'])|#.*$""", lambda match: match[1] or "", line)


def _problem(key: str, colon: str, value: str, found: Mapping[str, str]) -> str | None:
    if not colon or not key:
        return "must be `key: value`"
    if key not in KEYS:
        return f"{key}: not a key that a sheet may have; docs/style-format.md lists them, remove the line"
    if key in found:
        return f"{key}: stands twice; remove one"
    if not re.fullmatch(_FORMS[KEYS[key]], value.strip("\"'") if KEYS[key] == "color" else value):
        return f"{key}: {value[:60]!r} is no {KEYS[key]}"
    return None
