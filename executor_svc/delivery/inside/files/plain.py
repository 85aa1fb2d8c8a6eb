"""Text and JSON as they must be to leave, and what is said of a file that is not what it is called.

Everything that is looked at is hostile bytes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


class NotOfKind(Exception):  # noqa: N818 - says what the content is not
    """The content is not what the suffix says. The text says why, without a value."""


class Active(Exception):  # noqa: N818 - says what the content is
    """It would run or load something."""


def text_of(path: Path) -> str:
    """As UTF-8 (a mark at the beginning is left out). Raises NotOfKind."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotOfKind("it is not UTF-8 text") from None
    if _CONTROL.search(text):
        raise NotOfKind("it holds control characters, so it is no text")
    return text


def json_of(path: Path) -> Any:
    """Strictly: no name twice, no NaN. Raises NotOfKind."""
    try:
        return json.loads(text_of(path), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise NotOfKind("it is not JSON (RFC 8259), or has a name twice, or NaN") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError
    return dict(pairs)


def _no_constant(_: str) -> None:
    raise ValueError
