"""The zygote: a clean interpreter with a set of libraries loaded, which forks a program process per request.

Stays single threaded, sees no program, no input and no secret, and dies with the executor. Runs in the
sandbox interpreter (launch.py). Standard library only.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import socket
import sys
import warnings
from dataclasses import replace

from executor_svc.sandbox import child, forking, kernel, namespaces, program, wards


def _load_libraries(names: list[str]) -> list[str]:
    """Import what programs will use; what is not installed is left out. Returns what was loaded."""
    loaded = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            try:
                importlib.import_module(name)
            except ImportError:
                continue
            loaded.append(name)
        if "matplotlib.pyplot" in loaded:
            _warm_fonts()
    return loaded


def _warm_fonts() -> None:
    import io

    pyplot = importlib.import_module("matplotlib.pyplot")
    figure, axes = pyplot.subplots()
    axes.set_title("warm")
    figure.savefig(io.BytesIO(), format="png")
    pyplot.close("all")
    # Which fonts there are stays known. Those that are open would be open files that a child does not keep.
    importlib.import_module("matplotlib.font_manager")._get_font.cache_clear()


def _prepare_builtins() -> None:
    import site

    site.setquit()
    site.setcopyright()
    site.sethelper()


def _threads() -> int:
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        return next(int(line.split()[1]) for line in status if line.startswith("Threads:"))


def main(link: socket.socket) -> None:
    """Load, report, then fork until the executor hangs up."""
    message, handles, _, _ = socket.recv_fds(link, 1 << 18, 1)
    settings = json.loads(message)
    if not forking.begin(settings["parent"]):
        return
    if handles and os.geteuid() != 0:  # the steward's user namespace gives the right to enter its cells'
        kernel.setns(handles[0], kernel.CLONE_NEWUSER)
        kernel.die_with_parent()
    for handle in handles:
        os.close(handle)
    sys.path[:] = settings["path"]
    _prepare_builtins()
    loaded = _load_libraries(settings["preload"])
    # Only now: what is preloaded would find these otherwise, and load them for every program.
    sys.path.extend(settings["late"])
    loaded += _load_libraries(settings["preload_late"])
    if _threads() != 1:
        link.send(
            b'{"failed": "a preloaded library starts threads, so that the interpreter cannot be forked"}'
        )
        return
    readable = tuple(settings["readable"])
    if handles or settings["gvisor"]:
        os.environ.update(program.places(*namespaces.places(readable)))
    if not handles:
        program.leave_modes()
    program.prepare()
    forking.settle()
    seccomp = base64.b64decode(settings["seccomp"])
    arming = child.Arming(readable, seccomp, settings["parent"], child.memory_bytes("VmData"))
    if settings["gvisor"]:
        _serve_inside_gvisor(link, loaded, arming)
        return

    def fork(order: forking.Order, handles: list[int]) -> int:
        channels = child.Channels(*handles)
        if channels.keeper >= 0:  # for the next child; nothing else is forked here, so there is no way back
            kernel.setns(channels.keeper, kernel.CLONE_NEWPID)
        pid = kernel.fork_sibling()
        if pid == 0:
            child.become_program(arming, channels, str(order["box"]), 0)
        return pid

    link.send(json.dumps({"loaded": loaded}).encode())
    forking.serve(link, fork)


def _serve_inside_gvisor(link: socket.socket, loaded: list[str], arming: child.Arming) -> None:
    """The same for a cell that enters its namespaces by itself, and whose parent we are."""
    arming = replace(arming, parent=os.getpid(), address_bytes=child.memory_bytes("VmSize"))
    executor = os.getppid()
    try:
        proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        namespaces.enter_template(arming.readable, gvisor=True)
    except OSError as error:
        link.send(json.dumps({"failed": f"this gVisor has no namespaces for us: {error}"}).encode())
        return
    if not forking.begin(executor):  # a change of identity has undone it
        return
    ours = wards.Wards()

    def fork(order: forking.Order, handles: list[int]) -> int:
        pid = kernel.fork(kernel.CLONE_NEWPID)
        if pid == 0:
            ours.forget()
            order_end, stdout, stderr, note, _ = handles
            channels = child.Channels(order_end, stdout, stderr, note, proc=proc)
            child.become_program(arming, channels, "", int(str(order["size"])))
        return pid

    link.send(json.dumps({"loaded": loaded}).encode())
    ours.serve(link, fork)
