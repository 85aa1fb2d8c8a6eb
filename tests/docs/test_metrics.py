"""docs/metrics.md lists every metric as it is. PLACET_WRITE_DOCS=1 writes the table anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

from placet.rpc import metrics

PAGE = Path(__file__).resolve().parents[2] / "docs/metrics.md"
BLOCK = re.compile(r"(?<=<!-- metrics -->\n).*?(?=<!-- /metrics -->)", re.DOTALL)
UNITS = ("_seconds", "_total", "_records", "_info")
COUNTS = {
    # Numbers of things, which have no unit but their noun.
    "placet_ready",
    "placet_rpcs_open",
    "placet_generator_tasks_in_flight",
    "placet_generator_tasks_placed",
    "placet_generator_tasks_awaiting_people",
    "placet_generator_tasks_capacity",
    "placet_guard_reviewer_reachable",
    "placet_executor_runs_in_flight",
    "placet_executor_runs_running",
    "placet_executor_runs_capacity",
    "placet_executor_runs_queue_capacity",
    "placet_executor_workers",
    "placet_sandbox_tier",
    "placet_sandbox_min_tier",
    "placet_sandbox_cells_armed",
    "placet_worker_leased",
    "placet_worker_runs_left",
    "placet_log_leader",
    "placet_log_stopped",
    "placet_console_reviews_waiting",
    "placet_console_streams_open",
}


def name_of(family: metrics.Family) -> str:
    """As it stands in an expression; of a histogram, without `_bucket`, `_sum` and `_count`."""
    return family._name + ("_total" if family._type == "counter" else "")


def table() -> str:
    lines = []
    for group, families in metrics.GROUPS.items():
        lines += [f"### {group}", "", "| name | type | labels | meaning |", "|---|---|---|---|"]
        for family in families:
            labels = ", ".join(f"`{label}`" for label in family._labelnames)
            lines.append(f"| `{name_of(family)}` | {family._type} | {labels} | {family._documentation} |")
        lines.append("")
    return "\n".join(lines) + "\n"


def test_the_page_lists_every_metric_as_it_is() -> None:
    """Name, type, labels and meaning."""
    page = PAGE.read_text()
    if os.environ.get("PLACET_WRITE_DOCS"):
        PAGE.write_text(BLOCK.sub(lambda _: table(), page))
    found = BLOCK.search(PAGE.read_text())

    assert found is not None
    assert found.group() == table()


def test_every_family_belongs_to_one_group() -> None:
    """One that is in no group would be shown by nobody."""
    made = {id(value) for value in vars(metrics).values() if isinstance(value, metrics.Family)}
    grouped = [id(family) for families in metrics.GROUPS.values() for family in families]

    assert set(grouped) == made
    assert len(grouped) == len(made)


def test_names_begin_with_placet_and_end_with_their_unit() -> None:
    """§1: "A metric's name MUST begin with `placet_`, and end with its unit where it has one"."""
    names = [name_of(family) for families in metrics.GROUPS.values() for family in families]

    assert [name for name in names if not name.startswith("placet_")] == []
    assert [name for name in names if not name.endswith(UNITS) and name not in COUNTS] == []
    assert len(set(names)) == len(names)
