"""What a product team's programs may do: the scope file, read and compared.

Knows the format of docs/scope-format.md. Must not know files, services, or how a program is judged.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    model_validator,
)

MAX_DOCUMENT_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 16


class ScopeInvalid(ValueError):  # noqa: N818  (named for what it says, as in the docs)
    """The document is not a scope. `problems` holds every reason, each beginning with the key's path."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("scope is not valid:\n" + "\n".join(f"- {problem}" for problem in problems))
        self.problems = tuple(problems)


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("names the same thing twice; remove one")
    return values


def _host_port(value: str) -> str:
    match = re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?:(\d{1,5})", value)
    if match is None or not 1 <= int(match[1]) <= 65535:
        raise ValueError("must be host:port in lower case, such as api.example.com:443")
    return value


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


_Module = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$", max_length=100)
]
_Command = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", max_length=64)]
_HostPort = Annotated[str, StringConstraints(max_length=260), AfterValidator(_host_port)]
_Program = Annotated[str, StringConstraints(min_length=1, max_length=16 * 1024)]
_Unique = AfterValidator(_unique)
# YAML has lists only; strictness would otherwise refuse a list where the model holds a tuple.
_LIST: Final = Field(strict=False)
_Hosts = Annotated[tuple[_HostPort, ...], _LIST, Field(min_length=1, max_length=50), _Unique]
_Commands = Annotated[tuple[_Command, ...], _LIST, Field(min_length=1, max_length=50), _Unique]


class Metadata(_Closed):
    """Who the scope belongs to, and which edition this is."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    owner: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Allow(_Closed):
    """What programs may do. An empty list and `none` allow nothing."""

    imports: Annotated[tuple[_Module, ...], _LIST, Field(max_length=200), _Unique] = ()
    pure_stdlib: bool = True
    read: Annotated[tuple[Literal["inputs", "workdir"], ...], _LIST, _Unique] = ()
    write: Annotated[tuple[Literal["outputs", "workdir"], ...], _LIST, _Unique] = ()
    network: (
        Literal["none"] | Annotated[tuple[_HostPort, ...], _LIST, Field(min_length=1, max_length=50), _Unique]
    ) = "none"
    processes: (
        Literal["none"] | Annotated[tuple[_Command, ...], _LIST, Field(min_length=1, max_length=50), _Unique]
    ) = "none"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The `host:port` pairs that may be reached; empty when none."""
        return () if self.network == "none" else self.network

    @property
    def commands(self) -> tuple[str, ...]:
        """The command names that may be started; empty when none."""
        return () if self.processes == "none" else self.processes


class Limits(_Closed):
    """Bounds of one run; units are in the names. Never zero, never without limit."""

    wall_s: Annotated[int, Field(ge=1, le=600)] = 30
    cpu_s: Annotated[int, Field(ge=1, le=600)] = 20
    memory_mib: Annotated[int, Field(ge=1, le=8192)] = 512
    output_kib: Annotated[int, Field(ge=1, le=16384)] = 1024
    artifacts: Annotated[int, Field(ge=1, le=256)] = 16
    artifact_mib: Annotated[int, Field(ge=1, le=512)] = 20


class Tier(StrEnum):
    """Isolation strength; a later one is stronger."""

    T0 = "T0"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"


class Review(_Closed):
    """How a program in this scope is reviewed."""

    reviewer: Literal["required", "off"] = "required"
    static_proof: bool = False
    on_uncertain: Literal["needs_review", "deny"] = "needs_review"
    min_tier: Literal["T0", "T1", "T2", "T3"] = "T1"

    @model_validator(mode="after")
    def _something_decides(self) -> Self:
        if self.reviewer == "off" and not self.static_proof:
            raise ValueError("reviewer: off needs static_proof: true, or nothing could allow a program")
        return self


class Prompt(_Closed):
    """What of the inputs the generator's prompt may hold."""

    sample_rows: Annotated[int, Field(ge=0, le=20)] = 0


class Outputs(_Closed):
    """Kinds of result that programs are asked for."""

    kinds: Annotated[
        tuple[Literal["text", "png", "svg", "pdf", "csv", "json", "parquet", "xlsx"], ...], _LIST, _Unique
    ] = ("text",)


class Examples(_Closed):
    """Programs that must pass, and programs that must be denied, by the rules alone."""

    allowed: Annotated[tuple[_Program, ...], _LIST, Field(max_length=50)] = ()
    denied: Annotated[tuple[_Program, ...], _LIST, Field(max_length=50)] = ()


class Scope(_Closed):
    """A valid scope. Made by `load_scope` only, so that `document` and `sha256` are those of the file."""

    apiVersion: Literal["placet/v1"]  # noqa: N815  (the format's key)
    kind: Literal["Scope"]
    metadata: Metadata
    purpose: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    mode: Literal["program"] = "program"
    allow: Allow = Allow()
    limits: Limits = Limits()
    review: Review = Review()
    prompt: Prompt = Prompt()
    outputs: Outputs = Outputs()
    examples: Examples = Examples()
    _document: bytes = PrivateAttr(default=b"")

    @property
    def document(self) -> bytes:
        """The exact bytes the scope was read from."""
        return self._document

    @property
    def sha256(self) -> bytes:
        """32-byte digest of `document`: the scope's identity."""
        return hashlib.sha256(self._document).digest()

    @property
    def name(self) -> str:
        """`metadata.name`."""
        return self.metadata.name

    @property
    def version(self) -> int:
        """`metadata.version`."""
        return self.metadata.version


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
    data = _parse(document)
    try:
        scope = Scope.model_validate(data)
    except ValidationError as error:
        raise ScopeInvalid(_problems(error.errors())) from None
    scope._document = bytes(document)
    return scope


def _parse(document: bytes) -> Mapping[str, Any]:
    if len(document) > MAX_DOCUMENT_BYTES:
        raise ScopeInvalid([f"document: {len(document)} bytes; at most {MAX_DOCUMENT_BYTES} are allowed"])
    try:
        text = document.decode("utf-8")
        loader = _PlainLoader(text)
        try:
            data = loader.get_single_data()
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        raise ScopeInvalid([f"document: not UTF-8 at byte {error.start}"]) from None
    except _Refused as error:
        raise ScopeInvalid([f"document: {error}"]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ScopeInvalid([f"document: not valid YAML: {' '.join(str(error).split())[:300]}"]) from None
    if not isinstance(data, dict):
        raise ScopeInvalid(["document: must be one YAML mapping"])
    return data


_NONE_OR_LIST: Final[Mapping[str, str]] = {
    "allow.network": "must be none, or a list of host:port",
    "allow.processes": "must be none, or a list of command names",
}


def _problems(details: Sequence[Mapping[str, Any]]) -> list[str]:
    """One sentence per mistake; the branches of a union are told as one."""
    found: dict[str, str] = {}
    for detail in details:
        path = _path(detail["loc"])
        found.setdefault(path, _NONE_OR_LIST.get(path) or _message(detail))
    inner = {path.rpartition(".")[0] for path in found}
    return [
        f"{path}: {message}"
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


@dataclass(frozen=True, slots=True)
class ScopeDiff:
    """How scope B differs from A: sentences that say what B grants more, and what it grants less."""

    widening: list[str]
    narrowing: list[str]


# For each ordered choice, the values from strict to lax.
_STRICT_FIRST: Final[Mapping[str, tuple[object, ...]]] = {
    "review.reviewer": ("required", "off"),
    "review.static_proof": (False, True),
    "review.on_uncertain": ("deny", "needs_review"),
    "review.min_tier": ("T3", "T2", "T1", "T0"),
    "allow.pure_stdlib": (False, True),
}


def diff(a: Scope, b: Scope) -> ScopeDiff:
    """What changes for programs when `b` replaces `a`."""
    changes = ScopeDiff([], [])
    for key in ("imports", "read", "write", "hosts", "commands"):
        _compare_sets(changes, f"allow.{key}", getattr(a.allow, key), getattr(b.allow, key))
    _compare_sets(changes, "outputs.kinds", a.outputs.kinds, b.outputs.kinds)
    for key in Limits.model_fields:
        _compare_ranks(changes, f"limits.{key}", getattr(a.limits, key), getattr(b.limits, key))
    _compare_ranks(changes, "prompt.sample_rows", a.prompt.sample_rows, b.prompt.sample_rows)
    for path, order in _STRICT_FIRST.items():
        section, key = path.split(".")
        old, new = getattr(getattr(a, section), key), getattr(getattr(b, section), key)
        _compare_ranks(changes, path, order.index(old), order.index(new), shown=(old, new))
    for key in ("purpose", "mode"):
        if getattr(a, key) != getattr(b, key):
            changes.widening.append(f"{key}: changed; read what it lets in")
    return changes


def _compare_sets(changes: ScopeDiff, path: str, old: tuple[str, ...], new: tuple[str, ...]) -> None:
    changes.widening.extend(f"{path}: adds {item}" for item in new if item not in old)
    changes.narrowing.extend(f"{path}: drops {item}" for item in old if item not in new)


def _compare_ranks(
    changes: ScopeDiff, path: str, old: int, new: int, *, shown: tuple[object, object] | None = None
) -> None:
    before, after = shown or (old, new)
    if new != old:
        (changes.widening if new > old else changes.narrowing).append(f"{path}: {before} -> {after}")
