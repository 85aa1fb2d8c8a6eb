"""Words to the reviewer, wherever a program can put them: strings, comments, encodings, names.

Knows where text can hide and what a plea sounds like. Must not know what calls can do, or who reads it.
"""

import ast
import base64
import binascii
import codecs
import contextlib
import re
from collections.abc import Iterator
from typing import Final

from guard_svc.lexing import comments
from guard_svc.rules.subject import Subject

_PLEAS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?:ignore|disregard|forget|override)\b.{0,40}"
        r"\b(?:previous|prior|above|all|any|earlier|your|these)\b.{0,40}"
        r"\b(?:instruction|rule|prompt|polic|guideline|finding|check)",
        r"\b(?:reviewer|guard|auditor|scanner|classifier|moderator|ai|assistant|llm|model)s?\b"
        r"(?:\s*[:,]|\s+(?:should|must|please|can|may|will|needs? to|shall)\b).{0,60}"
        r"\b(?:answer|respond|reply|return|output|say|approve|allow|pass|accept|skip)\b.{0,40}"
        r"\b(?:allow(?:ed)?|approve[d]?|safe|yes|pass|ok|this)\b",
        r"\b(?:reviewer|guard|auditor|scanner|moderator)s?\W+(?:should|must|please|may|shall)\W+"
        r"(?:allow|approve|pass|accept|skip|ignore)\b",
        r"\b(?:answer|respond|reply)\b.{0,12}[\"'`]?\b(?:allow(?:ed)?|approved?|safe)\b",
        r"\b(?:outcome|verdict)\b[\"'*\s]*[:=][\"'*\s]*(?:allow(?:ed)?|approved?|safe|pass(?:ed)?)\b",
        r"\b(?:already|pre-?)[ -]?(?:been )?(?:reviewed|approved|audited|verified|vetted|cleared)\b.{0,60}"
        r"\b(?:security|safe|team|allow|skip|no (?:further|need))",
        r"\b(?:security|compliance)[ -](?:team|review|reviewed|approved)\b.{0,60}"
        r"\b(?:approved|safe|skip|allow|exempt)",
        r"\bdo not (?:flag|report|block|deny|reject)\b",
        r"<\|?(?:im_start|im_end|system|/?s|endoftext)\|?>|\[/?inst\]|^\s*(?:system|assistant)\s*:\s*\S",
        r"\byou are (?:now )?(?:a|an|the|in)\b.{0,40}\b(?:assistant|reviewer|model|mode|ai)\b",
    )
)
# Each plea holds one of these. Looking for plain words first is much faster than one expression for them all.
_HINTS: Final = (
    "ignore", "disregard", "forget", "override", "review", "guard", "auditor", "scanner", "classifier",
    "moderator", "assistant", "llm", "model", "answer", "respond", "reply", "outcome", "verdict",
    "approved", "audited", "verified", "vetted", "cleared", "security", "compliance", "do not ", "<|",
    "<s", "</s", "<im_", "<endoftext", "[inst", "[/inst", "system", "you are",
)  # fmt: skip
_AI: Final = re.compile(r"\bais?\b")
_ANSWER: Final = re.compile(r"\bALLOW(?:ED)?\b")
_OTHER_ANSWER: Final = re.compile(r"\b(?:DENY|DENIED|BLOCK(?:ED)?|REJECT(?:ED)?|FORBID(?:DEN)?)\b")
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_PARTS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MAKERS: Final = frozenset({"join", "format", "replace", "decode", "format_map", "translate"})
_MIN_CHARS: Final = 8
_MAX_CHARS: Final = 8000
_MIN_WORDS: Final = 5  # a label of a chart has fewer


def check(subject: Subject) -> None:
    """Every text of the program, as written, as put together and as decoded; and every name it gives."""
    for text, line in {text: line for line, text in (*_written(subject), *_put_together(subject))}.items():
        if _speaks(text) or any(_speaks(inner) for inner in _decoded(text)):
            message = "Text that tells a reviewer what to answer."
            subject.report("threat.reviewer.manipulation", line, message)
    for line, name in _names(subject):
        if _speaks(" ".join(_PARTS.findall(name)), _MAX_CHARS):
            message = "A name that tells a reviewer what to answer."
            subject.report("threat.reviewer.manipulation", line, message)


def _speaks(text: str, min_words: int = _MIN_WORDS) -> bool:
    """Whether text speaks to a reviewer; the bare answer counts only among `min_words` words."""
    if len(text) < _MIN_CHARS:
        return False
    flat = " ".join(text[:_MAX_CHARS].split())
    low = flat.lower()
    hinted = any(hint in low for hint in _HINTS) or _AI.search(low) is not None
    if hinted and any(plea.search(low) for plea in _PLEAS):
        return True
    # In any language: the reviewer's own answer in a sentence that does not also name its opposite.
    sentence = len(flat.split(" ", min_words)) >= min_words and not flat.isupper()
    return sentence and bool(_ANSWER.search(flat)) and not _OTHER_ANSWER.search(flat)


def _written(subject: Subject) -> Iterator[tuple[int, str]]:
    for node in subject.nodes_of(ast.Constant):
        if isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node.value, bytes):
            yield node.lineno, node.value.decode("latin-1")
    yield from _comments(subject.intake.source)


def _comments(source: str) -> Iterator[tuple[int, str]]:
    """Runs of comments, joined: a sentence may be spread over lines."""
    start, words, last = 0, [""], -1
    for line, comment in comments(source):
        if line != last + 1:
            yield start, " ".join(words)
            start, words = line, []
        words.append(comment.lstrip("#! "))
        last = line
    yield start, " ".join(words)


def _put_together(subject: Subject) -> Iterator[tuple[int, str]]:
    """Texts of which the program writes only the pieces."""
    made: list[ast.expr] = [*subject.nodes_of(ast.JoinedStr)]
    made += [
        operation
        for operation in subject.nodes_of(ast.BinOp)
        if _may_be_text(operation) and not isinstance(subject.parents.get(id(operation)), ast.BinOp)
    ]
    made += [
        call
        for call in subject.nodes_of(ast.Call)
        if isinstance(call.func, ast.Attribute) and call.func.attr in _MAKERS
    ]
    for node in made:
        yield from ((node.lineno, text) for text in subject.names.texts(node))


def _may_be_text(operation: ast.BinOp) -> bool:
    """Whether adding or `%` may make text: not when a side is a number."""
    if not isinstance(operation.op, ast.Add | ast.Mod):
        return False
    sides = (operation.left, operation.right)
    return not any(isinstance(side, ast.Constant) and isinstance(side.value, int | float) for side in sides)


def _decoded(text: str) -> Iterator[str]:
    """What encoded words in a text say, and the text with its letters turned by thirteen."""
    if len(text) < _MIN_CHARS or len(text) > _MAX_CHARS:
        return
    for match in _ENCODED.finditer(text):
        for data in _bytes_of(match[0]):
            yield data.decode("utf-8", "replace")
    if " " in text:
        yield codecs.encode(text, "rot13")


def _bytes_of(word: str) -> Iterator[bytes]:
    bare = word.rstrip("=")
    alphabet = b"-_" if "-" in word or "_" in word else None
    with contextlib.suppress(binascii.Error, ValueError):
        yield base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=alphabet)
    with contextlib.suppress(ValueError):
        yield bytes.fromhex(word)


def _names(subject: Subject) -> Iterator[tuple[int, str]]:
    """Names that the program gives, of more than two words, each once."""
    given: dict[str, int] = {}
    for name in subject.nodes_of(ast.Name):
        if isinstance(name.ctx, ast.Store):
            given.setdefault(name.id, name.lineno)
    definitions: list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef] = [
        *subject.nodes_of(ast.FunctionDef),
        *subject.nodes_of(ast.AsyncFunctionDef),
        *subject.nodes_of(ast.ClassDef),
    ]
    for definition in definitions:
        given.setdefault(definition.name, definition.lineno)
    for argument in subject.nodes_of(ast.arg):
        given.setdefault(argument.arg, argument.lineno)
    for text, line in given.items():
        if len(text) >= _MIN_CHARS and len(_PARTS.findall(text)) > 2:
            yield line, text
