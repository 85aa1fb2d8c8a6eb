"""Has the log's checkpoints cosigned, and stops the log when a witness proves that it was rolled back.

Knows docs/audit-format.md §12.8 to §12.10. Runs beside the sequencer: no append and no answer waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Final

import structlog

from audit_svc.anchor import LogInconsistent
from audit_svc.published import Published
from audit_svc.sequencer import Head, Sequencer
from audit_svc.store.types import StoreFailed
from audit_svc.witness_client import WitnessClient, WitnessObjects, WitnessSilent, http_client
from placet.audit.checkpoint import Checkpoint, CheckpointRefused, LogVerifier
from placet.audit.cosignature import Cosignature
from placet.audit.trust import PolicyRefused, TrustPolicy

RETRY_S: Final = 10.0
"""When a witness that did not cosign is asked again, although the log did not grow."""
_log = structlog.get_logger()


class Witnessing:
    """The witnesses of one policy that have an address."""

    def __init__(
        self, sequencer: Sequencer, published: Published, policy: TrustPolicy, *, interval_s: float = 5.0
    ) -> None:
        """`interval_s` is the least time between two rounds, in seconds.

        Raises PolicyRefused when the witnesses that have an address can never be the quorum.
        """
        self._sequencer, self._published, self._policy = sequencer, published, policy
        self._interval_s = interval_s
        self._http = http_client()
        self._log_key = LogVerifier.from_vkey(sequencer.vkey)
        self._clients = {
            name: WitnessClient(witness, self._http)
            for name, witness in policy.witnesses.items()
            if witness.url
        }
        if not policy.is_met(self._clients):
            raise PolicyRefused(
                f"the quorum {policy.quorum!r} needs witnesses that have no URL; the log could ask only "
                f"{', '.join(self._clients) or 'nobody'}"
            )
        self._asked = sequencer.head
        self._found: dict[str, Cosignature] = {}
        """Who cosigned `_asked` so far."""
        self._trouble: dict[str, str] = {}
        """What was last said of each witness that did not cosign, so that it is said once."""

    @property
    def checkpoint(self) -> str:
        """The newest checkpoint that the quorum cosigned, with its cosignatures; before any, the newest."""
        return self._sequencer.witnessed or self._sequencer.head.checkpoint

    async def close(self) -> None:
        """Drop the connections."""
        await self._http.aclose()

    async def confirm(self) -> None:
        """Ask every witness for what it cosigned last; one that does not answer says nothing.

        Raises LogUnreadable, and LogInconsistent when one shows a checkpoint by this log's key that the
        database does not continue.
        """
        await asyncio.gather(*(self._confirm(name) for name in self._clients))

    async def run(self) -> None:
        """Round after round, until cancelled."""
        while True:
            complete = False
            try:
                complete = await self._round()
            except Exception as error:  # whatever it was, the next checkpoint needs its witnesses too
                _log.error("witnessing_failed", error=str(error), kind=type(error).__name__)
            await asyncio.sleep(self._interval_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if complete else RETRY_S):
                    await self._sequencer.wait_for_growth(self._asked.size)

    async def _round(self) -> bool:
        """Ask those who have not cosigned the newest checkpoint; whether all have now."""
        head = self._sequencer.head
        if head.size > self._asked.size:
            self._asked, self._found = head, {}
        if head.size:
            missing = [name for name in self._clients if name not in self._found]
            asked = await asyncio.gather(*(self._ask(name, head) for name in missing))
            new = {name: found for name, found in zip(missing, asked, strict=True) if found}
            self._found |= new
            await self._keep(head, new)
        return len(self._found) == len(self._clients)

    async def _keep(self, head: Head, new: Mapping[str, Cosignature]) -> None:
        if self._policy.is_met(self._found):
            cosignatures = "".join(found.line for found in self._found.values())
            self._sequencer.witnessed = head.checkpoint + cosignatures
        try:
            lines = {self._clients[name].key_name: found.line for name, found in new.items()}
            await self._sequencer.cosign(head.size, lines)
        except StoreFailed as error:
            _log.warning("cosignatures_not_kept", size=head.size, error=str(error))

    async def _ask(self, name: str, head: Head) -> Cosignature | None:
        try:
            found = await self._clients[name].cosign(head, self._published.consistency_proof)
        except WitnessSilent as error:
            self._say(name, "witness_silent", str(error))
            return None
        except WitnessObjects as error:
            self._say(name, "witness_objects", str(error))
            await self._stop_if_proven(name)
            return None
        if self._trouble.pop(name, ""):
            _log.info("witness_back", witness=name, size=head.size)
        return found

    def _say(self, name: str, event: str, error: str) -> None:
        if self._trouble.get(name) != error:
            _log.error(event, witness=name, error=error, quorum=self._policy.quorum)
        self._trouble[name] = error

    async def _stop_if_proven(self, name: str) -> None:
        """What a witness only says stops nothing: else any of them could stop the log."""
        try:
            await self._confirm(name)
        except LogInconsistent as error:
            self._sequencer.stop(str(error))

    async def _confirm(self, name: str) -> None:
        try:
            shown = self._log_key.open(await self._clients[name].newest(self._sequencer.origin))
        except (WitnessSilent, CheckpointRefused) as error:
            _log.warning("witness_shows_nothing", witness=name, error=str(error))
            return
        if not await self._continues(shown):
            raise LogInconsistent(
                f"The witness {name} holds a checkpoint over {shown.size} records by this log's own key, "
                "which the database does not continue: it was rolled back or rewritten. Restore the newest "
                "copy. If records are lost for good, keep this database as evidence and start a new log "
                "under another origin."
            )

    async def _continues(self, shown: Checkpoint) -> bool:
        head = self._sequencer.head
        if shown.size > head.size:  # another replica may have written what this one has yet to read
            return await self._published.holds(shown.size - 1)
        return await self._published.root(head, shown.size) == shown.root
