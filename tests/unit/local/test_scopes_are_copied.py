"""A new state directory gets the example scopes with what stands beside them."""

from pathlib import Path

from guard_svc.scopes import load_scopes
from placet.local.layout import Layout
from placet.local.prepare import copy_scopes
from tests.fakes.actions_world import OWN, document

STYLE = b"apiVersion: placet/v1\nkind: Style\nmetadata: {name: house, version: 1}\n"
FILES = {"own.py": OWN, "house.yaml": STYLE}


def copied(tmp_path: Path) -> Layout:
    source, layout = tmp_path / "source", Layout(tmp_path / "state")
    (source / "files").mkdir(parents=True)
    layout.scopes.mkdir(parents=True)
    (source / "reporting.yaml").write_bytes(document("actions", FILES, style="house.yaml"))
    (source / "house.yaml").write_bytes(STYLE)
    (source / "files" / "own.py").write_bytes(OWN)
    (source / "files" / "unrelated.py").write_bytes(b"print(1)\n")
    copy_scopes(layout, source)
    return layout


def test_a_scope_is_copied_with_its_companions_and_the_guard_takes_both(tmp_path: Path) -> None:
    layout = copied(tmp_path)
    assert load_scopes(layout.scopes).editions["reporting"].files == FILES


def test_a_companion_is_copied_as_none_and_nothing_else_is(tmp_path: Path) -> None:
    layout = copied(tmp_path)
    assert [path.name for path in layout.scopes.glob("*.yaml")] == ["reporting.yaml"]
    assert sorted(path.name[17:] for path in (layout.scopes / "companions").iterdir()) == sorted(FILES)
