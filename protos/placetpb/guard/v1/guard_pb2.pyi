from placetpb.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Layers(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LAYERS_UNSPECIFIED: _ClassVar[Layers]
    LAYERS_ALL: _ClassVar[Layers]
    LAYERS_RULES: _ClassVar[Layers]
    LAYERS_REVIEWER: _ClassVar[Layers]
LAYERS_UNSPECIFIED: Layers
LAYERS_ALL: Layers
LAYERS_RULES: Layers
LAYERS_REVIEWER: Layers

class ListScopesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListScopesResponse(_message.Message):
    __slots__ = ("scopes",)
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    scopes: _containers.RepeatedCompositeFieldContainer[_common_pb2.ScopeRef]
    def __init__(self, scopes: _Optional[_Iterable[_Union[_common_pb2.ScopeRef, _Mapping]]] = ...) -> None: ...

class DescribeScopeRequest(_message.Message):
    __slots__ = ("scope", "on_behalf_of")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    ON_BEHALF_OF_FIELD_NUMBER: _ClassVar[int]
    scope: str
    on_behalf_of: str
    def __init__(self, scope: _Optional[str] = ..., on_behalf_of: _Optional[str] = ...) -> None: ...

class DescribeScopeResponse(_message.Message):
    __slots__ = ("scope", "document", "files")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    scope: _common_pb2.ScopeRef
    document: bytes
    files: _containers.RepeatedCompositeFieldContainer[_common_pb2.ScopeFile]
    def __init__(self, scope: _Optional[_Union[_common_pb2.ScopeRef, _Mapping]] = ..., document: _Optional[bytes] = ..., files: _Optional[_Iterable[_Union[_common_pb2.ScopeFile, _Mapping]]] = ...) -> None: ...

class ScreenTaskRequest(_message.Message):
    __slots__ = ("request_id", "scope", "task", "inputs", "on_behalf_of")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    ON_BEHALF_OF_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    scope: str
    task: str
    inputs: _containers.RepeatedCompositeFieldContainer[_common_pb2.InputRef]
    on_behalf_of: str
    def __init__(self, request_id: _Optional[str] = ..., scope: _Optional[str] = ..., task: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[_common_pb2.InputRef, _Mapping]]] = ..., on_behalf_of: _Optional[str] = ...) -> None: ...

class ScreenTaskResponse(_message.Message):
    __slots__ = ("in_scope", "findings")
    IN_SCOPE_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    in_scope: bool
    findings: _containers.RepeatedCompositeFieldContainer[_common_pb2.Finding]
    def __init__(self, in_scope: _Optional[bool] = ..., findings: _Optional[_Iterable[_Union[_common_pb2.Finding, _Mapping]]] = ...) -> None: ...

class ReviewRequest(_message.Message):
    __slots__ = ("request_id", "scope", "program", "task", "inputs", "on_behalf_of", "verdict_only", "audience", "plan")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    ON_BEHALF_OF_FIELD_NUMBER: _ClassVar[int]
    VERDICT_ONLY_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    scope: str
    program: bytes
    task: str
    inputs: _containers.RepeatedCompositeFieldContainer[_common_pb2.InputRef]
    on_behalf_of: str
    verdict_only: bool
    audience: str
    plan: bytes
    def __init__(self, request_id: _Optional[str] = ..., scope: _Optional[str] = ..., program: _Optional[bytes] = ..., task: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[_common_pb2.InputRef, _Mapping]]] = ..., on_behalf_of: _Optional[str] = ..., verdict_only: _Optional[bool] = ..., audience: _Optional[str] = ..., plan: _Optional[bytes] = ...) -> None: ...

class Coverage(_message.Message):
    __slots__ = ("bytes_total", "bytes_reviewed", "rules_complete", "reviewer")
    BYTES_TOTAL_FIELD_NUMBER: _ClassVar[int]
    BYTES_REVIEWED_FIELD_NUMBER: _ClassVar[int]
    RULES_COMPLETE_FIELD_NUMBER: _ClassVar[int]
    REVIEWER_FIELD_NUMBER: _ClassVar[int]
    bytes_total: int
    bytes_reviewed: int
    rules_complete: bool
    reviewer: str
    def __init__(self, bytes_total: _Optional[int] = ..., bytes_reviewed: _Optional[int] = ..., rules_complete: _Optional[bool] = ..., reviewer: _Optional[str] = ...) -> None: ...

class ReviewerOpinion(_message.Message):
    __slots__ = ("risk", "stance", "complete", "model", "prompt_tokens", "cached_tokens", "completion_tokens", "population")
    RISK_FIELD_NUMBER: _ClassVar[int]
    STANCE_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    POPULATION_FIELD_NUMBER: _ClassVar[int]
    risk: float
    stance: str
    complete: bool
    model: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    population: str
    def __init__(self, risk: _Optional[float] = ..., stance: _Optional[str] = ..., complete: _Optional[bool] = ..., model: _Optional[str] = ..., prompt_tokens: _Optional[int] = ..., cached_tokens: _Optional[int] = ..., completion_tokens: _Optional[int] = ..., population: _Optional[str] = ...) -> None: ...

class ReviewedProgram(_message.Message):
    __slots__ = ("verdict", "risk_pct", "findings", "decided_by", "coverage", "program_sha256", "scope", "capabilities", "elapsed_ms", "advice", "opinion", "rules_version", "prompt_version")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    RISK_PCT_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_SHA256_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_MS_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    OPINION_FIELD_NUMBER: _ClassVar[int]
    RULES_VERSION_FIELD_NUMBER: _ClassVar[int]
    PROMPT_VERSION_FIELD_NUMBER: _ClassVar[int]
    verdict: _common_pb2.Verdict
    risk_pct: int
    findings: _containers.RepeatedCompositeFieldContainer[_common_pb2.Finding]
    decided_by: str
    coverage: Coverage
    program_sha256: bytes
    scope: _common_pb2.ScopeRef
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    elapsed_ms: int
    advice: _common_pb2.Advice
    opinion: ReviewerOpinion
    rules_version: str
    prompt_version: str
    def __init__(self, verdict: _Optional[_Union[_common_pb2.Verdict, str]] = ..., risk_pct: _Optional[int] = ..., findings: _Optional[_Iterable[_Union[_common_pb2.Finding, _Mapping]]] = ..., decided_by: _Optional[str] = ..., coverage: _Optional[_Union[Coverage, _Mapping]] = ..., program_sha256: _Optional[bytes] = ..., scope: _Optional[_Union[_common_pb2.ScopeRef, _Mapping]] = ..., capabilities: _Optional[_Iterable[str]] = ..., elapsed_ms: _Optional[int] = ..., advice: _Optional[_Union[_common_pb2.Advice, _Mapping]] = ..., opinion: _Optional[_Union[ReviewerOpinion, _Mapping]] = ..., rules_version: _Optional[str] = ..., prompt_version: _Optional[str] = ...) -> None: ...

class ReviewResponse(_message.Message):
    __slots__ = ("review", "approval", "verdict_record")
    REVIEW_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    VERDICT_RECORD_FIELD_NUMBER: _ClassVar[int]
    review: ReviewedProgram
    approval: bytes
    verdict_record: _common_pb2.RecordRef
    def __init__(self, review: _Optional[_Union[ReviewedProgram, _Mapping]] = ..., approval: _Optional[bytes] = ..., verdict_record: _Optional[_Union[_common_pb2.RecordRef, _Mapping]] = ...) -> None: ...

class AssessRequest(_message.Message):
    __slots__ = ("scope", "scope_document", "program", "task", "layers", "with_advice", "inputs", "scope_files", "plan")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    SCOPE_DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    WITH_ADVICE_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FILES_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    scope: str
    scope_document: bytes
    program: bytes
    task: str
    layers: Layers
    with_advice: bool
    inputs: _containers.RepeatedCompositeFieldContainer[_common_pb2.InputRef]
    scope_files: _containers.RepeatedCompositeFieldContainer[_common_pb2.ScopeFile]
    plan: bytes
    def __init__(self, scope: _Optional[str] = ..., scope_document: _Optional[bytes] = ..., program: _Optional[bytes] = ..., task: _Optional[str] = ..., layers: _Optional[_Union[Layers, str]] = ..., with_advice: _Optional[bool] = ..., inputs: _Optional[_Iterable[_Union[_common_pb2.InputRef, _Mapping]]] = ..., scope_files: _Optional[_Iterable[_Union[_common_pb2.ScopeFile, _Mapping]]] = ..., plan: _Optional[bytes] = ...) -> None: ...

class AssessResponse(_message.Message):
    __slots__ = ("review",)
    REVIEW_FIELD_NUMBER: _ClassVar[int]
    review: ReviewedProgram
    def __init__(self, review: _Optional[_Union[ReviewedProgram, _Mapping]] = ...) -> None: ...
