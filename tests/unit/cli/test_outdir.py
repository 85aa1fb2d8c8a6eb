"""Artifacts stay in the directory that was named, whatever they are called and whatever lies there."""

from __future__ import annotations

from pathlib import Path

import pytest

from placet.answers import Artifact, sha256_hex
from placet.cli.outdir import check_usable, save, whole_file, write_whole
from placet.rpc.errors import ServiceError


def artifact(name: str, content: bytes = b"new") -> Artifact:
    return Artifact(name, sha256_hex(content), len(content), "text/plain", content)


def test_an_artifact_lies_where_the_answer_says(tmp_path: Path) -> None:
    """Absolute path, whole content, nothing else in the directory."""
    paths = save([artifact("figure.png")], tmp_path / "out")

    assert paths == {"figure.png": tmp_path / "out" / "figure.png"}
    assert paths["figure.png"].read_bytes() == b"new"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["figure.png"]


def test_no_artifact_makes_no_directory(tmp_path: Path) -> None:
    """A run without files leaves nothing."""
    assert save([], tmp_path / "out") == {}
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/x", "a/b", "..", ".", "", ".bashrc", "a\nb", "a\x1b[2Jb", "a\0b", "x" * 256, "a\u202eb"],
)
def test_a_name_that_is_not_plain_is_refused(tmp_path: Path, name: str) -> None:
    """And with it everything that came along."""
    out = tmp_path / "out"
    with pytest.raises(ServiceError) as refused:
        save([artifact("good.txt"), artifact(name)], out)

    assert refused.value.reason == "ARTIFACT_NAME_UNSAFE"
    assert not out.exists()


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """Its target keeps its content."""
    victim, out = tmp_path / "victim", tmp_path / "out"
    victim.write_bytes(b"precious")
    out.mkdir()
    (out / "figure.png").symlink_to(victim)
    save([artifact("figure.png")], out)

    assert victim.read_bytes() == b"precious"
    assert not (out / "figure.png").is_symlink()
    assert (out / "figure.png").read_bytes() == b"new"


def test_a_directory_in_the_way_is_an_error_that_leaves_no_scratch(tmp_path: Path) -> None:
    """OUT_UNWRITABLE."""
    (tmp_path / "figure.png").mkdir()
    with pytest.raises(ServiceError) as refused:
        save([artifact("figure.png")], tmp_path)

    assert refused.value.reason == "OUT_UNWRITABLE"
    assert [path.name for path in tmp_path.iterdir()] == ["figure.png"]


def test_a_file_in_place_of_the_directory_is_an_error(tmp_path: Path) -> None:
    """OUT_UNWRITABLE, and the file stays."""
    (tmp_path / "out").write_bytes(b"mine")
    with pytest.raises(ServiceError) as refused:
        save([artifact("figure.png")], tmp_path / "out")

    assert refused.value.reason == "OUT_UNWRITABLE"
    assert (tmp_path / "out").read_bytes() == b"mine"


def test_an_approval_file_is_private_and_replaces_a_link(tmp_path: Path) -> None:
    """Mode 0600; the link's target is untouched."""
    victim, path = tmp_path / "victim", tmp_path / "a.approval"
    victim.write_bytes(b"precious")
    path.symlink_to(victim)
    write_whole(path, b"{}")

    assert victim.read_bytes() == b"precious"
    assert path.read_bytes() == b"{}"
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_out_that_is_a_file_is_found_before_the_run(tmp_path: Path) -> None:
    """Not after it, when its artifacts would be lost."""
    (tmp_path / "out").write_bytes(b"mine")
    check_usable(tmp_path / "new")
    with pytest.raises(ServiceError) as refused:
        check_usable(tmp_path / "out")

    assert refused.value.reason == "OUT_UNWRITABLE"


def test_half_a_file_is_no_file(tmp_path: Path) -> None:
    """A writer that fails leaves what was there, and no scratch."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"old")

    def fail() -> None:
        with whole_file(path) as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("log.jsonl", b"old")]
