"""Every metric of every service: its name, its unit, its labels, and who shows it (docs/metrics.md).

Knows names. Must not know gRPC or how anything is counted: who knows a number counts it. A label's value is
ours (a method, a status, a reason), the operator's (a scope, a model), or a caller's name from a certificate;
never what a caller, a program or a model wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

Family: TypeAlias = Counter | Gauge | Histogram
Families: TypeAlias = tuple[Family, ...]

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series each, which nothing here reads

FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Bounds in seconds for what takes a write or a message."""
SLOW: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)
"""Bounds in seconds for what asks a model, runs a program or waits for people."""


def _counter(name: str, means: str, *labels: str) -> Counter:
    return Counter(name, means, labels, registry=None)


def _gauge(name: str, means: str, *labels: str) -> Gauge:
    return Gauge(name, means, labels, registry=None)


def _times(name: str, means: str, *labels: str, bounds: tuple[float, ...] = FAST) -> Histogram:
    return Histogram(name, means, labels, registry=None, buckets=bounds)


INFO = _gauge(
    "placet_service_info",
    "1; its labels say which service this is, and of which release",
    "service",
    "version",
)
READY = _gauge("placet_ready", "1 while the service says that it serves, 0 while it does not")
CERTIFICATE_EXPIRY = _gauge(
    "placet_certificate_expiry_timestamp_seconds",
    "when the service's certificate (`own`) expires, and the first of its authorities (`authority`)",
    "certificate",
)
RPCS = _counter("placet_rpcs_total", "calls that ended, by method and gRPC code", "method", "code")
RPC_SECONDS = _times("placet_rpc_duration_seconds", "how long a call took", "method", bounds=SLOW)
RPCS_OPEN = _gauge("placet_rpcs_open", "calls that have not ended", "method")
SERVICE: Final[Families] = (INFO, READY, CERTIFICATE_EXPIRY, RPCS, RPC_SECONDS, RPCS_OPEN)

MODEL_CALLS = _counter(
    "placet_model_calls_total",
    "questions to a model, retries included in one, by how they ended: `OK` or a reason",
    "model",
    "outcome",
)
MODEL_SECONDS = _times(
    "placet_model_call_duration_seconds", "how long a model took to answer", "model", bounds=SLOW
)
MODEL_TOKENS = _counter(
    "placet_model_tokens_total",
    "tokens that a model says it used: `prompt`, of those `cached`, and `completion`",
    "model",
    "kind",
)
MODEL: Final[Families] = (MODEL_CALLS, MODEL_SECONDS, MODEL_TOKENS)

TASKS = _counter("placet_generator_tasks_total", "tasks that ended, by their outcome on record", "outcome")
TASKS_IN_FLIGHT = _gauge(
    "placet_generator_tasks_in_flight",
    "tasks in the house: waiting for a place, arriving or under way; what the HPA looks at",
)
TASKS_PLACED = _gauge("placet_generator_tasks_placed", "of those in flight, the ones that have a place")
TASKS_AWAITING_PEOPLE = _gauge(
    "placet_generator_tasks_awaiting_people", "of those in flight, the ones that wait for a person's review"
)
TASKS_CAPACITY = _gauge("placet_generator_tasks_capacity", "places for tasks that do not wait for people")
TASK_STAGE_SECONDS = _times(
    "placet_generator_stage_duration_seconds",
    "how long a stage of a task took: `screening`, `generating`, `reviewing`, `awaiting_review`, `running`",
    "stage",
    bounds=SLOW,
)
GENERATOR: Final[Families] = (
    TASKS,
    TASKS_IN_FLIGHT,
    TASKS_PLACED,
    TASKS_AWAITING_PEOPLE,
    TASKS_CAPACITY,
    TASK_STAGE_SECONDS,
)

VERDICTS = _counter(
    "placet_guard_verdicts_total", "verdicts on record, by scope and verdict", "scope", "verdict"
)
CACHED_VERDICTS = _counter(
    "placet_guard_cached_verdicts_total", "of those, the ones that were reached before", "scope"
)
SCREENINGS = _counter(
    "placet_guard_screenings_total",
    "tasks that were screened: `in_scope` or `out_of_scope`",
    "scope",
    "answer",
)
REVIEW_FAILURES = _counter(
    "placet_guard_review_failures_total", "reviews without a verdict, by reason", "reason"
)
PAUSES = _counter(
    "placet_guard_pauses_total", "callers that began to pause because their programs are denied", "scope"
)
REVIEW_STAGE_SECONDS = _times(
    "placet_guard_stage_duration_seconds",
    "how long a stage of a review took: `intake`, `rules`, `reviewer`, `record`, `approve`",
    "stage",
    bounds=SLOW,
)
REVIEWER_REACHABLE = _gauge(
    "placet_guard_reviewer_reachable", "1 while the reviewer's endpoint answers, 0 while it does not"
)
GUARD: Final[Families] = (
    VERDICTS,
    CACHED_VERDICTS,
    SCREENINGS,
    REVIEW_FAILURES,
    PAUSES,
    REVIEW_STAGE_SECONDS,
    REVIEWER_REACHABLE,
)

RUNS_IN_FLIGHT = _gauge(
    "placet_executor_runs_in_flight",
    "requests in the house: arriving, waiting or running; what the HPA looks at",
)
RUNS_RUNNING = _gauge("placet_executor_runs_running", "of those in flight, the ones that hold a slot")
RUNS_CAPACITY = _gauge("placet_executor_runs_capacity", "slots: how many may run at once")
RUNS_QUEUE_CAPACITY = _gauge(
    "placet_executor_runs_queue_capacity", "how many may wait beside those; one more is told to come back"
)
RUNS = _counter("placet_executor_runs_total", "runs that ended, by status", "status")
RUNS_ABORTED = _counter(
    "placet_executor_runs_aborted_total", "runs that a failure of ours ended, by reason", "reason"
)
RUN_CPU_SECONDS = _counter("placet_executor_run_cpu_seconds_total", "processor time that programs used")
ADMISSION_REFUSALS = _counter(
    "placet_executor_admission_refusals_total", "requests that were not admitted, by reason", "reason"
)
RUN_STAGE_SECONDS = _times(
    "placet_executor_stage_duration_seconds",
    "how long a stage of a run took: `admit` (with the record of its start), `run`, `delivery` (the part of "
    "it before and after the program), `record` (of its end)",
    "stage",
    bounds=SLOW,
)
EXECUTOR: Final[Families] = (
    RUNS_IN_FLIGHT,
    RUNS_RUNNING,
    RUNS_CAPACITY,
    RUNS_QUEUE_CAPACITY,
    RUNS,
    RUNS_ABORTED,
    RUN_CPU_SECONDS,
    ADMISSION_REFUSALS,
    RUN_STAGE_SECONDS,
)

WORKERS = _gauge(
    "placet_executor_workers",
    "workers as this front sees them: `leased` by it, others that are `free`, `unready`",
    "state",
)
LEASES = _counter(
    "placet_executor_leases_total",
    "leases that were asked for: `granted`, `refused`; `lost`: the worker went while nothing ran",
    "outcome",
)
FLEET: Final[Families] = (WORKERS, LEASES)

SANDBOX_TIER = _gauge(
    "placet_sandbox_tier",
    "the isolation that the last self-test observed, 0 for T0 and so on; -1 while it fails",
)
SANDBOX_MIN_TIER = _gauge("placet_sandbox_min_tier", "the tier that this pool must not be below")
CELLS_ARMED = _gauge("placet_sandbox_cells_armed", "cells that wait for a program", "libraries")
CELL_ARMING_SECONDS = _times("placet_sandbox_cell_arming_duration_seconds", "how long it took to arm a cell")
CELL_ARMING_FAILURES = _counter("placet_sandbox_cell_arming_failures_total", "cells that could not be armed")
SANDBOX: Final[Families] = (
    SANDBOX_TIER,
    SANDBOX_MIN_TIER,
    CELLS_ARMED,
    CELL_ARMING_SECONDS,
    CELL_ARMING_FAILURES,
)

WORKER_LEASED = _gauge("placet_worker_leased", "1 while a front holds this worker")
WORKER_RUNS_LEFT = _gauge("placet_worker_runs_left", "runs until this worker asks to be replaced")
WORKER_RUNS = _counter("placet_worker_runs_total", "runs that ended here, by status", "status")
WORKER_REFUSALS = _counter(
    "placet_worker_refusals_total", "runs that this worker would not begin, by reason", "reason"
)
WORKER: Final[Families] = (WORKER_LEASED, WORKER_RUNS_LEFT, WORKER_RUNS, WORKER_REFUSALS)

LOG_RECORDS = _counter("placet_log_records_total", "records that this process made durable, by kind", "kind")
LOG_APPEND_SECONDS = _times("placet_log_append_duration_seconds", "from an append's arrival to its answer")
LOG_COMMIT_SECONDS = _times("placet_log_commit_duration_seconds", "how long a batch took to become durable")
LOG_BATCH_RECORDS = _times(
    "placet_log_batch_records", "records of a batch", bounds=(1, 2, 4, 8, 16, 32, 64, 128, 256)
)
LOG_REFUSALS = _counter(
    "placet_log_append_refusals_total", "appends that became no record, by reason", "reason"
)
LOG_WAITING = _gauge("placet_log_waiting_records", "records that wait for their batch")
LOG_SIZE = _gauge("placet_log_size_records", "records in the log, as far as this process has read it")
LOG_LEADER = _gauge(
    "placet_log_leader", "1 while this process leads the log and its last batch became durable"
)
LOG_STOPPED = _gauge(
    "placet_log_stopped", "1 when a witness has proven that this log is not what it published"
)
LOG_LAST_RECORD = _gauge(
    "placet_log_last_record_timestamp_seconds", "when this process last made a record durable; 0: never"
)
LOG_AHEAD = _gauge(
    "placet_log_ahead_seconds",
    "how far the newest record's time is ahead of the clock of this process, if it leads",
)
LOG_WITNESSED = _gauge(
    "placet_log_witnessed_size_records", "size of the newest checkpoint that the witnesses' quorum cosigned"
)
QUOTA_REFUSALS = _counter(
    "placet_log_quota_refusals_total",
    "appends refused because a caller's quota is used up",
    "limit",
    "caller",
)
LOG: Final[Families] = (
    LOG_RECORDS,
    LOG_APPEND_SECONDS,
    LOG_COMMIT_SECONDS,
    LOG_BATCH_RECORDS,
    LOG_REFUSALS,
    LOG_WAITING,
    LOG_SIZE,
    LOG_LEADER,
    LOG_LAST_RECORD,
    LOG_AHEAD,
    QUOTA_REFUSALS,
)
WITNESSES: Final[Families] = (LOG_WITNESSED, LOG_STOPPED)

REVIEWS_WAITING = _gauge("placet_console_reviews_waiting", "items that wait for people")
OLDEST_REVIEW = _gauge(
    "placet_console_oldest_review_timestamp_seconds",
    "when the item that waits longest was asked; 0: none waits",
)
STREAMS_OPEN = _gauge("placet_console_streams_open", "pages that stay open for news")
ENTRIES = _counter("placet_console_entries_total", "attempts to enter, by way and outcome", "how", "outcome")
CONSOLE: Final[Families] = (REVIEWS_WAITING, OLDEST_REVIEW, STREAMS_OPEN, ENTRIES)

GROUPS: Final[Mapping[str, Families]] = {
    "Every service": SERVICE,
    "Audit log": LOG,
    "Audit log with witnesses": WITNESSES,
    "Console": CONSOLE,
    "Guard": GUARD,
    "Generator": GENERATOR,
    "Guard and generator: their models": MODEL,
    "Executor": EXECUTOR,
    "Executor with workers elsewhere": FLEET,
    "Worker": WORKER,
    "Worker, and executor without workers: the sandbox": SANDBOX,
}
"""All there are, by who shows them."""


@dataclass(frozen=True)
class Shown:
    """What one service shows beside SERVICE, and where: "host:port", or nowhere when that is empty."""

    listen: str = ""
    families: Families = ()


NOWHERE: Final = Shown()


def registry(families: Families) -> CollectorRegistry:
    """What one process shows: SERVICE, the given families, and what the kernel says of the process.

    The others are left out: a counter that stands at zero says that nothing happened, not that nobody counts.
    """
    found = CollectorRegistry()
    for family in (*SERVICE, *families):
        found.register(family)
    ProcessCollector(registry=found)
    return found
