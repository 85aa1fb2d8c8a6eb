"""Profiles: thresholds per model and kind of scope."""

from pathlib import Path

import pytest

from guard_svc.profiles import load_profiles, population_of

STRICT = "default: {allow_below: 0.1, deny_above: 0.9, screen_refuse_above: 0.5}\n"
MEASURED = "{date: 2026-01-01, unsafe: 40, benign: 40, auc: 0.9}"
LIMITS = "allow_below: 0.4, deny_above: 0.6, screen_refuse_above: 0.5"
ONE = f"{{model: 'big*', population: confined, {LIMITS}, measured: {MEASURED}}}"


def test_the_shipped_profiles_know_the_embedded_model_and_trust_strangers_less():
    profiles = load_profiles()
    embedded = profiles.of("qwen2.5-coder-1.5b-instruct")
    assert embedded is profiles.of("/models/Qwen2.5-Coder-1.5B-Instruct-Q4_K_M.gguf")
    assert profiles.of("someone-elses-model") is profiles.default
    assert profiles.default.allow_below < embedded.allow_below


def test_what_calibration_prints_is_an_entry_as_it_stands(tmp_path: Path):
    path = tmp_path / "profiles.yaml"
    entry = ONE.replace(", screen_refuse_above: 0.5", "")
    path.write_text(f"{STRICT.replace('0.5', '0.7')}profiles: [{entry}]\n")
    assert load_profiles(path).of("big").screen_refuse_above == 0.7


def test_every_shipped_profile_says_what_it_was_measured_on():
    assert all(profile.measured is not None for profile in load_profiles().known)


def test_a_profile_holds_only_for_the_kind_of_scope_it_was_measured_on(tmp_path: Path):
    path = tmp_path / "profiles.yaml"
    path.write_text(f"{STRICT}profiles: [{ONE}]\n")
    profiles = load_profiles(path)
    assert profiles.of("Big-Model").allow_below == 0.4
    assert profiles.of("Big-Model", "wide") is profiles.default


@pytest.mark.parametrize(
    "grant", ["fs.read:workdir", "fs.write:workdir", "network:a.example:443", "process:git"]
)
def test_one_grant_beyond_inputs_and_outputs_makes_a_scope_wide(grant: str):
    assert population_of(["import:pandas", "fs.read:inputs", "fs.write:outputs"]) == "confined"
    assert population_of(["import:pandas", grant]) == "wide"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "profiles: []",
        "default: {allow_below: 0.9, deny_above: 0.1, screen_refuse_above: 0.5}",
        "default: {allow_below: 0.1, deny_above: 1.1, screen_refuse_above: 0.5}",
        f"{STRICT}profiles: [{{model: x, decides: false, {LIMITS}}}]",
        f"{STRICT}profiles: [{ONE.replace('confined', 'narrow')}]",
        f"default: {ONE.replace('model:', 'decides: false, model:')}",
    ],
    ids=[
        "empty",
        "no default",
        "crossed",
        "over one",
        "unmeasured doubt",
        "unknown kind",
        "default without a say",
    ],
)
def test_half_a_profile_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "profiles.yaml"
    path.write_text(text)
    with pytest.raises(ValueError):
        load_profiles(path)
