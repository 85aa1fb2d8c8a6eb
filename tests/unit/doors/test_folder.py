"""The folder whose files an agent may name (docs/doors.md §1.3)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from placet.doors.folder import Folder
from placet.rpc.errors import ServiceError


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    inside = tmp_path / "inside"
    (inside / "below").mkdir(parents=True)
    (tmp_path / "secret").write_text("s")
    (inside / "sales.csv").write_bytes(b"a\n1\n")
    (inside / ".hidden").write_text("h")
    (inside / "below" / "deep.csv").write_text("d")
    (inside / "link.csv").symlink_to(tmp_path / "secret")
    (inside / "linked").symlink_to(tmp_path)
    os.mkfifo(inside / "pipe.csv")
    return Folder(inside)


def test_a_file_that_lies_in_it_is_read(folder: Folder) -> None:
    read = folder.read("sales.csv")

    assert (read.name, read.content) == ("sales.csv", b"a\n1\n")


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "/etc/passwd",
        "below/deep.csv",
        "linked/secret",
        "link.csv",
        "pipe.csv",
        "below",
        ".hidden",
        "..",
        ".",
        "",
        "sales.csv\n",
        "sales.csv\0",
        "missing.csv",
    ],
)
def test_nothing_else_is(folder: Folder, name: str) -> None:
    """A path, a link, a device or a pipe MUST be refused; nobody waits for a pipe."""
    with pytest.raises(ServiceError) as refused:
        folder.read(name)

    assert refused.value.reason == "FILE_UNKNOWN"
    assert "sales.csv" in refused.value.message


def test_only_files_that_can_be_read_are_named(folder: Folder) -> None:
    assert folder.names() == ("sales.csv",)


def test_a_folder_that_went_away_has_no_files(tmp_path: Path) -> None:
    gone = Folder(tmp_path / "gone")

    assert gone.names() == ()
    with pytest.raises(ServiceError, match="FILE_UNKNOWN"):
        gone.read("sales.csv")
