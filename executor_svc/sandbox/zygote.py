"""The zygote: a clean interpreter with the data libraries loaded, which forks one child per request.

Started by path with the sandbox interpreter, isolated and without site. It stays single threaded, sees no
program, no input and no secret, and dies with the executor. Standard library only, and nothing of the
executor's packages: the sibling modules are loaded by path.
"""

from __future__ import annotations

import base64
import gc
import importlib
import json
import os
import signal
import socket
import sys
import types
import warnings


def _find_siblings() -> None:
    """Make our sibling modules importable under their usual names without running any package's code."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - no pathlib before it is needed
    for name, path in (("executor_svc", os.path.dirname(here)), ("executor_svc.sandbox", here)):  # noqa: PTH120
        package = types.ModuleType(name)
        package.__path__ = [path]
        sys.modules[name] = package


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


def _reap(_number: int, _frame: object) -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
    except ChildProcessError:
        return


def _prepare_builtins() -> None:
    import site

    site.setquit()
    site.setcopyright()
    site.sethelper()


def _serve(link: socket.socket, settings: dict[str, str]) -> None:
    from executor_svc.sandbox import child

    seccomp = base64.b64decode(settings["seccomp"])
    signal.signal(signal.SIGCHLD, _reap)
    while True:
        message, handles, _, _ = socket.recv_fds(link, 1 << 16, 4)
        if not message:
            return
        order = json.loads(message)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            link.close()
            arming = child.Arming(
                order["tier"],
                tuple(settings["readable"]),
                seccomp,
                order["box"],
                order["size"],
                order["inodes"],
            )
            child.keep(arming, child.Channels(*handles))
        for handle in handles:
            os.close(handle)


def main() -> None:
    """Load, report, then fork until the executor hangs up."""
    link = socket.socket(fileno=int(sys.argv[1]))
    settings = json.loads(link.recv(1 << 18))
    _find_siblings()
    from executor_svc.sandbox import kernel

    kernel.die_with_parent()
    if os.getppid() != settings["parent"]:
        return
    sys.path[:] = settings["path"]
    importlib.import_module("executor_svc.sandbox.child")
    _prepare_builtins()
    loaded = _load_libraries(settings["preload"])
    gc.collect()
    gc.disable()
    gc.freeze()
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        threads = next(int(line.split()[1]) for line in status if line.startswith("Threads:"))
    link.send(json.dumps({"loaded": loaded, "threads": threads}).encode())
    _serve(link, settings)


if __name__ == "__main__":
    main()
