"""A `.tlog-proof` file: `audit verify --proof` proves a record by it. Knows files; proves nothing itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from placet.audit.checkpoint import LogVerifier
from placet.audit.merkle import ProofRefused
from placet.audit.note import MAX_NOTE_BYTES, CheckpointRefused
from placet.audit.proof import Proof
from placet.audit.record import MAX_LEAF_BYTES, Record, RecordInvalid
from placet.audit.sentences import sentence
from placet.audit.trust import TrustedLog, TrustPolicy
from placet.cli import one_file
from placet.cli.invocation import Invocation

MAX_FILE_BYTES: Final = MAX_NOTE_BYTES + MAX_LEAF_BYTES
_NOT_SHOWN: Final = (
    "not shown by a proof: that the record may stand where it stands; a bundle or the log shows it"
)


@dataclass(frozen=True)
class ProofFile:
    """What somebody was handed, none of it trusted but the policy."""

    path: Path
    record: Path | None
    """The record's bytes. None: the file beside the proof that a bundle has for them."""
    policy: TrustPolicy | None
    """Whose cosignatures are needed; of the logs that it names none counts."""

    @property
    def leaf(self) -> Path:
        """Where the record's bytes are."""
        return self.record or self.path.with_suffix(".json")


def verify_proof(here: Invocation, given: ProofFile, vkey: str) -> int:
    """0 proven, 1 broken (docs/audit-format.md §14.4).

    Raises:
        ServiceError: PROOF_UNREADABLE, LOG_KEY_UNFIT.
    """
    log = one_file.log_of(vkey)
    paths = (given.path, given.leaf)
    text, leaf = (one_file.read(path, MAX_FILE_BYTES, "PROOF_UNREADABLE") for path in paths)
    try:
        told = _proven(text, leaf, log, given.policy or TrustPolicy())
    except (ProofRefused, CheckpointRefused, RecordInvalid, UnicodeDecodeError) as error:
        here_is = {"ok": False, "log": log.name, "first_break": str(error)}
        return one_file.show(here, here_is, f"BROKEN: {given.path} does not prove {given.leaf}: {error}")
    return one_file.show(here, told, _sentences(told))


def _proven(text: bytes, leaf: bytes, log: LogVerifier, policy: TrustPolicy) -> dict[str, Any]:
    proof = Proof.from_text(text.decode())
    trusted = proof.verify_trusted(leaf, replace(policy, logs=(TrustedLog(log),)))
    record = Record.decode(leaf)
    if record.log != log.name:
        raise RecordInvalid(f"the record is of log {record.log!r}")
    return {
        "ok": True,
        "log": log.name,
        "index": proof.index,
        "time": record.time,
        "kind": record.kind,
        "says": sentence(record),
        "tree_size": trusted.checkpoint.size,
        "cosigned_by": sorted(trusted.cosignatures),
        "first_break": None,
    }


def _sentences(told: dict[str, Any]) -> str:
    seen = f", cosigned by {', '.join(told['cosigned_by'])}" if told["cosigned_by"] else ""
    under = f"under a checkpoint of {told['tree_size']} records{seen}"
    return (
        f"PROVEN: the record is number {told['index']} of log {told['log']}, {under}\n"
        f"  {told['time']}  {told['kind']}: {told['says']}\n  {_NOT_SHOWN}"
    )
