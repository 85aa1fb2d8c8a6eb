"""Control groups: where they are made on v1, on v2 and nowhere, what they say, and that none is left behind.

This kernel's own hierarchies are used where there are such; what they lack is played by a directory tree with
the kernel's file names and values.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor_svc.sandbox import SandboxUnavailable, cgroup
from tests.conformance.sandbox_kit import LIMITS, opened, run

MIB = 1 << 20
ME = str(os.getpid())
MARK = f"placet-{cgroup.process_mark(os.getpid())}"


class Tree:
    """A cgroup2 mount as a directory, in which a new directory gets the kernel's files."""

    def __init__(
        self,
        root: Path,
        available: str = "cpu io memory pids",
        crowded: bool = False,
        real_time: bool = False,
    ) -> None:
        self._real_time = real_time
        self.own = root / "cgroup" / "placet.service"
        self.proc = root / "proc"
        self.own.mkdir(parents=True)
        self.proc.mkdir()
        self._crowded = crowded
        for name, text in (
            ("cgroup.controllers", available),
            ("cgroup.subtree_control", ""),
            ("cgroup.procs", ME),
        ):
            (self.own / name).write_text(text)
        (self.proc / "cgroup").write_text("0::/placet.service\n")
        (self.proc / "mountinfo").write_text(
            f"26 20 0:24 / {root / 'cgroup'} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
            "27 20 0:25 / /sys/fs/bpf rw shared:5 - bpf bpf rw\n"
        )

    def made(self, group: Path) -> None:
        """What the kernel puts into a new group."""
        files = {"cgroup.procs": "", "cgroup.kill": "", "cgroup.controllers": ""}
        given = (self.own / "cgroup.subtree_control").read_text()
        if "+memory" in given:
            events = "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n"
            files |= {
                "memory.max": "max",
                "memory.swap.max": "max",
                "memory.events": events,
                "memory.peak": "0",
            }
            files |= {"memory.oom.group": "0"}
        if "+pids" in given:
            files |= {"pids.max": "max", "pids.peak": "0"}
        if "+cpu" in given:
            files |= {"cpu.weight": "100"}
        for name, text in files.items():
            (group / name).write_text(text)

    def write(self, path: Path, text: str) -> None:
        """As the kernel takes it: it knows processes, and gives children nothing while there are some."""
        if path == self.own / "cgroup.subtree_control" and self._crowded:
            raise OSError(16, "Device or resource busy")
        if not path.exists():
            raise PermissionError(13, "Permission denied", str(path))
        if path == self.own / "cgroup.subtree_control":
            if text == "+cpu" and self._real_time:
                raise OSError(22, "Invalid argument")
            text = f"{path.read_text()} {text}".strip()
        path.write_text(text)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Tree:
    made = Tree(tmp_path, **getattr(request, "param", {}))
    mkdir, rmdir = Path.mkdir, Path.rmdir

    def bring_files(path: Path, *args: object, **more: object) -> None:
        mkdir(path, *args, **more)  # type: ignore[arg-type]
        if path.is_relative_to(made.own):
            made.made(path)

    def take_files(path: Path) -> None:
        for file in path.iterdir():
            file.unlink()
        rmdir(path)

    monkeypatch.setattr(Path, "mkdir", bring_files)
    monkeypatch.setattr(Path, "rmdir", take_files)
    monkeypatch.setattr(cgroup, "_write", made.write)
    monkeypatch.setattr(cgroup, "hierarchy", lambda: cgroup.find(made.proc))
    return made


def _group(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> tuple[cgroup.RunGroup, Path]:
    where = cgroup.find(tree.proc)
    monkeypatch.setattr(cgroup, "hierarchy", lambda: where)
    group = cgroup.create()
    assert group is not None
    return group, next(path for path in tree.own.glob("placet-*") if not path.name.endswith("-executor"))


def test_a_delegated_group_is_divided_after_we_have_left_it(tree: Tree) -> None:
    where = cgroup.find(tree.proc)
    assert where == cgroup.Hierarchy(2, tree.own, tree.own, tree.own)
    assert (tree.own / f"{MARK}-executor" / "cgroup.procs").read_text() == ME
    assert (tree.own / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"


@pytest.mark.parametrize("tree", [{"available": "cpu memory"}], indirect=True)
def test_without_a_count_of_threads_memory_is_bounded_all_the_same(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    group, path = _group(tree, monkeypatch)
    group.attach(41)
    assert group.most_threads() is None
    assert (tree.own / "cgroup.subtree_control").read_text() == "+memory +cpu"
    assert (path / "cgroup.procs").read_text() == "41"


@pytest.mark.parametrize("tree", [{"crowded": True}], indirect=True)
def test_a_group_that_others_are_in_stays_as_it_was(tree: Tree) -> None:
    assert cgroup.find(tree.proc) is None
    assert (tree.own / "cgroup.procs").read_text() == ME
    assert not list(tree.own.glob("placet-*"))
    assert cgroup.create() is None


@pytest.mark.parametrize("tree", [{"available": "cpu hugetlb"}], indirect=True)
def test_a_group_without_memory_is_none(tree: Tree) -> None:
    assert cgroup.find(tree.proc) is None
    assert not list(tree.own.glob("placet-*"))


def test_a_group_of_the_second_version_is_bounded_whole_and_without_swap(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    group, path = _group(tree, monkeypatch)
    group.limit(300 * MIB)
    group.kill()
    written = {
        name: (path / name).read_text() for name in ("memory.max", "memory.swap.max", "memory.oom.group")
    }
    assert written == {"memory.max": str(300 * MIB), "memory.swap.max": "0", "memory.oom.group": "1"}
    assert (path / "pids.max").read_text() == "96"
    assert (path / "cgroup.kill").read_text() == "1"
    assert group.version == 2
    group.remove()
    assert not path.exists()


def test_a_run_has_less_of_the_processors_than_services_and_still_less_when_it_computes(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    group, path = _group(tree, monkeypatch)
    assert (path / "cpu.weight").read_text() == "33"
    group.step_back()
    assert (path / "cpu.weight").read_text() == "7"


@pytest.mark.parametrize("tree", [{"available": "memory pids"}, {"real_time": True}], indirect=True)
def test_where_processors_cannot_be_shared_out_nothing_is_tried(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    group, path = _group(tree, monkeypatch)
    group.step_back()
    group.limit(300 * MIB)
    assert not (path / "cpu.weight").exists()
    assert (path / "memory.max").read_text() == str(300 * MIB)


@pytest.mark.parametrize(
    ("events", "out_of_memory", "starved"),
    [
        ("low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n", False, False),
        ("low 0\nhigh 0\nmax 31\noom 0\noom_kill 0\noom_group_kill 0\n", False, False),
        ("low 0\nhigh 0\nmax 43\noom 1\noom_kill 1\noom_group_kill 1\n", True, False),
        ("low 0\nhigh 0\nmax 0\noom 0\noom_kill 1\noom_group_kill 0\n", False, True),
    ],
)
def test_events_tell_whose_memory_ran_out(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, events: str, out_of_memory: bool, starved: bool
) -> None:
    group, path = _group(tree, monkeypatch)
    (path / "memory.events").write_text(events)
    (path / "memory.peak").write_text("12345678\n")
    (path / "pids.peak").write_text("7\n")
    assert (group.out_of_memory(), group.starved()) == (out_of_memory, starved)
    assert (group.peak(), group.most_threads()) == (12345678, 7)


def test_a_kernel_that_counts_nothing_says_nothing(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """memory.peak came with 5.19, pids.peak with 6.1."""
    group, path = _group(tree, monkeypatch)
    for name in ("memory.peak", "pids.peak"):
        (path / name).unlink()
    assert (group.peak(), group.most_threads()) == (None, None)


def test_a_dead_executors_groups_are_swept_and_a_living_ones_are_not(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, path = _group(tree, monkeypatch)
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    living = tree.own / f"placet-{cgroup.process_mark(other.pid)}-0"
    dead = tree.own / "placet-4194999-77-3"
    foreign = tree.own / "payload-1-2"
    for directory in (living, dead, foreign):
        directory.mkdir()
    cgroup.sweep(ours=False)
    assert (living.exists(), dead.exists(), foreign.exists(), path.exists()) == (True, False, True, True)
    cgroup.sweep(ours=True)
    assert (living.exists(), foreign.exists(), path.exists()) == (True, True, False)
    other.communicate()
    cgroup.sweep(ours=False)
    assert not living.exists()


V1 = """\
31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
35 31 0:32 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory
36 31 0:33 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
39 31 0:36 {root} /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""


@pytest.mark.parametrize(
    ("root", "groups", "expected"),
    [
        (
            "/",
            "8:pids:/a/b\n4:memory:/c\n1:cpu,cpuacct:/\n0::/u\n",
            cgroup.Hierarchy(
                1,
                Path("/sys/fs/cgroup/memory/c"),
                Path("/sys/fs/cgroup/pids/a/b"),
                Path("/sys/fs/cgroup/cpu,cpuacct"),
            ),
        ),
        (
            "/docker/7f",
            "8:pids:/docker/7f\n4:memory:/\n",
            cgroup.Hierarchy(1, Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup/pids")),
        ),
        (
            "/docker/7f",
            "8:pids:/elsewhere\n4:memory:/c\n",
            cgroup.Hierarchy(1, Path("/sys/fs/cgroup/memory/c"), None),
        ),
        ("/", "4:memory:/../outside\n", None),
        ("/", "8:pids:/\n1:cpu,cpuacct:/\n", None),
        ("/", "", None),
    ],
)
def test_the_first_version_is_found_where_it_is_mounted(
    tmp_path: Path, root: str, groups: str, expected: cgroup.Hierarchy | None
) -> None:
    (tmp_path / "mountinfo").write_text(V1.format(root=root))
    (tmp_path / "cgroup").write_text(groups)
    assert cgroup.find(tmp_path) == expected


def test_no_file_of_a_group_is_ever_made_by_us(tmp_path: Path) -> None:
    """A wrong path must not look like a bound that was set."""
    with pytest.raises(FileNotFoundError):
        cgroup.RunGroup(2, tmp_path, None).limit(MIB)
    with pytest.raises(FileNotFoundError):
        cgroup.RunGroup(1, tmp_path, tmp_path).attach(1)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def unified() -> Iterator[Path]:
    """A real group of the second version; here it may have no memory controller."""
    points = [
        line.split()[4]
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
        if " - cgroup2 " in line
    ]
    if not points or os.geteuid() != 0:
        pytest.skip("no cgroup2 to write to")
    directory = Path(points[0]) / f"{MARK}-test"
    try:
        directory.mkdir()
    except OSError:
        pytest.skip("no cgroup2 to write to")
    yield directory
    if directory.exists():
        directory.rmdir()


def test_the_kernel_kills_and_removes_a_group_of_the_second_version(unified: Path) -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    group = cgroup.RunGroup(2, unified, None)
    group.attach(sleeper.pid)
    assert (unified / "cgroup.procs").read_text().split() == [str(sleeper.pid)]
    group.kill()
    assert sleeper.wait(10) == -signal.SIGKILL
    group.remove()
    assert not unified.exists()


@pytest.fixture
def narrow() -> Iterator[cgroup.Hierarchy]:
    """A place for groups that has itself less memory than a run may have."""
    where = cgroup.hierarchy()
    if where is None or os.geteuid() != 0:
        pytest.skip("no control group can be made here")
    inner = where.memory / f"{MARK}-narrow"
    try:
        inner.mkdir()
    except OSError:
        pytest.skip("no control group can be made here")
    if where.version == 2:
        (inner / "cgroup.subtree_control").write_text("+memory")
    (inner / ("memory.max" if where.version == 2 else "memory.limit_in_bytes")).write_text(str(64 * MIB))
    yield dataclasses.replace(where, memory=inner, pids=None, cpu=None)
    inner.rmdir()


async def test_the_kernel_tells_the_machines_lack_of_memory_from_the_runs(
    narrow: cgroup.Hierarchy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroup, "hierarchy", lambda: narrow)
    taking = "import mmap\nx = mmap.mmap(-1, 1 << 27)\nfor i in range(0, 1 << 27, 4096): x[i] = 1"
    async with opened("T1", preload=()) as sandbox:
        with pytest.raises(SandboxUnavailable, match="ran out of memory"):
            await run(sandbox, taking, limits=dataclasses.replace(LIMITS, memory_mib=512))
        ran = await run(sandbox, taking, limits=dataclasses.replace(LIMITS, memory_mib=16, artifact_mib=1))
    assert ran.status == "MEMORY_EXCEEDED"
