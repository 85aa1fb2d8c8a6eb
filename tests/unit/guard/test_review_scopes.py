"""Which scopes a guard loads, and who may name them."""

from pathlib import Path

import pytest

from guard_svc.scopes import ScopeBook, ScopesInvalid, load_scopes
from placet.rpc.errors import ServiceError
from placet.rpc.identity import Caller, acting_for, caller_uri, parse_uri, reviewer_uri, service_uri
from tests.fakes.guard_world import scope

TEAM = parse_uri(caller_uri("team"))
GENERATOR = parse_uri(service_uri("generator"))


def put(directory: Path, name: str, document: bytes) -> None:
    (directory / name).write_bytes(document)


def test_the_newest_version_of_a_name_counts(tmp_path: Path):
    newer = scope().document.replace(b"version: 3", b"version: 4")
    put(tmp_path, "a.yaml", newer)
    put(tmp_path, "b.yaml", scope().document)
    assert load_scopes(tmp_path).scopes["data-analysis"].version == 4


def test_two_files_with_one_version_are_refused(tmp_path: Path):
    put(tmp_path, "a.yaml", scope().document)
    put(tmp_path, "b.yaml", scope().document + b"# another\n")
    with pytest.raises(ScopesInvalid, match="version 3 stands in another file"):
        load_scopes(tmp_path)


def test_every_problem_is_told_at_once(tmp_path: Path):
    put(tmp_path, "a.yaml", b"nonsense")
    put(tmp_path, "b.yaml", b"apiVersion: placet/v1\n")
    with pytest.raises(ScopesInvalid) as caught:
        load_scopes(tmp_path, tmp_path / "missing.yaml")
    told = str(caught.value)
    assert all(name in told for name in ("a.yaml", "b.yaml", "missing.yaml"))


def test_a_scope_that_softens_a_hard_denial_is_refused_at_start(tmp_path: Path):
    put(tmp_path, "a.yaml", scope().document + b"rules: {capability.file.outside: audit}\n")
    with pytest.raises(ScopesInvalid, match=r"a\.yaml: rules: capability\.file\.outside cannot be audit"):
        load_scopes(tmp_path)


def test_an_empty_directory_is_refused(tmp_path: Path):
    with pytest.raises(ScopesInvalid, match=r"holds no \*\.yaml"):
        load_scopes(tmp_path)


def test_a_callers_file_must_map_names_to_lists(tmp_path: Path):
    put(tmp_path, "a.yaml", scope().document)
    callers = tmp_path / "callers.yml"
    callers.write_text("team: data-analysis\n")
    with pytest.raises(ScopesInvalid, match="must map caller names"):
        load_scopes(tmp_path, callers)


@pytest.mark.parametrize(
    ("caller", "names"),
    [
        (TEAM, ["data-analysis"]),
        (parse_uri(caller_uri("stranger")), []),
        (parse_uri(reviewer_uri("ann")), ["data-analysis", "payroll"]),
        (GENERATOR, []),
    ],
)
def test_a_caller_that_the_file_does_not_name_has_no_scope(caller: Caller, names: list[str]):
    book = ScopeBook({s.name: s for s in (scope(), scope("payroll"))}, {"team": ["data-*"]})
    assert [s.name for s in book.listed_for(caller)] == names


@pytest.mark.parametrize("whom", ["team", caller_uri("team")])
def test_the_generator_names_its_caller_by_name_or_uri(whom: str):
    assert acting_for(GENERATOR, whom) == TEAM


@pytest.mark.parametrize("whom", [service_uri("executor"), "spiffe://elsewhere/caller/team", "a b"])
def test_the_generator_acts_for_callers_only(whom: str):
    with pytest.raises(ServiceError) as caught:
        acting_for(GENERATOR, whom)
    assert caught.value.reason == "ON_BEHALF_INVALID"
