"""Whose signatures make a checkpoint trusted: a C2SP tlog-policy file, and the check against it.

Knows docs/audit-format.md §14. Names are opaque: they mean something in their own file only. No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from placet.audit.checkpoint import Checkpoint, LogVerifier
from placet.audit.cosignature import Cosignature, WitnessVerifier
from placet.audit.note import CheckpointRefused, Note

MAX_POLICY_BYTES: Final = 256 * 1024
NONE: Final = "none"
_CONTROL = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_COUNT = re.compile(r"[1-9][0-9]{0,5}")


class PolicyRefused(ValueError):  # noqa: N818 - named for the state it reports
    """The policy is not one, or says what must not be said. Nothing may be trusted by it."""


@dataclass(frozen=True)
class TrustedLog:
    """A log whose checkpoints may be trusted."""

    verifier: LogVerifier
    url: str = ""


@dataclass(frozen=True)
class TrustedWitness:
    """A witness whose cosignatures count."""

    verifier: WitnessVerifier
    url: str = ""
    """Submission prefix; empty when the file names none."""


@dataclass(frozen=True)
class Group:
    """Has witnessed what at least `threshold` of its members have witnessed."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Trusted:
    """A checkpoint that the policy trusts, and who cosigned it."""

    checkpoint: Checkpoint
    cosignatures: Mapping[str, Cosignature]
    """By the witness's name in the policy."""


@dataclass(frozen=True)
class TrustPolicy:
    """Logs, witnesses, groups of witnesses, and the quorum. Made by `parse_policy`."""

    logs: tuple[TrustedLog, ...] = ()
    witnesses: Mapping[str, TrustedWitness] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NONE

    def open(self, note: str, logs: Collection[LogVerifier] = ()) -> Trusted:
        """The checkpoint in an untrusted note. `logs` are trusted beside those that the policy names.

        Raises CheckpointRefused: no trusted log signed it, a known key's line does not verify, or the quorum
        did not cosign it.
        """
        parsed = Note.parse(note)
        checkpoint = Checkpoint.parse(parsed.text)
        keys = [*logs, *(log.verifier for log in self.logs)]
        if not any(key.signed(parsed) and key.name == checkpoint.origin for key in keys):
            raise CheckpointRefused(f"no trusted log signed this checkpoint of {checkpoint.origin!r}")
        cosignatures = self.cosignatures(parsed)
        if not self.is_met(cosignatures):
            who = ", ".join(sorted(cosignatures)) or "nobody that is trusted"
            raise CheckpointRefused(f"the quorum {self.quorum!r} is not met: it was cosigned by {who}")
        return Trusted(checkpoint, cosignatures)

    def cosignatures(self, note: Note) -> Mapping[str, Cosignature]:
        """The verified cosignatures by name. Raises CheckpointRefused when one of a known key is wrong."""
        found = {name: witness.verifier.cosignature(note) for name, witness in self.witnesses.items()}
        return {name: cosignature for name, cosignature in found.items() if cosignature}

    def is_met(self, cosigners: Collection[str]) -> bool:
        """Whether these witnesses, by name, are the quorum."""
        return self.quorum == NONE or self._has_witnessed(self.quorum, cosigners)

    def _has_witnessed(self, name: str, cosigners: Collection[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in cosigners
        return sum(self._has_witnessed(member, cosigners) for member in group.members) >= group.threshold


def parse_policy(content: bytes) -> TrustPolicy:
    """Read a policy file. Raises PolicyRefused, with the line's number."""
    if len(content) > MAX_POLICY_BYTES or _CONTROL.search(content):
        raise PolicyRefused("a policy is at most 256 KiB of lines without control characters")
    reading = _Reading()
    for number, line in enumerate(content.decode(errors="surrogateescape").split("\n"), 1):
        words = [word for word in re.split(r"[ \t]+", line) if word]
        if not words or words[0].startswith("#"):
            continue
        try:
            reading.take(*words)
        except (PolicyRefused, CheckpointRefused) as error:
            raise PolicyRefused(f"line {number}: {error}") from None
    return reading.policy()


class _Reading:
    """A policy, line by line: what is named must have been defined above."""

    def __init__(self) -> None:
        self._logs: list[TrustedLog] = []
        self._witnesses: dict[str, TrustedWitness] = {}
        self._groups: dict[str, Group] = {}
        self._quorum: str | None = None
        self._keys: set[bytes] = set()
        self._members: set[str] = set()

    def policy(self) -> TrustPolicy:
        if self._quorum is None:
            raise PolicyRefused("exactly one quorum line is needed; `quorum none` asks for no cosignature")
        return TrustPolicy(tuple(self._logs), self._witnesses, self._groups, self._quorum)

    def take(self, keyword: str, *words: str) -> None:
        match keyword, words:
            case "log", (vkey,) | (vkey, _):
                self._log(vkey, *words[1:])
            case "witness", (name, vkey) | (name, vkey, _):
                self._witness(name, vkey, *words[2:])
            case "group", (name, threshold, _, *_):
                self._group(name, threshold, words[2:])
            case "quorum", (name,):
                self._set_quorum(name)
            case _:
                raise PolicyRefused(
                    "expected log <vkey> [url], witness <name> <vkey> [url], "
                    "group <name> all|any|<k> <name>..., or quorum <name>|none"
                )

    def _log(self, vkey: str, url: str = "") -> None:
        verifier = LogVerifier.from_vkey(vkey)
        self._new_key(verifier.public)
        self._logs.append(TrustedLog(verifier, url))

    def _witness(self, name: str, vkey: str, url: str = "") -> None:
        self._new_name(name)
        verifier = WitnessVerifier.from_vkey(vkey)
        self._new_key(verifier.public)
        self._witnesses[name] = TrustedWitness(verifier, url)

    def _group(self, name: str, threshold: str, members: tuple[str, ...]) -> None:
        self._new_name(name)
        for member in members:
            self._defined(member)
            if member in self._members:
                raise PolicyRefused(f"{member!r} is a member already: each counts in one way only")
            self._members.add(member)
        self._groups[name] = Group(_threshold(threshold, len(members)), members)

    def _set_quorum(self, name: str) -> None:
        if self._quorum is not None:
            raise PolicyRefused("a second quorum line")
        if name != NONE:
            self._defined(name)
        self._quorum = name

    def _defined(self, name: str) -> None:
        if name not in self._witnesses and name not in self._groups:
            raise PolicyRefused(f"{name!r} is not defined above")

    def _new_name(self, name: str) -> None:
        if name == NONE or name in self._witnesses or name in self._groups:
            raise PolicyRefused(f"the name {name!r} is taken")

    def _new_key(self, public: bytes) -> None:
        """One key is one voice: neither two witnesses, nor a log that witnesses itself."""
        if public in self._keys:
            raise PolicyRefused("this key is in another line already")
        self._keys.add(public)


def _threshold(text: str, members: int) -> int:
    if text in ("any", "all"):
        return 1 if text == "any" else members
    if not _COUNT.fullmatch(text) or int(text) > members:
        raise PolicyRefused(f"a threshold is any, all, or 1 to {members}")
    return int(text)
