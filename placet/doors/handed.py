"""What comes back through a door: the answer, the parts that a model may look at, and the whole for its host.

Knows bytes and their kinds. An artifact is a picture only if it begins as one: names and media types are a
program's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from placet.answers import Artifact, Result
from placet.answers import Review as Reviewed
from placet.doors.answer import Answer, Made, RunAnswer, review_answer, run_answer

KIB: Final = 1024
MAX_TEXT_BYTES: Final = 64 * KIB
MAX_IMAGE_BYTES: Final = 4 * KIB * KIB
MAX_TOGETHER_BYTES: Final = 8 * KIB * KIB
PNG: Final = b"\x89PNG\r\n\x1a\n"

Kind = Literal["image", "text", "data"]


@dataclass(frozen=True)
class Part:
    """Something that a program wrote, ready for a model or its host."""

    kind: Kind
    name: str
    media_type: str
    data: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """Of a part of kind text."""
        return self.data.decode()


@dataclass(frozen=True)
class Handed:
    """One answer: `answer` and `parts` for a model, `whole` and `for_people` for whoever runs the agent."""

    answer: Answer
    parts: tuple[Part, ...]
    whole: Result | Reviewed = field(repr=False)

    @property
    def streams(self) -> tuple[tuple[str, str], ...]:
        """What the program printed: ("stdout", …) and ("stderr", …), where there is any."""
        if not isinstance(self.answer, RunAnswer):
            return ()
        both = (("stdout", self.answer.stdout), ("stderr", self.answer.stderr))
        return tuple((name, text) for name, text in both if text)

    @property
    def texts(self) -> tuple[str, ...]:
        """For a model that takes nothing but text: Placet's words first, then what is the program's."""
        printed = (f"{name}:\n{text}" for name, text in self.streams)
        written = (f"{part.name}:\n{part.text}" for part in self.parts if part.kind == "text")
        return (self.answer.words(), *printed, *written)

    @property
    def images(self) -> tuple[Part, ...]:
        """Pictures that the program drew."""
        return tuple(part for part in self.parts if part.kind == "image")

    @property
    def for_people(self) -> dict[str, Any]:
        """Findings in full and the advice about the scope. Never for a model."""
        told = self.whole.verdict if isinstance(self.whole, Result) else self.whole
        if told is None:
            return {}
        return {
            "findings": [asdict(finding) for finding in told.findings],
            "advice": asdict(told.advice) if told.advice else None,
        }


def of_result(result: Result, scope: str, saved: Mapping[str, Path]) -> Handed:
    """A result with as many of its files as may be handed over; `saved` says where files lie."""
    parts: list[Part] = []
    files: list[Made] = []
    room = MAX_TOGETHER_BYTES
    for artifact in result.artifacts:
        kind = kind_of(artifact)
        fits = artifact.size <= min(room, MAX_IMAGE_BYTES if kind == "image" else room)
        if fits:
            parts.append(Part(kind, artifact.name, _media_type(artifact, kind), artifact.content))
            room -= artifact.size
        files.append(_made(artifact, kind if fits else "no", saved.get(artifact.name)))
    return Handed(run_answer(result, scope, files), tuple(parts), result)


def of_review(review: Reviewed, request_id: str) -> Handed:
    """A verdict; it has no files."""
    return Handed(review_answer(review, request_id), (), review)


def kind_of(artifact: Artifact) -> Kind:
    """As what its bytes can be shown, whatever they are called."""
    if artifact.content.startswith(PNG):
        return "image"
    textual = artifact.media_type.startswith("text/") or artifact.media_type == "application/json"
    if textual and artifact.size <= MAX_TEXT_BYTES and _is_text(artifact.content):
        return "text"
    return "data"


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


def _media_type(artifact: Artifact, kind: Kind) -> str:
    if kind == "image":
        return "image/png"
    return artifact.media_type or "application/octet-stream"


def _made(artifact: Artifact, handed: Kind | Literal["no"], saved: Path | None) -> Made:
    return Made(
        name=artifact.name,
        media_type=artifact.media_type,
        size=artifact.size,
        sha256=artifact.sha256,
        handed=handed,
        path=str(saved) if saved else None,
    )
