"""One record of the audit log: its kinds, its exact bytes, and what makes it valid.

Knows docs/audit-format.md §1 and §2. Must not know how records are stored, sent or proven: no I/O, no gRPC.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

import msgspec

from placet.audit.jcs import MAX_DEPTH as MAX_DEPTH
from placet.audit.jcs import MAX_SAFE_INTEGER as MAX_SAFE_INTEGER
from placet.audit.jcs import SORTED, Json
from placet.audit.jcs import RecordInvalid as RecordInvalid
from placet.audit.jcs import canonical as canonical
from placet.audit.jcs import parse_object as parse_object

MAX_LEAF_BYTES: Final = 65_535
"""A tile entry's length is a 16-bit number (C2SP tlog-tiles)."""
MAX_BODY_JSON_BYTES: Final = 48 * 1024
MAX_BODY_CONTENT_BYTES: Final = 16 * 1024 * 1024
MAX_BODIES: Final = 32
SALT_BYTES: Final = 16
VERSION: Final = 1

_HEX = "0123456789abcdef"
_Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
# Bounds that the codec checks; what they leave open, `_fit` checks for all strings of a record at once.
_Hex = Annotated[str, msgspec.Meta(min_length=64, max_length=64)]
_Id = Annotated[str, msgspec.Meta(max_length=128)]
_ROLE = re.compile(r"[a-z_]{1,32}(/[^/\x00-\x1f]{1,128})?")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_ID = re.compile(r"[\x21-\x7e]{0,128}")


class BodyRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A blob outside the tree, named by its salted digest so that it can be erased while the proof stands."""

    role: str
    sha256: _Hex
    """Lower-case hex of SHA-256(salt || content)."""
    size: Annotated[int, msgspec.Meta(ge=0, le=MAX_BODY_CONTENT_BYTES)]
    """Bytes of content."""


def body_digest(salt: bytes, content: bytes) -> str:
    """Lower-case hex of SHA-256(salt || content): says nothing about the content once the salt is gone."""
    return hashlib.sha256(salt + content).hexdigest()


def new_salt() -> bytes:
    """Fresh random bytes for one body."""
    return secrets.token_bytes(SALT_BYTES)


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="v", tag=VERSION):
    """What one leaf says. `encode` and `decode` are the only ways between it and its bytes."""

    log: _Name
    time: str
    """RFC 3339, UTC, microseconds, `Z`: the log's own clock."""
    kind: str
    request_id: _Id
    actor: _Name
    """The SPIFFE URI of the authenticated peer that appended it."""
    body: Mapping[str, Json]
    bodies: Annotated[tuple[BodyRef, ...], msgspec.Meta(max_length=MAX_BODIES)] = ()
    idempotency_key: _Id = ""

    def encode(self) -> bytes:
        """The leaf's bytes. Raises RecordInvalid when the record is not valid or too large."""
        leaf = canonical(self._object())
        check(self, leaf_bytes=len(leaf))
        if len(leaf) > MAX_LEAF_BYTES:
            raise RecordInvalid(
                f"the record is {len(leaf)} bytes; at most {MAX_LEAF_BYTES}: move text to bodies"
            )
        return leaf

    def _object(self) -> dict[str, object]:
        # In the order in which they are written, which spares `canonical` the sorting.
        return {
            "actor": self.actor,
            "bodies": [{"role": b.role, "sha256": b.sha256, "size": b.size} for b in self.bodies],
            "body": self.body,
            "idempotency_key": self.idempotency_key,
            "kind": self.kind,
            "log": self.log,
            "request_id": self.request_id,
            "time": self.time,
            "v": VERSION,
        }

    @classmethod
    def decode(cls, leaf: bytes) -> Record:
        """Read a leaf. Raises RecordInvalid unless these are exactly the bytes that `encode` would write."""
        if plain := read_plain((leaf,)):
            return plain[0]
        record = _read_any(leaf)
        check(record)
        return record


def read_plain(leaves: Sequence[bytes]) -> list[Record] | None:
    """What `decode` reads of each leaf, the fast way: all are short, ASCII, and valid. None: ask `decode`.

    It checks all that `check` does.
    """
    lines = b"\n".join([*leaves, b""])
    if not lines.isascii() or (b"\\" in lines and b"\\u0000" in lines):
        return None
    if max(map(len, leaves), default=0) > MAX_BODY_JSON_BYTES:
        return None
    try:
        records = _DECODER.decode_lines(lines)
        for record in records:
            msgspec.convert(record.body, _BODIES[record.kind])
    except (msgspec.MsgspecError, KeyError):
        return None
    # No record is written with a newline in it, so that as many lines as leaves are the leaves themselves.
    whole = len(records) == len(leaves) and SORTED.encode_lines(records) == lines
    return records if whole and _fit(records) else None


def _fit(records: Iterable[Record]) -> bool:
    """What the codec leaves open, for records of ASCII only."""
    digests: list[object] = []
    for record in records:
        ids, body, refs = record.request_id + record.idempotency_key, record.body, record.bodies
        if not ids.isprintable() or " " in ids or not _TIME.fullmatch(record.time):
            return False
        roles = [ref.role for ref in refs]
        if not all(map(_is_role, roles)) or len(set(roles)) != len(roles):
            return False
        digests += [body[name] for name in _DIGESTS[record.kind]]
        digests += [ref.sha256 for ref in refs]
    return _is_hex("".join(digests))  # type: ignore[arg-type]  # the codec saw that they are strings


def _is_hex(text: str) -> bool:
    """Whether it is hex in lower case; many times faster than looking at each character."""
    try:
        return bytes.fromhex(text).hex() == text
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def _is_role(role: str) -> bool:
    return _ROLE.fullmatch(role) is not None


def _read_any(leaf: bytes) -> Record:
    found = parse_object(leaf)
    if len(leaf) > MAX_LEAF_BYTES or canonical(found) != leaf:
        raise RecordInvalid("not the canonical bytes of its content")
    return _from_object(found)


_DECODER: Final = msgspec.json.Decoder(Record)
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
    return isinstance(value, str) and 0 < len(value) <= 256 and "\0" not in value


def _digest(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and not value.strip(_HEX)


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
    "review_given": {
        "verdict": _verdict,
        "program_sha256": _digest,
        "scope": _scope,
        "decided_by": _name,
        "reason": _name,
    },
    "review_failed": {"reason": _name},
    "caller_paused": {
        "caller": _name,
        "scope_name": _name,
        "denials": _natural,
        "why": _name,
        "pause_s": _natural,
    },
    "caller_resumed": {"caller": _name, "scope_name": _name, "paused_index": _natural},
    "quota_exceeded": {"caller": _name, "limit": _name, "untold": _natural},
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
    "key_revoked": {"key_id": _digest},
    "admission_refused": {"reason": _name},
    "log_started": {"size": _natural},
    "heartbeat": {"size": _natural},
    "approval_signed": {
        "approval_id": _name,
        "program_sha256": _digest,
        "envelope_sha256": _digest,
        "issued_index": _natural,
    },
    "console_entered": {"who": _name, "how": _name, "outcome": _name},
    "review_claimed": {
        "verdict_index": _natural,
        "program_sha256": _digest,
        "decided_by": _name,
        "until": _name,
    },
    "review_released": {"verdict_index": _natural, "decided_by": _name},
    "label_given": {
        "verdict_index": _natural,
        "program_sha256": _digest,
        "decided_by": _name,
        "label": _name,
        "rule": _string,
        "line": _natural,
        "verdict": _verdict,
        "why": _string,
        "blind": _bool,
    },
    "replay_reported": {
        "decided_by": _name,
        "report_sha256": _digest,
        "from_index": _natural,
        "to_index": _natural,
        "verdicts": _natural,
        "flipped": _natural,
    },
    "records_read": {"reader": _name, "indexes": _array},
    "records_exported": {"reader": _name, "from_index": _natural, "to_index": _natural},
    "bodies_erased": {"by": _name, "reason": _name, "erased": _array},
}
"""Kind → the fields its body must have; a body may have more (additive change is not a break)."""


class _Scope(msgspec.Struct):
    """`scope`, as `_scope` checks it."""

    name: _Name
    sha256: _Digest


_TYPES: Final[Mapping[Check, object]] = {
    _string: str,
    _name: _Name,
    _digest: _Hex,
    _natural: Annotated[int, msgspec.Meta(ge=0)],
    _array: list[Any],
    _object_: dict[str, Any],
    _scope: _Scope,
    _verdict: Literal["ALLOWED", "DENIED", "NEEDS_REVIEW"],
    _bool: bool,
}
"""The same checks for the fast way."""
_DIGESTS: Final = {
    kind: [name for name, will_do in fields.items() if will_do is _digest] for kind, fields in KINDS.items()
}
_BODIES: Final = {
    kind: msgspec.defstruct(kind, [(name, _TYPES[will_do]) for name, will_do in fields.items()])
    for kind, fields in KINDS.items()
}


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


def check(record: Record, *, leaf_bytes: int = MAX_LEAF_BYTES) -> None:
    """Raise RecordInvalid unless the record keeps every rule of the format but the leaf's size.

    `leaf_bytes` is that size where it is known: a body is smaller than its leaf.
    """
    check_body(record.kind, record.body)
    if leaf_bytes > MAX_BODY_JSON_BYTES and len(canonical(record.body)) > MAX_BODY_JSON_BYTES:
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
