"""Takes the program out of a model's reply.

Knows fences and Python's grammar. Must not change a byte of what is inside: the digest of exactly these
bytes is what gets reviewed, approved and run. The reply is untrusted.
"""

import ast
import re

MAX_PROGRAM_BYTES = 64 * 1024
_FENCED = re.compile(r"^```[ \t]*(\w*)[^\n]*\n(.*?)(?:^```[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_PYTHON = frozenset({"python", "py", "python3", ""})


class ReplyUnusable(Exception):  # noqa: N818 (named for what it says)
    """The reply holds no program that could be run; says why."""


def program_of(reply: str) -> bytes:
    """The UTF-8 bytes of the one program in a reply: its longest Python block, or all of a bare reply.

    Raises ReplyUnusable when there is none, when it is too large, or when Python cannot parse it.
    """
    source = _source(reply)
    if not source.strip():
        raise ReplyUnusable("the reply holds no program")
    try:
        program = source.encode()
    except UnicodeEncodeError:
        raise ReplyUnusable("the program is not valid Unicode") from None
    if len(program) > MAX_PROGRAM_BYTES:
        raise ReplyUnusable(f"the program has {len(program)} bytes; at most {MAX_PROGRAM_BYTES} are accepted")
    _check_parses(program)
    return program


def _source(reply: str) -> str:
    blocks: list[str] = [body for language, body in _FENCED.findall(reply) if language.lower() in _PYTHON]
    if blocks:
        return max(blocks, key=len)
    # Small models sometimes leave the fence out; prose does not parse, so nothing is guessed.
    return "" if "```" in reply else reply


def _check_parses(program: bytes) -> None:
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as err:
        raise ReplyUnusable(f"the program does not parse: {type(err).__name__}") from None
    if not any(isinstance(node, ast.Call | ast.Import | ast.ImportFrom) for node in ast.walk(tree)):
        raise ReplyUnusable("the reply holds a value, not a program")
