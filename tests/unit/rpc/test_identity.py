"""Names and lists: what is not said is refused."""

from __future__ import annotations

import pytest

from placet.rpc.errors import ServiceError
from placet.rpc.identity import Caller, authorize, caller_uri, may_call, parse_uri, reviewer_uri, service_uri

METHOD = "/placetpb.guard.v1.GuardService/Review"


def test_uris_name_kind_and_name() -> None:
    """Three kinds of peers under one trust domain."""
    assert service_uri("guard") == "spiffe://placet.local/svc/guard"
    assert caller_uri("team-a") == "spiffe://placet.local/caller/team-a"
    assert reviewer_uri("ada") == "spiffe://placet.local/reviewer/ada"
    assert parse_uri(caller_uri("team-a")) == Caller(caller_uri("team-a"), "caller", "team-a")


@pytest.mark.parametrize("name", ["", "a/b", "a b", ".hidden", "a" * 65, "a\n", "ä", "*"])
def test_a_name_that_could_be_misread_is_refused(name: str) -> None:
    """Also when we make the URI ourselves."""
    with pytest.raises(ValueError, match="spiffe"):
        caller_uri(name)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "spiffe://placet.local",
        "spiffe://placet.local/svc",
        "spiffe://placet.local.evil/svc/guard",
        "SPIFFE://placet.local/svc/guard",
        "spiffe://placet.local/svc/guard/",
        "spiffe://placet.local//svc/guard",
        "spiffe://placet.local/admin/guard",
    ],
)
def test_foreign_uris_are_nobody(uri: str) -> None:
    """No prefix, no near miss."""
    with pytest.raises(ValueError, match="is not spiffe"):
        parse_uri(uri)


@pytest.mark.parametrize(
    ("patterns", "allowed"),
    [
        ({"caller/team"}, True),
        ({"caller/*"}, True),
        ({"caller/tea"}, False),
        ({"svc/*"}, False),
        ({"*"}, False),
        ({"caller/te*"}, False),
        (set(), False),
    ],
)
def test_a_pattern_is_a_name_or_a_whole_kind(patterns: set[str], allowed: bool) -> None:
    """There is no pattern for everybody."""
    assert may_call({METHOD: frozenset(patterns)}, METHOD, parse_uri(caller_uri("team"))) is allowed


def test_a_method_without_entry_is_refused_with_both_names() -> None:
    """The refusal says who and what."""
    with pytest.raises(ServiceError, match=r"caller/team.*Review") as raised:
        authorize({}, METHOD, parse_uri(caller_uri("team")))

    assert raised.value.reason == "CALLER_NOT_ALLOWED"
