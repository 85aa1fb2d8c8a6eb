"""The keys of a scope file, their types, bounds and defaults: docs/scope-format.md as a closed schema.

Knows one document's content. Must not know YAML, files, or how a program is judged.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    model_validator,
)


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


Severity = Literal["INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"]
SEVERITIES: Final[tuple[Severity, ...]] = ("INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL")
"""Of findings, mildest first."""
_Quorum = Annotated[int, Field(ge=1, le=5)]


class Review(_Closed):
    """How a program in this scope is reviewed."""

    reviewer: Literal["required", "off"] = "required"
    static_proof: bool = False
    on_uncertain: Literal["needs_review", "deny"] = "needs_review"
    undecided: Literal["needs_review", "allow"] = "needs_review"
    """What becomes of a program whose reviewer was measured not to tell such programs apart."""
    min_tier: Literal["T0", "T1", "T2", "T3"] = "T1"
    quorum: _Quorum = 1
    """How many people must allow a program when people decide."""
    quorum_by_severity: Mapping[Severity, _Quorum] = {}
    """How many for a program with a finding of that severity, where that is more than `quorum`."""

    def quorum_for(self, severities: Iterable[str]) -> int:
        """How many people must allow a program whose findings have these severities."""
        found = set(severities)
        graver = (count for severity, count in self.quorum_by_severity.items() if severity in found)
        return max((self.quorum, *graver))

    @property
    def strictest_quorum(self) -> int:
        """How many people must allow a program of which no guard has said how grave its findings are."""
        return self.quorum_for(SEVERITIES)

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
        tuple[Literal["text", "txt", "png", "svg", "pdf", "csv", "json", "parquet", "xlsx"], ...],
        _LIST,
        _Unique,
    ] = ("text",)


RuleMode = Literal["enforce", "warn", "audit"]
RULE_MODES: Final[tuple[RuleMode, ...]] = ("enforce", "warn", "audit")
"""From strict to lax."""


def _rule_key(value: str) -> str:
    if re.fullmatch(
        r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+|[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*\.\*", value
    ):
        return value
    raise ValueError(
        "must be a rule's id, or the beginning of ids with .* at its end (docs/rules.md lists the rules)"
    )


HARD_FAMILIES: Final = (
    *("intake", "policy", "reviewer", "rules", "threat.dynamic", "threat.introspection", "threat.reviewer"),
    *(
        "threat.secrets",
        "capability.secrets",
        "capability.native",
        "capability.process",
        "capability.network",
    ),
)
"""Beginnings of ids that no scope softens, whatever rules there are; the guard knows the other hard rules."""


def _soft_only(rules: Mapping[str, RuleMode]) -> Mapping[str, RuleMode]:
    refused = [
        f"{key} cannot be {mode}: it is a hard denial or covers one"
        for key, mode in rules.items()
        if mode != "enforce" and any(_meets(key, family) for family in HARD_FAMILIES)
    ]
    if refused:
        raise ValueError("; ".join(refused))
    return rules


def _meets(key: str, family: str) -> bool:
    stem = key.removesuffix(".*")
    return f"{stem}.".startswith(f"{family}.") or (stem != key and family.startswith(f"{stem}."))


_RuleKey = Annotated[str, StringConstraints(max_length=100), AfterValidator(_rule_key)]


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
    rules: Annotated[Mapping[_RuleKey, RuleMode], Field(max_length=50), AfterValidator(_soft_only)] = {}
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
