"""Running one program as Python itself would, in a process that has already given up every right.

Standard library only, plus whatever of numpy and matplotlib the zygote has loaded. Everything here may be
tampered with by the program; nothing here protects anything.
"""

from __future__ import annotations

import atexit
import builtins
import functools
import importlib
import io
import linecache
import mmap
import os
import resource
import sys
import threading
import traceback
import types
import warnings
import weakref
from collections.abc import Callable
from typing import Any, cast

FILENAME = "program.py"
# Named one by one: to walk over all of sys.modules would touch, and so copy, a page for each.
_OURS = (
    "executor_svc",
    "executor_svc.sandbox",
    *(
        f"executor_svc.sandbox.{name}"
        for name in (
            "child",
            "forking",
            "heap",
            "kernel",
            "landlock",
            "namespaces",
            "program",
            "wards",
            "zygote",
        )
    ),
)
_REHEARSED = b"""
def texts(values):
    return [str(value) for value in values]
try:
    texts(range(3))
except ValueError as error:
    print(error)
del texts
"""
_saved_figures: weakref.WeakSet[Any] = weakref.WeakSet()
_extractors: list[Any] = []


def prepare() -> None:
    """Everything that can be done before there is a program, once for all of them: in the zygote.

    What a child does not do it does not wait for, and the memory that it does not touch is not copied.
    """
    _open_streams()
    _mark_saved_figures()
    _know_file_types()
    if "matplotlib.figure" in sys.modules:
        _extractors.append(importlib.import_module("executor_svc.delivery.inside.description.extractor"))
    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=builtins, __file__=FILENAME)
    sys.modules["__main__"] = main
    sys.argv = [FILENAME]
    inside = [name for name in sys.modules if name.startswith("executor_svc.delivery")]
    for name in (*_OURS, *inside):  # nothing of ours is left for the program to import
        sys.modules.pop(name, None)


def _know_file_types() -> None:
    """Python's own table, the same in each tier: the host's is not to be read (openpyxl looks for it)."""
    import mimetypes

    mimetypes.knownfiles.clear()
    mimetypes.init()


def leave_modes() -> None:
    """Let files be copied without mode and times, where the filter refuses to set these (T0)."""
    import shutil

    def nothing(*_paths: object, **_options: object) -> None:
        pass

    shutil.copymode = shutil.copystat = nothing


def places(work: str, tmp: str) -> dict[str, str]:
    """Environment variables for where files are."""
    return {"HOME": work, "TMPDIR": tmp, "MPLCONFIGDIR": tmp}


def renew() -> None:
    """Give this fork a random state and a thread id of its own."""
    if (own_random := sys.modules.get("random")) is not None:
        own_random.seed()
    if (numpy_random := sys.modules.get("numpy.random")) is not None:
        numpy_random.seed(int.from_bytes(os.urandom(4), "little"))
    cast(Any, threading.main_thread())._set_native_id()


def rehearse(note: mmap.mmap) -> None:
    """Run a program that does nothing: what each of them touches is copied for this fork before it waits."""
    _execute(_REHEARSED, note)
    _flush()


def run(source: bytes, note: mmap.mmap, *, described: bool = False) -> int:
    """Run `source` as `__main__` and return the exit code. `note[0]` becomes 1 when memory ran out.

    If its figures are to be `described`, they are as far as it lets them.
    """
    if described and _extractors:
        _quietly(_extractors[0].install)
    code = _execute(source, note)
    _quietly(cast(Callable[[], object], threading._shutdown))  # type: ignore[attr-defined]
    _quietly(atexit._run_exitfuncs)
    if not _flush():
        code = code or 120  # what Python itself answers when standard output cannot be flushed
    return code


def _open_streams() -> None:
    """Unbuffered, as with `python -u`, so that output is seen when it is written and survives a kill."""
    _, end = os.pipe()
    for handle in (1, 2):
        os.dup2(
            end, handle
        )  # what a program will have there, so that what the streams remember of it is true
    sys.stdin = io.TextIOWrapper(open(0, "rb", closefd=False), encoding="utf-8")  # noqa: SIM115
    for name, handle, errors in (("stdout", 1, "strict"), ("stderr", 2, "backslashreplace")):
        raw = open(handle, "wb", buffering=0, closefd=False)  # noqa: SIM115
        stream = io.TextIOWrapper(cast(Any, raw), encoding="utf-8", errors=errors, write_through=True)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.__stdin__ = sys.stdin  # type: ignore[misc]
    warnings.filterwarnings(
        "ignore", message=".*is non-interactive.*"
    )  # plt.show() means "show me the figure"


def _execute(source: bytes, note: mmap.mmap) -> int:
    try:
        linecache.cache[FILENAME] = (
            len(source),
            None,
            source.decode("utf-8", "replace").splitlines(True),
            FILENAME,
        )
        exec(compile(source, FILENAME, "exec", dont_inherit=True), sys.modules["__main__"].__dict__)  # noqa: S102 - its whole purpose
    except SystemExit as request:
        code = _exit_code(request)
    except MemoryError as error:
        note[0] = 1
        _show(error)
        return 1
    except BaseException as error:
        _show(error)
        code = 1
    else:
        code = 0
    _quietly(_save_figures)
    return code


def _exit_code(request: SystemExit) -> int:
    if request.code is None:
        return 0
    if isinstance(request.code, int):
        return request.code & 0xFF
    print(request.code, file=sys.stderr)
    return 1


def _show(error: BaseException) -> None:
    """The traceback without our frames, with the spare memory that only this moment may use."""
    for limit in (resource.RLIMIT_DATA, resource.RLIMIT_AS):
        now, most = resource.getrlimit(limit)
        if now != most:
            resource.setrlimit(limit, (most, most))
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    error.__traceback__ = frames
    _quietly(lambda: traceback.print_exception(error))


def _quietly(step: Callable[[], object]) -> None:
    """A step after the program's end; its failure belongs on stderr and changes nothing else."""
    try:
        step()
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n"[:2000].encode("utf-8", "backslashreplace"))


def _flush() -> bool:
    try:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name, None)
            if stream is not None and not stream.closed:
                stream.flush()
    except (OSError, ValueError):
        return False
    return True


def _mark_saved_figures() -> None:
    """Remember which figures the program saves itself; those need no second copy."""
    figure = sys.modules.get("matplotlib.figure")
    if figure is None:
        return
    original = figure.Figure.savefig

    def savefig(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(self, *args, **kwargs)
        _saved_figures.add(self)
        return result

    savefig.__doc__ = original.__doc__
    figure.Figure.savefig = savefig


def _save_figures() -> None:
    """Open figures become figure-1.png, figure-2.png … in the working directory."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    number = 0
    for key in pyplot.get_fignums():
        figure = pyplot.figure(key)
        if figure in _saved_figures:
            continue
        number += 1
        while os.path.lexists(f"figure-{number}.png"):
            number += 1
        _quietly(functools.partial(figure.savefig, f"figure-{number}.png", format="png"))
