"""The overview's figures are those of the records, and of the range that is shown."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from audit_svc.console.hours import DAY, Hour, Hours, Piece
from audit_svc.console.overview import Known, View
from audit_svc.console.ranges import RANGES, chosen
from audit_svc.console.sample import Sample
from placet.audit.labels import Label

SAMPLED = (1, 2, 4)
NOW = datetime(2026, 11, 30, 12, 34, tzinfo=UTC)


def hours(*counted: tuple[datetime, Hour]) -> Hours:
    made = Hours()
    for at, hour in counted:
        made.add(Piece(0, at.replace(minute=0), hour))
    return made


def verdicts(**scopes: tuple[int, int]) -> Hour:
    """scope=(allowed, denied)."""
    made = Hour()
    for scope, (allowed, denied) in scopes.items():
        made.verdicts[scope, "ALLOWED"], made.verdicts[scope, "DENIED"] = allowed, denied
    return made


def view(name: str, known: Hours, labels: tuple[Label, ...] = (), waiting: tuple[datetime, ...] = ()) -> View:
    return View(Known(known, waiting, labels, Sample(50)), chosen(name), NOW)


def label(
    index: int, person: str, judged: str, verdict: str, *, blind: bool = False, days_ago: int = 0
) -> Label:
    time = (NOW - timedelta(days=days_ago)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    fields = dict.fromkeys(Label.__dataclass_fields__, "")
    return Label(
        **{
            **fields,
            "index": index * 10 + ord(person[0]),
            "time": time,
            "person": person,
            "verdict_index": index,
            "judged": judged,
            "verdict": verdict,
            "right": judged == verdict,
            "line": 0,
            "blind": blind,
            "rules": (),
            "verdict_hash": bytes(32) if index in SAMPLED else b"\xff" * 32,
        }  # type: ignore[arg-type]
    )


def test_every_range_ends_now_and_has_no_gap() -> None:
    for each in RANGES:
        starts = each.starts(NOW)
        assert len(starts) == each.bars
        assert starts[-1] <= NOW < starts[-1] + each.step
        assert {later - sooner for sooner, later in pairwise(starts)} == {each.step}


def test_a_range_counts_what_lies_in_it_and_nothing_else() -> None:
    known = hours(
        (NOW, verdicts(shop=(3, 1))),
        (NOW - timedelta(hours=23), verdicts(shop=(2, 0))),
        (NOW - timedelta(hours=24), verdicts(shop=(0, 5))),
        (NOW - 29 * DAY, verdicts(reports=(7, 0))),
        (NOW - 95 * DAY, verdicts(reports=(100, 0))),
    )
    assert [view(name, known).verdicts for name in ("24h", "7d", "30d", "90d")] == [6, 11, 18, 18]
    assert view("24h", known).denied.value == 1 / 6
    assert sum(bar.total for bar in view("30d", known).by_time.bars) == 18


def test_scopes_beyond_the_fifth_are_told_together() -> None:
    known = hours((NOW, verdicts(**{f"s{n}": (10 - n, 0) for n in range(7)})))
    chart = view("24h", known).scopes_by_time
    assert [series.name for series in chart.series] == ["s0", "s1", "s2", "s3", "s4", "all others"]
    assert chart.bars[-1].values == (10, 9, 8, 7, 6, 9)


def test_a_bar_leads_to_the_requests_behind_it() -> None:
    hour = verdicts(shop=(0, 1))
    hour.reasons = Counter({"a&b": 1})
    made = view("7d", hours((NOW, hour)))
    assert made.by_scope.bars[0].href == "/requests?scope=shop&since=7d"
    assert made.reasons.bars[0].href == "/requests?rule=a%26b&verdict=DENIED&since=7d"


def test_false_positives_are_of_the_sampled_programs_that_people_would_allow() -> None:
    labels = (
        label(1, "ana", "DENIED", "ALLOWED"),
        label(2, "ana", "DENIED", "DENIED"),
        label(3, "ana", "ALLOWED", "ALLOWED"),
        label(4, "ana", "DENIED", "ALLOWED", days_ago=3),
    )
    estimate = view("24h", Hours(), labels).false_positives
    assert (estimate.hits, estimate.n) == (1, 1)
    judgement = view("24h", Hours(), labels).judgement
    assert (judgement.agreed.hits, judgement.agreed.n) == (2, 3)
    assert view("7d", Hours(), labels).false_positives.n == 2
    assert view("24h", Hours(), labels).labels.bars[-1].values == (2, 1)


def test_people_agree_where_the_second_did_not_know_of_the_first() -> None:
    labels = (label(1, "ana", "DENIED", "DENIED"), label(1, "ben", "DENIED", "DENIED", blind=True))
    assert view("24h", Hours(), labels).judgement.among_people.agreed == 1


def test_what_waits_is_told_with_the_oldest() -> None:
    waiting = (NOW - timedelta(minutes=20), NOW - timedelta(minutes=5))
    made = view("24h", Hours(), waiting=waiting).waits
    assert (made.number, made.words) == (2, "the oldest for 20 min")
    assert view("24h", Hours()).waits.words == "nobody is waited for"
