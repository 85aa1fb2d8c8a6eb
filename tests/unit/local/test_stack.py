"""The one-machine stack on services that only answer health: order, environment, deaths, and what is left."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from placet.local import (
    LocalStack,
    StackAlreadyRunning,
    StackError,
    StackNotRunning,
    endpoint,
    services,
    supervisor,
)
from placet.local.client import issue_link
from placet.local.layout import Layout
from placet.local.lock import holder
from placet.local.services import free_again

FAKE = Path(__file__).resolve().parents[2] / "fakes" / "local_service.py"
EXTERNAL = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_API_KEY": "sk-secret"}


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "program", lambda name: (sys.executable, str(FAKE), name))
    monkeypatch.setattr(supervisor, "HEALTHY_TIMEOUT_S", 3.0)
    monkeypatch.setattr(supervisor, "STOP_GRACE_S", 2.0)
    monkeypatch.setattr(supervisor, "RESTART_DELAY_S", 0.05)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "scopes").mkdir()
    (tmp_path / "scopes" / "s.yaml").write_text("kind: Scope\n")
    return tmp_path / "state"


def make(state: Path, **environ: str) -> LocalStack:
    return LocalStack(
        state,
        scopes=state.parent / "scopes",
        environ={
            "PATH": os.environ["PATH"],
            "PLACET_SANDBOX_PYTHON": sys.executable,
            "AWS_SECRET_ACCESS_KEY": "never",
            **EXTERNAL,
            **environ,
        },
    )


@asynccontextmanager
async def up(stack: LocalStack) -> AsyncIterator[list[tuple[str, str]]]:
    """The stack while the block runs; Ctrl-C at its end."""
    seen: list[tuple[str, str]] = []
    ready = asyncio.Event()
    running = asyncio.create_task(stack.up(lambda *step: seen.append(step), ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if running.done():
            running.result()
        yield seen
    finally:
        waiting.cancel()
        if not running.done():
            os.kill(os.getpid(), signal.SIGINT)
        await running


def left(state: Path) -> list[str]:
    """Processes whose environment names the state directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if str(state).encode() in (entry / "environ").read_bytes():
                    found.append(entry.name)
            except OSError:
                continue
    return found


def pid_of(state: Path, name: str) -> int:
    return int(json.loads((state / "run" / "stack.json").read_text())["services"][name]["pid"])


async def eventually(condition: Callable[[], object], timeout: float = 15) -> None:
    deadline = asyncio.get_running_loop().time() + timeout
    while not condition():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.05)


async def test_up_status_down(state: Path) -> None:
    """All four healthy, the tier is the executor's, and afterwards no process and no address is left."""
    stack = make(state)
    async with up(stack):
        status = await stack.status()
        reached = endpoint(state)

    assert set(status["services"]) == {"audit", "console", "executor", "guard", "generator"}
    assert all(service["healthy"] for service in status["services"].values())
    assert status["tier"] == "T1"
    assert status["state"] == str(state)
    assert reached.addresses["guard"] == status["services"]["guard"]["address"]
    assert not left(state)
    assert not list((state / "run").glob("*.addr"))
    assert not (state / "run" / "stack.json").exists()
    with pytest.raises(StackNotRunning, match="up --detach"):
        endpoint(state)


async def test_each_service_gets_what_it_needs_and_no_more(state: Path) -> None:
    """The model's key reaches guard and generator; the approval key's path reaches the guard alone."""
    async with up(make(state)):
        environments = {path.stem: json.loads(path.read_text()) for path in (state / "run").glob("*.environ")}

    holding = {name for name, environ in environments.items() if "sk-secret" in environ.values()}
    signing = {name for name, environ in environments.items() if "approval.key" in json.dumps(environ)}
    assert holding == {"guard", "generator"}
    assert signing == {"guard"}
    assert not any("AWS_SECRET_ACCESS_KEY" in environ for environ in environments.values())


async def test_a_reviewer_of_this_machine_gets_a_link_into_the_console(state: Path) -> None:
    """With that reviewer's own certificate, which is what the console knows them by."""
    stack = make(state)
    async with up(stack):
        status = await stack.status()
        link = await issue_link(stack.layout)
        with pytest.raises(StackError, match="placet keys new-reviewer eve"):
            await issue_link(stack.layout, "eve")
    assert link.url.startswith(status["console"])
    with pytest.raises(StackNotRunning, match="up --detach"):
        await issue_link(stack.layout)


def test_the_console_is_found_where_it_was_unless_somebody_else_is_there(tmp_path: Path) -> None:
    """A browser keeps by that address what a reviewer loaded into it."""
    file = tmp_path / "console.url"
    assert free_again(file) == "127.0.0.1:0"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file.write_text(f"http://127.0.0.1:{port}\n")
        assert free_again(file) == "127.0.0.1:0"
    assert free_again(file) == f"127.0.0.1:{port}"
    for other in (
        f"http://192.0.2.1:{port}",
        "https://console.example.com",
        "nonsense",
        "http://127.0.0.1:x",
    ):
        file.write_text(other)
        assert free_again(file) == "127.0.0.1:0"


async def test_a_second_up_says_so(state: Path) -> None:
    """One supervisor per state directory."""
    async with up(make(state)):
        with pytest.raises(StackAlreadyRunning, match=f"process {os.getpid()}.*down"):
            await make(state).up()


async def test_a_service_that_dies_is_restarted_at_the_same_address(state: Path) -> None:
    """Clients that knew the address go on."""
    stack = make(state)
    async with up(stack) as seen:
        before, pid = endpoint(state).addresses, pid_of(state, "guard")
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: ("guard", "restarted") in seen)
        status = await stack.status()

        assert endpoint(state).addresses == before
        assert pid_of(state, "guard") != pid
        assert status["services"]["guard"]["healthy"]
        assert any(name == "guard" and "SIGKILL" in state_ for name, state_ in seen)


async def test_the_audit_log_is_not_restarted(state: Path) -> None:
    """A log that died is looked at first; the rest stays up and says that it is down."""
    stack = make(state)
    async with up(stack) as seen:
        os.kill(pid_of(state, "audit"), signal.SIGKILL)
        await eventually(lambda: any(n == "audit" and "not restarted" in s for n, s in seen))
        status = await stack.status()

    assert not status["services"]["audit"]["healthy"]
    assert status["services"]["executor"]["healthy"]


async def test_a_service_that_cannot_start_stops_the_start(state: Path) -> None:
    """Its own words are in the error, and nothing is left."""
    with pytest.raises(StackError, match="older than the checkpoint"):
        async with up(make(state, PLACET_AUDIT_FAKE="crash")):
            pass

    assert not left(state)
    assert holder(state / "run" / "lock") is None


async def test_a_sick_service_is_reported(state: Path) -> None:
    """It is up and not healthy, and `status` says so."""
    stack = make(state, PLACET_GUARD_FAKE="sick")
    async with up(stack) as seen:
        status = await stack.status()

    assert any(name == "guard" and "not healthy" in state_ for name, state_ in seen)
    assert not status["services"]["guard"]["healthy"]


async def test_a_service_that_ignores_sigterm_is_killed(state: Path) -> None:
    """Nothing survives the stop."""
    async with up(make(state, PLACET_GENERATOR_FAKE="deaf")):
        assert left(state)

    assert not left(state)


async def test_a_long_path_falls_back_to_loopback(state: Path) -> None:
    """A socket's path is bounded; a state directory's is not."""
    deep = state.parent / ("d" * 100)
    stack = make(deep)
    stack._scopes = state.parent / "scopes"
    async with up(stack) as seen:
        os.kill(pid_of(deep, "guard"), signal.SIGKILL)
        before = endpoint(deep).addresses
        await eventually(lambda: ("guard", "restarted") in seen)
        after = endpoint(deep).addresses

    assert before == after
    assert before["guard"].startswith("127.0.0.1:")


async def test_without_a_sandbox_python_nothing_starts(state: Path) -> None:
    """The sentence says how to make it."""
    with pytest.raises(StackError, match=r"deploy/setup\.sh"):
        await make(state, PLACET_SANDBOX_PYTHON="/nonexistent/python").up()

    assert not left(state)


@pytest.mark.parametrize(
    ("environ", "generator", "reviewer"),
    [
        ({"OPENAI_API_KEY": "k"}, "gpt-4.1-mini", "gpt-4.1-mini"),
        ({"OPENAI_API_KEY": "k", "PLACET_GENERATOR_MODEL": "a"}, "a", "a"),
        ({"OPENAI_BASE_URL": "u", "PLACET_REVIEWER_MODEL": "b"}, "b", "b"),
        ({"OPENAI_BASE_URL": "u", "PLACET_GENERATOR_MODEL": "a", "PLACET_REVIEWER_MODEL": "b"}, "a", "b"),
    ],
)
def test_the_environment_chooses_the_models(environ: dict[str, str], generator: str, reviewer: str) -> None:
    """One name serves both unless two are given."""
    model = services.Model.of_environment(environ)

    assert model
    assert (model.generator, model.reviewer) == (generator, reviewer)


@pytest.mark.parametrize("environ", [{}, {"OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""}])
def test_an_empty_variable_chooses_the_embedded_model(environ: dict[str, str]) -> None:
    """As a shell unsets for one command."""
    assert services.Model.of_environment(environ) is None


@pytest.mark.parametrize(
    ("named", "guards"), [("", "running={}"), ("next=127.0.0.1:7", "running={},next=127.0.0.1:7")]
)
def test_a_console_may_ask_the_running_guard_and_those_that_the_user_names(
    tmp_path: Path, named: str, guards: str
) -> None:
    """The running one first: it is what a page offers."""
    layout = Layout(tmp_path)
    environ = {"PLACET_CONSOLE_GUARDS": named}
    command = services.Wiring(layout, environ, {"audit": "127.0.0.1:1"}).command("console")

    assert command.environment["PLACET_CONSOLE_GUARDS"] == guards.format(layout.listen("guard"))


async def test_a_model_that_comes_back_elsewhere_is_found_again(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who call it start again with its new address; each start of it has a key of its own."""
    monkeypatch.setattr(supervisor, "find", lambda environ: FAKE)
    monkeypatch.setattr(
        services, "module", lambda name: (sys.executable, str(FAKE.with_name("local_model.py")))
    )
    stack = make(state, OPENAI_API_KEY="", OPENAI_BASE_URL="")
    async with up(stack) as seen:
        before = given(state, "guard")
        pid = json.loads((state / "run" / "stack.json").read_text())["model_pid"]
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: ("model", "restarted") in seen)
        after, generator, audit = given(state, "guard"), given(state, "generator"), given(state, "audit")
        status = await stack.status()

    assert before["OPENAI_BASE_URL"] != after["OPENAI_BASE_URL"] == generator["OPENAI_BASE_URL"]
    assert before["OPENAI_API_KEY"] != after["OPENAI_API_KEY"] == generator["OPENAI_API_KEY"]
    assert not any(name.startswith("OPENAI") for name in audit)
    assert all(service["healthy"] for service in status["services"].values())
    assert not any(name == "guard" and "died" in what for name, what in seen)
    assert not left(state)
    assert not (state / "run" / "model.key").exists()


def given(state: Path, name: str) -> dict[str, str]:
    """The environment that a service was started with."""
    environment: dict[str, str] = json.loads((state / "run" / f"{name}.environ").read_text())
    return environment
