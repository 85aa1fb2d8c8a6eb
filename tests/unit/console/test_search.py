"""A search in the URL means exactly one query, or nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audit_svc.console.search import Search, meaning
from placet.audit.query import Query

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
DIGEST = "ab" * 32


def meant(**fields: str) -> Query:
    found = meaning(Search.of(fields), NOW)
    assert not found.problems
    return found.query


def test_a_short_name_is_a_callers_and_a_path_or_uri_is_taken_as_it_is() -> None:
    whole = "spiffe://placet.local/caller/reports"
    assert meant(caller="reports").caller == meant(caller=" caller/reports ").caller == whole
    assert meant(caller=whole).caller == whole
    assert meant(caller="reviewer/kim").caller == "spiffe://placet.local/reviewer/kim"


@pytest.mark.parametrize(
    ("given", "time"),
    [
        ("24h", "2026-11-29T12:00:00.000000Z"),
        ("7d", "2026-11-23T12:00:00.000000Z"),
        ("90m", "2026-11-30T10:30:00.000000Z"),
        ("2026-01-31", "2026-01-31T00:00:00.000000Z"),
        ("2026-01-31T12:00", "2026-01-31T12:00:00.000000Z"),
        ("2026-01-31 12:00+02:00", "2026-01-31T10:00:00.000000Z"),
        ("2026-01-31T12:00:00.123456Z", "2026-01-31T12:00:00.123456Z"),
        ("0999-01-01", "0999-01-01T00:00:00.000000Z"),
    ],
)
def test_times_are_utc_and_written_as_the_log_writes_them(given: str, time: str) -> None:
    assert meant(since=given, until=given) == Query(since=time, until=time)


def test_a_digest_is_one_of_the_words() -> None:
    assert meant(text="sales", digest=DIGEST).text == f"sales {DIGEST}"
    assert meant(digest=DIGEST) == Query(text=DIGEST)


@pytest.mark.parametrize(
    "fields",
    [
        {"since": "yesterday"},
        {"until": "100000d"},
        {"since": "0001-01-01T00:00+14:00"},
        {"verdict": "allowed"},
        {"digest": DIGEST.upper()},
        {"digest": DIGEST[:12]},
        {"text": "---"},
        {"rule": "x" * 257},
        {"scope": "a\0b"},
    ],
)
def test_a_field_that_is_not_understood_is_named_and_never_left_out(fields: dict[str, str]) -> None:
    assert set(meaning(Search.of(fields), NOW).problems) == set(fields)


def test_what_is_recorded_of_a_search_is_what_was_given() -> None:
    given = Search.of({"since": "24h", "caller": "reports", "text": "a", "digest": DIGEST, "page": "9"}).given
    assert given.filters == {"since": "24h", "caller": "reports", "text": f"a {DIGEST}"}


def test_the_url_of_a_search_leads_to_the_same_search() -> None:
    search = Search.of({"text": "a&b=c", "verdict": "DENIED"})
    assert search.url == "verdict=DENIED&text=a%26b%3Dc"
