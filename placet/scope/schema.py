"""The keys of a scope file, their types, bounds and defaults: docs/scope-format.md as a closed schema.

Knows one document's content. Must not know YAML, files, or how a program is judged.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, PrivateAttr, StringConstraints, model_validator

from placet.scope.closed import LIST, Closed, ColumnName, Unique
from placet.scope.outputs import Outputs
from placet.scope.rule_modes import RuleKey, RuleMode, SoftOnly


def _host_port(value: str) -> str:
    match = re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?:(\d{1,5})", value)
    if match is None or not 1 <= int(match[1]) <= 65535:
        raise ValueError("must be host:port in lower case, such as api.example.com:443")
    return value


_Module = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$", max_length=100)
]
_Command = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", max_length=64)]
_HostPort = Annotated[str, StringConstraints(max_length=260), AfterValidator(_host_port)]
_Program = Annotated[str, StringConstraints(min_length=1, max_length=16 * 1024)]
_Hosts = Annotated[tuple[_HostPort, ...], LIST, Field(min_length=1, max_length=50), Unique]
_Commands = Annotated[tuple[_Command, ...], LIST, Field(min_length=1, max_length=50), Unique]
_FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]


class Metadata(Closed):
    """Who the scope belongs to, and which edition this is."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    owner: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Allow(Closed):
    """What programs may do. An empty list and `none` allow nothing."""

    imports: Annotated[tuple[_Module, ...], LIST, Field(max_length=200), Unique] = ()
    pure_stdlib: bool = True
    read: Annotated[tuple[Literal["inputs", "workdir"], ...], LIST, Unique] = ()
    write: Annotated[tuple[Literal["outputs", "workdir"], ...], LIST, Unique] = ()
    network: Literal["none"] | _Hosts = "none"
    processes: Literal["none"] | _Commands = "none"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The `host:port` pairs that may be reached; empty when none."""
        return () if self.network == "none" else self.network

    @property
    def commands(self) -> tuple[str, ...]:
        """The command names that may be started; empty when none."""
        return () if self.processes == "none" else self.processes


class Limits(Closed):
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


class Review(Closed):
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


class Prompt(Closed):
    """What of the inputs the generator's prompt may hold."""

    sample_rows: Annotated[int, Field(ge=0, le=20)] = 0


class Columns(Closed):
    """What a program finds of an input's columns: `grant` as they are, `mask` under pseudonyms, no others."""

    input: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    """A glob over the inputs' names; the first entry that fits counts."""
    grant: Annotated[tuple[ColumnName, ...], LIST, Field(max_length=500), Unique] = ()
    mask: Annotated[tuple[ColumnName, ...], LIST, Field(max_length=500), Unique] = ()

    @model_validator(mode="after")
    def _once(self) -> Self:
        if both := sorted(set(self.grant) & set(self.mask)):
            raise ValueError(f"{', '.join(both)}: granted and masked; leave it in one of them")
        if not self.grant and not self.mask:
            raise ValueError(
                "names no column: add grant or mask, or leave the entry out to refuse such inputs"
            )
        return self


class Inputs(Closed):
    """What a program gets of the files that come with a task."""

    columns: Annotated[tuple[Columns, ...], LIST, Field(min_length=1, max_length=50)] | None = None
    """Absent: every column of every input. Else an input that no entry fits is refused."""


class Actions(Closed):
    """Which actions plans may use (docs/actions.md)."""

    only: Annotated[tuple[_Word, ...], LIST, Field(max_length=200), Unique] = ()
    """Names from the catalogue; empty: all of it."""
    own: Annotated[tuple[_FileName, ...], LIST, Field(max_length=16), Unique] = ()
    """Companions that hold the team's own actions."""


class Examples(Closed):
    """Programs that must pass, and programs that must be denied, by the rules alone."""

    allowed: Annotated[tuple[_Program, ...], LIST, Field(max_length=50)] = ()
    denied: Annotated[tuple[_Program, ...], LIST, Field(max_length=50)] = ()


Lines = Mapping[tuple[str | int, ...], int]
"""The path of each key and list entry of a document → the line on which it stands, from 1."""


def line_of(lines: Lines, path: Sequence[str | int]) -> int:
    """The line of the key at `path`, or of the nearest one above it that is written down."""
    written = (tuple(path[:length]) for length in range(len(path), -1, -1))
    return next((lines[above] for above in written if above in lines), 1)


class Scope(Closed):
    """A valid scope. Made by `load_scope` only, so that `document` and `sha256` are those of the file."""

    apiVersion: Literal["placet/v1"]  # noqa: N815  (the format's key)
    kind: Literal["Scope"]
    metadata: Metadata
    purpose: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    mode: Literal["program", "actions", "actions_then_program"] = "program"
    files: Annotated[Mapping[_FileName, _Sha256], Field(max_length=16)] = {}
    """Companions: what stands beside this file, each by its digest (`placet.scope.companions` reads them)."""
    actions: Actions = Actions()
    style: _FileName | None = None
    """The companion that says how figures and tables look (docs/style-format.md)."""
    inputs: Inputs = Inputs()
    allow: Allow = Allow()
    limits: Limits = Limits()
    review: Review = Review()
    prompt: Prompt = Prompt()
    outputs: Outputs = Outputs()
    rules: Annotated[Mapping[RuleKey, RuleMode], Field(max_length=50), SoftOnly] = {}
    examples: Examples = Examples()
    _document: bytes = PrivateAttr(default=b"")
    _lines: Lines = PrivateAttr(default_factory=dict)

    def line(self, *path: str | int) -> int:
        """The line on which a key stands, or the nearest one above it that is written down."""
        return line_of(self._lines, path)

    def at(self, *path: str | int) -> str:
        """Where a key stands, as problems begin: `line 7: files.house.yaml`."""
        return f"line {self.line(*path)}: {'.'.join(map(str, path))}"

    @model_validator(mode="after")
    def _companions_are_pinned(self) -> Self:
        named = [*self.actions.own, *([self.style] if self.style else [])]
        if missing := [name for name in named if name not in self.files]:
            raise ValueError(f"{', '.join(missing)}: not in files; run `placet scope pin` to add the digest")
        if self.mode == "program" and self.actions != Actions():
            raise ValueError("actions: only with mode actions or actions_then_program")
        return self

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
