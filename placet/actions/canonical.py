"""The one spelling of JSON that plans and catalogues are digested in: RFC 8785, fractions included.

Knows JSON. Must not know what the values mean. (`placet.audit.jcs` is for records, which have no fractions.)
"""

import json
from collections.abc import Mapping
from decimal import Decimal


def canonical(value: object) -> bytes:
    """JCS bytes of strings, booleans, lists, mappings with ASCII keys, numbers (docs/actions-format.md §2.4).

    Raises TypeError for anything else, and UnicodeEncodeError for lone surrogates.
    """
    return _text(value).encode()


def _text(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _fraction(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_text(key)}:{_text(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text, value)) + "]"
    raise TypeError(f"{type(value).__name__} has no place here")


def _fraction(value: float) -> str:
    """As ECMAScript writes it: the same digits, and between 10^-6 and 10^21 no exponent."""
    if 1e-6 <= abs(value) < 1e21:
        return format(Decimal(repr(value)), "f")
    return repr(value).replace("e-0", "e-")
