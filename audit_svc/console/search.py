"""What somebody looks for, as it stands in the URL, and the query that it means.

Knows the form's fields. Everything comes from a browser: each field is bounded and either understood or told
back as a problem; a filter that is not understood finds nothing rather than everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from placet.audit.columns import words_of
from placet.audit.query import Query
from placet.rpc.identity import TRUST_DOMAIN

MAX_FIELD: Final = 256
VERDICTS: Final = ("ALLOWED", "NEEDS_REVIEW", "DENIED")
_AGO: Final = re.compile(r"(\d{1,5})([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_NOT_TIME: Final = "write 24h, 7d, 2026-01-31 or 2026-01-31T12:00, in UTC"


class Unfit(ValueError):  # noqa: N818 - named for what the value is
    """A field means nothing; the message says what to write."""


@dataclass(frozen=True)
class Search:
    """The fields as they were given, without the spaces around them. Empty ones do not filter."""

    caller: str = ""
    scope: str = ""
    verdict: str = ""
    rule: str = ""
    since: str = ""
    until: str = ""
    text: str = ""
    digest: str = ""
    """Of a program or a task: 64 hex digits."""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Search:
        """Read a URL's parameters; others are not looked at."""
        return cls(**{each.name: given.get(each.name, "").strip() for each in fields(cls)})

    @property
    def named(self) -> dict[str, str]:
        """The fields that say something."""
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def url(self) -> str:
        """As it stands behind `?`; two searches that mean the same have the same."""
        return urlencode(self.named)

    @property
    def given(self) -> Query:
        """For the record of the reading: filters as they were given (docs/audit-format.md 8.3)."""
        named = self.named
        words = " ".join(filter(None, (named.pop("text", ""), named.pop("digest", ""))))
        return Query(**named, text=words)  # type: ignore[arg-type]  # all of them are strings


@dataclass(frozen=True)
class Meaning:
    """The query that a search means, and what is wrong with its fields; with problems it finds nothing."""

    query: Query
    problems: Mapping[str, str] = field(default_factory=dict)


def meaning(search: Search, now: datetime) -> Meaning:
    """`now` is what `24h` counts back from."""
    problems: dict[str, str] = {}
    found: dict[str, str] = {}
    for name, value in search.named.items():
        try:
            found[name] = _checked(name, value, now)
        except Unfit as unfit:
            problems[name] = str(unfit)
    words = " ".join(filter(None, (found.pop("text", ""), found.pop("digest", ""))))
    return Meaning(Query(**found, text=words), problems)  # type: ignore[arg-type]  # likewise


def _checked(name: str, value: str, now: datetime) -> str:
    if len(value) > MAX_FIELD or "\0" in value:
        raise Unfit(f"at most {MAX_FIELD} characters")
    if name in ("since", "until"):
        return _rfc3339(moment(value, now))
    if name == "caller":
        return identity(value)
    if name == "verdict" and value not in VERDICTS:
        raise Unfit(f"one of {', '.join(VERDICTS)}")
    if name == "digest" and not _DIGEST.fullmatch(value):
        raise Unfit("a digest has 64 hex digits, in lower case")
    if name == "text" and not words_of(value):
        raise Unfit("there is no word in it")
    return value


def identity(value: str) -> str:
    """The whole identity of `reports`, `caller/reports` or a URI."""
    if "://" in value:
        return value
    return f"spiffe://{TRUST_DOMAIN}/{value if '/' in value else f'caller/{value}'}"


def moment(value: str, now: datetime) -> datetime:
    """The time that a field names. Raises Unfit."""
    if ago := _AGO.fullmatch(value):
        number, unit = ago.groups()
        return now - timedelta(**{_UNITS[unit]: int(number)})
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unfit(_NOT_TIME) from None


def _rfc3339(time: datetime) -> str:
    """As the log writes times; before the year 1000 as well, which strftime does not pad."""
    return f"{time.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
