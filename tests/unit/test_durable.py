"""A small file is replaced as a whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from placet.durable import exchange_file, replace_file


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


def test_what_is_replaced_often_has_one_file_beside_it_that_holds_the_content_before(tmp_path: Path) -> None:
    path, beside = tmp_path / "checkpoint", tmp_path / ".checkpoint.new"
    for content in ("a first one, rather long", "two", "a third one"):
        exchange_file(path, content, beside)
        assert path.read_text() == content

    assert sorted(tmp_path.iterdir()) == [beside, path]
    assert beside.read_text() == "two"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_a_file_that_somebody_else_put_there_is_replaced(tmp_path: Path) -> None:
    """An operator brings the checkpoint file back as root; the service is not root."""
    path, beside = tmp_path / "checkpoint", tmp_path / ".checkpoint.new"
    tmp_path.chmod(0o777)
    path.write_text("restored")
    place = os.open(tmp_path, os.O_RDONLY)  # what lies above it may be closed to others

    if (child := os.fork()) == 0:
        code = 1
        try:
            os.fchdir(place)
            os.setresuid(65534, 65534, 65534)
            for content in ("one", "two", "three"):  # the second time, it is the file beside
                exchange_file(Path(path.name), content, Path(beside.name))
            code = 0
        finally:
            os._exit(code)

    assert os.waitpid(child, 0)[1] == 0
    assert path.read_text() == "three"
