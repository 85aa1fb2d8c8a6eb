"""The executor's bench: every figure beside its baseline, every bound judged on what was measured."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import bare_zygote, executor, executor_figures, processes
from bench.executor_figures import CLIENTS, IN_FLIGHT
from bench.executor_programs import BOMBS, ENDLESS, GRANTS, HONEST, TRIVIAL
from bench.report import against, bounded, plain
from bench.rounds import Plan, Samples, in_turns, repeat

THROUGHPUT = {
    **{f"forks_{number}": [100.0 * number] for number in IN_FLIGHT},
    "forks": [40.0, 40.0],
    **{f"clients_{number}": [130.0, 130.0] for number in CLIENTS},
    **{f"runs_{number}": [100.0, 100.0] for number in CLIENTS},
    **{f"failed_{number}": [0.0, 0.0] for number in CLIENTS},
    **{f"busy_{number}": [0.0, 3.0] for number in CLIENTS},
}


def test_a_bound_is_judged_on_the_ratio_or_on_the_value() -> None:
    metric = against(8.0, "ms", 10, baseline=plain(4.0, "ms", 10), name="fork")
    assert bounded(metric, "ratio <= 2").met is True
    assert bounded(metric, "ratio < 2").met is False
    assert bounded(metric, "value >= 9").met is False


def test_a_ratio_that_is_not_there_meets_nothing() -> None:
    assert bounded(plain(1.0, "ms", 1), "ratio <= 100").met is False


def test_an_execute_is_compared_with_a_fork_and_with_a_fresh_interpreter() -> None:
    samples = {"fork": [5.0], "fresh": [1200.0], "started": [9.0], "first_output": [12.0], "execute": [19.0]}
    found = executor_figures.execute(samples)
    assert (found["execute_p50"].ratio, found["execute_p50"].met) == (3.8, True)
    assert found["execute_p50_of_fresh"].met is True
    assert found["execute_p99"].ratio_to == "execute_p50"


def test_throughput_is_a_share_of_the_better_bare_rate() -> None:
    found = executor_figures.throughput(THROUGHPUT)
    assert found["runs_with_4_clients"].ratio_to == "bare_forks_2_in_flight"
    assert (found["runs_with_4_clients"].ratio, found["runs_with_4_clients"].met) == (0.65, True)
    assert found["busy_with_64_clients"].value == 3


def test_a_failed_run_at_64_clients_misses_the_bound() -> None:
    found = executor_figures.throughput({**THROUGHPUT, "failed_64": [0.0, 1.0]})
    assert found["failed_with_64_clients"].met is False


def test_rates_of_equal_slices_are_averaged_over_time_and_not_over_slices() -> None:
    found = executor_figures.throughput({**THROUGHPUT, "clients_1": [50.0, 150.0]})
    assert found["runs_with_1_clients"].value == 75


def test_an_executor_that_ended_beside_bombs_misses_the_bound() -> None:
    samples = {"alone": [10.0], "beside": [15.0], "bombs": [4.0], "ended": [1.0]}
    found = executor_figures.bombs(samples)
    assert found["honest_beside_bombs_p99"].met is True
    assert found["executor_ended"].met is False


def test_every_program_that_is_signed_has_its_grants() -> None:
    assert set(GRANTS) == {TRIVIAL, HONEST, ENDLESS, *BOMBS.values()}


async def test_a_figure_goes_on_until_every_name_has_its_samples() -> None:
    async def act(samples: Samples) -> None:
        samples["one"].append(1.0)
        samples["two"] += [1.0, 1.0]

    samples = await repeat("x", act, Plan(runs=3, seconds=60, warm=2, slice_runs=1))
    assert (len(samples["one"]), len(samples["two"])) == (3, 6)


async def test_acts_are_done_once_each_in_turns() -> None:
    async def first(samples: Samples) -> None:
        samples["first"].append(1.0)

    async def second(samples: Samples) -> None:
        samples["second"].append(1.0)

    samples = Samples(list)
    await in_turns(samples, (first, second))
    assert samples == {"first": [1.0], "second": [1.0]}


def test_a_bare_zygote_answers_with_the_time_of_its_forks() -> None:
    script = Path(bare_zygote.__file__)
    done = subprocess.run(
        [sys.executable, script, "json"], input="1 1\n20 2\n",
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    loaded, one, twenty = done.stdout.split()
    assert loaded == "loaded"
    assert 0 < int(one) < int(twenty)


async def test_deaths_are_seen_when_they_happen_and_not_before() -> None:
    child = await asyncio.create_subprocess_exec("sleep", "30")
    with processes.watched([processes.Member(child.pid, is_program=True, waits=True)]) as handles:
        seen = asyncio.create_task(processes.deaths(handles, 1))
        await asyncio.sleep(0.05)
        assert not seen.done()
        killed = time.perf_counter()
        child.kill()
        assert await seen >= killed
    await child.wait()


def test_a_figure_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        executor.main(["--only", "sandbox,speed"])
    assert "'speed' is none of sandbox, memory" in capsys.readouterr().err


def test_cancelling_is_measured_in_the_sandbox_and_through_the_service() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.executor", "--quick", "--json", "--only", "cancel"],
        cwd=Path(bare_zygote.__file__).parents[1], capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    metrics = json.loads(done.stdout)["metrics"]
    assert metrics["sandbox_cancel_p99"]["bound"] == "value < 50"
    assert metrics["execute_cancel_p50"]["ratio_to"] == "cancel_fork_p50"
    assert metrics["execute_cancel_p50"]["value"] > 0
