"""JSON without the parts in which two readers can disagree. Knows no approval."""

from __future__ import annotations

import json

from placet.approval.errors import malformed


def read_object(document: bytes) -> dict[str, object]:
    """Read untrusted bytes as one JSON object in UTF-8.

    Raises:
        ApprovalRefused: APPROVAL_MALFORMED for anything else, a repeated key, a float or too deep nesting.
    """
    try:
        value = json.loads(
            document.decode(),
            object_pairs_hook=_without_repeats,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError) as error:
        raise malformed(f"not JSON as the format wants it ({error})") from None
    if not isinstance(value, dict):
        raise malformed("not a JSON object")
    return value


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object repeats a key")
    return found


def _no_number(text: str) -> object:
    raise ValueError(f"{text[:20]} is not an integer")
