"""Settings: bounds that keep a pool recordable, and its ceiling."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from executor_svc.settings import ExecutorSettings
from executor_svc.worker.settings import WorkerSettings
from placet.approval import Limits

NEEDED = {
    "tls_ca": "ca.pem",
    "tls_cert": "c.pem",
    "tls_key": "c.key",
    "audit_address": "127.0.0.1:1",
    "keys_dir": "keys",
    "scopes_dir": "scopes",
    "sandbox_python": "python",
}


def test_the_ceiling_is_the_most_a_scope_can_ask_for_by_default() -> None:
    """But for output, of which both streams must fit into one message to the log."""
    assert ExecutorSettings.model_validate(NEEDED).ceiling == Limits(600, 600, 8192, 8192, 256, 512)


@pytest.mark.parametrize(
    "bad",
    [
        {"max_output_kib": 8193},
        {"max_concurrent_runs": 0},
        {"pool_size": 0},
        {"min_tier": "T4"},
        {"min_tier": "T3"},  # a virtual machine is nothing that the executor could find out
        {"audience": ""},
        {"max_wall_s": 0},
    ],
)
def test_a_value_out_of_bounds_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ExecutorSettings.model_validate({**NEEDED, **bad})


@pytest.mark.parametrize("name", NEEDED)
def test_what_has_no_sensible_default_must_be_set(name: str) -> None:
    with pytest.raises(ValidationError):
        ExecutorSettings.model_validate({key: value for key, value in NEEDED.items() if key != name})


def test_with_workers_no_interpreter_is_needed() -> None:
    """Programs run there, and not here."""
    given = {key: value for key, value in NEEDED.items() if key != "sandbox_python"}
    settings = ExecutorSettings.model_validate({**given, "workers": "dns:worker-headless:7443"})

    assert settings.sandbox_python is None
    with pytest.raises(ValidationError, match="HOST:PORT"):
        ExecutorSettings.model_validate({**given, "workers": "worker-headless"})


@pytest.mark.parametrize(
    "bad",
    [{"max_concurrent_runs": 0}, {"replace_after_runs": 0}, {"replace_after_hours": 0}, {"min_tier": "T3"}],
)
def test_a_worker_s_value_out_of_bounds_is_refused(bad: dict[str, object]) -> None:
    given = {key: value for key, value in NEEDED.items() if key != "audit_address"}
    WorkerSettings.model_validate({**given, "scratch_dir": "scratch"})
    with pytest.raises(ValidationError):
        WorkerSettings.model_validate({**given, "scratch_dir": "scratch", **bad})
