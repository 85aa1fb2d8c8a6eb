"""One record of the audit log: its kinds, its exact bytes, and what makes it valid.

Knows docs/audit-format.md §1 and §2. Must not know how records are stored, sent or proven: no I/O, no gRPC.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

MAX_LEAF_BYTES: Final = 65_535
"""A tile entry's length is a 16-bit number (C2SP tlog-tiles)."""
MAX_BODY_JSON_BYTES: Final = 48 * 1024
MAX_BODY_CONTENT_BYTES: Final = 16 * 1024 * 1024
MAX_BODIES: Final = 32
MAX_DEPTH: Final = 16
MAX_SAFE_INTEGER: Final = 2**53 - 1
SALT_BYTES: Final = 16
VERSION: Final = 1

_HEX64 = re.compile(r"[0-9a-f]{64}")
_ROLE = re.compile(r"[a-z_]{1,32}(/[^/\x00-\x1f]{1,128})?")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_ID = re.compile(r"[\x21-\x7e]{0,128}")


class RecordInvalid(ValueError):  # noqa: N818 - named for the state it reports
    """The record breaks docs/audit-format.md; the message names the field and the rule."""


def canonical(value: object) -> bytes:
    """The JCS (RFC 8785) bytes of strings, safe integers, booleans, arrays and objects.

    Raises RecordInvalid for anything else: floats, null, lone surrogates, integers beyond 2**53 - 1.
    """
    try:
        return json.dumps(_ordered(value, "$", 0), ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise RecordInvalid("a string holds a lone surrogate; records are UTF-8") from None


def _ordered(value: object, where: str, depth: int) -> object:
    """The same value with every object's keys in UTF-16 order, checked on the way."""
    if depth > MAX_DEPTH:
        raise RecordInvalid(f"{where}: nested deeper than {MAX_DEPTH}")
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise RecordInvalid(f"{where}: integer beyond 2^53-1; write it as a string")
        return int(value)
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise RecordInvalid(f"{where}: key {key!r} is not a string")
        keys = sorted(value, key=_utf16)
        return {key: _ordered(value[key], f"{where}.{key}", depth + 1) for key in keys}
    if isinstance(value, list | tuple):
        return [_ordered(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
    raise RecordInvalid(f"{where}: {type(value).__name__} is not allowed; no floats, no null")


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def parse_object(document: bytes) -> dict[str, object]:
    """Read untrusted JSON into an object. Raises RecordInvalid unless it is one without repeated keys."""
    try:
        value = json.loads(document, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise RecordInvalid(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise RecordInvalid("not a JSON object")
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RecordInvalid("an object repeats a key")
    return found


@dataclass(frozen=True)
class BodyRef:
    """A blob outside the tree, named by its salted digest so that it can be erased while the proof stands."""

    role: str
    sha256: str
    """Lower-case hex of SHA-256(salt || content)."""
    size: int
    """Bytes of content."""


def body_digest(salt: bytes, content: bytes) -> str:
    """Lower-case hex of SHA-256(salt || content): says nothing about the content once the salt is gone."""
    return hashlib.sha256(salt + content).hexdigest()


def new_salt() -> bytes:
    """Fresh random bytes for one body."""
    return secrets.token_bytes(SALT_BYTES)


@dataclass(frozen=True)
class Record:
    """What one leaf says. `encode` and `decode` are the only ways between it and its bytes."""

    log: str
    time: str
    """RFC 3339, UTC, microseconds, `Z`: the log's own clock."""
    kind: str
    request_id: str
    actor: str
    """The SPIFFE URI of the authenticated peer that appended it."""
    body: Mapping[str, object]
    bodies: tuple[BodyRef, ...] = ()
    idempotency_key: str = ""

    def encode(self) -> bytes:
        """The leaf's bytes. Raises RecordInvalid when the record is not valid or too large."""
        check(self)
        leaf = canonical(self._object())
        if len(leaf) > MAX_LEAF_BYTES:
            raise RecordInvalid(
                f"the record is {len(leaf)} bytes; at most {MAX_LEAF_BYTES}: move text to bodies"
            )
        return leaf

    def _object(self) -> dict[str, object]:
        return {
            "v": VERSION,
            "log": self.log,
            "time": self.time,
            "kind": self.kind,
            "request_id": self.request_id,
            "actor": self.actor,
            "idempotency_key": self.idempotency_key,
            "body": self.body,
            "bodies": [{"role": b.role, "sha256": b.sha256, "size": b.size} for b in self.bodies],
        }

    @classmethod
    def decode(cls, leaf: bytes) -> Record:
        """Read a leaf. Raises RecordInvalid unless these are exactly the bytes that `encode` would write."""
        record = _from_object(parse_object(leaf))
        if record.encode() != leaf:
            raise RecordInvalid("not the canonical bytes of its content")
        return record


_FIELDS = frozenset(
    {"v", "log", "time", "kind", "request_id", "actor", "idempotency_key", "body", "bodies"},
)


def _from_object(found: Mapping[str, object]) -> Record:
    if set(found) != _FIELDS:
        raise RecordInvalid(f"fields differ from the format: {sorted(set(found) ^ _FIELDS)}")
    if found["v"] != VERSION or isinstance(found["v"], bool):
        raise RecordInvalid(f"version {found['v']!r} is unknown; this reader knows {VERSION}")
    body = found["body"]
    if not isinstance(body, dict):
        raise RecordInvalid("body: not an object")
    return Record(
        **{name: _text(found, name) for name in ("log", "time", "kind", "request_id", "actor")},
        idempotency_key=_text(found, "idempotency_key"),
        body=body,
        bodies=tuple(_body_refs(found["bodies"])),
    )


def _text(found: Mapping[str, object], name: str) -> str:
    value = found[name]
    if not isinstance(value, str):
        raise RecordInvalid(f"{name}: not a string")
    return value


def _body_refs(value: object) -> Iterable[BodyRef]:
    if not isinstance(value, list):
        raise RecordInvalid("bodies: not an array")
    for item in value:
        if not isinstance(item, dict) or set(item) != {"role", "sha256", "size"}:
            raise RecordInvalid("bodies: an entry has role, sha256 and size, nothing else")
        if not _natural(item["size"]):
            raise RecordInvalid("bodies: size is not a natural number")
        yield BodyRef(_text(item, "role"), _text(item, "sha256"), item["size"])


# What a field of a record's body must be. Each answers whether the value will do.
Check = Callable[[object], bool]


def _string(value: object) -> bool:
    return isinstance(value, str)


def _name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 256


def _digest(value: object) -> bool:
    return isinstance(value, str) and _HEX64.fullmatch(value) is not None


def _natural(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _array(value: object) -> bool:
    return isinstance(value, list | tuple)


def _object_(value: object) -> bool:
    return isinstance(value, Mapping)


def _scope(value: object) -> bool:
    return isinstance(value, Mapping) and _name(value.get("name")) and _digest(value.get("sha256"))


def _verdict(value: object) -> bool:
    return value in ("ALLOWED", "DENIED", "NEEDS_REVIEW")


def _bool(value: object) -> bool:
    return isinstance(value, bool)


KINDS: Final[Mapping[str, Mapping[str, Check]]] = {
    "task_received": {"task_sha256": _digest, "caller": _name, "inputs": _array},
    "task_refused": {"reason": _name, "message": _string, "caller": _name},
    "program_generated": {"program_sha256": _digest, "attempt": _natural, "model": _string},
    "generation_failed": {"reason": _name, "attempt": _natural},
    "task_finished": {"outcome": _name},
    "task_screened": {"in_scope": _bool, "scope": _scope, "task_sha256": _digest, "caller": _name},
    "verdict_reached": {
        "verdict": _verdict,
        "program_sha256": _digest,
        "scope": _scope,
        "decided_by": _name,
    },
    "review_failed": {"reason": _name, "program_sha256": _digest},
    "caller_paused": {
        "caller": _name,
        "scope_name": _name,
        "denials": _natural,
        "why": _name,
        "pause_s": _natural,
    },
    "caller_resumed": {"caller": _name, "scope_name": _name, "paused_index": _natural},
    "approval_issued": {
        "approval_id": _name,
        "program_sha256": _digest,
        "statement_sha256": _digest,
        "key_id": _name,
        "scope": _scope,
        "issued_at": _name,
        "expires_at": _name,
        "audience": _array,
        "inputs": _array,
        "decided_by": _name,
        "verdict_index": _natural,
        "verdict_leaf_hash": _digest,
    },
    "run_started": {
        "run_id": _name,
        "approval_id": _name,
        "program_sha256": _digest,
        "statement_sha256": _digest,
        "inputs": _array,
        "tier": _name,
    },
    "run_finished": {
        "run_id": _name,
        "approval_id": _name,
        "program_sha256": _digest,
        "started_index": _natural,
        "status": _name,
        "usage": _object_,
        "stdout_sha256": _digest,
        "stderr_sha256": _digest,
        "artifacts": _array,
        "tier": _name,
    },
    "run_aborted": {"run_id": _name, "approval_id": _name, "reason": _name},
    "admission_refused": {"reason": _name},
    "log_started": {"size": _natural},
    "heartbeat": {"size": _natural},
    "records_read": {"reader": _name, "indexes": _array},
    "records_exported": {"reader": _name, "from_index": _natural, "to_index": _natural},
    "bodies_erased": {"by": _name, "reason": _name, "erased": _array},
}
"""Kind → the fields its body must have; a body may have more (additive change is not a break)."""


def check_body(kind: str, body: Mapping[str, object]) -> None:
    """Raise RecordInvalid unless `kind` exists and `body` has what that kind needs."""
    fields = KINDS.get(kind)
    if fields is None:
        raise RecordInvalid(f"kind {kind!r} is unknown; known: {', '.join(sorted(KINDS))}")
    for name, will_do in fields.items():
        if name not in body:
            raise RecordInvalid(f"{kind}: field {name!r} is missing")
        if not will_do(body[name]):
            raise RecordInvalid(f"{kind}: field {name!r} has an unfit value (docs/audit-format.md §2)")


def check(record: Record) -> None:
    """Raise RecordInvalid unless the record keeps every rule of the format but the leaf's size."""
    check_body(record.kind, record.body)
    if len(canonical(record.body)) > MAX_BODY_JSON_BYTES:
        raise RecordInvalid(f"body: more than {MAX_BODY_JSON_BYTES} bytes of JSON")
    if not _TIME.fullmatch(record.time):
        raise RecordInvalid("time: not RFC 3339 with microseconds and Z")
    if not (_name(record.log) and _name(record.actor)):
        raise RecordInvalid("log and actor: 1..256 characters each")
    for name, value in (("request_id", record.request_id), ("idempotency_key", record.idempotency_key)):
        if not _ID.fullmatch(value):
            raise RecordInvalid(f"{name}: at most 128 printable ASCII characters, no space")
    check_bodies(record.bodies)


def check_bodies(bodies: tuple[BodyRef, ...]) -> None:
    """Raise RecordInvalid unless roles are well formed and differ, and sizes are within bounds."""
    if len(bodies) > MAX_BODIES:
        raise RecordInvalid(f"bodies: at most {MAX_BODIES}")
    if len({body.role for body in bodies}) != len(bodies):
        raise RecordInvalid("bodies: two have the same role")
    for body in bodies:
        if not _ROLE.fullmatch(body.role):
            raise RecordInvalid(f"bodies: role {body.role!r} is not a word or word/name")
        if not _digest(body.sha256) or body.size > MAX_BODY_CONTENT_BYTES:
            raise RecordInvalid(
                f"bodies: {body.role}: no digest, or more than {MAX_BODY_CONTENT_BYTES} bytes"
            )
