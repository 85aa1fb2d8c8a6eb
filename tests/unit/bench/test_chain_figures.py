"""What `bench.chain` makes of what it measured."""

from __future__ import annotations

import os
from collections import Counter

from bench import chain_figures as figures
from bench.chaining import STAGES, Load, Told, tell
from bench.cpu import cpu_s, memory_mib
from tests.fakes.any_records import BODIES, record


def load(latencies: list[float], **change: object) -> Load:
    found = Load("solve", 4, 2.0, {f"r{n}": ms for n, ms in enumerate(latencies)}, Counter(), 0)
    for name, value in change.items():
        setattr(found, name, value)
    return found


def test_a_load_is_a_rate_and_its_latencies() -> None:
    found = figures.under(load([10.0, 20.0, 30.0, 400.0], failed=Counter(BUSY=1)))

    assert found["solve_c4_per_s"].value == 2
    assert [found[f"solve_c4_p{at}"].value for at in (50, 95, 99)] == [20, 400, 400]
    assert found["solve_c4_failed"].value == 1


def test_costs_are_those_of_one_request() -> None:
    """By service, and together."""
    found = figures.costs(load([1.0] * 4, cpu_s={"guard": 0.2, "audit": 0.04}, calls=12, characters=4000))

    assert (found["solve_cpu_guard"].value, found["solve_cpu_audit"].value) == (50, 10)
    assert found["solve_cpu"].value == 60
    assert (found["solve_model_calls"].value, found["solve_model_characters"].value) == (3, 1000)


def test_the_highest_throughput_is_the_one_that_costs_are_taken_from() -> None:
    slow, fast = load([1.0] * 2), load([1.0] * 9)
    assert figures.most([slow, fast]) is fast


def test_a_load_without_answers_is_told_and_no_figure() -> None:
    dead = load([], failed=Counter(AUDIT_UNAVAILABLE=7))
    assert "AUDIT_UNAVAILABLE" in figures.all_failed([load([1.0]), dead])
    assert figures.all_failed([load([1.0])]) == ""


def test_the_processor_time_of_a_process_holds_that_of_what_it_started() -> None:
    """This process has done something and holds something."""
    assert cpu_s(os.getpid()) > 0
    assert memory_mib(os.getpid()) > 1
    assert cpu_s(2**22 + 1) == 0


def test_the_stages_and_the_call_around_them_are_the_whole_latency() -> None:
    """Each stage lies between two records; what no record knows of is the call's."""
    kinds = ["task_received", *(after for _, after in STAGES)]
    records = [
        record(
            kind,
            {**BODIES.get(kind, {}), "usage": {"cpu_ms": 17}},
            time=f"2026-11-29T12:00:00.{number * 10:03}000Z",
        )
        for number, kind in enumerate(kinds)
    ]
    told = Told()
    tell(told, records, 100.0)

    assert {stage: round(took) for stage, (took,) in told.stages.items()} == {
        **dict.fromkeys(STAGES.values(), 10),
        "call": 100 - 10 * len(STAGES),
    }
    found = figures.stages(told)
    assert (found["records"].value, found["program_cpu"].value) == (len(kinds), 17)


def test_what_a_request_leaves_in_the_log_is_its_share_of_what_the_log_grew_by() -> None:
    found = figures.sizes(4096.0 * 100, 50, {"audit": 90.0})
    assert (found["log_kib"].value, found["memory_audit"].value) == (8, 90)
