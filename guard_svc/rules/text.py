"""What strings say: hidden code and secrets; words to the reviewer are looked for next door.

Knows text; must not know what calls can do.
"""

import ast
import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Callable
from typing import Final

from guard_svc.rules import persuasion
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
_MIN_LITERAL: Final = 400


def check(subject: Subject) -> None:
    """Strings, words to the reviewer, and decoders beside runners."""
    docstrings = _docstrings(subject)
    for node in subject.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            if id(node) not in docstrings:
                _check_literal(subject, node, text)
    persuasion.check(subject)
    _check_decoders(subject)


def _docstrings(subject: Subject) -> set[int]:
    return {id(node.value) for node in subject.nodes if isinstance(node, ast.Expr)}


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


def _check_foreign_alphabet(subject: Subject, call: ast.Call) -> None:
    """Bytes that are a program in another alphabet, such as EBCDIC, and no text as they stand."""
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=bytes(data)), attr="decode")):
            plain = data.decode("latin-1")
            if any(_CODE.search(text) and not _CODE.search(plain) for text in subject.names.texts(call)):
                message = "Bytes that decode to a program."
                subject.report("threat.obfuscation.hidden_code", call, message)


def _check_decoders(subject: Subject) -> None:
    calls = [node for node in subject.nodes if isinstance(node, ast.Call)]
    for call in calls:
        _check_foreign_alphabet(subject, call)
    decodes = any(subject.names.paths(call.func) & DECODERS for call in calls)
    for call in calls if decodes else ():
        if (
            subject.names.paths(call.func) & _RUNNERS
            and call.args
            and not isinstance(call.args[0], ast.Constant)
        ):
            subject.report("threat.obfuscation.decode_exec", call, "The program decodes text and runs text.")
