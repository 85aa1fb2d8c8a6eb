"""Whose signature is whose: the public keys that the executor trusts, as the console is shown them.

Knows the key directory (docs/approval-format.md §1.3). Must not hold a private key.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import grpc

from audit_svc.console.refusals import Refused
from placet.approval import ApprovalRefused, KeyFileError, KeySet, VerificationKey, envelope
from placet.approval.decision import Decision, open_decision
from placet.rpc.errors import ServiceError


class Reviewers:
    """The keys of a directory, read anew each time: a revocation holds from the next decision on."""

    def __init__(self, directory: Path | None) -> None:
        """None: the console was not told where keys are, and nobody can decide in it."""
        self._directory = directory

    def keys(self) -> KeySet:
        """All trusted keys. Raises ServiceError UNAVAILABLE/KEYS_UNREADABLE; nothing is decided then."""
        try:
            return KeySet.load(self._directory) if self._directory else KeySet({})
        except (OSError, KeyFileError) as error:
            raise ServiceError(
                grpc.StatusCode.UNAVAILABLE,
                "KEYS_UNREADABLE",
                "The console cannot read the reviewers' public keys, so nothing can be decided. Whoever runs "
                "it finds the reason in its log.",
            ) from error

    def of(self, name: str) -> Sequence[VerificationKey]:
        """A person's keys that are trusted and not revoked. Raises like `keys`."""
        keys = self.keys()
        return [
            key
            for key_id, key in keys.trusted.items()
            if keys.person_of(key_id) == name and key_id not in keys.revoked_ids
        ]

    def check(self, name: str, key_id: str) -> None:
        """Raises Refused KEY_NOT_YOURS unless this key of the person's is trusted."""
        keys = self.keys()
        if keys.person_of(key_id) != name or key_id in keys.revoked_ids:
            raise Refused(
                "KEY_NOT_YOURS", f"The executor does not know this key as {name}'s. See the page Keys."
            )

    def decision(self, signed: bytes) -> Decision:
        """What an untrusted envelope decides, signed by the person whom it names. Raises Refused."""
        try:
            return open_decision(signed, self.keys()).decision
        except ApprovalRefused as error:
            raise Refused(error.reason, error.message) from error

    def signed(self, name: str, signed: bytes) -> tuple[bytes, str]:
        """The payload of an untrusted envelope, and which of this person's keys signed it. Raises Refused."""
        try:
            envelope.check_size(signed)
            parsed = envelope.parse(signed)
            envelope.check_type(parsed)
            key_id = envelope.verify(parsed, self.keys())
        except ApprovalRefused as error:
            raise Refused(error.reason, error.message) from error
        self.check(name, key_id)
        return parsed.payload, key_id
