"""A house style: how every figure and table of a scope looks, whatever its programs say.

docs/style-format.md as a closed schema. Knows one companion and those it names. Must not know matplotlib:
what goes into the cell that draws is JSON, in which all is said.
"""

import base64
import json
import re
import struct
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    model_validator,
)

from placet.scope.companions import Companions
from placet.scope.reading import ScopeInvalid, numbered_mapping
from placet.scope.schema import Lines, line_of
from placet.scope.sheet import read_sheet

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_FONTS: Final = (b"\x00\x01\x00\x00", b"OTTO", b"true")
_LONGEST_SIDE: Final = 4000
"""Pixels of a logo."""


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


_Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
_File = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
_LIST: Final = Field(strict=False)
_Inches = Annotated[float, Field(ge=2, le=20)]
# What strftime(3) writes without any locale.
_DATE: Final = r"^(%[YymdHMSj]|[ ./:,TZ-]){1,20}$"


class Metadata(_Closed):
    """Which style, and which edition of it."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class FigureRules(_Closed):
    """Size on paper. Programs have no say in it."""

    width_in: _Inches = 7.0
    height_in: _Inches = 4.4
    """Of a figure with one row of axes."""
    tallest_in: _Inches = 14.0
    """What a figure with more rows may grow to."""
    dpi: Annotated[int, Field(ge=50, le=300)] = 144
    margin_in: Annotated[float, Field(ge=0.05, le=2)] = 0.15
    """Nothing is drawn there but the logo."""

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.tallest_in < self.height_in:
            raise ValueError("tallest_in is below height_in; raise it")
        if 3 * self.margin_in > min(self.width_in, self.height_in):
            raise ValueError("margin_in leaves no room for a figure; lower it")
        return self


class Colors(_Closed):
    """All colours there are."""

    background: _Color = "#ffffff"
    axes: _Color | None = None
    """Behind the marks; absent: as `background`."""
    text: _Color = "#1f2933"
    grid: _Color = "#dfe3e8"
    palette: Annotated[tuple[_Color, ...], _LIST, Field(min_length=2, max_length=20)] = (
        *("#2f5d8a", "#d9822b", "#3f8f6b", "#b0413e", "#7a5ba6"),
        *("#8a6d3b", "#c2679a", "#4aa3b5"),
    )
    """What a program's colours become, in the order in which they appear."""
    sequential: Annotated[tuple[_Color, ...], _LIST, Field(min_length=2, max_length=9)] = (
        *("#edf3f9", "#8fb4d6", "#2f5d8a", "#12304f"),
    )
    """From small to large."""
    diverging: Annotated[tuple[_Color, ...], _LIST, Field(min_length=3, max_length=9)] = (
        *("#b0413e", "#e6b8a8", "#f4f4f2", "#a9c4de", "#2f5d8a"),
    )
    """From small over the middle to large."""


class Font(_Closed):
    """One that every sandbox has, or the team's own."""

    family: Literal["DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono", "STIXGeneral"] = "DejaVu Sans"
    size_pt: Annotated[float, Field(ge=5, le=24)] = 10.0
    files: Annotated[tuple[_File, ...], _LIST, Field(max_length=4)] = ()
    """Companions, TrueType or OpenType. The first one's family is the font, and `family` what it lacks."""


class Logo(_Closed):
    """A picture in the margin, which is made high enough for it."""

    file: _File
    corner: Literal["top left", "top right", "bottom left", "bottom right"] = "top right"
    height_in: Annotated[float, Field(ge=0.1, le=2)] = 0.3


class Watermark(_Closed):
    """A word across every figure."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    strength: Annotated[float, Field(ge=0.02, le=0.5)] = 0.08
    """How dark it is: the share of the text colour."""


class Numbers(_Closed):
    """How numbers are written."""

    decimals: Annotated[int, Field(ge=0, le=10)] = 2
    """At most; in tables exactly, where a column has any."""
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'", "\N{NARROW NO-BREAK SPACE}"] = ","
    """Only where a number of the column or axis has more than four digits before the point."""
    thousands_in_csv: bool = False
    """Whether they are set apart in CSV files too, which other programs may then not read as numbers."""

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands are the same sign; change one")
        return self


class Style(_Closed):
    """A valid style. Made by `read_style`; without a file it is the built-in one."""

    apiVersion: Literal["placet/v1"] = "placet/v1"  # noqa: N815  (the format's key)
    kind: Literal["Style"] = "Style"
    metadata: Metadata = Metadata(name="built-in", version=1)
    figure: FigureRules = FigureRules()
    colors: Colors = Colors()
    font: Font = Font()
    logo: Logo | None = None
    watermark: Watermark | None = None
    numbers: Numbers = Numbers()
    dates: Annotated[str, StringConstraints(pattern=_DATE)] = "%Y-%m-%d"
    times: Annotated[str, StringConstraints(pattern=_DATE)] = "%Y-%m-%d %H:%M"
    grid: Literal["x", "y", "both", "none"] = "y"
    frame: Annotated[tuple[Literal["left", "right", "top", "bottom"], ...], _LIST, Field(max_length=4)] = (
        *("left", "bottom"),
    )
    sheet: _File | None = None
    """A style sheet of matplotlib among the companions. What stands in this file counts before it."""
    _sheet: Mapping[str, str] = PrivateAttr(default_factory=dict)
    _files: Companions = PrivateAttr(default_factory=dict)

    @property
    def named(self) -> tuple[str, ...]:
        """Companions that it needs."""
        found = (*self.font.files, self.logo.file if self.logo else None, self.sheet)
        return tuple(name for name in found if name is not None)

    def for_cell(self) -> bytes:
        """All of it as one JSON document, its files in base64: what the cell that draws is given."""
        said = self.model_dump(mode="json")
        said["sheet"] = dict(self._sheet)
        said["files"] = {name: base64.b64encode(content).decode() for name, content in self._files.items()}
        return json.dumps(said, sort_keys=True).encode()


def read_style(name: str | None, companions: Companions) -> Style:
    """The style that a scope names, from its companions; the built-in one for None.

    Raises ScopeInvalid with every problem, each beginning with `file:line`.
    """
    if name is None:
        return Style()
    document = companions[name]
    try:
        said, lines = numbered_mapping(document)
    except ScopeInvalid as error:
        raise ScopeInvalid([problem.replace("document", name, 1) for problem in error.problems]) from None
    sheet, problems = _sheet(said.get("sheet"), companions)
    try:
        style = Style.model_validate(_with_sheet(said, sheet) if not problems else said)
    except ValidationError as error:
        raise ScopeInvalid(_told(name, lines, error) + problems) from None
    if problems := [*_wrong_files(name, lines, style, companions), *problems]:
        raise ScopeInvalid(problems)
    style._sheet = sheet
    style._files = {one: companions[one] for one in style.named if one != style.sheet}
    return style


def _sheet(name: object, companions: Companions) -> tuple[Mapping[str, str], list[str]]:
    if not isinstance(name, str) or name not in companions:
        return {}, []  # a wrong or missing name is told where the others are
    return read_sheet(name, companions[name])


def _with_sheet(said: Mapping[str, Any], sheet: Mapping[str, str]) -> Mapping[str, Any]:
    """The rules that a sheet implies, below those that the style says itself."""
    merged: dict[str, Any] = {
        key: dict(value) if isinstance(value, dict) else value for key, value in said.items()
    }
    for key, value in sheet.items():
        rule = _RULES.get(key)
        found = _value(key, value) if rule else None
        if rule is None or found is None:
            continue
        part = merged.setdefault(rule[0], {})
        if isinstance(part, dict):
            part.setdefault(rule[1], found)
    return merged


_RULES: Final[Mapping[str, tuple[str, str]]] = {
    "figure.facecolor": ("colors", "background"),
    "axes.facecolor": ("colors", "axes"),
    "text.color": ("colors", "text"),
    "grid.color": ("colors", "grid"),
    "axes.prop_cycle": ("colors", "palette"),
    "font.size": ("font", "size_pt"),
    "savefig.dpi": ("figure", "dpi"),
}
"""Keys of a sheet that are rules of a style."""


def _value(key: str, value: str) -> Any:
    """A sheet's value as the style has it; None where the style could not say it."""
    colors = [f"#{found.lower()}" for found in re.findall(r"\b[0-9a-fA-F]{6}\b", value)]
    if key == "axes.prop_cycle":
        return colors or None
    if key in ("font.size", "savefig.dpi"):
        return float(value) if key == "font.size" else round(float(value))
    return colors[0] if colors else {"white": "#ffffff", "black": "#000000"}.get(value)


def _wrong_files(name: str, lines: Lines, style: Style, companions: Companions) -> list[str]:
    problems = []
    for path, file in _places(style):
        place = f"{name}:{line_of(lines, path)}: {'.'.join(map(str, path))}"
        if file not in companions:
            problems.append(f"{place}: {file} is not in the scope's files; run `placet scope pin` to add it")
        elif problem := _wrong(path[0], companions[file]):
            problems.append(f"{place}: {file} {problem}")
    return problems


def _places(style: Style) -> list[tuple[tuple[str | int, ...], str]]:
    logo = [(("logo", "file"), style.logo.file)] if style.logo else []
    sheet = [(("sheet",), style.sheet)] if style.sheet else []
    return [
        *((("font", "files", number), file) for number, file in enumerate(style.font.files)),
        *logo,
        *sheet,
    ]


def _wrong(part: str | int, content: bytes) -> str | None:
    """What is wrong with the bytes of a companion, as far as its first ones tell."""
    if part == "font":
        return None if content.startswith(_FONTS) else "is no TrueType or OpenType font"
    if part != "logo":
        return None
    if not content.startswith(_PNG) or len(content) < len(_PNG) + 16:
        return "is no PNG"
    width, height = struct.unpack_from(">II", content, len(_PNG) + 8)
    return None if 0 < min(width, height) <= max(width, height) <= _LONGEST_SIDE else "has too many pixels"


def _told(name: str, lines: Lines, error: ValidationError) -> list[str]:
    """One sentence per mistake, with its line."""
    told = []
    for detail in error.errors():
        path, message = detail["loc"], str(detail["msg"]).removeprefix("Value error, ")
        if detail["type"] == "extra_forbidden":
            message = "unknown key; docs/style-format.md lists the keys there are"
        elif (
            path
            and isinstance(path[-1], str)
            and detail["type"] == "string_pattern_mismatch"
            and "colors" in path
        ):
            message = 'must be a colour such as "#1f2933", in quotes'
        told.append(f"{name}:{line_of(lines, path)}: {'.'.join(map(str, path)) or 'document'}: {message}")
    return list(dict.fromkeys(told))
