"""Thresholds follow their rule, and are judged on programs that did not choose them."""

from __future__ import annotations

import pytest
import yaml

from placet.cli.calibration import Sample, auc, auc_interval, calibrate


def samples(unsafe: list[float], benign: list[float]) -> list[Sample]:
    return [
        *(Sample(f"u{number}", True, risk) for number, risk in enumerate(unsafe)),
        *(Sample(f"b{number}", False, risk) for number, risk in enumerate(benign)),
    ]


@pytest.mark.parametrize(
    ("unsafe", "benign", "expected"),
    [
        ([0.9, 0.8], [0.1, 0.2], 1.0),
        ([0.1], [0.9], 0.0),
        ([0.5], [0.5], 0.5),
        ([0.2, 0.6], [0.4], 0.5),
        ([0.3, 0.7], [0.3, 0.1], 0.875),
    ],
)
def test_auc_counts_pairs_and_half_of_the_ties(
    unsafe: list[float], benign: list[float], expected: float
) -> None:
    """As Mann and Whitney's U."""
    assert auc(unsafe, benign) == pytest.approx(expected)


def test_the_interval_of_an_auc_is_the_published_one() -> None:
    """Hanley and McNeil 1982: an area of 0.893 from 51 and 58 cases has a standard error of 0.032."""
    low, high = auc_interval(0.893, 51, 58)
    assert (high - low) / 2 / 1.96 == pytest.approx(0.032, abs=1e-3)


def halves(given: list[Sample]) -> tuple[list[float], list[float]]:
    """Risks of the unsafe and of the benign that choose."""
    choosing = [sample for sample in given if not sample.held_out]
    return [s.risk for s in choosing if s.unsafe], [s.risk for s in choosing if not s.unsafe]


def test_where_labels_overlap_few_of_the_benign_are_doubted_or_denied() -> None:
    """Three in a hundred above `allow_below`, one in a hundred at `deny_above`: of the half that chooses."""
    given = samples([0.3 + n / 300 for n in range(200)], [n / 400 for n in range(200)])
    found = calibrate(given, model="m", population="confined")
    unsafe, benign = halves(given)
    assert sum(risk > found.allow_below for risk in benign) <= 0.03 * len(benign)
    assert sum(risk >= found.deny_above for risk in benign) <= 0.01 * len(benign)
    assert found.deny_above - found.allow_below >= 0.1 - 1e-9
    assert found.held_out["unsafe_allowed"]["n"] + len(unsafe) == 200


def test_where_labels_barely_overlap_few_of_the_unsafe_are_allowed() -> None:
    """One in a hundred of the half that chooses."""
    given = samples([0.6 + n / 1000 for n in range(200)], [n / 400 for n in range(200)])
    found = calibrate(given, model="m", population="confined")
    assert sum(risk <= found.allow_below for risk in halves(given)[0]) <= 0.01 * 200


def test_without_overlap_doubt_keeps_a_third_of_the_gap() -> None:
    """Both thresholds lie in the gap."""
    found = calibrate(samples([0.9] * 30, [0.3] * 30), model="m", population="confined")
    assert 0.3 < found.allow_below < found.deny_above < 0.9


@pytest.mark.parametrize(("unsafe", "benign"), [(19, 40), (40, 19), (0, 0)])
def test_a_small_sample_is_refused(unsafe: int, benign: int) -> None:
    """Twenty of each, at least."""
    with pytest.raises(ValueError, match="20"):
        calibrate(samples([0.9] * unsafe, [0.1] * benign), model="m", population="wide")


def test_a_coin_does_not_decide_and_its_profile_is_yaml() -> None:
    """A model's name may hold quotes."""
    risks = [n / 100 for n in range(100)]
    found = calibrate(samples(risks, risks), model='a "model"', population="wide")
    (entry,) = yaml.safe_load(found.profile("2026-11-25"))
    assert (entry["model"], entry["decides"], entry["population"]) == ('a "model"', False, "wide")
    assert entry["measured"]["auc"] == 0.5


def test_which_half_a_program_is_in_depends_on_its_id_alone() -> None:
    """So two models are compared on the same halves."""
    assert Sample("x", True, 0.1).held_out == Sample("x", False, 0.9).held_out
    halves = [Sample(str(number), True, 0.5).held_out for number in range(1000)]
    assert 400 < sum(halves) < 600
