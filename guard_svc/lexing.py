"""Where a program's strings and comments are, without the interpreter's slow tokenizer.

Knows the lexical rules of strings and comments. Must not know syntax trees or what words mean.
"""

import io
import re
import sys
import tokenize
from collections.abc import Iterator
from typing import Final

# Before 3.12 a string, formatted or not, ends at the first closing quote, so that one expression finds them
# all. Since 3.12 a formatted string may hold its own quotes: there the tokenizer, by then fast, must decide.
_QUOTES_NEST: Final = sys.version_info >= (3, 12)
_FORMATTED: Final = re.compile(r"[fF][rR]?[\"']")
_LEXEME: Final = re.compile(
    r"(?P<comment>#[^\n]*)"
    r"|(?P<prefix>\b[rRbBuUfF]{1,2}(?=[\"']))?"
    r"(?P<string>\"\"\"(?:[^\"\\]|\\[\s\S]|\"(?!\"\"))*+(?:\"\"\"|\Z)|'''(?:[^'\\]|\\[\s\S]|'(?!''))*+(?:'''|\Z)"
    r"|\"(?:[^\"\\\n]|\\[\s\S])*+\"?|'(?:[^'\\\n]|\\[\s\S])*+'?)"
)


def comments(source: str) -> Iterator[tuple[int, str]]:
    """Line numbers and texts of all comments, `#` included. `source` is Python that parses."""
    if "#" not in source:
        return
    if _needs_tokenizer(source):
        yield from _tokenized(source)
        return
    line = 1
    last = 0
    for match in _LEXEME.finditer(source):
        if match["comment"] is not None:
            line += source.count("\n", last, match.start())
            last = match.start()
            yield line, match["comment"]


def code_only(source: str) -> str:
    """`source` without comments and plain strings; formatted strings stay, for they hold code.

    Where quotes may nest, nothing is left out: whoever counts then counts too much, not too little.
    """
    if _needs_tokenizer(source):
        return source
    return _LEXEME.sub(_blank, source)


def _blank(match: re.Match[str]) -> str:
    prefix = match["prefix"]
    if prefix is not None and "f" in prefix.lower():
        return match[0]
    return "" if match["comment"] is not None else "''"


def _needs_tokenizer(source: str) -> bool:
    return _QUOTES_NEST and _FORMATTED.search(source) is not None


def _tokenized(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
