#!/usr/bin/env python3
"""Verify a proof bundle of a Placet audit log. Needs Python 3.9 or newer, and `cryptography`.

    python3 verify.py bundle.zip --key audit.vkey     0 proven, 1 broken, 2 fits together under its own key
    python3 verify.py bundle.zip --key audit.vkey --witness witness.vkey --json
    python3 verify.py bundle.zip --key audit.vkey --reviewers DIRECTORY      with the keys of people

Written apart from Placet's own verifier, after docs/audit-format.md (numbers in brackets), so that each is a
check on the other. Reads the bundle and the key files; writes nothing, asks nobody.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

FORMAT = "placet-bundle/1"
MAX_FILE_BYTES = 17 * 1024 * 1024
MAX_FILES = 50_000
MAX_LEAF_BYTES = 65_535
TOLERANCE = timedelta(seconds=30)
FIELDS = {"v", "log", "time", "kind", "request_id", "actor", "idempotency_key", "body", "bodies"}
MAY_APPEND = {
    "svc/generator": {
        "task_received", "task_refused", "program_generated", "generation_failed", "task_finished",
    },
    "svc/guard": {
        "task_screened", "verdict_reached", "review_failed", "approval_issued", "caller_paused",
        "caller_resumed",
    },
    "svc/executor": {"run_started", "run_finished", "run_aborted", "admission_refused", "key_revoked"},
    "svc/audit": {
        "log_started", "heartbeat", "quota_exceeded", "records_read", "records_exported", "bodies_erased",
    },
    "svc/console": {
        "console_entered", "review_claimed", "review_released", "review_given", "verdict_reached",
        "approval_issued", "approval_signed", "label_given", "replay_reported", "records_read",
        "records_exported",
    },
    "reviewer": {"verdict_reached", "review_given", "approval_issued", "approval_signed"},
}  # fmt: skip
PLAIN = {
    "prompt": "prompt_sha256",
    "findings": "findings_sha256",
    "program": "program_sha256",
    "plan": "plan_sha256",
    "statement": "statement_sha256",
    "proposal": "proposal_sha256",
    "decision": "envelope_sha256",
    "approval": "envelope_sha256",
    "report": "report_sha256",
    "stdout": "stdout_sha256",
    "stderr": "stderr_sha256",
}


class Broken(Exception):  # noqa: N818 - named for the state it reports
    """The bundle does not prove what it claims; the text says which record, and why."""


def need(holds: bool, what: str) -> None:
    """Go on only when it holds."""
    if not holds:
        raise Broken(what)


# Files


class Bundle:
    """The files of a zip. Names and contents are untrusted; nothing is written anywhere."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise Broken(f"{path} is no bundle: {error}") from error
        names = self._zip.namelist()
        need(len(names) == len(set(names)) <= MAX_FILES, "the bundle has a file twice, or too many")

    def read(self, name: Any) -> bytes:
        """One file, at most MAX_FILE_BYTES of it."""
        try:
            with self._zip.open(str(name)) as file:
                content = file.read(MAX_FILE_BYTES + 1)
        except (KeyError, OSError, RuntimeError, zipfile.BadZipFile, NotImplementedError) as error:
            raise Broken(f"{name}: cannot be read from the bundle ({error})") from error
        need(len(content) <= MAX_FILE_BYTES, f"{name}: too large")
        return content


# Signed notes and checkpoints [6.3 to 6.5, 12.1, 12.2]


def unb64(text: str) -> bytes:
    """Base64 in its one spelling."""
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Broken(f"not base64: {text[:40]!r}") from error
    need(base64.b64encode(value).decode() == text, "base64 in another spelling than its own")
    return value


class Key:
    """A C2SP verification key: the log's (type 1) or a witness's (type 4)."""

    def __init__(self, vkey: str, kind: int) -> None:
        parts = vkey.strip().split("+", 2)
        need(len(parts) == 3, "a key is <name>+<id>+<base64>")
        self.name, raw = parts[0], unb64(parts[2])
        need(len(raw) == 33 and raw[0] == kind, f"the key of {self.name!r} is not of type {kind}")
        self.id = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        need(parts[1] == self.id.hex(), f"the id of {self.name!r}'s key does not fit its key")
        self._public = Ed25519PublicKey.from_public_bytes(raw[1:])

    def signed(self, text: str, signature: bytes) -> bool:
        """Whether this key signed the text."""
        try:
            self._public.verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


def open_checkpoint(note: str, log: Key, witnesses: list[Key]) -> tuple[int, bytes]:
    """Size and root of a checkpoint that the log's key signed, and every given witness."""
    text, blank, below = note.rpartition("\n\n")
    text += "\n"
    need(bool(blank) and below.endswith("\n"), "the checkpoint is no signed note")
    lines = [re.fullmatch("\u2014 ([^\\s+]+) (\\S+)", line) for line in below[:-1].split("\n")]
    need(all(lines), "a signature line of the checkpoint is malformed")
    signatures = [(line[1], unb64(line[2])) for line in lines if line]
    for key in (log, *witnesses):
        mine = [value[4:] for name, value in signatures if name == key.name and value[:4] == key.id]
        need(bool(mine), f"the checkpoint carries no signature of {key.name!r}")
        for value in mine:
            what = text
            if key is not log:
                need(len(value) > 8, "a cosignature is too short")
                (seconds,) = struct.unpack(">Q", value[:8])
                need(0 < seconds < 2**63, "a cosignature's time is out of range")
                what, value = f"cosignature/v1\ntime {seconds}\n{text}", value[8:]
            need(key.signed(what, value), f"the signature of {key.name!r} on the checkpoint does not hold")
    origin, size, root, end = (
        [*text.split("\n"), "", "", ""][:4] if text.count("\n") == 3 else ("", "", "", "x")
    )
    need(origin == log.name and not end, f"the checkpoint is not one of log {log.name!r}")
    need(bool(re.fullmatch("0|[1-9][0-9]{0,18}", size)), "the checkpoint's size is no number")
    need(len(unb64(root)) == 32, "the checkpoint's root is not 32 bytes")
    return int(size), unb64(root)


# Inclusion [6.1, 6.2; RFC 9162 section 2.1.3.2]


def check_inclusion(leaf: bytes, index: int, size: int, root: bytes, path: list[bytes]) -> None:
    """The leaf is number `index` of the tree of that size and root."""
    name = f"record {index}: its proof"
    need(0 <= index < size, f"{name} is for a place outside the tree")
    digest, node, last = hashlib.sha256(b"\0" + leaf).digest(), index, size - 1
    for other in path:
        need(len(other) == 32 and last > 0, f"{name} has a hash too many, or one of another length")
        if node % 2 or node == last:
            digest = hashlib.sha256(b"\1" + other + digest).digest()
            while node and not node % 2:
                node, last = node // 2, last // 2
        else:
            digest = hashlib.sha256(b"\1" + digest + other).digest()
        node, last = node // 2, last // 2
    need(last == 0, f"{name} has a hash too few")
    need(digest == root, f"{name} does not lead to the signed root: the record was changed")


def read_proof(text: str, note: str) -> tuple[int, list[bytes]]:
    """Index and hashes of a `.tlog-proof` under this very checkpoint."""
    head, _, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    need(checkpoint == note, "a proof is under another checkpoint than the bundle's")
    need(len(lines) >= 2 and lines[0] == "c2sp.org/tlog-proof@v1", "a proof file is malformed")
    index = re.fullmatch("index (0|[1-9][0-9]{0,18})", lines[1])
    need(bool(index) and len(lines) <= 65, "a proof file is malformed")
    return int(index[1]) if index else -1, [unb64(line) for line in lines[2:]]


# Records [section 1]


def ordered(value: Any, depth: int = 0) -> Any:
    """The same value with its keys in JCS order, if it holds only what a record may."""
    need(depth <= 16, "nested too deeply")
    if isinstance(value, dict):
        return {
            key: ordered(value[key], depth + 1) for key in sorted(value, key=lambda k: k.encode("utf-16-be"))
        }
    if isinstance(value, list):
        return [ordered(item, depth + 1) for item in value]
    need(isinstance(value, (str, bool, int)), "null, or a number that is no integer")
    need(isinstance(value, str) or abs(value) < 2**53, "an integer that is too large")
    return value


def parse(leaf: bytes) -> dict[str, Any]:
    """A record from its bytes, which must be the only ones that write it."""
    need(len(leaf) <= MAX_LEAF_BYTES, "too long")
    try:
        found: dict[str, Any] = json.loads(leaf.decode())
        again = json.dumps(ordered(found), ensure_ascii=False, separators=(",", ":")).encode()
    except (ValueError, RecursionError) as error:
        raise Broken(f"not JSON: {error}") from error
    need(again == leaf, "not the canonical bytes of what it says")
    need(isinstance(found, dict) and set(found) == FIELDS and found["v"] == 1, "not a record of version 1")
    need(isinstance(found["body"], dict) and isinstance(found["bodies"], list), "not a record of version 1")
    texts = (found[name] for name in FIELDS - {"v", "body", "bodies"})
    need(all(isinstance(text, str) for text in texts), "not a record of version 1")
    return found


def check_actor(record: dict[str, Any]) -> None:
    """[section 5]"""
    path = re.sub("^spiffe://[^/]*/", "", record["actor"])
    who, _, name = path.partition("/")
    decided_by = str(record["body"].get("decided_by", ""))
    allowed = MAY_APPEND["reviewer"] if who == "reviewer" else MAY_APPEND.get(path, set())
    need(record["kind"] in allowed, f"{path} may not append {record['kind']}")
    if who == "reviewer":
        need(decided_by == f"human:{name}", "a reviewer decided in another's name")
    elif path == "svc/console":
        need("decided_by" not in record["body"] or decided_by[:6] == "human:", "the console decided itself")
    else:
        need(not decided_by.startswith("human:"), "a service decided in a person's name")


People = dict[str, list[EllipticCurvePublicKey]]


def read_people(directory: Path) -> People:
    """Keys of each NAME: `reviewer-NAME[+LABEL].pub.pem`. [approval-format 1.3]"""
    # Here, because it takes longer to import than a bundle takes to verify.
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    found: People = {}
    for path in sorted(directory.glob("reviewer-*.pub.pem")):
        key = load_pem_public_key(path.read_bytes())
        need(isinstance(key, EllipticCurvePublicKey), f"{path} is no key of a person")
        name = path.name[len("reviewer-") : -len(".pub.pem")].partition("+")[0]
        found.setdefault(name, []).append(key)  # type: ignore[arg-type]  # need() saw what it is
    return found


def check_signed(envelope: bytes, decided_by: str, people: People) -> None:
    """One of that person's keys signed the envelope. Nothing is asked without keys. [6.25, DSSE]"""
    found = json.loads(envelope)
    kind, payload = found["payloadType"].encode(), base64.b64decode(found["payload"])
    signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    for key in people.get(decided_by[len("human:") :], []):
        for signature in found["signatures"]:
            try:
                key.verify(base64.b64decode(signature["sig"]), signed, ECDSA(SHA256()))
            except InvalidSignature:
                continue
            return
    need(not people, f"no key of {decided_by} that was given signed it")


def check_bodies(record: dict[str, Any], kept: list[Any], bundle: Bundle, people: People) -> tuple[int, int]:
    """Bodies that match, and bodies that are not in the bundle. [3.1, 3.4, 6.15]"""
    named = {ref["role"]: ref for ref in record["bodies"]}
    for item in kept:
        role, content = item["role"], bundle.read(item["file"])
        salted = hashlib.sha256(bytes.fromhex(item["salt"]) + content).hexdigest()
        ref = named.pop(role, {})
        need((ref.get("sha256"), ref.get("size")) == (salted, len(content)), f"its body {role!r} was changed")
        plain = record["body"].get(PLAIN.get(role, ""))
        if role == "scope":
            plain = record["body"].get("scope", {}).get("sha256")
        if role.startswith("artifact/"):
            files = {file["name"]: file["sha256"] for file in record["body"]["artifacts"]}
            plain = files.get(role.removeprefix("artifact/"), "")
        need(
            plain in (None, hashlib.sha256(content).hexdigest()),
            f"its body {role!r} is not what it speaks of",
        )
        if role == "decision":
            check_decision(record, content)
            check_signed(content, record["body"]["decided_by"], people)
        if role == "approval":
            record["approval"] = content.split(b"\n")[0]
    return len(kept), len(named)


def statement_of(envelope: bytes) -> str:
    """Digest of what an envelope signs."""
    return hashlib.sha256(base64.b64decode(json.loads(envelope)["payload"])).hexdigest()


def check_decision(record: dict[str, Any], envelope: bytes) -> None:
    """The person's statement says what the record says of it. [6.23; approval-format section 5]"""
    found = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
    body, said = record["body"], found["predicate"]
    reviewed = said.get("reviewed", {})
    pairs = {
        "type": (found["predicateType"], "https://placet.dev/attestation/review/v1"),
        "program": ([part["digest"]["sha256"] for part in found["subject"]], [body["program_sha256"]]),
        "verdict": (said["verdict"], body["verdict"]),
        "person": (said["decidedBy"], body["decided_by"]),
        "reason": (said["reason"][:256], body["reason"]),
        "request": (said["requestId"], record["request_id"]),
        "scope": [(of["name"], of["sha256"]) for of in (said["scope"], body["scope"])],
        "item": (reviewed.get("index"), body.get("verdict_index")),
        "log": (reviewed.get("origin", record["log"]), record["log"]),
        "review token": (said.get("reviewToken"), body.get("review_token")),
    }
    for name, (signed, recorded) in pairs.items():
        need(signed == recorded, f"its decision says another {name}")


# The state machine [6.9 to 6.12, 6.16, 6.17, 6.20 to 6.24, 6.27, 6.28]


class Story:
    """What the records so far allow the next one to be."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.seen: dict[int, tuple[str, dict[str, Any]]] = {}
        self.approvals: dict[str, int] = {}
        self.spent: dict[str, int] = {}
        self.ended: set[int] = set()
        self.revoked: set[str] = set()
        self.quorum: dict[str, int] = {}
        self.votes: dict[tuple[str, str, Any], dict[str, str]] = {}
        self.paused: dict[int, tuple[str, str]] = {}
        self.tasks: dict[str, str] = {}
        self.closed: set[int] = set()
        self.decided: set[tuple[int, str, str]] = set()
        self.signed: set[int] = set()
        self.shown: dict[str, str] = {}
        self.time = ""

    def take(self, index: int, leaf: bytes, record: dict[str, Any]) -> None:
        """The next record that the bundle has."""
        need(record["time"] >= self.time, "its time is before an earlier record's")
        self.time = record["time"]
        self.seen[index] = (hashlib.sha256(b"\0" + leaf).hexdigest(), record)
        step = getattr(self, record["kind"], None)
        if step:
            step(index, record, record["body"])

    def _earlier(self, index: Any, kind: str) -> dict[str, Any]:
        _, record = self.seen.get(index, ("", {}))
        need(record.get("kind") == kind, f"it rests on record {index}, which is no {kind} of this bundle")
        return record

    def task_received(self, _: int, record: dict[str, Any], body: dict[str, Any]) -> None:
        """Whatever is done for it is done for its caller. [6.27]"""
        self.tasks[record["request_id"]] = body["caller"]

    def program_generated(self, _: int, record: dict[str, Any], body: dict[str, Any]) -> None:
        """[6.27]"""
        if "caller" in body:
            self._for_its_caller(record, body)

    def _for_its_caller(self, record: dict[str, Any], body: dict[str, Any]) -> None:
        task = self.tasks.get(record["request_id"])
        need(
            bool(task) and body.get("caller") == task, "it is for another caller than the task of its request"
        )

    def verdict_reached(self, _: int, record: dict[str, Any], body: dict[str, Any]) -> None:
        """A guard may say how many people its scope needs; people's verdicts close items. [6.20, 6.22]"""
        scope, item = body["scope"]["sha256"], body.get("reviewed_index")
        if body["decided_by"] == "actions":
            self._by_actions(record, body)
        if record["actor"].endswith("/svc/guard"):
            self.quorum[scope] = max(self.quorum.get(scope, 1), int(body.get("quorum", 1)))
            return
        console = record["actor"].endswith("/svc/console")
        need(item is not None or not console, "it closes no item")
        if item is not None:
            self._open(item, record, body)
            decided = (item, body["decided_by"], body["verdict"]) in self.decided
            need(decided or not console, "no decision of that person is before it")
            self.closed.add(item)

    def _by_actions(self, record: dict[str, Any], body: dict[str, Any]) -> None:
        """[6.28]"""
        need(record["actor"].endswith("/svc/guard"), "only the guard compiles plans of actions")
        need(body["verdict"] == "ALLOWED", "actions decide nothing but ALLOWED")
        shown = "plan_sha256" in body and "plan" in [ref["role"] for ref in record["bodies"]]
        need(shown, "it shows no plan of the actions that decided")

    def review_given(self, _: int, record: dict[str, Any], body: dict[str, Any]) -> None:
        """The newest vote of each person counts. [6.16, 6.20, 6.23]"""
        self.shown[body.get("envelope_sha256", "")] = body["program_sha256"]
        item, about = body.get("verdict_index"), (body["program_sha256"], body["scope"]["sha256"])
        if item is not None:
            self._open(item, record, body)
            self.decided.add((item, body["decided_by"], body["verdict"]))
        if record["actor"].endswith("/svc/console"):
            shown = all(name in body for name in ("verdict_index", "review_token", "envelope_sha256"))
            roles = [ref["role"] for ref in record["bodies"]]
            need(shown and "decision" in roles, "the person's decision is not shown")
        for ballot in {(*about, None), (*about, item)}:
            self.votes.setdefault(ballot, {})[body["decided_by"]] = body["verdict"]

    def _open(self, item: int, record: dict[str, Any], body: dict[str, Any]) -> None:
        """The item is open, and the person may decide about it. [6.20, 6.21]"""
        asked = self._earlier(item, "verdict_reached")
        of, name = asked["body"], body["decided_by"][len("human:") :]
        guards = asked["actor"].endswith("/svc/guard") and of["verdict"] == "NEEDS_REVIEW"
        need(guards, f"record {item} asks nobody to decide")
        same = [(b["program_sha256"], b["scope"]["sha256"]) for b in (body, of)]
        need(same[0] == same[1], f"it is about something else than record {item}")
        need(record["request_id"] == asked["request_id"], f"it is of another request than record {item}")
        need(item not in self.closed, f"record {item} was decided before")
        asker = re.sub("^spiffe://[^/]*/", "", str(of.get("caller", "")))
        need(asker not in (f"caller/{name}", f"reviewer/{name}"), f"{name} decides what they asked for")

    def review_claimed(self, _: int, __: dict[str, Any], body: dict[str, Any]) -> None:
        """[6.20]"""
        asked = self._earlier(body["verdict_index"], "verdict_reached")
        of, index = asked["body"], body["verdict_index"]
        guards = asked["actor"].endswith("/svc/guard") and of["verdict"] == "NEEDS_REVIEW"
        same = body.get("program_sha256", of["program_sha256"]) == of["program_sha256"]
        need(guards and same, f"record {index} is no item on that program")

    review_released = review_claimed

    def label_given(self, _: int, __: dict[str, Any], body: dict[str, Any]) -> None:
        """[6.20]"""
        of = self._earlier(body["verdict_index"], "verdict_reached")["body"]
        need(of["program_sha256"] == body["program_sha256"], "it labels a verdict on another program")

    def approval_signed(self, _: int, record: dict[str, Any], body: dict[str, Any]) -> None:
        """[6.24]"""
        issued, index = self._earlier(body["issued_index"], "approval_issued"), body["issued_index"]
        need(issued["body"]["decided_by"][:6] == "human:", "no person decided that approval")
        for name in ("approval_id", "program_sha256"):
            need(body[name] == issued["body"][name], f"its {name} is not that of record {index}")
        need(record["actor"] == issued["actor"], "somebody else issued that approval")
        if "approval" in record:
            signed = statement_of(record["approval"])
            need(
                signed == issued["body"]["statement_sha256"],
                f"it signs another statement than record {index}",
            )
            check_signed(record["approval"], issued["body"]["decided_by"], self.people)
        need(index not in self.signed, f"record {index} was signed before")
        self.signed.add(index)

    def key_revoked(self, _: int, __: dict[str, Any], body: dict[str, Any]) -> None:
        """Nothing of this key after this."""
        need(body["key_id"] not in self.revoked, "the key was revoked before")
        self.revoked.add(body["key_id"])

    def approval_issued(self, index: int, record: dict[str, Any], body: dict[str, Any]) -> None:
        """[6.9, 6.16, 6.17]"""
        verdict = self._earlier(body["verdict_index"], "verdict_reached")
        of, scope = verdict["body"], body["scope"]
        need(
            self.seen[body["verdict_index"]][0] == body["verdict_leaf_hash"], "its verdict is another record"
        )
        need(of["verdict"] == "ALLOWED", f"its verdict is {of['verdict']}")
        need(body["program_sha256"] == of["program_sha256"], "its verdict is on another program")
        same = all(scope[name] == of["scope"][name] for name in ("name", "sha256"))
        need(same, "its verdict is under another scope")
        whose = [(of["actor"], of["body"]["decided_by"]) for of in (record, verdict)]
        need(whose[0] == whose[1], "its verdict was reached by somebody else")
        need(body["approval_id"] not in self.approvals, "its approval was issued before")
        need(body["key_id"] not in self.revoked, "its key is revoked")
        self.approvals[body["approval_id"]] = index
        if body["decided_by"].startswith("human:"):
            item = of.get("reviewed_index")
            votes = self.votes.get((body["program_sha256"], scope["sha256"], item), {})
            given = 1 + sum(v == "ALLOWED" for who, v in votes.items() if who != body["decided_by"])
            needed = self.quorum.get(scope["sha256"], 1)
            if item is not None:
                needed = int(self._earlier(item, "verdict_reached")["body"].get("quorum", 1))
            need(given >= needed, f"{needed} people must allow it; {given} did")

    def run_started(self, index: int, record: dict[str, Any], body: dict[str, Any]) -> None:
        """[6.10, 6.17, 6.27]"""
        need(body["approval_id"] in self.approvals, "its approval is not in this bundle")
        approval = self._earlier(self.approvals[body["approval_id"]], "approval_issued")["body"]
        need(body["approval_id"] not in self.spent, "its approval was used before")
        self.spent[body["approval_id"]] = index
        for name in ("program_sha256", "statement_sha256"):
            need(body[name] == approval[name], f"its {name} is not the approved one")
        need(body.get("key_id", approval["key_id"]) == approval["key_id"], "another key signed its approval")
        named = [sorted((i["name"], i["sha256"]) for i in of["inputs"]) for of in (body, approval)]
        need(named[0] == named[1], "its inputs are not the approved ones")
        begin, end = (moment(approval[name]) for name in ("issued_at", "expires_at"))
        need(
            begin - TOLERANCE <= moment(record["time"]) <= end + TOLERANCE, "its approval was not valid then"
        )
        need(approval["key_id"] not in self.revoked, "its approval's key is revoked")
        for digest in body.get("decisions", []):
            seen = self.shown.get(digest or "none") == body["program_sha256"]
            need(seen, f"decision {digest} is in no review_given on its program")
        if "peer" in body:
            self._for_its_caller(record, body)

    def run_finished(self, _: int, __: dict[str, Any], body: dict[str, Any]) -> None:
        """[6.11, 6.27]"""
        start = self._earlier(body["started_index"], "run_started")["body"]
        for name in ("run_id", "approval_id", "program_sha256"):
            need(body[name] == start[name], f"its {name} is not that of its start")
        self._end(body["started_index"], start, body)

    def run_aborted(self, _: int, __: dict[str, Any], body: dict[str, Any]) -> None:
        """[6.11, 6.27]"""
        need(body["approval_id"] in self.spent, "its start is not in this bundle")
        start = self._earlier(self.spent[body["approval_id"]], "run_started")["body"]
        need(body["run_id"] == start["run_id"], "its run_id is not that of its start")
        self._end(self.spent[body["approval_id"]], start, body)

    def caller_paused(self, index: int, _: dict[str, Any], body: dict[str, Any]) -> None:
        """[6.12]"""
        self.paused[index] = (body["caller"], body["scope_name"])

    def caller_resumed(self, _: int, __: dict[str, Any], body: dict[str, Any]) -> None:
        """[6.12]"""
        pause = self.paused.pop(body["paused_index"], None)
        need(pause == (body["caller"], body["scope_name"]), "it ends no caller_paused of this bundle")

    def heartbeat(self, index: int, _: dict[str, Any], body: dict[str, Any]) -> None:
        """[section 2]"""
        need(body["size"] == index, f"it says that {body['size']} records precede it")

    log_started = heartbeat

    def _end(self, started: int, start: dict[str, Any], end: dict[str, Any]) -> None:
        same = end.get("caller", start.get("caller")) == start.get("caller")
        need(same, "its caller is not that of its start")
        need(started not in self.ended, "its run had ended before")
        self.ended.add(started)


def moment(text: str) -> datetime:
    """A time with its zone. `Z` is not understood before Python 3.11."""
    try:
        found = datetime.fromisoformat(re.sub("Z$", "+00:00", text))
    except ValueError as error:
        raise Broken(f"{text!r} is not a time") from error
    need(found.tzinfo is not None, f"{text!r} has no time zone")
    return found


# All of it


def verify(
    path: Path, vkey: str = "", witnesses: tuple[str, ...] = (), reviewers: Path | None = None
) -> dict[str, Any]:
    """What the bundle proves. Never raises for what it holds: `ok` and `broken` say it."""
    report: dict[str, Any] = {"ok": False, "broken": "", "key": "given" if vkey else "the bundle's own"}
    at = "the bundle"
    try:
        bundle = Bundle(path)
        manifest = json.loads(bundle.read("bundle.json"))
        need(manifest["format"] == FORMAT, f"its format is not {FORMAT}")
        log = Key(vkey or manifest["vkey"], 1)
        note = bundle.read(manifest["checkpoint"]).decode()
        size, root = open_checkpoint(note, log, [Key(witness, 4) for witness in witnesses])
        report |= {"log": log.name, "request_id": manifest["request_id"], "checkpoint_size": size}
        report |= {"witnesses": len(witnesses), "records": 0, "bodies": 0, "bodies_missing": 0, "story": []}
        people = read_people(reviewers) if reviewers else {}
        report |= {"people": len(people)}
        story, last = Story(people), -1
        for item in manifest["records"]:
            at = f"record {item['index']}"
            need(item["index"] > last, "it is out of order")
            last = item["index"]
            leaf = bundle.read(item["leaf"])
            index, hashes = read_proof(bundle.read(item["proof"]).decode(), note)
            need(index == last, "its proof is for another record")
            check_inclusion(leaf, last, size, root, hashes)
            record = parse(leaf)
            need(record["log"] == log.name, "it is of another log")
            check_actor(record)
            present, missing = check_bodies(record, item["bodies"], bundle, people)
            story.take(last, leaf, record)
            report["records"] += 1
            report["bodies"] += present
            report["bodies_missing"] += missing
            report["story"].append(told(last, record))
        at = "the bundle"
        need(report["records"] > 0, "it holds no record")
        report["ok"] = True
    except Broken as error:
        report["broken"] = f"{at}: {error}"
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        report["broken"] = f"{at}: malformed ({type(error).__name__}: {error})"
    return report


def told(index: int, record: dict[str, Any]) -> str:
    """One line on a record, without control characters: its text may come from a model."""
    body = record["body"]
    words = [
        str(body[name]) for name in ("verdict", "status", "outcome", "reason", "decided_by") if name in body
    ]
    line = f"{index:>8}  {record['time']}  {record['kind']:18} {' '.join(words)}"
    return "".join(char if char.isprintable() else "?" for char in line)[:200].rstrip()


def lines(report: dict[str, Any]) -> list[str]:
    """The report for people, the conclusion first."""
    if not report["ok"]:
        return [f"BROKEN: {report['broken']}", "Do not rely on this bundle. Ask for it again, and keep both."]
    own = report["key"] != "given"
    first = "FITS TOGETHER, NOT PROVEN" if own else "PROVEN"
    found = [f"{first}: request {report['request_id']} in log {report['log']}"]
    if own:
        found.append(
            "  the key came with the bundle, so whoever made the bundle may have made the log as well;"
        )
        found.append("  give the log's own key, from a source that you trust, with --key")
    count = f"{report['records']} records under one checkpoint over {report['checkpoint_size']}"
    found.append(f"  {count}, cosigned by {report['witnesses']} of the witnesses you named")
    found.append(
        f"  bodies: {report['bodies']} match their digests, {report['bodies_missing']} erased or not given"
    )
    if report["people"]:
        found.append(
            f"  what people signed was checked with the keys of {report['people']} people that you gave"
        )
    found += report["story"]
    found.append("  not shown by a bundle: that no other record of the log speaks of the same approvals")
    return found


def main() -> int:
    """The command line."""
    asked = argparse.ArgumentParser(description="Verify a proof bundle of a Placet audit log.")
    asked.add_argument("bundle", type=Path, help="the zip file")
    asked.add_argument("--key", type=Path, help="file with the log's verification key (audit.vkey)")
    asked.add_argument(
        "--witness",
        type=Path,
        action="append",
        default=[],
        help="key file of a witness that must have cosigned; may be repeated",
    )
    asked.add_argument("--reviewers", type=Path, help="directory with the keys of people")
    asked.add_argument("--json", action="store_true", help="print the report for programs")
    given = asked.parse_args()
    vkey = given.key.read_text() if given.key else ""
    report = verify(given.bundle, vkey, tuple(path.read_text() for path in given.witness), given.reviewers)
    print(json.dumps(report) if given.json else "\n".join(lines(report)))
    return 1 if not report["ok"] else 0 if vkey else 2


if __name__ == "__main__":
    sys.exit(main())
