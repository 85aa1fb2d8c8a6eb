"""What people write to find records, as the log writes it: names of callers, and times. Asks nobody."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import typer

from placet.rpc.identity import TRUST_DOMAIN

_AGO = re.compile(r"(\d{1,6})([dhms])")
_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def identity(name: str) -> str:
    """`reports` or `caller/reports` as the whole identity; a whole identity as it is."""
    if not name or "://" in name:
        return name
    return f"spiffe://{TRUST_DOMAIN}/{name if '/' in name else f'caller/{name}'}"


def moment(text: str, *, now: datetime | None = None) -> str:
    """A time as people write it, as the log writes it. Raises typer.BadParameter."""
    if not text:
        return ""
    if ago := _AGO.fullmatch(text):
        found = (now or datetime.now(UTC)) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    else:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise typer.BadParameter(f"{text!r} is no time: 2026-11-29, 2026-11-29T12:00, 3h or 7d") from None
    utc = found if found.tzinfo else found.replace(tzinfo=UTC)
    return utc.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
