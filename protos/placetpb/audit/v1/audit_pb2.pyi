from placetpb.common.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Body(_message.Message):
    __slots__ = ("role", "content", "salt")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    role: str
    content: bytes
    salt: bytes
    def __init__(self, role: _Optional[str] = ..., content: _Optional[bytes] = ..., salt: _Optional[bytes] = ...) -> None: ...

class AppendRequest(_message.Message):
    __slots__ = ("kind", "request_id", "body_json", "bodies", "idempotency_key")
    KIND_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BODY_JSON_FIELD_NUMBER: _ClassVar[int]
    BODIES_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    kind: str
    request_id: str
    body_json: bytes
    bodies: _containers.RepeatedCompositeFieldContainer[Body]
    idempotency_key: str
    def __init__(self, kind: _Optional[str] = ..., request_id: _Optional[str] = ..., body_json: _Optional[bytes] = ..., bodies: _Optional[_Iterable[_Union[Body, _Mapping]]] = ..., idempotency_key: _Optional[str] = ...) -> None: ...

class AppendResponse(_message.Message):
    __slots__ = ("index", "leaf_hash", "checkpoint")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LEAF_HASH_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    index: int
    leaf_hash: bytes
    checkpoint: str
    def __init__(self, index: _Optional[int] = ..., leaf_hash: _Optional[bytes] = ..., checkpoint: _Optional[str] = ...) -> None: ...

class AppendStreamRequest(_message.Message):
    __slots__ = ("number", "append")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    APPEND_FIELD_NUMBER: _ClassVar[int]
    number: int
    append: AppendRequest
    def __init__(self, number: _Optional[int] = ..., append: _Optional[_Union[AppendRequest, _Mapping]] = ...) -> None: ...

class AppendStreamResponse(_message.Message):
    __slots__ = ("number", "appended", "refused")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    APPENDED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    number: int
    appended: AppendResponse
    refused: bytes
    def __init__(self, number: _Optional[int] = ..., appended: _Optional[_Union[AppendResponse, _Mapping]] = ..., refused: _Optional[bytes] = ...) -> None: ...

class Record(_message.Message):
    __slots__ = ("index", "leaf", "leaf_hash")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LEAF_FIELD_NUMBER: _ClassVar[int]
    LEAF_HASH_FIELD_NUMBER: _ClassVar[int]
    index: int
    leaf: bytes
    leaf_hash: bytes
    def __init__(self, index: _Optional[int] = ..., leaf: _Optional[bytes] = ..., leaf_hash: _Optional[bytes] = ...) -> None: ...

class GetRecordRequest(_message.Message):
    __slots__ = ("index", "with_bodies")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    WITH_BODIES_FIELD_NUMBER: _ClassVar[int]
    index: int
    with_bodies: bool
    def __init__(self, index: _Optional[int] = ..., with_bodies: _Optional[bool] = ...) -> None: ...

class GetRecordResponse(_message.Message):
    __slots__ = ("record", "bodies", "kept")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    BODIES_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    record: Record
    bodies: _containers.RepeatedCompositeFieldContainer[Body]
    kept: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, record: _Optional[_Union[Record, _Mapping]] = ..., bodies: _Optional[_Iterable[_Union[Body, _Mapping]]] = ..., kept: _Optional[_Iterable[str]] = ...) -> None: ...

class ListRecordsRequest(_message.Message):
    __slots__ = ("request_id", "kind", "from_index", "page_size", "descending", "caller", "scope", "verdict", "rule", "since", "until", "text")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    FROM_INDEX_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    DESCENDING_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    kind: str
    from_index: int
    page_size: int
    descending: bool
    caller: str
    scope: str
    verdict: str
    rule: str
    since: str
    until: str
    text: str
    def __init__(self, request_id: _Optional[str] = ..., kind: _Optional[str] = ..., from_index: _Optional[int] = ..., page_size: _Optional[int] = ..., descending: _Optional[bool] = ..., caller: _Optional[str] = ..., scope: _Optional[str] = ..., verdict: _Optional[str] = ..., rule: _Optional[str] = ..., since: _Optional[str] = ..., until: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class ListRecordsResponse(_message.Message):
    __slots__ = ("records", "next_index", "more")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_INDEX_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[Record]
    next_index: int
    more: bool
    def __init__(self, records: _Optional[_Iterable[_Union[Record, _Mapping]]] = ..., next_index: _Optional[int] = ..., more: _Optional[bool] = ...) -> None: ...

class GetCheckpointRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetCheckpointResponse(_message.Message):
    __slots__ = ("checkpoint", "vkey", "witnessed")
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    VKEY_FIELD_NUMBER: _ClassVar[int]
    WITNESSED_FIELD_NUMBER: _ClassVar[int]
    checkpoint: str
    vkey: str
    witnessed: str
    def __init__(self, checkpoint: _Optional[str] = ..., vkey: _Optional[str] = ..., witnessed: _Optional[str] = ...) -> None: ...

class GetInclusionProofRequest(_message.Message):
    __slots__ = ("index", "tree_size")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    TREE_SIZE_FIELD_NUMBER: _ClassVar[int]
    index: int
    tree_size: int
    def __init__(self, index: _Optional[int] = ..., tree_size: _Optional[int] = ...) -> None: ...

class GetInclusionProofResponse(_message.Message):
    __slots__ = ("hashes", "tree_size")
    HASHES_FIELD_NUMBER: _ClassVar[int]
    TREE_SIZE_FIELD_NUMBER: _ClassVar[int]
    hashes: _containers.RepeatedScalarFieldContainer[bytes]
    tree_size: int
    def __init__(self, hashes: _Optional[_Iterable[bytes]] = ..., tree_size: _Optional[int] = ...) -> None: ...

class GetConsistencyProofRequest(_message.Message):
    __slots__ = ("old_size", "new_size")
    OLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    NEW_SIZE_FIELD_NUMBER: _ClassVar[int]
    old_size: int
    new_size: int
    def __init__(self, old_size: _Optional[int] = ..., new_size: _Optional[int] = ...) -> None: ...

class GetConsistencyProofResponse(_message.Message):
    __slots__ = ("hashes",)
    HASHES_FIELD_NUMBER: _ClassVar[int]
    hashes: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, hashes: _Optional[_Iterable[bytes]] = ...) -> None: ...

class TailRecordsRequest(_message.Message):
    __slots__ = ("from_index", "follow", "format")
    FROM_INDEX_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    from_index: int
    follow: bool
    format: str
    def __init__(self, from_index: _Optional[int] = ..., follow: _Optional[bool] = ..., format: _Optional[str] = ...) -> None: ...

class TailRecordsResponse(_message.Message):
    __slots__ = ("record",)
    RECORD_FIELD_NUMBER: _ClassVar[int]
    record: Record
    def __init__(self, record: _Optional[_Union[Record, _Mapping]] = ...) -> None: ...

class EraseBodiesRequest(_message.Message):
    __slots__ = ("request_id", "reason", "classes")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    reason: str
    classes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, request_id: _Optional[str] = ..., reason: _Optional[str] = ..., classes: _Optional[_Iterable[str]] = ...) -> None: ...

class ErasedBody(_message.Message):
    __slots__ = ("index", "role")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    index: int
    role: str
    def __init__(self, index: _Optional[int] = ..., role: _Optional[str] = ...) -> None: ...

class EraseBodiesResponse(_message.Message):
    __slots__ = ("erased", "recorded")
    ERASED_FIELD_NUMBER: _ClassVar[int]
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    erased: _containers.RepeatedCompositeFieldContainer[ErasedBody]
    recorded: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, erased: _Optional[_Iterable[_Union[ErasedBody, _Mapping]]] = ..., recorded: _Optional[_Iterable[int]] = ...) -> None: ...

class AwaitReviewRequest(_message.Message):
    __slots__ = ("request_id", "program_sha256")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PROGRAM_SHA256_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    program_sha256: bytes
    def __init__(self, request_id: _Optional[str] = ..., program_sha256: _Optional[bytes] = ...) -> None: ...

class AwaitReviewResponse(_message.Message):
    __slots__ = ("verdict", "approval", "decided_by", "reason", "index")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    APPROVAL_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    verdict: _common_pb2.Verdict
    approval: bytes
    decided_by: str
    reason: str
    index: int
    def __init__(self, verdict: _Optional[_Union[_common_pb2.Verdict, str]] = ..., approval: _Optional[bytes] = ..., decided_by: _Optional[str] = ..., reason: _Optional[str] = ..., index: _Optional[int] = ...) -> None: ...

class CheckQuotaRequest(_message.Message):
    __slots__ = ("caller", "kind", "request_id")
    CALLER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    caller: str
    kind: str
    request_id: str
    def __init__(self, caller: _Optional[str] = ..., kind: _Optional[str] = ..., request_id: _Optional[str] = ...) -> None: ...

class CheckQuotaResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetUsageRequest(_message.Message):
    __slots__ = ("caller",)
    CALLER_FIELD_NUMBER: _ClassVar[int]
    caller: str
    def __init__(self, caller: _Optional[str] = ...) -> None: ...

class GetUsageResponse(_message.Message):
    __slots__ = ("callers",)
    CALLERS_FIELD_NUMBER: _ClassVar[int]
    callers: _containers.RepeatedCompositeFieldContainer[CallerUsage]
    def __init__(self, callers: _Optional[_Iterable[_Union[CallerUsage, _Mapping]]] = ...) -> None: ...

class CallerUsage(_message.Message):
    __slots__ = ("caller", "limits")
    CALLER_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    caller: str
    limits: _containers.RepeatedCompositeFieldContainer[LimitUsage]
    def __init__(self, caller: _Optional[str] = ..., limits: _Optional[_Iterable[_Union[LimitUsage, _Mapping]]] = ...) -> None: ...

class LimitUsage(_message.Message):
    __slots__ = ("limit", "at_most", "used")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    AT_MOST_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    limit: str
    at_most: int
    used: int
    def __init__(self, limit: _Optional[str] = ..., at_most: _Optional[int] = ..., used: _Optional[int] = ...) -> None: ...

class WatchSizeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class WatchSizeResponse(_message.Message):
    __slots__ = ("size",)
    SIZE_FIELD_NUMBER: _ClassVar[int]
    size: int
    def __init__(self, size: _Optional[int] = ...) -> None: ...
