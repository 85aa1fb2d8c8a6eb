from placetpb.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExecuteHeader(_message.Message):
    __slots__ = ("request_id", "program", "approval", "inputs", "on_behalf_of")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    ON_BEHALF_OF_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    program: bytes
    approval: bytes
    inputs: _containers.RepeatedCompositeFieldContainer[_common_pb2.InputRef]
    on_behalf_of: str
    def __init__(self, request_id: _Optional[str] = ..., program: _Optional[bytes] = ..., approval: _Optional[bytes] = ..., inputs: _Optional[_Iterable[_Union[_common_pb2.InputRef, _Mapping]]] = ..., on_behalf_of: _Optional[str] = ...) -> None: ...

class ExecuteRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: ExecuteHeader
    chunk: _common_pb2.InputChunk
    def __init__(self, header: _Optional[_Union[ExecuteHeader, _Mapping]] = ..., chunk: _Optional[_Union[_common_pb2.InputChunk, _Mapping]] = ...) -> None: ...

class RunStarted(_message.Message):
    __slots__ = ("run_id", "tier", "record")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    tier: _common_pb2.Tier
    record: _common_pb2.RecordRef
    def __init__(self, run_id: _Optional[str] = ..., tier: _Optional[_Union[_common_pb2.Tier, str]] = ..., record: _Optional[_Union[_common_pb2.RecordRef, _Mapping]] = ...) -> None: ...

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

class RunFinished(_message.Message):
    __slots__ = ("status", "exit_code", "signal", "usage", "artifacts", "tier", "record", "checkpoint", "stdout_truncated", "stderr_truncated", "violations", "notices")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    EXIT_CODE_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    STDOUT_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    STDERR_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    status: _common_pb2.RunStatus
    exit_code: int
    signal: int
    usage: _common_pb2.Usage
    artifacts: _containers.RepeatedCompositeFieldContainer[_common_pb2.Artifact]
    tier: _common_pb2.Tier
    record: _common_pb2.RecordRef
    checkpoint: str
    stdout_truncated: bool
    stderr_truncated: bool
    violations: _containers.RepeatedCompositeFieldContainer[_common_pb2.Violation]
    notices: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, status: _Optional[_Union[_common_pb2.RunStatus, str]] = ..., exit_code: _Optional[int] = ..., signal: _Optional[int] = ..., usage: _Optional[_Union[_common_pb2.Usage, _Mapping]] = ..., artifacts: _Optional[_Iterable[_Union[_common_pb2.Artifact, _Mapping]]] = ..., tier: _Optional[_Union[_common_pb2.Tier, str]] = ..., record: _Optional[_Union[_common_pb2.RecordRef, _Mapping]] = ..., checkpoint: _Optional[str] = ..., stdout_truncated: _Optional[bool] = ..., stderr_truncated: _Optional[bool] = ..., violations: _Optional[_Iterable[_Union[_common_pb2.Violation, _Mapping]]] = ..., notices: _Optional[_Iterable[str]] = ...) -> None: ...

class ExecuteResponse(_message.Message):
    __slots__ = ("started", "output", "artifact", "finished")
    STARTED_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    started: RunStarted
    output: Output
    artifact: ArtifactChunk
    finished: RunFinished
    def __init__(self, started: _Optional[_Union[RunStarted, _Mapping]] = ..., output: _Optional[_Union[Output, _Mapping]] = ..., artifact: _Optional[_Union[ArtifactChunk, _Mapping]] = ..., finished: _Optional[_Union[RunFinished, _Mapping]] = ...) -> None: ...

class DescribePoolRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribePoolResponse(_message.Message):
    __slots__ = ("audience", "tier", "ceiling", "isolation", "libraries")
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    CEILING_FIELD_NUMBER: _ClassVar[int]
    ISOLATION_FIELD_NUMBER: _ClassVar[int]
    LIBRARIES_FIELD_NUMBER: _ClassVar[int]
    audience: str
    tier: _common_pb2.Tier
    ceiling: _common_pb2.Limits
    isolation: _containers.RepeatedScalarFieldContainer[str]
    libraries: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, audience: _Optional[str] = ..., tier: _Optional[_Union[_common_pb2.Tier, str]] = ..., ceiling: _Optional[_Union[_common_pb2.Limits, _Mapping]] = ..., isolation: _Optional[_Iterable[str]] = ..., libraries: _Optional[_Iterable[str]] = ...) -> None: ...
