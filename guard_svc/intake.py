"""The first look at a program: is it text that can be reviewed at all?

Knows bytes, characters and syntax. Must not know scopes, capabilities or models. What is refused here was not
reviewed, and says so. Everything that reads the tree later may rely on the bounds kept here.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
import unicodedata
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from guard_svc.findings import Finding, Severity, shorten
from guard_svc.lexing import code_only
from guard_svc.walk import Walk, walk

MAX_BYTES: Final = 64 * 1024
MAX_LINES: Final = 2000
MAX_LINE_CHARS: Final = 4000
MAX_NESTING: Final = 50
MAX_TREE_DEPTH: Final = 200
MAX_NODES: Final = 20_000
# A logical line with fewer operators and brackets than this cannot exhaust the parser's stack.
_SAFE_OPERATORS: Final = 400
_PROBE_SECONDS: Final = 5
_PROBE_MEMORY_BYTES: Final = 512 * 1024 * 1024

_COOKIE: Final = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_INVISIBLE: Final = frozenset(
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\u3164\ufeff\uffa0\u2028\u2029\u0085"
)
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True)
class Intake:
    """A program that can be reviewed. `source` and `canonical` are untrusted text; `tree` is bounded."""

    source: str
    tree: ast.Module
    walk: Walk

    @cached_property
    def canonical(self) -> str:
        """The program as the interpreter sees it: without comments, docstrings and formatting."""
        return _canonical(self.source)


class IntakeRefused(Exception):  # noqa: N818  (a refusal is an answer about the program, not an error of ours)
    """The program cannot be reviewed, and so cannot run. `findings` say why; there is at least one."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.findings = findings


def read_program(program: bytes) -> Intake:
    """Decode, bound and parse `program`, which may be hostile.

    Raises IntakeRefused. Never raises RecursionError or MemoryError: what could exhaust the parser is tried
    in a child process first.
    """
    source = _decode(program)
    _check_lines(source)
    _check_characters(source)
    if _is_heavy(source):
        _probe(program)
    tree = _parse(source)
    return Intake(source, tree, _walk(tree))


def _refuse(detail: str, message: str, line: int = 0, quote: str = "") -> IntakeRefused:
    finding = Finding(f"intake.{detail}", Severity.HIGH, line, line, message, "intake", shorten(quote))
    return IntakeRefused((finding,))


def _decode(program: bytes) -> str:
    if len(program) > MAX_BYTES:
        raise _refuse(
            "size.bytes", f"The program has {len(program)} bytes; at most {MAX_BYTES} can be reviewed."
        )
    if not program.strip():
        raise _refuse("syntax.empty", "The program is empty.")
    if program.startswith(b"\xef\xbb\xbf"):
        raise _refuse("encoding.bom", "The program begins with a byte order mark; send plain UTF-8.", 1)
    for number, line in enumerate(program.split(b"\n", 2)[:2], start=1):
        cookie = _COOKIE.match(line)
        if cookie and cookie[1].lower().replace(b"_", b"-") not in (b"utf-8", b"utf8"):
            raise _refuse("encoding.cookie", "The program declares an encoding other than UTF-8.", number)
    try:
        return program.decode("utf-8")
    except UnicodeDecodeError as error:
        line_number = program.count(b"\n", 0, error.start) + 1
        raise _refuse("encoding.utf8", f"Not UTF-8 at byte {error.start}.", line_number) from None


_LONG_LINE: Final = re.compile(f"[^\\n]{{{MAX_LINE_CHARS + 1}}}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# The interpreter ends a line at a lone carriage return, and many editors do not show it.
_LONE_RETURN: Final = re.compile(r"\r(?!\n|\Z)")


def _check_lines(source: str) -> None:
    lines = source.count("\n") + 1
    if lines > MAX_LINES + 1:
        raise _refuse("size.lines", f"The program has {lines} lines; at most {MAX_LINES} can be reviewed.")
    if found := _LONG_LINE.search(source):
        end = source.find("\n", found.end())
        length = (end if end >= 0 else len(source)) - found.start()
        message = f"A line has {length} characters; at most {MAX_LINE_CHARS}."
        raise _refuse("size.line_length", message, _line_of(source, found.start()))
    if found := _LONE_RETURN.search(source):
        message = "A carriage return hides a line break."
        raise _refuse("unicode.carriage_return", message, *_place_of(source, found.start()))
    if found := _CONTROL.search(source):
        message = f"Control character U+{ord(found[0]):04X}."
        raise _refuse("unicode.control", message, *_place_of(source, found.start()))


def _line_of(source: str, offset: int) -> int:
    return source.count("\n", 0, offset) + 1


def _place_of(source: str, offset: int) -> tuple[int, str]:
    """Number and text of the line at `offset`."""
    number = _line_of(source, offset)
    return number, source.split("\n")[number - 1]


_DECEPTIVE: Final = re.compile(f"[{''.join(sorted(_BIDI))}\U000e0000-\U000e007f]")


def _check_characters(source: str) -> None:
    if source.isascii():
        return
    if found := _DECEPTIVE.search(source):
        message = f"U+{ord(found[0]):04X} changes how the text reads, not what it does."
        raise _refuse("unicode.deception", message, *_place_of(source, found.start()))
    if code_only(source).isascii() and not any(map(_is_hidden, set(source))):
        return
    for token in _tokens(source):
        if token.type == tokenize.NAME:
            _check_identifier(token)
        elif token.type not in _DATA_TOKENS:
            _check_visible(token)


def _is_hidden(char: str) -> bool:
    return char in _INVISIBLE or unicodedata.category(char) in ("Co", "Cn")


_DATA_TOKENS: Final = frozenset(
    getattr(tokenize, name) for name in ("STRING", "FSTRING_MIDDLE") if hasattr(tokenize, name)
)


def _tokens(source: str) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(source).readline)
    except (tokenize.TokenError, SyntaxError, RecursionError) as error:
        raise _refuse("syntax.invalid", f"Not Python: {shorten(str(error))}.") from None


def _check_identifier(token: tokenize.TokenInfo) -> None:
    name = token.string
    if name.isascii():
        return
    if unicodedata.normalize("NFKC", name) != name:
        message = "An identifier is spelt with characters that the interpreter reads as others."
        raise _refuse("unicode.identifier", message, token.start[0], token.line)
    scripts = {unicodedata.name(char, "?").split()[0] for char in name if char.isalpha()}
    if len(scripts & {"LATIN", "CYRILLIC", "GREEK"}) > 1 and "CYRILLIC" in scripts:
        message = "An identifier mixes Latin and Cyrillic letters that look alike."
        raise _refuse("unicode.identifier", message, token.start[0], token.line)


def _check_visible(token: tokenize.TokenInfo) -> None:
    for char in token.string:
        if _is_hidden(char):
            message = f"U+{ord(char):04X} cannot be seen, and stands outside a string."
            raise _refuse("unicode.invisible", message, token.start[0], token.line)


_WEIGHTY: Final = re.compile(r"[\[({+\-*/%@&|^~<>=.,:]|\b(?:not|lambda|if|else|and|or|in|is|for|await)\b")


_BRACKET: Final = re.compile(r"[\[({\])}]")


def _is_heavy(source: str) -> bool:
    """Whether parsing might need much stack: a logical line with many operators and brackets."""
    depth = weight = length = 0
    pending: list[str] = []
    for line in code_only(source).split("\n"):
        for bracket in _BRACKET.findall(line):
            depth = depth + 1 if bracket in "[({" else max(0, depth - 1)
        pending.append(line)
        length += len(line)
        if length > _SAFE_OPERATORS:
            weight += sum(len(_WEIGHTY.findall(part)) for part in pending)
            pending.clear()
        if weight > _SAFE_OPERATORS or (line[:1].isspace() and len(line) - len(line.lstrip()) > 400):
            return True
        if depth == 0 and not line.endswith("\\"):
            weight = length = 0
            pending.clear()
    return False


# Runs in a fresh interpreter without site-packages; prints nothing unless the parser survived.
_PROBE: Final = """
import ast, resource, sys, warnings
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]),) * 2)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
warnings.simplefilter("ignore")
try:
    level, depth = [ast.parse(sys.stdin.buffer.read())], 0
    while level:
        depth += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    print("depth", depth)
except SyntaxError as error:
    print("syntax")
"""


def _probe(program: bytes) -> None:
    """Parse in a bounded child; raises IntakeRefused unless it survives within the depth allowed."""
    command = [sys.executable, "-I", "-S", "-c", _PROBE, str(_PROBE_MEMORY_BYTES), str(_PROBE_SECONDS)]
    try:
        child = subprocess.run(
            command, input=program, capture_output=True, timeout=_PROBE_SECONDS * 2, check=False, env={}
        )
    except subprocess.TimeoutExpired:
        raise _refuse("size.parse", "The program takes too long to parse.") from None
    answer = child.stdout.split()
    if child.returncode == 0 and answer[:1] == [b"syntax"]:
        return
    if child.returncode != 0 or answer[:1] != [b"depth"]:
        raise _refuse("size.nesting", "The program is nested so deeply that it cannot be parsed.")
    if int(answer[1]) > MAX_TREE_DEPTH:
        raise _refuse("size.nesting", f"Expressions nest {int(answer[1])} deep; at most {MAX_TREE_DEPTH}.")


def _parse(source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        message = f"Not Python: {shorten(error.msg)}."
        # The parser's own text is not always the program's: it rewrites the inside of f-strings.
        lines = source.split("\n")
        line = min(error.lineno or 0, len(lines))
        raise _refuse("syntax.invalid", message, line, lines[line - 1] if line > 0 else "") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise _refuse("syntax.invalid", f"Cannot be parsed: {type(error).__name__}.") from None


def _walk(tree: ast.Module) -> Walk:
    """Walk the tree once for everybody; raises IntakeRefused when it is too large or too deep."""
    walked = walk(tree, MAX_NODES)
    if len(walked.nodes) > MAX_NODES:
        raise _refuse("size.nodes", f"The program has more than {MAX_NODES} syntax nodes.")
    if walked.depth > MAX_TREE_DEPTH:
        raise _refuse("size.nesting", f"Expressions nest more than {MAX_TREE_DEPTH} deep.")
    if walked.nesting > MAX_NESTING:
        line = getattr(walked.deepest, "lineno", 0)
        raise _refuse("size.nesting", f"Blocks nest more than {MAX_NESTING} deep.", line)
    return walked


def _canonical(source: str) -> str:
    tree = _parse(source)
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                kept = [statement for statement in body if not _is_bare_string(statement)]
                setattr(node, field, kept or [ast.copy_location(ast.Pass(), body[0])])
    return ast.unparse(tree)


def _is_bare_string(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
