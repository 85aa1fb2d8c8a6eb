"""A program's lines with what was found on them underlined, and everything else folded away.

Knows findings and lines; asks nobody. Colours appear on a terminal only, and not under NO_COLOR. Program,
quotes and messages are untrusted: they are shown so that they cannot steer the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len
from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from placet.answers import Finding
from placet.cli.visible import visible

CONTEXT_LINES = 2
MAX_SHOWN = 50
MAX_LINE_CELLS = 160
LEAD = 20
_GRAVITY = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO")
_STYLE = {"CRITICAL": "bold red", "HIGH": "bold red", "MEDIUM": "bold yellow", "LOW": "cyan", "INFO": "dim"}


def show_findings(out: Console, source: bytes, findings: Sequence[Finding]) -> None:
    """Findings on their lines, in the order of the program; those on the whole program come first.

    Without `source`, each finding comes with its quote. Reasons are told once per rule.
    """
    told = _Told(out)
    ordered = sorted(findings, key=lambda f: (f.line, _gravity(f), f.column, f.rule_id))[:MAX_SHOWN]
    page = Page.of(source, styled=out.is_terminal and out.color_system is not None)
    for finding in ordered:
        if not page.has(finding.line):
            told.finding(finding, "  ")
            if finding.quote:
                out.print(Text(f"      > {visible(finding.quote)}", style="dim"))
    _show_page(out, page, [f for f in ordered if page.has(f.line)], told)
    if len(findings) > MAX_SHOWN:
        out.print(Text(f"and {len(findings) - MAX_SHOWN} more findings; --json has them all"))


def _gravity(finding: Finding) -> int:
    return _GRAVITY.index(finding.severity) if finding.severity in _GRAVITY else 0


@dataclass(frozen=True)
class Page:
    """The program as it is shown: one string per line, and for each character where it stands in it."""

    lines: tuple[str, ...]
    """As written, without line ends."""
    shown: tuple[Text, ...]

    @classmethod
    def of(cls, source: bytes, *, styled: bool) -> Page:
        """The page of a program's bytes; bytes that are not UTF-8 are replaced."""
        if not source:
            return cls((), ())
        text = source.decode(errors="replace").removesuffix("\n")
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        plain = [_drawn(line) for line in lines]
        texts = [Text(line) for line in plain]
        if styled:
            coloured = Syntax("", "python", background_color="default").highlight("\n".join(plain))
            found = coloured.split("\n", allow_blank=True)
            texts = [
                drawn if drawn.plain == line else Text(line)
                for drawn, line in zip(found, plain, strict=False)
            ] + texts[len(found) :]
        return cls(tuple(lines), tuple(texts))

    def has(self, line: int) -> bool:
        """Whether there is such a line."""
        return 0 < line <= len(self.lines)

    def span(self, finding: Finding) -> tuple[int, int]:
        """What to underline in the finding's first line, as positions in its shown text."""
        line = self.lines[finding.line - 1]
        first, last = len(line) - len(line.lstrip()), len(line.rstrip())
        if finding.column:
            first = min(finding.column - 1, len(line))
            last = finding.end_column - 1 if finding.end_line <= finding.line else last
        start = len(_drawn(line[:first]))
        return start, max(len(_drawn(line[: max(last, first)])), start + 1)


def _drawn(line: str) -> str:
    return visible(line.replace("\t", "    ")).replace("\n", "\\n")


class _Told:
    """Writes findings, and the reasons of each rule the first time it appears."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._known: set[str] = set()

    def finding(self, finding: Finding, indent: str) -> None:
        where = f"line {finding.line}" if finding.line else "program"
        if finding.end_line > finding.line > 0:
            where = f"lines {finding.line} to {finding.end_line}"
        self._out.print(
            Text.assemble(
                f"{indent}{where}: ",
                (visible(finding.severity), _STYLE.get(finding.severity, "bold red")),
                " ",
                (visible(finding.rule_id), "cyan"),
                f": {visible(finding.message)} [{visible(finding.source)}]",
            )
        )
        if finding.rule_id not in self._known:
            self._known.add(finding.rule_id)
            for label, words in (("why", finding.why), ("instead", finding.instead)):
                if words:
                    self._out.print(Text(f"{indent}  {label}: {visible(words)}", style="dim"))


def _show_page(out: Console, page: Page, findings: Sequence[Finding], told: _Told) -> None:
    by_line = {line: list(group) for line, group in groupby(findings, key=lambda f: f.line)}
    width = len(str(len(page.lines)))
    last = 0
    for number in _shown_lines(by_line, len(page.lines)):
        if number > last + 1:
            _show_fold(out, width, last + 1, number - 1)
        last = number
        _show_line(out, page, number, by_line.get(number, []), told)
    if findings and last < len(page.lines):
        _show_fold(out, width, last + 1, len(page.lines))


def _shown_lines(by_line: dict[int, list[Finding]], total: int) -> list[int]:
    near = {n for line in by_line for n in range(line - CONTEXT_LINES, line + CONTEXT_LINES + 1)}
    # A fold takes a line itself, so a single line between two shown ones is shown.
    near |= {n for n in range(1, total + 1) if {n - 1, n + 1} <= near | {0, total + 1}} if near else set()
    return sorted(n for n in near if 1 <= n <= total)


def _show_fold(out: Console, width: int, first: int, last: int) -> None:
    what = f"line {first}" if first == last else f"lines {first} to {last}"
    out.print(Text(f"{'.' * min(3, width + 2):>{width + 2}}   {what}", style="dim"))


def _show_line(out: Console, page: Page, number: int, findings: Sequence[Finding], told: _Told) -> None:
    """The line; below it, for each place that findings name, a row of carets and the findings."""
    text = page.shown[number - 1].copy()
    gutter = f"{number:{len(str(len(page.lines))) + 2}} | "
    room = max(40, (out.width if out.is_terminal else MAX_LINE_CELLS) - len(gutter))
    places = {span: [f for f in findings if page.span(f) == span] for span in map(page.span, findings)}
    for start, end in places:
        text.stylize("underline", start, end)
    last: str | None = None
    for (start, end), found in (places or {(0, 0): []}).items():
        shown, shift = _window(text, start, room)
        if shown.plain != last:
            out.print(Text.assemble((gutter, "dim"), shown))
            last = shown.plain
        if found:
            _show_carets(out, gutter, shown.plain, (start - shift, end - shift), found[0].severity)
        for finding in found:
            told.finding(finding, " " * (len(gutter) - 2) + "| ")


def _window(text: Text, start: int, room: int) -> tuple[Text, int]:
    """The part of a line that fits and holds `start`, and by how much positions in it are shifted."""
    if cell_len(text.plain) <= room:
        return text, 0
    first = max(0, start - LEAD)
    last = first + sum(1 for _ in _fitting(text.plain[first:], room - 2))
    cut = text[first:last]
    before, after = "…" if first else "", "…" if last < len(text.plain) else ""
    return Text.assemble(before, cut, after), first - len(before)


def _fitting(text: str, room: int) -> Iterator[str]:
    for character in text:
        room -= cell_len(character)
        if room < 0:
            return
        yield character


def _show_carets(out: Console, gutter: str, line: str, span: tuple[int, int], severity: str) -> None:
    start, end = span
    blank = " " * cell_len(line[:start])
    carets = "^" * max(1, cell_len(line[start:end]))
    out.print(
        Text.assemble(
            (" " * (len(gutter) - 2) + "| ", "dim"), blank, (carets, _STYLE.get(severity, "bold red"))
        )
    )
