"""The words of a run as protobuf has them, and back: what the executor, its workers and their front share.

Translates and decides nothing. What comes back from a message is as trusted as who sent it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2 as pb

from executor_svc.inputs import MAX_CHUNK_BYTES
from executor_svc.sandbox import RunArtifact, Usage, Violation

_STREAMS: Final = {"stdout": common_pb2.OUTPUT_STREAM_STDOUT, "stderr": common_pb2.OUTPUT_STREAM_STDERR}
_NAMES: Final = {number: name for name, number in _STREAMS.items()}


def outputs(stream: str, data: bytes) -> Iterator[pb.Output]:
    """What a program wrote, in messages of bounded size. `stream` is "stdout" or "stderr"."""
    for start in range(0, len(data), MAX_CHUNK_BYTES):
        yield pb.Output(stream=_STREAMS[stream], data=data[start : start + MAX_CHUNK_BYTES])


def stream_name(output: pb.Output) -> str:
    """The name of its stream; empty when it names none that we know."""
    return _NAMES.get(output.stream, "")


def usage(used: Usage) -> common_pb2.Usage:
    """As a message."""
    return common_pb2.Usage(
        wall_ms=used.wall_ms,
        cpu_ms=used.cpu_ms,
        max_memory_bytes=used.max_memory_bytes,
        stdout_bytes=used.stdout_bytes,
        stderr_bytes=used.stderr_bytes,
        max_threads=used.max_threads,
        delivery_ms=used.delivery_ms,
    )


def usage_of(message: common_pb2.Usage) -> Usage:
    """The other way."""
    return Usage(
        wall_ms=message.wall_ms,
        cpu_ms=message.cpu_ms,
        max_memory_bytes=message.max_memory_bytes,
        stdout_bytes=message.stdout_bytes,
        stderr_bytes=message.stderr_bytes,
        max_threads=message.max_threads,
        delivery_ms=message.delivery_ms,
    )


def violations(found: Iterable[Violation]) -> Iterator[common_pb2.Violation]:
    """As messages."""
    return (common_pb2.Violation(path=each.path, rule=each.rule, message=each.message) for each in found)


def artifact(left: RunArtifact) -> common_pb2.Artifact:
    """Its name, digest, size and type; the bytes travel by themselves."""
    return common_pb2.Artifact(name=left.name, sha256=left.sha256, size=left.size, media_type=left.media_type)


def tier(name: str) -> str:
    """The enum's name; an unknown tier is sent as unspecified, which readers take for none."""
    found = f"TIER_{name}"
    return found if found in common_pb2.Tier.DESCRIPTOR.values_by_name else "TIER_UNSPECIFIED"


def tier_of(number: int) -> str:
    """ "T1"; empty for unspecified and for one that we do not know."""
    known = common_pb2.Tier.DESCRIPTOR.values_by_number
    return known[number].name.removeprefix("TIER_") if number in known and number else ""
