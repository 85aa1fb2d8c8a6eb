from placetpb.common.v1 import common_pb2 as _common_pb2
from placetpb.executor.v1 import executor_pb2 as _executor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LeaseRequest(_message.Message):
    __slots__ = ("tenant",)
    TENANT_FIELD_NUMBER: _ClassVar[int]
    tenant: bytes
    def __init__(self, tenant: _Optional[bytes] = ...) -> None: ...

class LeaseResponse(_message.Message):
    __slots__ = ("granted", "ending")
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    ENDING_FIELD_NUMBER: _ClassVar[int]
    granted: LeaseGranted
    ending: LeaseEnding
    def __init__(self, granted: _Optional[_Union[LeaseGranted, _Mapping]] = ..., ending: _Optional[_Union[LeaseEnding, _Mapping]] = ...) -> None: ...

class LeaseGranted(_message.Message):
    __slots__ = ("lease_id", "tier", "isolation", "libraries", "concurrent_runs", "runs_left", "stages")
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    ISOLATION_FIELD_NUMBER: _ClassVar[int]
    LIBRARIES_FIELD_NUMBER: _ClassVar[int]
    CONCURRENT_RUNS_FIELD_NUMBER: _ClassVar[int]
    RUNS_LEFT_FIELD_NUMBER: _ClassVar[int]
    STAGES_FIELD_NUMBER: _ClassVar[int]
    lease_id: bytes
    tier: _common_pb2.Tier
    isolation: _containers.RepeatedScalarFieldContainer[str]
    libraries: _containers.RepeatedScalarFieldContainer[str]
    concurrent_runs: int
    runs_left: int
    stages: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, lease_id: _Optional[bytes] = ..., tier: _Optional[_Union[_common_pb2.Tier, str]] = ..., isolation: _Optional[_Iterable[str]] = ..., libraries: _Optional[_Iterable[str]] = ..., concurrent_runs: _Optional[int] = ..., runs_left: _Optional[int] = ..., stages: _Optional[_Iterable[str]] = ...) -> None: ...

class LeaseEnding(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class RunHeader(_message.Message):
    __slots__ = ("lease_id", "run_id", "record", "request")
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    lease_id: bytes
    run_id: str
    record: _common_pb2.RecordRef
    request: _executor_pb2.ExecuteHeader
    def __init__(self, lease_id: _Optional[bytes] = ..., run_id: _Optional[str] = ..., record: _Optional[_Union[_common_pb2.RecordRef, _Mapping]] = ..., request: _Optional[_Union[_executor_pb2.ExecuteHeader, _Mapping]] = ...) -> None: ...

class RunRequest(_message.Message):
    __slots__ = ("header", "chunk", "cancel")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    header: RunHeader
    chunk: _common_pb2.InputChunk
    cancel: CancelRun
    def __init__(self, header: _Optional[_Union[RunHeader, _Mapping]] = ..., chunk: _Optional[_Union[_common_pb2.InputChunk, _Mapping]] = ..., cancel: _Optional[_Union[CancelRun, _Mapping]] = ...) -> None: ...

class CancelRun(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RunEnded(_message.Message):
    __slots__ = ("status", "exit_code", "signal", "usage", "stdout_truncated", "stderr_truncated", "violations", "notices")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    EXIT_CODE_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    STDOUT_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    STDERR_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    status: _common_pb2.RunStatus
    exit_code: int
    signal: int
    usage: _common_pb2.Usage
    stdout_truncated: bool
    stderr_truncated: bool
    violations: _containers.RepeatedCompositeFieldContainer[_common_pb2.Violation]
    notices: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, status: _Optional[_Union[_common_pb2.RunStatus, str]] = ..., exit_code: _Optional[int] = ..., signal: _Optional[int] = ..., usage: _Optional[_Union[_common_pb2.Usage, _Mapping]] = ..., stdout_truncated: _Optional[bool] = ..., stderr_truncated: _Optional[bool] = ..., violations: _Optional[_Iterable[_Union[_common_pb2.Violation, _Mapping]]] = ..., notices: _Optional[_Iterable[str]] = ...) -> None: ...

class RunLeft(_message.Message):
    __slots__ = ("artifacts",)
    ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
    artifacts: _containers.RepeatedCompositeFieldContainer[_common_pb2.Artifact]
    def __init__(self, artifacts: _Optional[_Iterable[_Union[_common_pb2.Artifact, _Mapping]]] = ...) -> None: ...

class RunResponse(_message.Message):
    __slots__ = ("output", "artifact", "ended", "begun", "left", "failed")
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    BEGUN_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    output: _executor_pb2.Output
    artifact: _executor_pb2.ArtifactChunk
    ended: RunEnded
    begun: RunBegun
    left: RunLeft
    failed: RunFailed
    def __init__(self, output: _Optional[_Union[_executor_pb2.Output, _Mapping]] = ..., artifact: _Optional[_Union[_executor_pb2.ArtifactChunk, _Mapping]] = ..., ended: _Optional[_Union[RunEnded, _Mapping]] = ..., begun: _Optional[_Union[RunBegun, _Mapping]] = ..., left: _Optional[_Union[RunLeft, _Mapping]] = ..., failed: _Optional[_Union[RunFailed, _Mapping]] = ...) -> None: ...

class RunFailed(_message.Message):
    __slots__ = ("usage",)
    USAGE_FIELD_NUMBER: _ClassVar[int]
    usage: _common_pb2.Usage
    def __init__(self, usage: _Optional[_Union[_common_pb2.Usage, _Mapping]] = ...) -> None: ...

class RunBegun(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeWorkerRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeWorkerResponse(_message.Message):
    __slots__ = ("tier", "isolation", "libraries", "concurrent_runs", "leased", "stages")
    TIER_FIELD_NUMBER: _ClassVar[int]
    ISOLATION_FIELD_NUMBER: _ClassVar[int]
    LIBRARIES_FIELD_NUMBER: _ClassVar[int]
    CONCURRENT_RUNS_FIELD_NUMBER: _ClassVar[int]
    LEASED_FIELD_NUMBER: _ClassVar[int]
    STAGES_FIELD_NUMBER: _ClassVar[int]
    tier: _common_pb2.Tier
    isolation: _containers.RepeatedScalarFieldContainer[str]
    libraries: _containers.RepeatedScalarFieldContainer[str]
    concurrent_runs: int
    leased: bool
    stages: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, tier: _Optional[_Union[_common_pb2.Tier, str]] = ..., isolation: _Optional[_Iterable[str]] = ..., libraries: _Optional[_Iterable[str]] = ..., concurrent_runs: _Optional[int] = ..., leased: _Optional[bool] = ..., stages: _Optional[_Iterable[str]] = ...) -> None: ...
