from placetpb.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_DONE: _ClassVar[Outcome]
    OUTCOME_DENIED: _ClassVar[Outcome]
    OUTCOME_NEEDS_REVIEW: _ClassVar[Outcome]
    OUTCOME_PROGRAM_FAILED: _ClassVar[Outcome]
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_DONE: Outcome
OUTCOME_DENIED: Outcome
OUTCOME_NEEDS_REVIEW: Outcome
OUTCOME_PROGRAM_FAILED: Outcome

class Task(_message.Message):
    __slots__ = ("request_id", "scope", "text", "inputs", "review_wait_s")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    REVIEW_WAIT_S_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    scope: str
    text: str
    inputs: _containers.RepeatedCompositeFieldContainer[_common_pb2.InputRef]
    review_wait_s: int
    def __init__(self, request_id: _Optional[str] = ..., scope: _Optional[str] = ..., text: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[_common_pb2.InputRef, _Mapping]]] = ..., review_wait_s: _Optional[int] = ...) -> None: ...

class SolveRequest(_message.Message):
    __slots__ = ("task", "chunk")
    TASK_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    task: Task
    chunk: _common_pb2.InputChunk
    def __init__(self, task: _Optional[_Union[Task, _Mapping]] = ..., chunk: _Optional[_Union[_common_pb2.InputChunk, _Mapping]] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("stage", "attempt", "detail")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    stage: str
    attempt: int
    detail: str
    def __init__(self, stage: _Optional[str] = ..., attempt: _Optional[int] = ..., detail: _Optional[str] = ...) -> None: ...

class Program(_message.Message):
    __slots__ = ("source", "sha256", "attempt", "model", "plan")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    source: bytes
    sha256: bytes
    attempt: int
    model: str
    plan: bytes
    def __init__(self, source: _Optional[bytes] = ..., sha256: _Optional[bytes] = ..., attempt: _Optional[int] = ..., model: _Optional[str] = ..., plan: _Optional[bytes] = ...) -> None: ...

class VerdictReached(_message.Message):
    __slots__ = ("verdict", "risk_pct", "findings", "decided_by", "screening", "attempt", "advice")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    RISK_PCT_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    SCREENING_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    verdict: _common_pb2.Verdict
    risk_pct: int
    findings: _containers.RepeatedCompositeFieldContainer[_common_pb2.Finding]
    decided_by: str
    screening: bool
    attempt: int
    advice: _common_pb2.Advice
    def __init__(self, verdict: _Optional[_Union[_common_pb2.Verdict, str]] = ..., risk_pct: _Optional[int] = ..., findings: _Optional[_Iterable[_Union[_common_pb2.Finding, _Mapping]]] = ..., decided_by: _Optional[str] = ..., screening: _Optional[bool] = ..., attempt: _Optional[int] = ..., advice: _Optional[_Union[_common_pb2.Advice, _Mapping]] = ...) -> None: ...

class Output(_message.Message):
    __slots__ = ("stream", "data")
    STREAM_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    stream: _common_pb2.OutputStream
    data: bytes
    def __init__(self, stream: _Optional[_Union[_common_pb2.OutputStream, str]] = ..., data: _Optional[bytes] = ...) -> None: ...

class ArtifactChunk(_message.Message):
    __slots__ = ("name", "data")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    name: str
    data: bytes
    def __init__(self, name: _Optional[str] = ..., data: _Optional[bytes] = ...) -> None: ...

class Finished(_message.Message):
    __slots__ = ("outcome", "status", "exit_code", "usage", "artifacts", "record", "checkpoint", "signal", "tier", "stdout_truncated", "stderr_truncated", "violations", "notices")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    EXIT_CODE_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    STDOUT_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    STDERR_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    outcome: Outcome
    status: _common_pb2.RunStatus
    exit_code: int
    usage: _common_pb2.Usage
    artifacts: _containers.RepeatedCompositeFieldContainer[_common_pb2.Artifact]
    record: _common_pb2.RecordRef
    checkpoint: str
    signal: int
    tier: _common_pb2.Tier
    stdout_truncated: bool
    stderr_truncated: bool
    violations: _containers.RepeatedCompositeFieldContainer[_common_pb2.Violation]
    notices: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, outcome: _Optional[_Union[Outcome, str]] = ..., status: _Optional[_Union[_common_pb2.RunStatus, str]] = ..., exit_code: _Optional[int] = ..., usage: _Optional[_Union[_common_pb2.Usage, _Mapping]] = ..., artifacts: _Optional[_Iterable[_Union[_common_pb2.Artifact, _Mapping]]] = ..., record: _Optional[_Union[_common_pb2.RecordRef, _Mapping]] = ..., checkpoint: _Optional[str] = ..., signal: _Optional[int] = ..., tier: _Optional[_Union[_common_pb2.Tier, str]] = ..., stdout_truncated: _Optional[bool] = ..., stderr_truncated: _Optional[bool] = ..., violations: _Optional[_Iterable[_Union[_common_pb2.Violation, _Mapping]]] = ..., notices: _Optional[_Iterable[str]] = ...) -> None: ...

class SolveResponse(_message.Message):
    __slots__ = ("progress", "program", "verdict", "output", "artifact", "finished")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    progress: Progress
    program: Program
    verdict: VerdictReached
    output: Output
    artifact: ArtifactChunk
    finished: Finished
    def __init__(self, progress: _Optional[_Union[Progress, _Mapping]] = ..., program: _Optional[_Union[Program, _Mapping]] = ..., verdict: _Optional[_Union[VerdictReached, _Mapping]] = ..., output: _Optional[_Union[Output, _Mapping]] = ..., artifact: _Optional[_Union[ArtifactChunk, _Mapping]] = ..., finished: _Optional[_Union[Finished, _Mapping]] = ...) -> None: ...
