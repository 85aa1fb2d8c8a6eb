"""Which scopes a guard loads, and who may name them."""

from pathlib import Path

import pytest

from audit_svc.console.scopes import Scopes
from executor_svc.trust import TrustFiles
from guard_svc.scopes import ScopesInvalid, load_scopes
from placet.local.layout import Layout
from placet.local.prepare import copy_scopes
from placet.rpc.errors import ServiceError
from placet.rpc.identity import Caller, acting_for, caller_uri, parse_uri, reviewer_uri, service_uri
from tests.fakes.actions_world import document
from tests.fakes.guard_world import book, scope

TEAM = parse_uri(caller_uri("team"))
GENERATOR = parse_uri(service_uri("generator"))


def put(directory: Path, name: str, document: bytes) -> None:
    (directory / name).write_bytes(document)


def test_the_newest_version_of_a_name_counts(tmp_path: Path):
    newer = scope().document.replace(b"version: 3", b"version: 4")
    put(tmp_path, "a.yaml", newer)
    put(tmp_path, "b.yaml", scope().document)
    assert load_scopes(tmp_path).editions["data-analysis"].scope.version == 4


@pytest.mark.parametrize("suffix", [".yaml", ".yml"])
def test_guard_executor_console_and_local_stack_read_the_same_files(tmp_path: Path, suffix: str):
    """A scope that one of them knew and another did not would be approved and never run, or the reverse."""
    scopes, keys, layout = tmp_path / "scopes", tmp_path / "keys", Layout(tmp_path / "state")
    scopes.mkdir()
    keys.mkdir()
    layout.scopes.mkdir(parents=True)
    put(scopes, f"a{suffix}", scope().document)
    put(scopes, "b.yaml.old", scope().document + b"# another\n")
    copy_scopes(layout, scopes)
    only = scope().sha256

    assert [one.scope.sha256 for one in load_scopes(scopes).editions.values()] == [only]
    assert set(TrustFiles(keys, scopes).load().scopes.known) == {only}
    assert [one.sha256 for one in Scopes(scopes).all()] == [only]
    assert [one.scope.sha256 for one in load_scopes(layout.scopes).editions.values()] == [only]


def test_a_callers_file_beside_the_scopes_is_none(tmp_path: Path):
    put(tmp_path, "a.yml", scope().document)
    put(tmp_path, "callers.yml", b"team: [data-analysis]\n")
    assert load_scopes(tmp_path, tmp_path / "callers.yml").callers == {"team": ["data-analysis"]}


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(ScopesInvalid, match="gone"):
        load_scopes(tmp_path / "gone")


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
    with pytest.raises(ScopesInvalid, match=r"a\.yaml: line \d+: rules: .*\.outside cannot be audit"):
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
    listed = book(scope(), scope("payroll"), callers={"team": ["data-*"]})
    assert [s.name for s in listed.listed_for(caller)] == names


@pytest.mark.parametrize(
    ("caller", "names"),
    [
        (TEAM, ["data-analysis"]),
        (parse_uri(caller_uri("stranger")), ["payroll"]),
        (GENERATOR, []),
    ],
)
def test_what_the_file_says_of_all_others_is_not_said_of_a_caller_that_it_names(
    caller: Caller, names: list[str]
):
    """And of no service: it asks for somebody."""
    listed = book(scope(), scope("payroll"), callers={"team": ["data-*"], "*": ["payroll"]})
    assert [s.name for s in listed.listed_for(caller)] == names


@pytest.mark.parametrize("whom", ["team", caller_uri("team")])
def test_the_generator_names_its_caller_by_name_or_uri(whom: str):
    assert acting_for(GENERATOR, whom) == TEAM


@pytest.mark.parametrize("whom", [service_uri("executor"), "spiffe://elsewhere/caller/team", "a b"])
def test_the_generator_acts_for_callers_only(whom: str):
    with pytest.raises(ServiceError) as caught:
        acting_for(GENERATOR, whom)
    assert caught.value.reason == "ON_BEHALF_INVALID"


STYLE = b"apiVersion: placet/v1\nkind: Style\nmetadata: {name: house, version: 1}\n"


def pinned(content: bytes, **keys: object) -> bytes:
    scope_keys = {"style": "house.yaml"} | keys
    return document("program", {"house.yaml": content}, **scope_keys)


def test_companions_are_found_by_digest_below_the_directory_whatever_they_are_called(tmp_path: Path):
    """Companions 3: A service MUST find a companion by its digest, and MUST NOT go by its name there."""
    (tmp_path / "files").mkdir()
    put(tmp_path, "reporting.yaml", pinned(STYLE))
    put(tmp_path / "files", "another-name", STYLE)
    put(tmp_path / "files", "house.yaml", STYLE + b"# changed\n")
    assert load_scopes(tmp_path).editions["reporting"].files == {"house.yaml": STYLE}


def test_a_companion_that_is_yaml_is_no_scope(tmp_path: Path):
    put(tmp_path, "reporting.yaml", pinned(STYLE))
    put(tmp_path, "house.yaml", STYLE)
    assert list(load_scopes(tmp_path).editions) == ["reporting"]


@pytest.mark.parametrize("change", [None, STYLE + b"# changed\n"])
def test_a_guard_does_not_start_with_a_scope_whose_companion_is_missing_or_changed(tmp_path: Path, change):
    """Companions 4: such a scope MUST NOT be used by any service: that is an error, never a denial."""
    put(tmp_path, "reporting.yaml", pinned(STYLE))
    if change:
        put(tmp_path, "house", change)
    with pytest.raises(ScopesInvalid, match=r"reporting\.yaml: line \d+: files\.house\.yaml: no file with"):
        load_scopes(tmp_path)


def test_a_style_that_is_none_is_refused_at_start_with_its_file_and_line(tmp_path: Path):
    put(tmp_path, "reporting.yaml", pinned(STYLE + b"colour: red\n"))
    put(tmp_path, "house.yaml", STYLE + b"colour: red\n")
    with pytest.raises(ScopesInvalid, match=r"reporting\.yaml: house\.yaml:4: colour: unknown key"):
        load_scopes(tmp_path)
