"""The catalogue's files: a closed schema, and how names find their effect."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
import yaml

from guard_svc.rules.catalogue import KINDS, Argument, load_catalogue
from guard_svc.rules.survey.harmless import read_harmless
from guard_svc.rules.tables import FOLDER, read_catalogue

ROOT = Path(__file__).resolve().parents[3]
DOCS = (ROOT / "docs/catalogue.md").read_text("utf-8")


def folder_with(tmp_path: Path, text: str, name: str = "ourlib.yaml") -> Path:
    shutil.copy(FOLDER / "modules.yaml", tmp_path / "modules.yaml")
    (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("library: ourlib\neffects: {}\ncolour: red\n", "unknown keys"),
        ("effects: {}\n", "missing"),
        ("- a list\n", "must be a mapping"),
        ("library: [\n", "cannot be read as YAML"),
        ("library: ourlib\neffects: {ourlib.x: {effect: explode}}\n", "there is no effect 'explode'"),
        ("library: ourlib\neffects: {ourlib.x: {path: [0, p]}}\n", "`effect`"),
        ("library: ourlib\neffects: {ourlib.x: {effect: read, paht: [0, p]}}\n", "any of"),
        ("library: ourlib\neffects: {ourlib.x: {effect: read, path: 0}}\n", "[position or null"),
        ("library: ourlib\neffects: {ourlib.x: {effect: read, path: [true, p]}}\n", "[position or null"),
        ("library: ourlib\neffects: {ourlib.x: {effect: read, optional: maybe}}\n", "must be a bool"),
        ("library: ourlib\neffects: {'ourlib x': {effect: read}}\n", "write a.b, .method"),
        ("library: ourlib\ndoors: {np: 3}\neffects: {}\n", "the module it stands for"),
        ("library: ourlib\nsettings: {a.b: {effect: explode}}\neffects: {}\n", "there is no effect"),
    ],
)
def test_a_file_that_breaks_the_schema_is_refused_with_its_place(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(ValueError, match=r"ourlib\.yaml") as caught:
        read_catalogue(folder_with(tmp_path, text))
    assert said in str(caught.value)


def test_a_name_in_two_files_is_refused(tmp_path: Path) -> None:
    entry = "effects: {a.b: {effect: read}}\n"
    folder_with(tmp_path, f"library: one\n{entry}", "one.yaml")
    with pytest.raises(ValueError, match="keep one entry"):
        read_catalogue(folder_with(tmp_path, f"library: two\n{entry}", "two.yaml"))


def test_the_example_of_the_documentation_is_a_valid_file(tmp_path: Path) -> None:
    example = DOCS.partition("```yaml\n")[2].partition("```")[0]
    catalogue = read_catalogue(folder_with(tmp_path, example))
    found = catalogue.effect("pandas.read_csv")
    assert found is not None
    assert found.path == Argument(0, "filepath_or_buffer")


def test_the_documentation_names_every_kind_of_effect() -> None:
    assert [kind for kind in sorted(KINDS) if f"`{kind}`" not in DOCS] == []


def test_loading_takes_milliseconds() -> None:
    best = min(_timed() for _ in range(3))
    assert best < 0.2  # about 0.02 s on two busy cores; a slow loader would be ten times that


def _timed() -> float:
    start = time.perf_counter()
    read_catalogue()
    return time.perf_counter() - start


def test_harmless_tables_follow_their_schema(tmp_path: Path) -> None:
    assert set(read_harmless()) >= {"pandas", "numpy", "stdlib"}
    (tmp_path / "x.yaml").write_text("library: x\nharmless: {because: [no_parameter]}\n", "utf-8")
    with pytest.raises(ValueError, match=r"name\(parameter\)"):
        read_harmless(tmp_path)
    (tmp_path / "x.yaml").write_text("library: x\nharmless: {one: [f(a)], two: [f(a)]}\n", "utf-8")
    with pytest.raises(ValueError, match="twice"):
        read_harmless(tmp_path)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pandas.read_csv", "read"),
        ("statsmodels.api.datasets.get_rdataset", "download"),  # by the library, wherever it is re-exported
        ("socket.create_connection", "network"),  # by prefix
        ("statsmodels.tools.tools.np.load", "read"),  # through a door
        ("statsmodels.tools.tools.pd.read_pickle", "unpickle"),
        ("statsmodels.api.OLS().fit().load", "unpickle"),  # a method of a library's result
        ("pandas.DataFrame.to_csv", "write"),  # called on its class
        ("tarfile.open().add", "read"),
        ("os.path.join", "none"),
        (".to_csv", "write"),
    ],
)
def test_a_name_finds_its_effect(name: str, kind: str) -> None:
    found = load_catalogue().effect(name)
    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize("name", ["pandas.DataFrame", "numpy.mean", ".mean", "set().add"])
def test_a_harmless_name_has_none(name: str) -> None:
    assert load_catalogue().effect(name) is None


def test_a_method_called_on_its_class_takes_its_arguments_one_further_right() -> None:
    bound, unbound = load_catalogue().effect(".to_csv"), load_catalogue().effect("pandas.DataFrame.to_csv")
    assert bound is not None
    assert unbound is not None
    assert (bound.path.position, unbound.path.position) == (0, 1)


def test_doors_to_the_data_stack_are_open_and_all_others_denied() -> None:
    catalogue = load_catalogue()
    assert catalogue.resolve("scipy.cluster.vq.np.mean") == "numpy.mean"
    assert not catalogue.is_denied("matplotlib.pyplot.np.linspace")
    assert catalogue.is_denied("matplotlib.animation.subprocess.run")
    assert catalogue.is_denied("sklearn.pipeline.np.ctypeslib")


def test_every_table_has_a_line_that_says_what_it_is() -> None:
    for path in (*FOLDER.glob("*.yaml"), *(FOLDER / "harmless").glob("*.yaml")):
        assert path.read_text("utf-8").startswith("# "), path
        assert yaml.safe_load(path.read_text("utf-8"))
