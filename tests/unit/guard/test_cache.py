"""The verdict cache: what its key covers, how long it keeps, and what it never keeps."""

import time
from dataclasses import replace

import pytest

from guard_svc import review as review_module
from guard_svc.cache import VerdictCache, cache_key
from guard_svc.policy import Verdict
from guard_svc.profiles import Profile, Profiles
from guard_svc.reviewer import Reviewer
from guard_svc.version import rules_version
from placet.approval.statement import InputDigest
from placet.llm.chat import ModelError
from tests.fakes.guard_world import HARMFUL, HARMLESS, deadline, order, scope, world
from tests.fakes.scripted_model import ScriptedModel

SALES = InputDigest("sales.csv", bytes(32), 5)
CHANGES = {
    "program": {"program": HARMLESS + b"\n"},
    "task": {"task": "another"},
    "scope": {"scope": scope(review="{on_uncertain: deny}")},
    "inputs": {"inputs": (replace(SALES, name="other.csv"),)},
    "more inputs": {"inputs": (SALES, replace(SALES, name="b.csv"))},
}


async def asked_again(here, again) -> bool:
    await here.guard.review(order(inputs=(SALES,)), deadline())
    before = len(here.model.asked)
    await again(here.guard)
    return len(here.model.asked) > before


@pytest.mark.parametrize("part", CHANGES)
async def test_another_order_is_another_verdict(part: str):
    changed = order(**({"inputs": (SALES,)} | CHANGES[part]))
    assert await asked_again(world(), lambda guard: guard.review(changed, deadline()))


@pytest.mark.parametrize("name", ["rules_version", "prompt_version"])
async def test_other_rules_or_other_wording_are_another_verdict(monkeypatch, name: str):
    async def again(guard):
        monkeypatch.setattr(review_module, name, lambda: "another")
        await guard.review(order(inputs=(SALES,)), deadline())

    assert await asked_again(world(), again)


@pytest.mark.parametrize(("model", "allow_below"), [("another", 0.4), ("scripted", 0.3)])
async def test_another_model_or_profile_is_another_verdict(model: str, allow_below: float):
    here = world()
    profile = Profile(allow_below=allow_below, deny_above=0.8, screen_refuse_above=0.5)

    async def again(guard):
        reviewer = Reviewer(here.model, Profiles((), profile), model=model)
        await replace(guard, reviewer=reviewer).review(order(inputs=(SALES,)), deadline())

    assert await asked_again(here, again)


async def test_the_same_order_is_a_hit_with_a_record_and_an_approval_of_its_own():
    here = world()
    first = await here.guard.review(order(), deadline())
    second = await here.guard.review(order(request_id="r-2", caller="spiffe://x/caller/b"), deadline())
    assert len(here.model.asked) == 1
    assert [r.body["cached"] for r in here.log.of("verdict_reached")] == [False, True]
    assert (first.decision.cached, second.decision.cached) == (False, True)
    assert [r.request_id for r in here.log.of("approval_issued")] == ["r-1", "r-2"]
    assert first.approval != second.approval


async def test_a_denial_by_rules_is_remembered_too():
    here = world()
    for _ in range(2):
        answer = await here.guard.review(order(HARMFUL), deadline())
    assert (answer.decision.verdict, answer.decision.cached) == (Verdict.DENIED, True)


async def test_a_hit_takes_less_than_five_milliseconds():
    here = world()
    await here.guard.review(order(verdict_only=True), deadline())
    times = []
    for _ in range(50):
        started = time.perf_counter()
        await here.guard.review(order(verdict_only=True), deadline())
        times.append(time.perf_counter() - started)
    assert sorted(times)[25] < 0.005


async def test_a_verdict_is_forgotten_when_it_is_old():
    now = 0.0
    here = world()
    guard = replace(here.guard, cache=VerdictCache(ttl_s=10.0, now=lambda: now))
    for now in (0.0, 9.9, 10.0, 10.1):  # noqa: B007  (the clock of the cache)
        await guard.review(order(), deadline())
    assert len(here.model.asked) == 2


async def test_a_ttl_of_zero_remembers_nothing():
    here = world()
    guard = replace(here.guard, cache=VerdictCache(ttl_s=0.0))
    for _ in range(2):
        await guard.review(order(), deadline())
    assert len(here.model.asked) == 2


@pytest.mark.parametrize("program", [b"def", b"", b"#" * 70_000])
async def test_a_program_that_could_not_be_read_is_not_remembered(program: bytes):
    here = world()
    await here.guard.review(order(program), deadline())
    assert len(here.guard.cache) == 0


async def test_a_failed_reviewer_is_not_remembered():
    here = world(ScriptedModel(fault=ModelError("MODEL_REFUSED", "x")))
    await here.guard.review(order(), deadline())
    assert len(here.guard.cache) == 0


async def test_measuring_by_one_layer_neither_reads_nor_fills_the_cache():
    here = world()
    for layers in ("rules", "reviewer", "reviewer"):
        await here.guard.assess(order(), deadline(), layers)
    assert (len(here.guard.cache), len(here.model.asked)) == (0, 2)


def test_parts_of_a_key_do_not_run_together():
    assert cache_key((b"ab", b"c")) != cache_key((b"a", b"bc"))


def test_the_least_recently_used_verdict_goes_first():
    cache = VerdictCache(2)
    decision = review_module.refuse(())
    kept = replace(decision, rules_complete=True)
    for key in (b"a", b"b"):
        cache.put(key, kept)
    cache.get(b"a")
    cache.put(b"c", kept)
    assert [bool(cache.get(key)) for key in (b"a", b"b", b"c")] == [True, False, True]


def test_the_version_of_the_rules_changes_with_any_file(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    rules_version.cache_clear()
    first = rules_version(tmp_path)
    (tmp_path / "b.yaml").write_text("x: 1\n")
    rules_version.cache_clear()
    assert rules_version(tmp_path) != first
