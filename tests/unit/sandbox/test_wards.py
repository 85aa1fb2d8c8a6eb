"""What stands in for pidfds, siblings and openat2 inside gVisor; it works on Linux as well."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor_svc.sandbox import forkserver, hostbox, kernel
from executor_svc.sandbox.cell import Cell
from executor_svc.sandbox.process import Ward
from executor_svc.sandbox.types import SandboxUnavailable
from executor_svc.sandbox.wards import Wards

Zygote = tuple[int, socket.socket]


def _serve(link: socket.socket) -> None:
    """A zygote whose children do what the order says."""
    ours = Wards()

    def fork(order: object, _handles: list[int]) -> int:
        assert isinstance(order, dict)
        pid = kernel.fork(0)
        if pid == 0:
            ours.forget()
            os.closerange(3, 64)
            if "code" in order:
                os._exit(order["code"])
            while True:
                signal.pause()
        return pid

    ours.serve(link, fork)


@pytest.fixture
def zygote() -> Iterator[Zygote]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        ours.close()
        try:
            _serve(theirs)
        finally:
            os._exit(0)
    theirs.close()
    yield pid, ours
    ours.close()
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        return  # the test has waited for it


def _fork(zygote: Zygote, order: str) -> Ward:
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        socket.send_fds(zygote[1], [order.encode()], [theirs.fileno()])
    pid = int(zygote[1].recv(100).partition(b": ")[2].rstrip(b"}"))
    return Ward(pid, mine)


def _gone(pid: int) -> bool:
    """Whether it is no more than a zombie, soon."""
    for _ in range(200):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False


async def test_a_ward_tells_how_it_ended_and_what_it_used(zygote: Zygote) -> None:
    ward = _fork(zygote, '{"code": 7}')
    status, usage = await ward.ended()
    assert os.waitstatus_to_exitcode(status) == 7
    assert usage.ru_maxrss > 0
    assert ward.dead()
    ward.bury()
    ward.bury()


async def test_a_ward_dies_when_it_is_told_to_and_no_other_does(zygote: Zygote) -> None:
    other, ward = _fork(zygote, "{}"), _fork(zygote, "{}")
    assert not ward.dead()
    ward.kill()
    ward.kill()
    status, _ = await ward.ended()
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert not other.dead(50)
    other.kill()
    other.bury()
    ward.bury()
    ward.kill()  # of what is buried: nothing


def test_a_ward_dies_when_nobody_holds_its_socket_any_more(zygote: Zygote) -> None:
    ward = _fork(zygote, "{}")
    ward._close()
    assert _gone(ward.pid)


async def test_nothing_is_known_of_a_ward_whose_zygote_is_gone(zygote: Zygote) -> None:
    ward = _fork(zygote, "{}")
    os.kill(zygote[0], signal.SIGKILL)
    with pytest.raises(SandboxUnavailable, match="nothing is known about the program"):
        await ward.ended()
    ward.bury()
    os.kill(ward.pid, signal.SIGKILL)  # inside gVisor it would have died with its parent


def test_a_zygote_that_is_hung_up_on_stays_until_its_last_child_is_dead(zygote: Zygote) -> None:
    ward = _fork(zygote, "{}")
    zygote[1].shutdown(socket.SHUT_WR)
    assert os.waitpid(zygote[0], os.WNOHANG) == (0, 0)
    ward.kill()
    ward.bury()
    assert os.waitpid(zygote[0], 0)[1] == 0


def test_the_thread_id_that_the_c_library_keeps_is_found_without_the_kernels_help() -> None:
    address = kernel._thread_id_before_list()
    assert address == kernel._thread_id_address() != 0
    found = []
    thread = threading.Thread(target=lambda: found.append(kernel._thread_id_before_list()))
    thread.start()
    thread.join()
    assert found[0] not in (0, address)


@pytest.fixture
def without_openat2(monkeypatch: pytest.MonkeyPatch) -> None:
    real = kernel.syscall

    def syscall(number: int, *arguments: object) -> int:
        if number == kernel._SYS_OPENAT2:
            raise OSError(errno.ENOSYS, "played")
        return real(number, *arguments)

    monkeypatch.setattr(kernel, "syscall", syscall)


@pytest.mark.usefixtures("without_openat2")
def test_without_openat2_no_step_follows_a_link_or_goes_up(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "file").write_text("mine")
    (tmp_path / "out").write_text("not mine")
    (tmp_path / "in" / "link").symlink_to("../out")
    (tmp_path / "in" / "around").symlink_to("deep")
    directory = os.open(tmp_path / "in", os.O_RDONLY)
    try:
        with os.fdopen(kernel.open_beneath(directory, "deep/file", os.O_RDONLY)) as file:
            assert file.read() == "mine"
        os.close(kernel.open_beneath(directory, ".", os.O_RDONLY | os.O_DIRECTORY))
        for path in ("link", "around/file", "../out", "deep/../../out", str(tmp_path / "out"), "deep/file/x"):
            with pytest.raises(OSError):
                os.close(kernel.open_beneath(directory, path, os.O_RDONLY))
    finally:
        os.close(directory)


def test_a_directory_that_cannot_be_read_counts_as_too_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a program could hide any number of files in one."""
    box = hostbox.create()
    handle = os.open(box, os.O_RDONLY)
    try:
        assert hostbox.measure(handle, 100)[1] == 2
        real = kernel.open_beneath

        def closed(directory: int, path: str, flags: int) -> int:
            if path.endswith("/work"):
                raise PermissionError(errno.EACCES, path)
            return real(directory, path, flags)

        monkeypatch.setattr(kernel, "open_beneath", closed)
        assert hostbox.measure(handle, 100)[1] == 101
    finally:
        os.close(handle)
        hostbox.remove(box)


def test_only_a_cell_inside_gvisor_has_a_disk_that_may_be_too_small() -> None:
    assert not Cell("T2", 1 << 20, 10).fits(2 << 20, 10)
    assert Cell("T2", 2 << 20, 10).fits(1 << 20, 99)
    assert Cell("T1", 1 << 20, 10).fits(2 << 20, 10)


async def test_a_retired_zygote_forks_no_more() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = await asyncio.to_thread(_sleeper)
    server = forkserver.ForkServer(process, ours)
    assert server.alive()
    server.retire()
    assert not server.alive()
    assert not server.ended()
    assert theirs.recv(10) == b""
    process.kill()
    process.wait()
    assert server.ended()
    theirs.close()


def _sleeper() -> forkserver.subprocess.Popen[bytes]:
    return forkserver.subprocess.Popen(["sleep", "60"])
