"""What the guard would have approved, had it allowed the program: the grounds of a person's approval.

Knows the body `proposal` of a NEEDS_REVIEW verdict (docs/audit-format.md §2). It is the guard's word, and in
the log; a person sees all of it before they decide. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from placet.approval.statement import InputDigest, Limits
from placet.audit.record import RecordInvalid, parse_object


class ProposalUnfit(ValueError):  # noqa: N818 - named for the state it reports
    """The body is missing or not what the format says; nothing can be approved here."""


@dataclass(frozen=True)
class Proposal:
    """Everything in an approval that the guard decides, not the person."""

    inputs: tuple[InputDigest, ...]
    grants: tuple[str, ...]
    limits: Limits
    min_tier: str
    audience: tuple[str, ...]

    @classmethod
    def read(cls, document: bytes) -> Proposal:
        """Read the body. Raises ProposalUnfit."""
        try:
            found = parse_object(document)
            return cls(
                tuple(_input(item) for item in _list(found["inputs"])),
                tuple(map(_text, _list(found["grants"]))),
                Limits(**{name: _number(value) for name, value in _object(found["limits"]).items()}),
                _text(found["min_tier"]),
                tuple(map(_text, _list(found["audience"]))),
            )
        except (RecordInvalid, KeyError, TypeError, ValueError) as error:
            raise ProposalUnfit(f"the guard's proposal cannot be read: {error}") from error

    @property
    def shown_limits(self) -> Mapping[str, int]:
        """The limits by name; units are in the names."""
        return asdict(self.limits)


def _input(value: object) -> InputDigest:
    item = _object(value)
    return InputDigest(_text(item["name"]), bytes.fromhex(_text(item["sha256"])), _number(item["size"]))


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("not an array")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not an integer")
    return value
