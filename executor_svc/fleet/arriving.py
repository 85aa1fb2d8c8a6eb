"""What a run left, as it arrives from a worker: announced, bounded by the approval, and digested here.

Knows names, sizes and limits. Nothing of what a worker says is believed beyond them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from placetpb.common.v1 import common_pb2

from executor_svc.inputs import Arriving, Declared
from executor_svc.sandbox import RunArtifact, RunLimits, SandboxUnavailable
from executor_svc.sandbox.collect import is_artifact_name
from executor_svc.sandbox.spool import Held, Spool
from executor_svc.sandbox.types import media_type_of
from placet.rpc.errors import ServiceError

MIB: Final = 1024 * 1024


class Artifacts:
    """Collects the artifacts of one run. Blocks for as long as the disk takes if `on_disk`.

    Every method raises SandboxUnavailable for what the approval does not allow, or was not announced, and
    OSError when there is no room.
    """

    def __init__(self, announced: Sequence[common_pb2.Artifact], limits: RunLimits) -> None:
        """Refuse what is out of bounds, and take the room."""
        _check(announced, limits)
        self._spool = Spool(sum(each.size for each in announced))
        self._arriving: dict[str, Arriving] = {}
        start = 0
        for each in announced:
            declared = Declared(each.name, each.sha256, each.size)
            self._arriving[each.name] = Arriving(declared, Held(self._spool, start, each.size))
            start += each.size

    @property
    def on_disk(self) -> bool:
        """Whether they are too large to be held in memory."""
        return self._spool.on_disk

    def add(self, name: str, data: bytes) -> None:
        """The next bytes of one of them."""
        if name not in self._arriving:
            raise SandboxUnavailable("the worker sent a file that it had not announced")
        try:
            self._arriving[name].add(data)
        except ServiceError as error:
            raise SandboxUnavailable(f"the worker sent what it had not announced: {error}") from error

    def finish(self) -> tuple[RunArtifact, ...]:
        """All of them, once every byte is there; `release` takes them away again."""
        try:
            files = [arriving.finish() for arriving in self._arriving.values()]
        except ServiceError as error:
            raise SandboxUnavailable(f"the worker did not send what it had announced: {error}") from error
        return tuple(RunArtifact(f.name, f.sha256, media_type_of(f.name), f.held) for f in files)

    async def release(self) -> None:
        """Let go of every byte. Idempotent."""
        await self._spool.release()


def _check(announced: Sequence[common_pb2.Artifact], limits: RunLimits) -> None:
    names = {each.name for each in announced}
    sizes = [each.size for each in announced]
    if len(announced) > limits.artifacts or min(sizes, default=0) < 0:
        raise SandboxUnavailable("the worker announced more files than the approval allows")
    if sum(sizes) > limits.artifact_mib * MIB:
        raise SandboxUnavailable("the worker announced more bytes than the approval allows")
    if len(names) < len(announced) or not all(map(is_artifact_name, names)):
        raise SandboxUnavailable("the worker announced files by names that are none")
