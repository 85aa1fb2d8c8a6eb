"""The parts of the sandbox that need no sandbox."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from executor_svc.sandbox import child, hostbox, interpreter, namespaces, seccomp
from executor_svc.sandbox.backend import open_sandbox


def _deep(path: Path, levels: int) -> None:
    here = Path.cwd()
    try:
        os.chdir(path)
        for _ in range(levels):
            Path("d").mkdir()
            os.chdir("d")
        Path("leaf").write_text("x")
    finally:
        os.chdir(here)


def test_a_box_a_thousand_directories_deep_is_measured_as_too_much_and_removed() -> None:
    box = hostbox.create()
    _deep(box / "work", 1500)
    (box / "work" / "d" / "closed").mkdir(mode=0o000)
    handle = os.open(box, os.O_RDONLY)
    try:
        assert hostbox.measure(handle, 100)[1] > 100
    finally:
        os.close(handle)
    hostbox.remove(box)
    assert not box.exists()


def test_a_box_is_measured_in_allocated_bytes_and_entries() -> None:
    box = hostbox.create()
    (box / "work" / "a").write_bytes(bytes(10_000))
    with (box / "work" / "holes").open("wb") as file:
        file.truncate(1 << 40)
    handle = os.open(box, os.O_RDONLY)
    try:
        used, entries = hostbox.measure(handle, 100)
    finally:
        os.close(handle)
    hostbox.remove(box)
    assert 10_000 <= used < 1 << 20
    assert entries == 4


def test_removing_a_box_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    box = hostbox.create()
    (box / "work" / "link").symlink_to(tmp_path)
    hostbox.remove(box)
    assert (tmp_path / "kept").exists()


def test_a_leftover_is_swept_only_when_its_executor_is_dead() -> None:
    mine = hostbox.fresh()
    leftover = mine.with_name(f"{hostbox.PREFIX}999999999-1-x")
    leftover.mkdir()
    hostbox.sweep()
    assert mine.exists()
    assert not leftover.exists()
    hostbox.remove(mine)


def test_the_filter_lets_a_program_signal_itself_only() -> None:
    own = child._own_filter(struct.pack("=HBBI", 0x15, 0, 1, child.PID_PLACEHOLDER) + bytes(8))
    assert struct.unpack_from("=I", own, 4)[0] == os.getpid()
    assert struct.pack("=I", child.PID_PLACEHOLDER) in seccomp.build()
    assert struct.pack("=I", child.PID_PLACEHOLDER) not in child._own_filter(seccomp.build())


def test_the_working_directory_never_hides_the_interpreter() -> None:
    assert namespaces.places(("/usr/lib", "/opt/python/lib")) == ("/work", "/tmp")
    assert namespaces.places(("/work/venv/lib",)) == ("/box/work", "/box/tmp")
    assert namespaces.places(("/workshop/lib",)) == ("/work", "/tmp")


def test_paths_inside_others_are_bound_once(tmp_path: Path) -> None:
    (tmp_path / "lib" / "site").mkdir(parents=True)
    (tmp_path / "library").mkdir()
    paths = [str(tmp_path / name) for name in ("lib/site", "lib", "library", "missing")]
    assert interpreter._outermost(paths) == (str(tmp_path / "lib"), str(tmp_path / "library"))


def test_an_unknown_tier_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="tiers are T0, T1, T2"):
        open_sandbox(Path("/usr/bin/python3"), min_tier="T7")
