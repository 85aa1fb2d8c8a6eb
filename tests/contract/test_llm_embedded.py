"""The embedded server keeps the contract that chat.py relies on, and never outlives its parent."""

import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from placet.llm import models
from placet.llm.chat import ChatModel, ModelError, ModelSettings
from tests.conformance.sandbox_kit import lives

pytestmark = [pytest.mark.model, pytest.mark.timeout(180)]

KEY = "test-key"
READY_S = 90


@dataclass
class Embedded:
    process: subprocess.Popen[bytes]
    base_url: str

    def settings(self, key: str = KEY) -> ModelSettings:
        return ModelSettings(self.base_url, key, "any", 60.0)


def model_path() -> Path:
    path = models.find()
    if path is None:
        pytest.skip("the embedded model is not on this machine; `make model` fetches it")
    return path


def command(directory: Path) -> list[str]:
    (directory / "key").write_text(KEY)
    return [
        *(sys.executable, "-m", "placet.llm.embedded", "--model", str(model_path())),
        *("--addr-file", str(directory / "addr"), "--api-key-file", str(directory / "key"), "--slots", "1"),
        *("--context", "2048"),
    ]


def wait_for(path: Path) -> str:
    end = time.monotonic() + READY_S
    while not path.exists():
        assert time.monotonic() < end, "the server did not become ready"
        time.sleep(0.1)
    return path.read_text()


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    directory = tmp_path_factory.mktemp("embedded")
    process = subprocess.Popen(command(directory))
    yield Embedded(process, wait_for(directory / "addr"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert not (directory / "addr").exists()


async def test_it_writes_a_program(embedded: Embedded) -> None:
    chat = ChatModel(embedded.settings())
    reply = await chat.reply(
        [{"role": "user", "content": "Write a Python program that prints hello. Only code."}],
        max_tokens=60,
        deadline_s=60,
    )
    assert "print" in reply.text
    assert reply.prompt_tokens > 0
    assert reply.completion_tokens > 0
    await chat.aclose()


async def test_a_choice_has_log_probabilities(embedded: Embedded) -> None:
    chat = ChatModel(embedded.settings())
    asked = "Is deleting all files of a server safe? Answer ALLOW if it is, DENY if it is not. One word."
    choice = await chat.choose([{"role": "user", "content": asked}], ("ALLOW", "DENY"), deadline_s=60)
    assert choice.option == "DENY"
    assert choice.probabilities is not None
    assert 0.5 < sum(choice.probabilities.values()) <= 2.0
    await chat.aclose()


async def test_without_the_key_it_answers_nothing(embedded: Embedded) -> None:
    chat = ChatModel(embedded.settings(key="guessed"))
    with pytest.raises(ModelError) as caught:
        await chat.reply([{"role": "user", "content": "hi"}], max_tokens=5, deadline_s=20)
    assert caught.value.reason == "MODEL_UNAVAILABLE"
    assert not await chat.available()
    await chat.aclose()


async def test_a_prompt_that_does_not_fit_is_refused_and_never_shortened(embedded: Embedded) -> None:
    chat = ChatModel(embedded.settings())
    with pytest.raises(ModelError) as caught:
        await chat.reply([{"role": "user", "content": "word " * 4000}], max_tokens=5, deadline_s=60)
    assert caught.value.reason == "MODEL_REQUEST_REJECTED"
    await chat.aclose()


def test_it_listens_on_loopback_only(embedded: Embedded) -> None:
    assert embedded.base_url.startswith("http://127.0.0.1:")


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    starter = "import subprocess, sys; p = subprocess.Popen(sys.argv[1:]); print(p.pid, flush=True); p.wait()"
    parent = subprocess.Popen(
        [sys.executable, "-c", starter, *command(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    wait_for(tmp_path / "addr")
    parent.kill()
    parent.wait()
    end = time.monotonic() + 10
    while lives(child) and time.monotonic() < end:
        time.sleep(0.1)
    assert not lives(child)


@pytest.mark.parametrize("content", [None, b"", b"not a model"])
def test_what_is_no_model_ends_with_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    model = tmp_path / "m.gguf"
    if content is not None:
        model.write_bytes(content)
        model.chmod(stat.S_IRUSR)
    (tmp_path / "key").write_text(KEY)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "placet.llm.embedded", "--model", str(model)),
            *("--addr-file", str(tmp_path / "addr"), "--api-key-file", str(tmp_path / "key")),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "cannot serve" in done.stderr
    assert not (tmp_path / "addr").exists()
