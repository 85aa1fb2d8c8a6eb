from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_ALLOWED: _ClassVar[Verdict]
    VERDICT_DENIED: _ClassVar[Verdict]
    VERDICT_NEEDS_REVIEW: _ClassVar[Verdict]

class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEVERITY_UNSPECIFIED: _ClassVar[Severity]
    SEVERITY_INFO: _ClassVar[Severity]
    SEVERITY_LOW: _ClassVar[Severity]
    SEVERITY_MEDIUM: _ClassVar[Severity]
    SEVERITY_HIGH: _ClassVar[Severity]
    SEVERITY_CRITICAL: _ClassVar[Severity]

class FindingSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FINDING_SOURCE_UNSPECIFIED: _ClassVar[FindingSource]
    FINDING_SOURCE_INTAKE: _ClassVar[FindingSource]
    FINDING_SOURCE_RULE: _ClassVar[FindingSource]
    FINDING_SOURCE_REVIEWER: _ClassVar[FindingSource]
    FINDING_SOURCE_POLICY: _ClassVar[FindingSource]
    FINDING_SOURCE_HUMAN: _ClassVar[FindingSource]

class Tier(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIER_UNSPECIFIED: _ClassVar[Tier]
    TIER_T0: _ClassVar[Tier]
    TIER_T1: _ClassVar[Tier]
    TIER_T2: _ClassVar[Tier]
    TIER_T3: _ClassVar[Tier]

class RunStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUN_STATUS_UNSPECIFIED: _ClassVar[RunStatus]
    RUN_STATUS_EXITED: _ClassVar[RunStatus]
    RUN_STATUS_SIGNALED: _ClassVar[RunStatus]
    RUN_STATUS_TIMED_OUT: _ClassVar[RunStatus]
    RUN_STATUS_CPU_EXCEEDED: _ClassVar[RunStatus]
    RUN_STATUS_MEMORY_EXCEEDED: _ClassVar[RunStatus]
    RUN_STATUS_OUTPUT_EXCEEDED: _ClassVar[RunStatus]
    RUN_STATUS_DISK_EXCEEDED: _ClassVar[RunStatus]
    RUN_STATUS_CANCELLED: _ClassVar[RunStatus]
    RUN_STATUS_CONTRACT_VIOLATED: _ClassVar[RunStatus]

class OutputStream(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTPUT_STREAM_UNSPECIFIED: _ClassVar[OutputStream]
    OUTPUT_STREAM_STDOUT: _ClassVar[OutputStream]
    OUTPUT_STREAM_STDERR: _ClassVar[OutputStream]
VERDICT_UNSPECIFIED: Verdict
VERDICT_ALLOWED: Verdict
VERDICT_DENIED: Verdict
VERDICT_NEEDS_REVIEW: Verdict
SEVERITY_UNSPECIFIED: Severity
SEVERITY_INFO: Severity
SEVERITY_LOW: Severity
SEVERITY_MEDIUM: Severity
SEVERITY_HIGH: Severity
SEVERITY_CRITICAL: Severity
FINDING_SOURCE_UNSPECIFIED: FindingSource
FINDING_SOURCE_INTAKE: FindingSource
FINDING_SOURCE_RULE: FindingSource
FINDING_SOURCE_REVIEWER: FindingSource
FINDING_SOURCE_POLICY: FindingSource
FINDING_SOURCE_HUMAN: FindingSource
TIER_UNSPECIFIED: Tier
TIER_T0: Tier
TIER_T1: Tier
TIER_T2: Tier
TIER_T3: Tier
RUN_STATUS_UNSPECIFIED: RunStatus
RUN_STATUS_EXITED: RunStatus
RUN_STATUS_SIGNALED: RunStatus
RUN_STATUS_TIMED_OUT: RunStatus
RUN_STATUS_CPU_EXCEEDED: RunStatus
RUN_STATUS_MEMORY_EXCEEDED: RunStatus
RUN_STATUS_OUTPUT_EXCEEDED: RunStatus
RUN_STATUS_DISK_EXCEEDED: RunStatus
RUN_STATUS_CANCELLED: RunStatus
RUN_STATUS_CONTRACT_VIOLATED: RunStatus
OUTPUT_STREAM_UNSPECIFIED: OutputStream
OUTPUT_STREAM_STDOUT: OutputStream
OUTPUT_STREAM_STDERR: OutputStream

class Violation(_message.Message):
    __slots__ = ("path", "rule", "message")
    PATH_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    path: str
    rule: str
    message: str
    def __init__(self, path: _Optional[str] = ..., rule: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class ScopeFile(_message.Message):
    __slots__ = ("name", "content")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    content: bytes
    def __init__(self, name: _Optional[str] = ..., content: _Optional[bytes] = ...) -> None: ...

class InputRef(_message.Message):
    __slots__ = ("name", "sha256", "size")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    name: str
    sha256: bytes
    size: int
    def __init__(self, name: _Optional[str] = ..., sha256: _Optional[bytes] = ..., size: _Optional[int] = ...) -> None: ...

class InputChunk(_message.Message):
    __slots__ = ("name", "data")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    name: str
    data: bytes
    def __init__(self, name: _Optional[str] = ..., data: _Optional[bytes] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("wall_s", "cpu_s", "memory_mib", "output_kib", "artifacts", "artifact_mib")
    WALL_S_FIELD_NUMBER: _ClassVar[int]
    CPU_S_FIELD_NUMBER: _ClassVar[int]
    MEMORY_MIB_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_KIB_FIELD_NUMBER: _ClassVar[int]
    ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_MIB_FIELD_NUMBER: _ClassVar[int]
    wall_s: int
    cpu_s: int
    memory_mib: int
    output_kib: int
    artifacts: int
    artifact_mib: int
    def __init__(self, wall_s: _Optional[int] = ..., cpu_s: _Optional[int] = ..., memory_mib: _Optional[int] = ..., output_kib: _Optional[int] = ..., artifacts: _Optional[int] = ..., artifact_mib: _Optional[int] = ...) -> None: ...

class ScopeRef(_message.Message):
    __slots__ = ("name", "version", "sha256")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    sha256: bytes
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., sha256: _Optional[bytes] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("rule_id", "severity", "line", "end_line", "message", "source", "quote", "column", "end_column", "why", "instead", "cwe", "documentation", "what")
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    END_LINE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    END_COLUMN_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    INSTEAD_FIELD_NUMBER: _ClassVar[int]
    CWE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTATION_FIELD_NUMBER: _ClassVar[int]
    WHAT_FIELD_NUMBER: _ClassVar[int]
    rule_id: str
    severity: Severity
    line: int
    end_line: int
    message: str
    source: FindingSource
    quote: str
    column: int
    end_column: int
    why: str
    instead: str
    cwe: str
    documentation: str
    what: str
    def __init__(self, rule_id: _Optional[str] = ..., severity: _Optional[_Union[Severity, str]] = ..., line: _Optional[int] = ..., end_line: _Optional[int] = ..., message: _Optional[str] = ..., source: _Optional[_Union[FindingSource, str]] = ..., quote: _Optional[str] = ..., column: _Optional[int] = ..., end_column: _Optional[int] = ..., why: _Optional[str] = ..., instead: _Optional[str] = ..., cwe: _Optional[str] = ..., documentation: _Optional[str] = ..., what: _Optional[str] = ...) -> None: ...

class Advice(_message.Message):
    __slots__ = ("owner", "changes", "rules_verdict", "never", "complete", "unseen", "cautions")
    OWNER_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    RULES_VERDICT_FIELD_NUMBER: _ClassVar[int]
    NEVER_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    UNSEEN_FIELD_NUMBER: _ClassVar[int]
    CAUTIONS_FIELD_NUMBER: _ClassVar[int]
    owner: str
    changes: _containers.RepeatedScalarFieldContainer[str]
    rules_verdict: Verdict
    never: _containers.RepeatedScalarFieldContainer[str]
    complete: bool
    unseen: _containers.RepeatedCompositeFieldContainer[Finding]
    cautions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, owner: _Optional[str] = ..., changes: _Optional[_Iterable[str]] = ..., rules_verdict: _Optional[_Union[Verdict, str]] = ..., never: _Optional[_Iterable[str]] = ..., complete: _Optional[bool] = ..., unseen: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ..., cautions: _Optional[_Iterable[str]] = ...) -> None: ...

class Usage(_message.Message):
    __slots__ = ("wall_ms", "cpu_ms", "max_memory_bytes", "stdout_bytes", "stderr_bytes", "max_threads", "delivery_ms")
    WALL_MS_FIELD_NUMBER: _ClassVar[int]
    CPU_MS_FIELD_NUMBER: _ClassVar[int]
    MAX_MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    STDOUT_BYTES_FIELD_NUMBER: _ClassVar[int]
    STDERR_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_THREADS_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_MS_FIELD_NUMBER: _ClassVar[int]
    wall_ms: int
    cpu_ms: int
    max_memory_bytes: int
    stdout_bytes: int
    stderr_bytes: int
    max_threads: int
    delivery_ms: int
    def __init__(self, wall_ms: _Optional[int] = ..., cpu_ms: _Optional[int] = ..., max_memory_bytes: _Optional[int] = ..., stdout_bytes: _Optional[int] = ..., stderr_bytes: _Optional[int] = ..., max_threads: _Optional[int] = ..., delivery_ms: _Optional[int] = ...) -> None: ...

class Artifact(_message.Message):
    __slots__ = ("name", "sha256", "size", "media_type")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    sha256: bytes
    size: int
    media_type: str
    def __init__(self, name: _Optional[str] = ..., sha256: _Optional[bytes] = ..., size: _Optional[int] = ..., media_type: _Optional[str] = ...) -> None: ...

class RecordRef(_message.Message):
    __slots__ = ("index", "leaf_hash")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LEAF_HASH_FIELD_NUMBER: _ClassVar[int]
    index: int
    leaf_hash: bytes
    def __init__(self, index: _Optional[int] = ..., leaf_hash: _Optional[bytes] = ...) -> None: ...
