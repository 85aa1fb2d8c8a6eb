"""Whether a value of JSON is what the scope's schema asks for; each place where it is not.

docs/contract.md 3.2. The schema is trusted, the value is hostile. Uses jsonschema.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

FILE: Final = "result.json"
"""What an artifact with the value is called."""
_MOST: Final = 20
_LONGEST: Final = 160


@dataclass(frozen=True)
class Misfit:
    """One place. Neither path nor message holds anything of the value but keys that the schema names."""

    path: str
    rule: str
    message: str


def misfits(schema: Mapping[str, Any], value: Any) -> Iterator[Misfit]:
    """The first few."""
    import jsonschema

    known = keys_of(schema)
    checked = jsonschema.Draft202012Validator(schema).iter_errors(value)
    for error in islice(checked, _MOST):
        # Where the schema of a place is just `false`, no keyword is broken.
        keyword = "false" if error.validator is None else str(error.validator)
        said = _said(keyword, error, known)
        yield Misfit(json_path(error.absolute_path, known), _rule(keyword), said)


def _rule(keyword: str) -> str:
    """A keyword as rules are written: `additional_properties`."""
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", keyword)


def keys_of(schema: Any) -> frozenset[str]:
    """Every key that stands anywhere in `properties` or `required`."""
    found: set[str] = set()
    for key, inner in schema.items() if isinstance(schema, Mapping) else ():
        if key == "properties" and isinstance(inner, Mapping):
            found.update(inner)
        if key == "required" and isinstance(inner, list):
            found.update(inner)
        if isinstance(inner, Mapping | list):
            found |= keys_of(inner)
    for inner in schema if isinstance(schema, list) else ():
        found |= keys_of(inner)
    return frozenset(found)


def json_path(steps: Iterable[object], known: frozenset[str]) -> str:
    """`$.rows[3].price`, with `*` for a key that the schema does not name."""
    told = (f"[{step}]" if isinstance(step, int) else f".{step if step in known else '*'}" for step in steps)
    return "$" + "".join(told)


def _said(keyword: str, error: Any, known: frozenset[str]) -> str:
    """What the schema says there; what the value is stays untold."""
    if keyword == "required" and isinstance(error.instance, Mapping):
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"is without {', '.join(missing)}"[:_LONGEST]
    if keyword == "additionalProperties":
        return f"has a key that the schema does not name; it names {', '.join(sorted(known))}"[:_LONGEST]
    if isinstance(error.validator_value, str | int | float | list) and keyword != "prefixItems":
        return f"does not fit {keyword}: {error.validator_value}"[:_LONGEST]
    return f"does not fit {keyword}"
