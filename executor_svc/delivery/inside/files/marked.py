"""XML, and pictures made of it: SVG, without anything that runs or loads something.

Everything that is looked at is hostile bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from xml.parsers import expat

from executor_svc.delivery.inside.files.plain import Active, NotOfKind, text_of

_SVG = "http://www.w3.org/2000/svg"
_SVG_ACTIVE: Final = frozenset(
    ("script", "foreignobject", "iframe", "embed", "object", "animate", "set", "handler", "listener")
)
_LOADS = re.compile(r"@import|\\|\b(?:image-set|image|src)\(|url\(\s*['\"]?(?!#)[^\s#]", re.IGNORECASE)
"""In a style: what loads something; a backslash may write a letter of it."""


def check_svg(path: Path) -> None:
    """Raises NotOfKind, Active."""
    names: list[str] = []
    said: list[str] = []

    def begun(name: str, attributes: dict[str, str]) -> None:
        names.append(name)
        _check_element(name, attributes)

    parse_xml(text_of(path).encode(), begun, said.append)
    if any(name.split(" ")[-1].lower() == "style" for name in names) and _LOADS.search("".join(said)):
        raise Active("an SVG whose style loads something")
    if names[0] not in (f"{_SVG} svg", "svg"):
        raise NotOfKind("it is no SVG")


def _check_element(name: str, attributes: Mapping[str, str]) -> None:
    if name.split(" ")[-1].lower() in _SVG_ACTIVE:
        raise Active(f"an SVG with the element {name.split(' ')[-1][:20]}")
    for key, value in attributes.items():
        attribute = key.split(" ")[-1].lower()
        outside = attribute in ("href", "src") and not value.startswith(("#", "data:image/png;"))
        if attribute.startswith("on") or outside or _LOADS.search(value):
            raise Active("an SVG with an event, or with a reference outside")


def parse_xml(
    content: bytes, begun: Callable[[str, dict[str, str]], None], said: Callable[[str], None] | None = None
) -> None:
    """Without document types of its own, so that nothing in it stands for something else.

    `begun` gets each element's name and attributes, `said` texts. Raises NotOfKind, Active.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = begun
    parser.CharacterDataHandler = said
    parser.EntityDeclHandler = _refuse_declaration
    parser.ProcessingInstructionHandler = _refuse_instruction
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        raise NotOfKind("it is not XML") from None


def _refuse_declaration(*_: object) -> None:
    raise Active("XML that declares entities")


def _refuse_instruction(*_: object) -> None:
    raise Active("XML with a processing instruction, such as a style sheet")
