"""`python -m generator_svc`: the wiring, from environment variables to a served method."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import grpc
import pytest
from placetpb.generator.v1 import generator_pb2, generator_pb2_grpc

from generator_svc.settings import LOCAL_MODEL, OPENAI_MODEL, GeneratorSettings
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri
from tests.fakes.rpc import Authority


def environment(authority: Authority, directory: Path, **more: str) -> dict[str, str]:
    tls = authority.service("generator")
    nobody = f"unix:{directory}/nobody"
    return {
        "PATH": os.environ["PATH"],
        "PLACET_GENERATOR_LISTEN": f"unix:{directory}/s",
        "PLACET_GENERATOR_READY_FILE": str(directory / "ready"),
        "PLACET_GENERATOR_TLS_CA": str(tls.ca),
        "PLACET_GENERATOR_TLS_CERT": str(tls.cert),
        "PLACET_GENERATOR_TLS_KEY": str(tls.key),
        "PLACET_GENERATOR_AUDIT_ADDRESS": nobody,
        "PLACET_GENERATOR_GUARD_ADDRESS": nobody,
        "PLACET_GENERATOR_EXECUTOR_ADDRESS": nobody,
        **more,
    }


def start(variables: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "generator_svc"]
    return subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True)


def wait_for(path: Path, process: subprocess.Popen[str]) -> str:
    end = time.monotonic() + 30
    while not path.exists():
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < end, "the generator did not become ready"
        time.sleep(0.05)
    return path.read_text()


async def test_it_serves_and_without_a_log_it_answers_nothing_and_drains(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("g")
    process = start(environment(authority, directory))
    try:
        address = await asyncio.to_thread(wait_for, directory / "ready", process)
        async with connect(address, authority.peer(caller_uri("team")), server="generator") as channel:
            stub = generator_pb2_grpc.GeneratorServiceStub(channel)
            task = generator_pb2.Task(request_id="r", scope="s", text="Sum?")
            call = stub.Solve(iter([generator_pb2.SolveRequest(task=task)]), timeout=30)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await anext(aiter(call))
            assert ServiceError.from_rpc(caught.value).reason == "AUDIT_UNAVAILABLE"
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 15) == 0


def test_all_problems_of_the_settings_are_told_at_once(authority: Authority, tmp_path: Path) -> None:
    variables = environment(authority, tmp_path, PLACET_GENERATOR_GARD_ADDRESS="typo")
    del variables["PLACET_GENERATOR_GUARD_ADDRESS"]
    done = start(variables)
    _, errors = done.communicate(timeout=30)
    assert done.returncode == 2
    assert "PLACET_GENERATOR_GUARD_ADDRESS" in errors
    assert "PLACET_GENERATOR_GARD_ADDRESS" in errors


@pytest.mark.parametrize(
    ("variables", "model"),
    [
        ({"OPENAI_API_KEY": "k"}, OPENAI_MODEL),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, LOCAL_MODEL),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "PLACET_GENERATOR_MODEL": "mine"}, "mine"),
    ],
)
def test_the_model_is_the_named_or_the_usual_one(
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    model: str,
) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "PLACET_GENERATOR_MODEL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment(authority, tmp_path, **variables).items():
        monkeypatch.setenv(name, value)
    settings = GeneratorSettings()
    assert settings.chat.model == model
    assert settings.chat.api_key == variables.get("OPENAI_API_KEY", "")
    assert "OPENAI_API_KEY" not in repr(settings)
