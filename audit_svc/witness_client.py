"""One witness, asked to cosign over HTTP (C2SP tlog-witness). What it answers is untrusted until it verifies.

Knows requests, statuses and sizes. Must not know other witnesses or the quorum.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import httpx2

from audit_svc.sequencer import Head
from placet.audit.checkpoint import CheckpointRefused
from placet.audit.cosignature import Cosignature
from placet.audit.note import MAX_NOTE_BYTES, Note
from placet.audit.trust import TrustedWitness
from placet.audit.witness import SIZE_TYPE, Refusal, Submission

ATTEMPTS: Final = 3
"""A witness that two logs' replicas move at once may tell another size a few times."""
TIMEOUT_S: Final = 5.0
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")

Prove = Callable[[Head, int], Awaitable[list[bytes]]]
"""(head, old size) → the consistency proof."""


class WitnessSilent(Exception):  # noqa: N818 - named for the state it reports
    """No cosignature this time: it cannot be reached, or answers something else."""


class WitnessObjects(Exception):  # noqa: N818 - named for the state it reports
    """It says that the checkpoint does not continue what it cosigned. It has yet to show that."""


@dataclass(frozen=True)
class _Answer:
    status: int
    content_type: str
    body: bytes


class WitnessClient:
    """Remembers only how far the witness came, so as to send the right proof."""

    def __init__(self, witness: TrustedWitness, http: httpx2.AsyncClient) -> None:
        self._witness, self._http = witness, http
        self._url = witness.url.rstrip("/")
        self._known = 0

    @property
    def key_name(self) -> str:
        """The name in its signature lines."""
        return self._witness.verifier.name

    async def cosign(self, head: Head, prove: Prove) -> Cosignature:
        """The witness's verified cosignature of the head. Raises WitnessSilent or WitnessObjects."""
        for _ in range(ATTEMPTS):
            proof = await prove(head, self._known)
            request = Submission(self._known, tuple(proof), head.checkpoint)
            answer = await self._send("POST", "/add-checkpoint", request.to_text().encode())
            if answer.status == 200:
                return self._verified(head, answer.body)
            self._known = self._told(head, answer)
        raise WitnessSilent("it told another size each time")

    async def newest(self, origin: str) -> str:
        """The note that it cosigned last for this log, unverified. Raises WitnessSilent."""
        answer = await self._send("GET", f"/{sha256(origin.encode()).hexdigest()}/checkpoint")
        if answer.status != 200:
            raise WitnessSilent(f"it answers {answer.status} and shows no checkpoint")
        return answer.body.decode(errors="replace")

    def _verified(self, head: Head, body: bytes) -> Cosignature:
        try:
            note = Note.parse(head.checkpoint + body.decode(errors="replace"))
            found = self._witness.verifier.cosignature(note)
        except CheckpointRefused as error:
            raise WitnessSilent(f"its cosignature does not verify: {error}") from error
        if found is None:
            raise WitnessSilent("its answer holds no cosignature by the key that the policy names")
        self._known = head.size
        return found

    def _told(self, head: Head, answer: _Answer) -> int:
        """The size from which it wants a proof."""
        size = _SIZE.fullmatch(answer.body)
        if answer.status == Refusal.OTHER_SIZE and answer.content_type == SIZE_TYPE and size:
            if int(size[1]) > head.size:
                raise WitnessObjects(f"it says it cosigned {int(size[1])} records; here are {head.size}")
            return int(size[1])
        said = answer.body[:200].decode(errors="replace").strip()
        if answer.status in (Refusal.OTHER_SIZE, Refusal.UNPROVEN):
            raise WitnessObjects(f"it answers {answer.status}: {said!r}")
        raise WitnessSilent(f"it answers {answer.status}: {said!r}")

    async def _send(self, method: str, path: str, content: bytes = b"") -> _Answer:
        try:
            async with self._http.stream(method, self._url + path, content=content) as response:
                body = bytearray()
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > MAX_NOTE_BYTES:
                        raise WitnessSilent("its answer is too large")
                return _Answer(response.status_code, response.headers.get("content-type", ""), bytes(body))
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise WitnessSilent(f"{type(error).__name__}: {error}") from error


def http_client() -> httpx2.AsyncClient:
    """For all witnesses. Follows no redirect, takes no packed answer, and no proxy from the environment."""
    return httpx2.AsyncClient(
        timeout=TIMEOUT_S,
        follow_redirects=False,
        trust_env=False,
        headers={"accept-encoding": "identity", "content-type": "text/plain; charset=utf-8"},
    )
