"""Profiles: thresholds per model."""

from pathlib import Path

import pytest

from guard_svc.profiles import load_profiles


def test_the_shipped_profiles_know_the_embedded_model_and_trust_strangers_less():
    profiles = load_profiles()
    embedded = profiles.of("qwen2.5-coder-1.5b-instruct")
    assert embedded is profiles.of("/models/Qwen2.5-Coder-1.5B-Instruct-Q4_K_M.gguf")
    assert profiles.of("someone-elses-model") is profiles.default
    assert profiles.default.allow_below < embedded.allow_below


@pytest.mark.parametrize(
    "text",
    [
        "",
        "profiles: []",
        "default: {allow_below: 0.9, deny_above: 0.1, screen_refuse_above: 0.5}",
        "default: {allow_below: 0.1, deny_above: 1.1, screen_refuse_above: 0.5}",
    ],
)
def test_half_a_profile_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "profiles.yaml"
    path.write_text(text)
    with pytest.raises(ValueError):
        load_profiles(path)
