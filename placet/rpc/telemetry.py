"""Logs: one JSON object per line on stderr, and one canonical line per RPC that says how it went.

Knows how to write; what is written is the caller's choice. Programs, tasks and outputs belong in
the audit log and never here.
"""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar

import structlog
import structlog.tracebacks
from structlog.typing import Processor

TALKATIVE = ("httpx", "httpx2", "httpcore", "httpcore2", "asyncio", "openai")
"""Libraries that log every request at INFO; our canonical lines say it once."""

_fields: ContextVar[dict[str, object] | None] = ContextVar("rpc_fields", default=None)


def configure_logging(service: str, *, level: int = logging.INFO) -> None:
    """Send structlog and the standard library's loggers to stderr: JSON, or readable text on a terminal."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[*_renderers()])
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for library in TALKATIVE:
        logging.getLogger(library).setLevel(max(level, logging.WARNING))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


def annotate(**fields: object) -> None:
    """Add fields to the canonical line of the RPC being handled; outside of one, do nothing."""
    current = _fields.get()
    if current is not None:
        current.update(fields)


def open_line() -> dict[str, object]:
    """Start the canonical line of an RPC; `annotate` adds to the dict that this returns."""
    fields: dict[str, object] = {}
    _fields.set(fields)
    return fields


def _renderers() -> list[Processor]:
    # Local variables of a traceback hold programs, tasks and the secrets of sessions.
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if sys.stderr.isatty():
        return [remove, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    without_locals = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        remove,
        structlog.processors.ExceptionRenderer(without_locals),
        structlog.processors.JSONRenderer(sort_keys=True),
    ]
