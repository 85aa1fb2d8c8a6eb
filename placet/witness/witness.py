"""A witness at work: judge, cosign, remember, and only then answer.

Knows the order of things (docs/audit-format.md §12.4, §12.5). Must not know HTTP or files.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Final

import structlog

from placet.audit.witness import Candidate, Logs, Refusal, Submission, WitnessRefused, admit, judge
from placet.witness.book import Page, WitnessBook

_log = structlog.get_logger()
_CANNOT_WRITE: Final = "the witness cannot write its memory; nothing is cosigned until it can"


class Witness:
    """Cosigns what continues what it cosigned before. Blocking; safe from several threads."""

    def __init__(self, book: WitnessBook, logs: Logs, *, clock: Callable[[], float] = time.time) -> None:
        """`logs` are those whose checkpoints are cosigned; `clock` gives seconds since the epoch."""
        self._book, self._logs, self._clock = book, logs, clock
        self._origins = {sha256(origin.encode()).hexdigest(): origin for origin in logs}
        self._one = threading.Lock()

    def cosign(self, text: str) -> str:
        """The signature line for an untrusted add-checkpoint body. Raises WitnessRefused."""
        candidate = admit(Submission.from_text(text), self._logs)
        origin = candidate.checkpoint.origin
        with self._one:
            page = self._book.newest(origin)
            try:
                self._judge(candidate, page)
                line = self._book.signer.cosign(candidate.note.text, self._now(page))
                self._book.remember(origin, f"{candidate.note}{line}")
            except OSError as error:
                _log.error("witness_cannot_write", error=str(error))
                raise WitnessRefused(Refusal.NOT_NOW, _CANNOT_WRITE) from error
        _log.debug("cosigned", origin=origin, size=candidate.checkpoint.size)
        return line

    def newest(self, origin_hash: str) -> str | None:
        """The newest cosigned note of the log whose origin has this hex SHA-256."""
        page = self._book.newest(self._origins.get(origin_hash, ""))
        return page.note if page else None

    def _judge(self, candidate: Candidate, page: Page | None) -> None:
        newest = page.checkpoint if page else None
        try:
            judge(candidate, newest)
        except WitnessRefused as error:
            if page and (error.why is Refusal.UNPROVEN or candidate.contradicts(newest)):
                self._accuse(candidate, page, error.what)
            raise

    def _accuse(self, candidate: Candidate, page: Page, what: str) -> None:
        """The log's own signature is on both; whoever investigates needs them."""
        path = self._book.keep_contradiction(page.note, str(candidate.note))
        _log.error(
            "log_contradicts_itself" if candidate.contradicts(page.checkpoint) else "log_not_continued",
            origin=candidate.checkpoint.origin,
            cosigned_size=page.checkpoint.size,
            size=candidate.checkpoint.size,
            what=what,
            kept=str(path),
        )

    def _now(self, page: Page | None) -> int:
        """The time of signing, never one that the clock does not show and never before the last one."""
        now = int(self._clock())
        if page and now < page.time_s:
            raise WitnessRefused(Refusal.NOT_NOW, "the witness's clock is behind its last cosignature")
        return now
