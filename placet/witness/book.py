"""What a witness remembers, in one directory: its key, the newest checkpoint of each log, contradictions.

Knows files and one lock. Must not know HTTP, or when a checkpoint may be cosigned.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from placet.audit.checkpoint import Checkpoint, CheckpointRefused
from placet.audit.cosignature import WitnessSigner
from placet.audit.note import Note
from placet.durable import replace_file

MAX_CONTRADICTIONS: Final = 1000
"""Files kept; a log that signs more of them has been found out long before."""
DEFAULT_NAME: Final = "placet.local/witness"


class BookUnusable(Exception):  # noqa: N818 - named for the state it reports
    """The directory is not a witness's, is damaged, or another witness has it. It must not cosign."""


@dataclass(frozen=True)
class Page:
    """The newest checkpoint of one log that was cosigned."""

    note: str
    """Signed by the log and cosigned by this witness."""
    checkpoint: Checkpoint
    time_s: int
    """When it was cosigned."""


class WitnessBook:
    """One directory, held by one process until `close`."""

    def __init__(self, directory: Path, name: str = "") -> None:
        """Open it, or make it with a fresh key under `name` (by default DEFAULT_NAME).

        Raises OSError, and BookUnusable: without its memory it would cosign a second history (§12.6).
        """
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory
        self._lock = _locked(directory / "lock")
        try:
            if not (directory / "witness.key").exists():
                self._make(name or DEFAULT_NAME)
            self.signer = self._signer(name)
            self._notes = self._read()
            self._pages = {origin: self._page(origin, note) for origin, note in self._notes.items()}
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let another process have it."""
        os.close(self._lock)

    def newest(self, origin: str) -> Page | None:
        """What was cosigned last for this log."""
        return self._pages.get(origin)

    def remember(self, origin: str, note: str) -> None:
        """Durable when it returns. Raises OSError, and nobody may then be told of the cosignature."""
        page = self._page(origin, note)
        notes = {**self._notes, origin: note}
        replace_file(self._directory / "book.json", _book(notes))
        self._notes, self._pages = notes, {**self._pages, origin: page}

    def keep_contradiction(self, cosigned: str, contradicting: str) -> Path | None:
        """Keep two signed notes that contradict each other; None when there is no room. Raises OSError."""
        directory = self._directory / "contradictions"
        directory.mkdir(exist_ok=True, mode=0o700)
        path = directory / f"{sha256(contradicting.encode()).hexdigest()}.json"
        if not path.exists() and sum(1 for _ in directory.iterdir()) >= MAX_CONTRADICTIONS:
            return None
        replace_file(
            path, json.dumps({"cosigned": cosigned, "contradicting": contradicting}, indent=1) + "\n"
        )
        return path

    def _make(self, name: str) -> None:
        """The memory first: a key without one is a witness that lost it."""
        signer = WitnessSigner.generate(name)
        replace_file(self._directory / "book.json", _book({}))
        replace_file(self._directory / "witness.vkey", signer.verifier.vkey + "\n")
        signer.save(self._directory / "witness.key")

    def _signer(self, name: str) -> WitnessSigner:
        try:
            kept = (self._directory / "witness.vkey").read_text().strip()
            signer = WitnessSigner.load(self._directory / "witness.key", kept.partition("+")[0])
        except (OSError, ValueError) as error:
            raise BookUnusable(f"the witness's key in {self._directory} cannot be read: {error}") from error
        if signer.verifier.vkey != kept or name not in ("", signer.name):
            raise BookUnusable(f"{self._directory} is the witness {kept}: use its name, or another directory")
        return signer

    def _read(self) -> dict[str, str]:
        path = self._directory / "book.json"
        try:
            notes = json.loads(path.read_text())["logs"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BookUnusable(
                f"{path} cannot be read ({type(error).__name__}). Without its memory a witness would "
                "cosign a second history: bring the file back, or start a new witness in an empty directory."
            ) from error
        if not isinstance(notes, dict) or not all(isinstance(note, str) for note in notes.values()):
            raise BookUnusable(f"{path} is not a witness's book")
        return notes

    def _page(self, origin: str, text: str) -> Page:
        try:
            note = Note.parse(text)
            checkpoint = Checkpoint.parse(note.text, extended=True)
            own = self.signer.verifier.cosignature(note)
        except CheckpointRefused as error:
            raise BookUnusable(f"the page of {origin} was changed: {error}") from error
        if own is None or checkpoint.origin != origin:
            raise BookUnusable(f"the page of {origin} is not one that this witness cosigned")
        return Page(text, checkpoint, own.time_s)


def _book(notes: Mapping[str, str]) -> str:
    return json.dumps({"v": 1, "logs": dict(notes)}, indent=1) + "\n"


def _locked(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise BookUnusable(f"another witness is using {path.parent}") from None
    return handle
