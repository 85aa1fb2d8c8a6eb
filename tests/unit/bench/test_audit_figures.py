"""The log's bench: every figure beside its baseline, every bound judged on what was measured."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from audit_svc.store.sqlite import SqliteStore
from bench import audit, audit_figures
from bench.appending import WRITERS, Appending, signer_beside
from bench.big_log import BigLog
from bench.rounds import Samples
from placet.audit.reader import LogReader
from placet.audit.verify import verify_database

APPENDS = {
    "rows": [400.0],
    **{f"rate_{number}": [100.0 * number] for number in WRITERS},
    **{f"ms_{number}": [1.0] * 98 + [30.0, 30.0] for number in WRITERS},
}


def test_appends_are_compared_with_the_same_rows_one_per_transaction() -> None:
    found = audit_figures.appending("sqlite", WRITERS, APPENDS)
    assert found["append_sqlite_256"].ratio == 64
    assert found["append_sqlite_256"].met is True
    assert found["append_sqlite_16_p99"].met is False


def test_only_what_is_asked_of_a_store_is_judged() -> None:
    found = audit_figures.appending("postgres", WRITERS, APPENDS)
    assert {metric.bound for metric in found.values()} == {None}


def test_an_append_may_cost_a_third_more_on_a_big_log() -> None:
    samples = {"small": [100.0], "big": [131.0], "small_memory": [90.0], "big_memory": [91.0]}
    found = audit_figures.growing((10_000, 1_000_000), samples)
    assert found["append_cost_at_1e6"].met is False
    assert found["append_cost_at_1e6"].ratio_to == "append_cost_at_1e4"
    assert found["memory_at_1e6"].met is True


def test_the_slowest_proof_and_the_slowest_page_are_judged() -> None:
    samples = {
        "proof": [1.0, 11.0],
        "verify": [40_000.0],
        "verify_bytes": [50_000.0],
        "page_all": [2.0, 299.0],
    }
    found = audit_figures.reading(samples)
    assert found["proof_max"].met is False
    assert found["verify"].met is False
    assert found["verify_bytes"].met is True
    assert found["page_all_max"].met is True


async def test_a_round_measures_each_number_of_writers_and_the_baseline(tmp_path: Path) -> None:
    samples = Samples(list)
    stores = SqliteStore(tmp_path / "log.sqlite"), SqliteStore(tmp_path / "rows.sqlite")
    checkpoint = tmp_path / "log.checkpoint"
    async with Appending.over(*stores, checkpoint, seconds=0.05, flush_s=0) as measured:
        await measured.round(samples)

    assert all(value > 0 for values in samples.values() for value in values)
    assert {"rows", "rate_1", "ms_256"} <= samples.keys()
    vkey = signer_beside(tmp_path / "log.checkpoint").verifier.vkey
    report = verify_database(tmp_path / "log.sqlite", tmp_path / "log.checkpoint", vkey)
    assert report.ok, report.first_break
    with LogReader(tmp_path / "rows.sqlite") as rows, LogReader(tmp_path / "log.sqlite") as log:
        assert all(log.get(row.index) == row for row in rows.entries())


async def test_on_a_slow_disk_log_and_baseline_wait_for_each_flush(tmp_path: Path) -> None:
    samples, flush_s = Samples(list), 0.02
    stores = SqliteStore(tmp_path / "log.sqlite"), SqliteStore(tmp_path / "rows.sqlite")
    checkpoint = tmp_path / "log.checkpoint"
    async with Appending.over(*stores, checkpoint, seconds=0.1, flush_s=flush_s) as measured:
        await measured.round(samples)

    assert max(samples["rows"]) < 1 / flush_s
    assert min(samples["ms_1"]) > 1000 * flush_s
    assert max(samples["rate_1"]) < 1 / (2 * flush_s)  # the checkpoint file is flushed beside, twice


def test_a_big_log_grows_proves_and_is_read(tmp_path: Path) -> None:
    log, samples = BigLog(tmp_path), Samples(list)
    asyncio.run(log.grow_to(600))
    asyncio.run(log.proofs(samples, 5))
    log.verify(samples)
    log.pages(samples)

    assert log.size >= 600
    assert len(samples["proof"]) == 5
    assert len([name for name in samples if name.startswith("page_")]) >= 12


def test_the_command_prints_one_object(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(audit.SECONDS, "quick", 0.05)
    monkeypatch.setitem(audit.ROUNDS, "quick", 1)
    assert audit.main(["--quick", "--json", "--only", "sqlite"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["metrics"]["append_sqlite_256"]["ratio_to"] == "rows_one_by_one_sqlite"
    assert found["metrics"]["append_sqlite_slow_256"]["ratio_to"] == "rows_one_by_one_sqlite_slow"
