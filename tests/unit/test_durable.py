"""A small file is replaced as a whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from placet.durable import replace_file


def test_the_new_content_stands_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "book.json"
    replace_file(path, "one")
    replace_file(path, "two")

    assert path.read_text() == "two"
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_before_the_end_keeps_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    path = tmp_path / "book.json"
    replace_file(path, "one")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail) if step == "fsync" else patch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="Input/output"):
            replace_file(path, "two")

    assert path.read_text() == "one"
    replace_file(path, "three")
    assert path.read_text() == "three"


def test_content_is_on_the_disk_before_it_has_its_name_and_the_name_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(handle: int) -> None:
        steps.append("directory" if Path(f"/proc/self/fd/{handle}").is_dir() else "content")
        fsync(handle)

    def noted_replace(self: Path, target: Path) -> Path:
        steps.append("name")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    replace_file(tmp_path / "book.json", "one")

    assert steps == ["content", "name", "directory"]
