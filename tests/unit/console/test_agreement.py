"""docs/labels-format.md §3: agreement is counted as the statisticians count it, each verdict once."""

from __future__ import annotations

import pytest

from audit_svc.console.agreement import Kappa, Matrix, Pair, figures, independent
from placet.audit.labels import Label
from tests.fakes.labels import opinion

ALLOWED, REVIEW, DENIED = "ALLOWED", "NEEDS_REVIEW", "DENIED"


def pairs(table: dict[Pair, int]) -> list[Pair]:
    return [pair for pair, n in table.items() for _ in range(n)]


def test_kappa_of_two_verdicts_is_that_of_the_textbook() -> None:
    """20, 5, 10 and 15 of 50: observed 0.70, by chance 0.50."""
    table = {
        (ALLOWED, ALLOWED): 20,
        (ALLOWED, DENIED): 5,
        (DENIED, ALLOWED): 10,
        (DENIED, DENIED): 15,
    }
    assert Kappa.of(pairs(table)) == Kappa(50, 35, pytest.approx(0.4))


def test_kappa_of_three_verdicts_is_that_of_cohen_1960() -> None:
    """Table 1 there, of 200: observed 0.70, by chance 0.41."""
    counts = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
    verdicts = (ALLOWED, REVIEW, DENIED)
    table = {(a, b): counts[i][j] for i, a in enumerate(verdicts) for j, b in enumerate(verdicts)}

    assert Kappa.of(pairs(table)).value == pytest.approx(0.29 / 0.59)


def test_kappa_is_below_zero_for_less_agreement_than_chance() -> None:
    assert Kappa.of([(ALLOWED, DENIED), (DENIED, ALLOWED)]).value == -1


@pytest.mark.parametrize("found", [[], [(DENIED, DENIED)] * 9])
def test_where_chance_alone_would_always_agree_there_is_no_kappa(found: list[Pair]) -> None:
    """§3.2."""
    assert Kappa.of(found) == Kappa(len(found), len(found), None)


def test_false_positives_are_a_share_of_what_people_would_allow() -> None:
    matrix = Matrix()
    for judged, right, n in [
        (ALLOWED, ALLOWED, 7),
        (DENIED, ALLOWED, 2),
        (REVIEW, ALLOWED, 1),
        (ALLOWED, DENIED, 1),
        (DENIED, DENIED, 4),
    ]:
        for _ in range(n):
            matrix.add(judged, right)

    assert (matrix.false_positives.hits, matrix.false_positives.n) == (3, 10)
    assert (matrix.missed.hits, matrix.missed.n) == (1, 5)
    assert matrix.rows == [(ALLOWED, [7, 0, 1]), (REVIEW, [1, 0, 0]), (DENIED, [2, 0, 4])]


def by_verdict(*labels: Label) -> dict[int, list[Label]]:
    found: dict[int, list[Label]] = {}
    for label in labels:
        found.setdefault(label.verdict_index, []).append(label)
    return found


def test_a_disputed_verdict_counts_in_no_matrix() -> None:
    """§1.6, §3.2: over settled verdicts."""
    found = figures(by_verdict(opinion(1, "ana", ALLOWED), opinion(2, "ben", DENIED)), [0])

    assert (found.labelled, found.disputed, found.people, found.matrix.n) == (1, [0], 2, 0)


def test_who_changes_their_mind_counts_once_and_with_what_they_said_last() -> None:
    """§1.5."""
    found = figures(by_verdict(opinion(1, "ana", ALLOWED), opinion(2, "ana", DENIED)), [])

    assert (found.disputed, found.matrix.counts) == ([], {(DENIED, DENIED): 1})


def test_the_estimate_of_false_positives_asks_the_sample_only() -> None:
    """§3.3."""
    picked = [opinion(n, "ana", ALLOWED, about=n) for n in range(1, 6)]
    drawn = [opinion(n, "ana", DENIED, about=n) for n in range(6, 10)]
    harmless = opinion(10, "ana", ALLOWED, about=10, judged=ALLOWED)
    found = figures(by_verdict(*picked, *drawn, harmless), range(6, 11))

    assert (found.sampled.false_positives.hits, found.sampled.false_positives.n) == (0, 1)
    assert (found.matrix.false_positives.hits, found.matrix.false_positives.n) == (5, 6)


def test_each_rule_has_its_matrix_and_its_findings() -> None:
    """§3.4."""
    on_verdict = opinion(1, "ana", ALLOWED, rules=("a.b", "c.d"))
    findings = [
        opinion(2, "ana", DENIED, rule="a.b", line=3, right=True),
        opinion(3, "ana", DENIED, rule="a.b", line=3, right=False),
        opinion(4, "ben", DENIED, rule="a.b", line=3, right=True),
    ]
    rules = figures(by_verdict(on_verdict, *findings), []).rules

    assert list(rules) == ["a.b", "c.d"]
    assert rules["c.d"].matrix.counts == {(DENIED, ALLOWED): 1}
    assert (rules["a.b"].right, rules["a.b"].wrong) == (1, 1)


def test_only_a_blind_second_opinion_is_compared_with_the_first() -> None:
    """§3.1."""
    first = opinion(1, "ana", ALLOWED)
    seen = opinion(2, "ben", ALLOWED)
    blind = opinion(3, "eve", DENIED, blind=True)

    assert independent([first, seen]) is None
    assert independent([first, seen, blind]) == (ALLOWED, DENIED)


def test_what_somebody_says_after_having_seen_the_others_is_not_their_independent_opinion() -> None:
    """§3.1: the first label of each."""
    labels = [
        opinion(1, "ana", ALLOWED, blind=True),
        opinion(2, "ben", DENIED, blind=True),
        opinion(3, "ben", ALLOWED),
    ]
    assert independent(labels) == (ALLOWED, DENIED)


def test_nobody_agrees_with_themselves() -> None:
    assert independent([opinion(1, "ana", ALLOWED), opinion(2, "ana", ALLOWED, blind=True)]) is None
