"""A scope from bytes that may come from anybody: the plain part of YAML, then the schema.

Knows the document's rules (docs/scope-format.md, Document). Must not know what a key means.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import yaml
from pydantic import ValidationError

from placet.scope.schema import Lines, Scope, line_of

MAX_DOCUMENT_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 16


class ScopeInvalid(ValueError):  # noqa: N818  (named for what it says, as in the docs)
    """The document is not a scope. `problems` holds every reason, each with its line and the key's path."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("scope is not valid:\n" + "\n".join(f"- {problem}" for problem in problems))
        self.problems = tuple(problems)


class _Refused(yaml.YAMLError):
    """A YAML feature that scopes do not use."""


class _PlainLoader(yaml.SafeLoader):
    """SafeLoader without the parts of YAML that surprise: aliases, tags, merge keys, repeated keys, dates."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _Refused(f"line {line}: anchors and aliases are not allowed; write the value out")
        if getattr(event, "tag", None) is not None:
            raise _Refused(f"line {line}: tags are not allowed; write a plain value")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _Refused(f"line {line}: nested deeper than {MAX_DEPTH} levels")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                raise _Refused(f"line {line}: a key must be a plain word")
            if key.value in seen:
                raise _Refused(f"line {line}: key {key.value!r} stands twice; remove one")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in pairs if not tag.endswith((":timestamp", ":merge"))]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_scope(document: bytes) -> Scope:
    """The scope in `document`, which may come from anybody.

    Raises ScopeInvalid with every problem found.
    """
    data, lines = numbered_mapping(document)
    try:
        scope = Scope.model_validate(data)
    except ValidationError as error:
        raise ScopeInvalid(_problems(error.errors(), lines)) from None
    scope._document = bytes(document)
    scope._lines = lines
    return scope


def plain_mapping(document: bytes) -> Mapping[str, Any]:
    """The mapping that a document of ours is, in the plain part of YAML. Raises ScopeInvalid."""
    return _compose(document)[1]


def plain_nodes(document: bytes) -> yaml.MappingNode:
    """The same mapping with the place of each value in the text. Raises ScopeInvalid."""
    return _compose(document)[0]


def numbered_mapping(document: bytes) -> tuple[Mapping[str, Any], Lines]:
    """The same mapping with the line of each key and each entry of a list. Raises ScopeInvalid."""
    node, data = _compose(document)
    return data, dict(_lines(node))


def _lines(node: yaml.Node, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """The line on which each key and each entry of a list stands, from 1."""
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*path, key.value))
            yield (*path, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*path, index))


def _compose(document: bytes) -> tuple[yaml.MappingNode, Mapping[str, Any]]:
    if len(document) > MAX_DOCUMENT_BYTES:
        raise ScopeInvalid([f"document: {len(document)} bytes; at most {MAX_DOCUMENT_BYTES} are allowed"])
    try:
        text = document.decode("utf-8")
        loader = _PlainLoader(text)
        try:
            node = loader.get_single_node()
            data = loader.construct_document(node) if isinstance(node, yaml.MappingNode) else None
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        raise ScopeInvalid([f"document: not UTF-8 at byte {error.start}"]) from None
    except _Refused as error:
        raise ScopeInvalid([f"document: {error}"]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ScopeInvalid([f"document: not valid YAML: {' '.join(str(error).split())[:300]}"]) from None
    if not isinstance(node, yaml.MappingNode) or not isinstance(data, dict):
        raise ScopeInvalid(["document: must be one YAML mapping"])
    return node, data


_NONE_OR_LIST: Final[Mapping[str, str]] = {
    "allow.network": "must be none, or a list of host:port",
    "allow.processes": "must be none, or a list of command names",
}


def _problems(details: Sequence[Mapping[str, Any]], lines: Lines) -> list[str]:
    """One sentence per mistake; the branches of a union are told as one."""
    found: dict[str, str] = {}
    places: dict[str, int] = {}
    for detail in details:
        path = _path(detail["loc"])
        places.setdefault(path, line_of(lines, detail["loc"]))
        found.setdefault(path, _NONE_OR_LIST.get(path) or _message(detail))
    inner = {path.rpartition(".")[0] for path in found}
    return [
        f"line {places[path]}: {path}: {message}"
        for path, message in found.items()
        if not (path in _NONE_OR_LIST and path in inner)
    ]


def _path(location: Sequence[str | int]) -> str:
    # Pydantic names the branch of a union in the path; a reader of the file knows keys and numbers only.
    return ".".join(str(part) for part in location if not re.search(r"[\[(]", str(part))) or "document"


def _message(detail: Mapping[str, Any]) -> str:
    if detail["type"] == "extra_forbidden":
        return "unknown key; docs/scope-format.md lists the keys there are"
    return str(detail["msg"]).removeprefix("Value error, ")
