"""The catalogue against the libraries that the sandbox has: nothing that reaches outside is unclassified."""

from __future__ import annotations

import dataclasses
import functools
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from guard_svc.findings import Severity
from guard_svc.intake import read_program
from guard_svc.rules import analyse
from guard_svc.rules.catalogue import Catalogue, load_catalogue
from guard_svc.rules.survey import skeleton
from guard_svc.rules.survey.__main__ import SANDBOX, WALK, plan, run
from guard_svc.rules.survey.check import problems
from guard_svc.rules.survey.harmless import Harmless, read_harmless, table_of
from guard_svc.rules.survey.units import unclassified
from guard_svc.rules.tables import FOLDER
from placet.scope import load_scope

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.timeout(300)


@functools.cache
def survey() -> Mapping[str, Any]:
    """One survey for all tests: it imports every library."""
    return run(SANDBOX, plan(load_catalogue()))


def test_every_public_callable_that_can_reach_outside_is_classified_and_none_is_gone() -> None:
    assert problems(survey(), load_catalogue(), read_harmless()) == []


@pytest.mark.parametrize(
    "library", ["pandas", "numpy", "matplotlib", "seaborn", "scipy", "sklearn", "statsmodels"]
)
def test_the_survey_sees_what_everybody_uses(library: str) -> None:
    known = {
        "pandas": "pandas.read_csv",
        "numpy": "numpy.load",
        "matplotlib": "matplotlib.pyplot.savefig",
        "seaborn": "seaborn.load_dataset",
        "scipy": "scipy.io.loadmat",
        "sklearn": "sklearn.datasets.fetch_openml",
        "statsmodels": "statsmodels.datasets.get_rdataset",
    }
    assert known[library] in survey()[library]["callables"]


def test_each_table_names_the_version_that_was_surveyed() -> None:
    for library, found in survey().items():
        if table_of(library) != "stdlib":
            table = yaml.safe_load((FOLDER / f"{library}.yaml").read_text("utf-8"))
            assert table["surveyed"] == found["version"], f"survey {library} again"


@pytest.mark.parametrize(
    ("library", "removed"),
    [
        ("pandas", "read_csv"),
        ("scipy", "loadmat"),
        ("statsmodels", "load_pickle"),
        ("sklearn", "export_graphviz"),
    ],
)
def test_an_effect_that_is_taken_out_is_missed(library: str, removed: str) -> None:
    catalogue = load_catalogue()
    anywhere = {key: effect for key, effect in catalogue.anywhere.items() if key != (library, removed)}
    found = problems(survey(), dataclasses.replace(catalogue, anywhere=anywhere), read_harmless())
    assert any(f".{removed}(" in problem and "not classified" in problem for problem in found)


def test_a_method_that_is_taken_out_is_missed() -> None:
    catalogue = load_catalogue()
    effects = {name: effect for name, effect in catalogue.effects.items() if name != ".to_csv"}
    found = problems(survey(), dataclasses.replace(catalogue, effects=effects), read_harmless())
    assert any(problem.startswith(".to_csv(path_or_buf)") for problem in found)


def test_an_argument_at_the_wrong_position_is_found() -> None:
    catalogue = load_catalogue()
    wrong = dataclasses.replace(catalogue.anywhere["numpy", "savetxt"].path, position=1)
    effect = dataclasses.replace(catalogue.anywhere["numpy", "savetxt"], path=wrong)
    anywhere = {**catalogue.anywhere, ("numpy", "savetxt"): effect}
    found = problems(survey(), dataclasses.replace(catalogue, anywhere=anywhere), read_harmless())
    assert any("numpy.savetxt: fname is argument 0, not 1" in problem for problem in found)


def test_a_door_that_is_taken_out_is_found() -> None:
    catalogue = load_catalogue()
    found = problems(
        survey(),
        dataclasses.replace(catalogue, doors={**catalogue.doors, "statsmodels": {}}),
        read_harmless(),
    )
    assert any("is the module pandas" in problem for problem in found)


# -- a library of our own, as a team would add one


DOCUMENTED = """
def show(x):
    '''Show.

    Parameters
    ----------
    x : str or file-like
        It.
    '''
"""
NEW = {
    "def read_thing(path): pass": "fakelib.read_thing(path) takes a path,",
    "def pull(url): pass": "fakelib.pull(url) takes a URL,",
    "def parse(formula): pass": "fakelib.parse(formula) takes an expression,",
    "def get(x, allow_pickle=False): pass": "fakelib.get(allow_pickle) has a switch for pickles",
    "def each(x, callback): pass": "fakelib.each(callback) takes a function",
    "def fetch_prices(): pass": "fakelib.fetch_prices() acts by itself,",
    "def cats(): return __import__('os')": "fakelib.cats() acts by itself,",
    "class Thing:\n    def store(self, filename): pass": ".store(filename) takes a path,",
    DOCUMENTED: "fakelib.show(x) takes a path,",
    "import os": "fakelib.os is the module os",
    "from pandas import read_csv": "fakelib.read_csv is pandas.",
}
"""What a library may add, and the sentence that the check must then begin with."""


def survey_of(folder: Path, source: str) -> Mapping[str, Any]:
    (folder / "fakelib.py").write_text(source, "utf-8")
    asked = json.dumps({"fakelib": {"modules": [], "denied": []}})
    done = subprocess.run(
        [SANDBOX, "-P", WALK, asked],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)


def with_fakelib() -> Catalogue:
    catalogue = load_catalogue()
    return dataclasses.replace(catalogue, doors={**catalogue.doors, "fakelib": {}})


@pytest.mark.parametrize("source", NEW)
def test_a_new_version_that_adds_a_way_outside_fails_until_it_is_classified(
    tmp_path: Path, source: str
) -> None:
    found = problems(survey_of(tmp_path, source), with_fakelib(), {})
    assert any(problem.startswith(NEW[source]) for problem in found), found


def test_a_new_version_that_adds_nothing_of_the_kind_passes(tmp_path: Path) -> None:
    found = problems(survey_of(tmp_path, "def mean(values, axis=0): pass"), with_fakelib(), {})
    assert [problem for problem in found if "fakelib" in problem] == []


def test_a_pattern_for_callables_does_not_cover_a_path(tmp_path: Path) -> None:
    broad = {"fakelib": Harmless("fakelib", {}, frozenset({"path", "callback"}), frozenset())}
    found = problems(survey_of(tmp_path, "def read_thing(path, callback): pass"), with_fakelib(), broad)
    assert any(problem.startswith("fakelib.read_thing(path)") for problem in found)
    assert not any("(callback)" in problem and "not classified" in problem for problem in found)


def test_what_is_gone_must_be_removed(tmp_path: Path) -> None:
    old = {"fakelib": Harmless("fakelib", {"fakelib.old(path)": "a column"}, frozenset(), frozenset())}
    found = problems(survey_of(tmp_path, ""), with_fakelib(), old)
    assert "fakelib.old(path) in catalogue/harmless/fakelib.yaml is gone: remove it." in found


def test_skeleton_entries_are_refused_until_somebody_decides(tmp_path: Path) -> None:
    found = survey_of(tmp_path, "def read_thing(path): pass")
    units = unclassified(found, with_fakelib(), {})
    assert list(skeleton.write(units, tmp_path)) == ["fakelib.yaml: fakelib.read_thing(path)"]
    left = problems(found, with_fakelib(), read_harmless(tmp_path))
    assert [problem for problem in left if "fakelib" in problem] == [
        "fakelib.read_thing(path) in catalogue/harmless/fakelib.yaml still says unclassified: decide."
    ]


# -- doors


@functools.cache
def dangerous_doors() -> tuple[str, ...]:
    """Where a library's public module holds a module that can do anything, by the survey."""
    powerful = {
        "os",
        "sys",
        "subprocess",
        "shutil",
        "importlib",
        "pickle",
        "ctypes",
        "socket",
        "tempfile",
        "joblib",
    }
    return tuple(
        name
        for library, found in survey().items()
        if table_of(library) != "stdlib"
        for name, target in found["doors"].items()
        if target in powerful
    )


def test_no_module_of_a_library_lends_out_the_operating_system() -> None:
    scope = load_scope((ROOT / "examples/scopes/data-analysis.yaml").read_bytes())
    assert len(dangerous_doors()) > 20
    for name in dangerous_doors():
        source = f"import {name.rpartition('.')[0]}\n{name}.anything('x')\n"
        findings = analyse(read_program(source.encode()), scope).findings
        assert any(found.severity >= Severity.HIGH for found in findings), source
