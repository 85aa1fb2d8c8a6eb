"""What the overview's charts show, counted by the hour: verdicts, reasons, waiting, latency, labels.

Knows which records count for what. Must not know charts. What happens is counted as it happens; what happened
before the console started is counted beside the pages, the newest first, in pieces that take milliseconds.
An hour that is over does not change any more: the log only grows.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Self

import structlog

from audit_svc.console.log import Log
from audit_svc.console.spread import Spread
from placet.audit.ocsf_objects import number, text
from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader
from placet.audit.record import Record, RecordInvalid
from placet.audit.tally import Moment
from placet.rpc.errors import ServiceError

DAYS: Final = 90
PIECE: Final = 20_000
"""Records counted at once: pages wait no longer than that takes."""
SAMPLED: Final = 20
"""Requests of a piece whose times are looked up; each stands for its share of the verdicts."""
LISTED: Final = 500
"""Records of a piece that are read one by one at most: labels, and what went to people."""
REMEMBERED: Final = 20_000
"""Requests under way whose beginning is kept."""
RETRY_S: Final = 1.0
HOUR: Final = timedelta(hours=1)
_BY_PEOPLE: Final = ("/svc/console", "/reviewer/")

_log = structlog.get_logger()


@dataclass
class Figures:
    """Of some stretch of time."""

    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(scope, verdict)."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Rules that the findings of a verdict DENIED name."""
    to_verdict: Spread = field(default_factory=Spread)
    """From a request's first record to its first verdict."""
    to_end: Spread = field(default_factory=Spread)
    """From a request's first record to its end; not of those that waited for people."""
    waited: Spread = field(default_factory=Spread)
    """From NEEDS_REVIEW to a person's decision, at the time of that decision."""
    labels: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(guard's verdict, person's verdict) of the labels of whole verdicts."""

    @classmethod
    def of(cls, parts: Iterable[Figures]) -> Self:
        """All of them together."""
        listed = list(parts)
        whole = cls(
            to_verdict=Spread.of(part.to_verdict for part in listed),
            to_end=Spread.of(part.to_end for part in listed),
            waited=Spread.of(part.waited for part in listed),
        )
        for part in listed:
            whole.verdicts.update(part.verdicts)
            whole.reasons.update(part.reasons)
            whole.labels.update(part.labels)
        return whole
