"""Reviews a program that is larger than a model's context in parts that overlap and together hold all of it.

Knows how to cut and how to put opinions together: the worst part's opinion is the program's. Must not know
prompts, models or verdicts. What no cut makes small enough stays unreviewed, and the opinion says so.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from guard_svc.findings import Finding
from guard_svc.prompts import Subject
from guard_svc.reviewer import Opinion, Stance, Tokens
from guard_svc.views import Sources

COUNTS: Final = (2, 4, 8, 16)
OVERLAP_LINES: Final = 10
MAX_HEADER_CHARS: Final = 1500
TOO_LONG: Final = "policy.reviewer.too_long"
_STRICTNESS: Final[Sequence[Stance]] = ("clean", "undecided", "uncertain", "unsafe")
_DEFINES: Final = ("import ", "from ", "def ", "class ", "async def ")

Ask = Callable[[Sources, Subject], Awaitable[Opinion]]


@dataclass(frozen=True)
class Part:
    """Some lines of a program. `first` and `last` count the lines as written, from 1, both included."""

    sources: Sources
    first: int
    last: int


async def review(ask: Ask, sources: Sources, subject: Subject) -> Opinion:
    """The opinion on a program: whole if the model can take it, else in as few parts as it can take.

    Raises what `ask` raises. When even the smallest parts are too long, it is the opinion on the whole.
    """
    whole = await ask(sources, subject)
    if not _too_long(whole):
        return whole
    for count in COUNTS:
        opinions = await _each(ask, split(sources, count), subject)
        if opinions is not None:
            return together(opinions)
    return whole


async def _each(ask: Ask, parts: Sequence[Part], subject: Subject) -> list[Opinion] | None:
    """The opinions up to the first unsafe one, which settles it; None when a part is too long."""
    opinions = []
    for number, part in enumerate(parts, start=1):
        place = f"this is part {number} of {len(parts)} of a program: lines {part.first} to {part.last}"
        opinion = await ask(part.sources, replace(subject, facts=[place, *subject.facts]))
        if _too_long(opinion):
            return None
        opinions.append(replace(opinion, findings=tuple(_placed(opinion.findings, part))))
        if opinion.stance == "unsafe":
            break
    return opinions


def split(sources: Sources, count: int) -> list[Part]:
    """`count` parts, fewer when there are not that many lines; each line is in at least one of them.

    Code and notes are cut apart: every line of either is shown, though not always in the same part. Each part
    begins with the imports and the heads of the definitions that it does not hold.
    """
    written, canonical = sources.written.splitlines(), sources.canonical.splitlines()
    parts = []
    for number in range(min(count, max(len(written), len(canonical)))):
        start, end = _range(len(written), number, count)
        code = "\n".join(_with_heads(canonical, *_range(len(canonical), number, count)))
        parts.append(Part(Sources("\n".join(written[start:end]), code), start + 1, end))
    return parts


def together(opinions: Sequence[Opinion]) -> Opinion:
    """One opinion: as strict as the strictest, as complete as the least complete."""
    worst = max(opinions, key=lambda opinion: _STRICTNESS.index(opinion.stance))
    return replace(
        worst,
        risk=max(opinion.risk for opinion in opinions),
        findings=tuple(dict.fromkeys(finding for opinion in opinions for finding in opinion.findings)),
        complete=all(opinion.complete for opinion in opinions),
        tokens=sum((opinion.tokens for opinion in opinions), Tokens()),
    )


def _range(lines: int, number: int, count: int) -> tuple[int, int]:
    """Where part `number` of `count` begins and ends, widened by the overlap on both sides."""
    start, end = lines * number // count, lines * (number + 1) // count
    return max(0, start - OVERLAP_LINES), min(lines, end + OVERLAP_LINES)


def _with_heads(lines: Sequence[str], start: int, end: int) -> Iterator[str]:
    left = MAX_HEADER_CHARS
    for number, line in enumerate(lines):
        outside = not start <= number < end
        if outside and line.lstrip().startswith(_DEFINES) and len(line) <= left:
            left -= len(line)
            yield line
    yield from lines[start:end]


def _placed(findings: Sequence[Finding], part: Part) -> Iterator[Finding]:
    """Findings by the lines of the whole program."""
    shift = part.first - 1
    for finding in findings:
        known = finding.line > 0
        yield (
            replace(finding, line=finding.line + shift, end_line=finding.end_line + shift)
            if known
            else finding
        )


def _too_long(opinion: Opinion) -> bool:
    return any(finding.rule_id == TOO_LONG for finding in opinion.findings)
