"""`/`: what happened in the last hours and days, as figures and charts.

Knows what is shown and who may see it. Must not know how it is counted (hours.py, earlier.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from audit_svc.access import Role
from audit_svc.console.chart import percent
from audit_svc.console.earlier import Overview
from audit_svc.console.labels import Labels
from audit_svc.console.live import Growth, Live
from audit_svc.console.overview import Known, View
from audit_svc.console.queue import Queue
from audit_svc.console.ranges import RANGES, Range, chosen
from audit_svc.console.stream import Event, stream
from audit_svc.console.web import Console, console_of, page, require

GATHER_S: Final = 1.0
"""All figures are made anew for each event: not more often than this."""


async def show(request: Request) -> Response:
    """Counts only: nothing that a record says is shown, so looking at it is no reading."""
    require(request, Role.VIEWER)
    console = console_of(request)
    shown = chosen(request.query_params.get("range", ""))
    overview: Overview = console.part(Overview)
    view = _view(console, shown)
    return page(
        request,
        "overview.html",
        here="overview",
        title="Overview",
        ranges=RANGES,
        shown=shown,
        view=view,
        figures=_figures(view),
        left=overview.hours.left,
        counted_since=overview.hours.counted_since,
        size=console.part(Live).size,
        percent=percent,
    )


async def changes(request: Request) -> Response:
    """Events: the figures at the top, when the log has grown."""
    require(request, Role.VIEWER)
    console = console_of(request)
    shown = chosen(request.query_params.get("range", ""))

    async def make(growth: Growth) -> Iterable[Event]:
        return [Event("figures", _figures(_view(console, shown)))] if growth.requests else []

    return stream(request, console.part(Live), make, gather_s=GATHER_S)


def _view(console: Console, shown: Range) -> View:
    overview: Overview = console.part(Overview)
    waiting = [datetime.fromisoformat(item.time) for item in console.part(Queue).waiting()]
    labels: Labels = console.part(Labels)
    known = Known(overview.hours, waiting, list(labels.newest_first()), labels.sample)
    return View(known, shown, overview.now())


def _figures(view: View) -> dict[str, str]:
    """By the names that template and script find them by."""
    half, most = view.to_verdict
    return {
        "waiting": f"{view.waits.number:,}",
        "oldest": view.waits.words,
        "verdicts": f"{view.verdicts:,}",
        "denied": percent(view.denied.value),
        "half": half,
        "most": most,
    }


ROUTES: Final = [Route("/", show), Route("/live/overview", changes)]
