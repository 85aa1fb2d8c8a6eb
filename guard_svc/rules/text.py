"""What strings and comments say: hidden code, secrets, and words to the reviewer.

Knows text; must not know what calls can do.
"""

import ast
import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from guard_svc.lexing import comments
from guard_svc.rules.subject import Subject
from guard_svc.rules.words import DECODERS

_RUNNERS: Final = frozenset({"builtins.eval", "builtins.exec", "builtins.compile", "builtins.__import__"})
_CODE: Final = re.compile(
    r"\b(?:import \w|exec\(|eval\(|__import__|os\.system|subprocess|lambda )|#!/bin|\b(?:curl|wget) "
)
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_SECRETS: Final = re.compile(
    r"/etc/(?:passwd|shadow|sudoers|ssh)|/proc/(?:self|\d+|1)/|/var/run/secrets|169\.254\.169\.254|\.ssh/|id_rsa"
    r"|\.aws/credentials|\.kube/config|\.docker/config|AWS_SECRET_ACCESS_KEY|OPENAI_API_KEY|\.bash_history|/root/"
)
_TO_THE_REVIEWER: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:ignore|disregard|forget|override)\b.{0,40}"
        r"\b(?:previous|prior|above|all|any|earlier|your|these)\b.{0,40}"
        r"\b(?:instruction|rule|prompt|polic|guideline|finding|check)",
        r"\b(?:reviewer|guard|auditor|scanner|classifier|moderator|ai|assistant|llm|model)s?\b"
        r"(?:\s*[:,]|\s+(?:should|must|please|can|may|will|needs? to|shall)\b).{0,60}"
        r"\b(?:answer|respond|reply|return|output|say|approve|allow|pass|accept|skip)\b.{0,40}"
        r"\b(?:allow(?:ed)?|approve[d]?|safe|yes|pass|ok|this)\b",
        r"\b(?:answer|respond|reply)\b.{0,12}[\"'`]?\b(?:ALLOW(?:ED)?|APPROVED?|SAFE)\b",
        r"\b(?:already|pre-?)[ -]?(?:been )?(?:reviewed|approved|audited|verified|vetted|cleared)\b.{0,60}"
        r"\b(?:security|safe|team|allow|skip|no (?:further|need))",
        r"\b(?:security|compliance)[ -](?:team|review|reviewed|approved)\b.{0,60}"
        r"\b(?:approved|safe|skip|allow|exempt)",
        r"\bdo not (?:flag|report|block|deny|reject)\b",
        r"<\|?(?:im_start|im_end|system|/?s|endoftext)\|?>|\[/?INST\]|^\s*(?:system|assistant)\s*:\s*\S",
        r"\byou are (?:now )?(?:a|an|the|in)\b.{0,40}\b(?:assistant|reviewer|model|mode|ai)\b",
    )
)
_MIN_LITERAL: Final = 400


def check(subject: Subject) -> None:
    """Strings, comments, and decoders beside runners."""
    docstrings = _docstrings(subject)
    for node in subject.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            _check_words(subject, node.lineno, text)
            if id(node) not in docstrings:
                _check_literal(subject, node, text)
    for line, comment in _comments(subject.intake.source):
        _check_words(subject, line, comment)
    _check_decoders(subject)


def _docstrings(subject: Subject) -> set[int]:
    return {id(node.value) for node in subject.nodes if isinstance(node, ast.Expr)}


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


def _check_words(subject: Subject, line: int, text: str) -> None:
    if len(text) < 8:
        return
    flat = " ".join(text[:8000].split())
    if any(pattern.search(flat) for pattern in _TO_THE_REVIEWER):
        subject.report("threat.reviewer.manipulation", line, "Text that tells a reviewer what to answer.")


def _check_literal(subject: Subject, node: ast.Constant, text: str) -> None:
    if _SECRETS.search(text):
        subject.report("threat.secrets.path", node, "Text that names a well-known secret or place of one.")
    for match in _ENCODED.finditer(text[:20_000]) if len(text) >= 24 else ():
        if _decodes_to_code(match[0]):
            subject.report("threat.obfuscation.hidden_code", node, "Encoded text that decodes to a program.")
    if len(text) >= _MIN_LITERAL and not re.search(r"\s", text[:_MIN_LITERAL]) and _entropy(text) > 4.6:
        subject.report(
            "threat.obfuscation.literal", node, "A long literal without the look of text or numbers."
        )


def _decodes_to_code(text: str) -> bool:
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    alphabet = b"-_" if "-" in text or "_" in text else None
    attempts: list[Callable[[], bytes]] = [lambda: base64.b64decode(padded, altchars=alphabet)]
    if re.fullmatch(r"[0-9a-fA-F]+", text):
        attempts.append(lambda: bytes.fromhex(text))
    for attempt in attempts:
        try:
            decoded = attempt().decode("utf-8")
        except (binascii.Error, ValueError):
            continue
        if _CODE.search(decoded):
            return True
    return False


def _entropy(text: str) -> float:
    sample = text[:4000]
    counts = Counter(sample).values()
    return -sum(count / len(sample) * math.log2(count / len(sample)) for count in counts)


def _check_decoders(subject: Subject) -> None:
    calls = [node for node in subject.nodes if isinstance(node, ast.Call)]
    decodes = any(subject.names.paths(call.func) & DECODERS for call in calls)
    for call in calls if decodes else ():
        if (
            subject.names.paths(call.func) & _RUNNERS
            and call.args
            and not isinstance(call.args[0], ast.Constant)
        ):
            subject.report("threat.obfuscation.decode_exec", call, "The program decodes text and runs text.")
