"""A scope's text with the digests of what stands beside it: only digests and the version change.

Knows where values stand in the text. Must not know directories. Comments, order and layout stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from placet.scope import ScopeInvalid
from placet.scope.reading import plain_mapping, plain_nodes

Edit = tuple[int, int, str]
"""From and to which character, and what stands there afterwards."""


def named(document: bytes) -> tuple[str, ...]:
    """The names of all companions that a scope asks for, whether they stand in its `files` or not yet.

    Raises ScopeInvalid when it is no YAML mapping.
    """
    data = plain_mapping(document)
    own = _mapping(data.get("actions")).get("own") or ()
    wanted = [*_mapping(data.get("files")), data.get("style"), *(own if isinstance(own, list) else ())]
    return tuple(dict.fromkeys(name for name in wanted if isinstance(name, str)))


def named_by_style(style: bytes) -> tuple[str, ...]:
    """The names of the companions that a style asks for. Raises ScopeInvalid when it is no YAML mapping."""
    data = plain_mapping(style)
    fonts = _mapping(data.get("font")).get("files") or ()
    wanted = [
        _mapping(data.get("logo")).get("file"),
        data.get("sheet"),
        *(fonts if isinstance(fonts, list) else ()),
    ]
    return tuple(name for name in wanted if isinstance(name, str))


def style_of(document: bytes) -> str | None:
    """The name of the scope's style. Raises ScopeInvalid when it is no YAML mapping."""
    style = plain_mapping(document).get("style")
    return style if isinstance(style, str) else None


def with_digests(document: bytes, digests: Mapping[str, str]) -> bytes:
    """The document with these digests under `files`, and with the next version if one of them is another.

    Raises ScopeInvalid: it is no YAML mapping, or `files` or `metadata.version` cannot be written.
    """
    root, text = plain_nodes(document), document.decode()
    files = _value(root, "files")
    edits = list(_edits(files, digests, text))
    if not edits:
        return document
    edits.append(_version(root))
    for begin, end, new in sorted(edits, reverse=True):
        text = text[:begin] + new + text[end:]
    return text.encode()


def _edits(files: yaml.Node | None, digests: Mapping[str, str], text: str) -> Iterator[Edit]:
    if files is None or _is_empty(files):
        yield _section(files, digests, text)
        return
    if not isinstance(files, yaml.MappingNode):
        raise ScopeInvalid(
            [f"line {files.start_mark.line + 1}: files: must be a mapping of names to digests"]
        )
    known = {key.value: (key, value) for key, value in files.value}
    for name in known.keys() & digests.keys():
        key, value = known[name]
        if value.value != digests[name]:
            yield _digest(key, value, digests[name], text)
    if added := {name: digest for name, digest in digests.items() if name not in known}:
        yield _added(files, added)


def _is_empty(files: yaml.Node) -> bool:
    return not files.value and isinstance(files, yaml.MappingNode | yaml.ScalarNode)


def _section(files: yaml.Node | None, digests: Mapping[str, str], text: str) -> Edit:
    """`files` where there is none yet, or an empty one."""
    lines = "".join(f"\n  {name}: {digest}" for name, digest in digests.items())
    if files is not None:
        return files.start_mark.index, files.end_mark.index, lines
    return len(text), len(text), f"{'' if text.endswith(chr(10)) else chr(10)}files:{lines}\n"


def _digest(key: yaml.Node, value: yaml.Node, digest: str, text: str) -> Edit:
    """The digest of a name that is there; after it a colon may be missing, as in `{house.yaml}`."""
    begin, end = value.start_mark.index, value.end_mark.index
    if begin < end:
        return begin, end, digest
    colon = "" if ":" in text[key.end_mark.index : begin] else ":"
    return begin, end, f"{colon} {digest}"


def _added(files: yaml.MappingNode, digests: Mapping[str, str]) -> Edit:
    if files.flow_style:
        at = files.end_mark.index - 1
        return at, at, "".join(f", {name}: {digest}" for name, digest in digests.items())
    # Before the first: behind the last one there may be a comment, which is about that.
    first = files.value[0][0].start_mark
    indent = "\n" + " " * first.column
    return first.index, first.index, "".join(f"{name}: {digest}{indent}" for name, digest in digests.items())


def _version(root: yaml.MappingNode) -> Edit:
    """The next version: a scope with other companions is another one."""
    metadata = _value(root, "metadata")
    version = _value(metadata, "version") if isinstance(metadata, yaml.MappingNode) else None
    if version is None or not str(version.value).isdecimal():
        raise ScopeInvalid(["metadata.version: must be a whole number, so that it can be raised"])
    return version.start_mark.index, version.end_mark.index, str(int(version.value) + 1)


def _value(node: yaml.MappingNode, name: str) -> yaml.Node | None:
    return next((value for key, value in node.value if key.value == name), None)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
