"""Programs inside a program: text that is run, and text that somebody took the trouble to encode.

Knows where such text stands and how to read it. Must not know rules: what is found is
analysed like any program.
"""

import ast
import binascii
import re
import warnings
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Iterator
from typing import Final

from guard_svc.rules.decoders import FUNCTIONS
from guard_svc.rules.fold import UNKNOWN
from guard_svc.rules.names import Names
from guard_svc.walk import Walk

MAX_DEPTH: Final = 3
"""How many layers are opened."""
MAX_PROGRAMS: Final = 12
MAX_CHARS: Final = 16 * 1024
"""Of all programs found in one, together."""
_RUNNERS: Final = frozenset({"builtins.eval", "builtins.exec", "builtins.compile"})
_DECODERS: Final = frozenset(
    name
    for name in FUNCTIONS
    if name.partition(".")[0] in ("base64", "binascii", "codecs", "zlib", "gzip", "bz2", "lzma")
) | {"builtins.bytes.fromhex", "builtins.bytearray.fromhex"}
_ENCODED: Final = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
_ACTS: Final = re.compile(r"\bimport\b|\(|__")


def programs(walk: Walk, names: Names) -> Iterator[tuple[ast.expr, str]]:
    """Each text that is a program, with the node that carries it; every text once."""
    seen: set[str] = set()
    chars = 0
    for node, text in _texts(walk, names):
        if text in seen or UNKNOWN in text or not _ACTS.search(text):
            continue
        seen.add(text)
        chars += len(text)
        if len(seen) > MAX_PROGRAMS or chars > MAX_CHARS:
            names.effort.stop("More code is hidden in text than is read.")
            return
        if _parses(text):
            yield node, text


def _texts(walk: Walk, names: Names) -> Iterator[tuple[ast.expr, str]]:
    for call in walk.of(ast.Call):
        paths = names.paths(call.func)
        if paths & _RUNNERS and call.args:
            yield from ((call, text) for text in names.texts(call.args[0]))
        elif paths & _DECODERS:
            yield from ((call, text) for text in names.texts(call))
    for constant in walk.of(ast.Constant):
        value = constant.value
        if isinstance(value, str | bytes) and len(value) >= 24:
            yield from ((constant, text) for text in _opened(value))


def _opened(value: str | bytes) -> Iterator[str]:
    """What a text decodes to, where it is nothing but an encoding."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    packed = "".join(text.split())
    if len(packed) > 32 * 1024 or not _ENCODED.fullmatch(packed):
        return
    for decode in (bytes.fromhex, b64decode, urlsafe_b64decode):
        try:
            yield decode(packed).decode()
        except (ValueError, binascii.Error):
            continue


def _parses(text: str) -> bool:
    """Whether a text is a program that says more than a word."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(
        not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant | ast.Name)
        for node in tree.body
    )
