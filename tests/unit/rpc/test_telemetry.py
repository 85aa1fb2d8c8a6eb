"""Logs: one JSON object per line, ours and the libraries', and no chatter."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import logging
import structlog
from placet.rpc.telemetry import annotate, configure_logging

annotate(outside="of an RPC: ignored")
configure_logging("guard")
structlog.get_logger().info("ours", answer=42)
structlog.get_logger().debug("too much")
logging.getLogger("httpx2").info("GET http://model/v1")
logging.getLogger("grpc").warning("theirs")
try:
    raise RuntimeError("why")
except RuntimeError:
    structlog.get_logger().exception("failed")
"""


def test_every_line_is_an_object_with_time_level_and_service() -> None:
    """On stderr; stdout stays empty."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]

    assert done.stdout == ""
    assert [line["event"] for line in lines] == ["ours", "theirs", "failed"]
    assert all(line["service"] == "guard" and line["timestamp"].endswith("Z") for line in lines)
    assert lines[0]["answer"] == 42
    assert lines[1]["level"] == "warning"
    assert "why" in json.dumps(lines[2]["exception"])


LEAKING = """
import structlog
from placet.rpc.telemetry import configure_logging

def fail(secret):
    raise RuntimeError("why")

configure_logging("console")
try:
    fail("hun" + "ter2")
except RuntimeError:
    structlog.get_logger().exception("failed")
"""
ON_A_TERMINAL = f"""
import pty, sys
sys.exit(pty.spawn([sys.executable, "-c", {LEAKING!r}]) >> 8)
"""


@pytest.mark.parametrize("program", [LEAKING, ON_A_TERMINAL], ids=["json", "terminal"])
def test_a_traceback_tells_no_value_of_a_variable(program: str) -> None:
    """Variables hold programs, tasks and the secrets of sessions."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    told = done.stdout + done.stderr
    assert "why" in told
    assert "in fail" in told or '"fail"' in told
    assert "hunter2" not in told


UNWRITABLE = """
import structlog
from placet.rpc.telemetry import configure_logging

configure_logging("audit")
structlog.get_logger().error("append_failed")
print("went on")
"""


def test_a_line_that_cannot_be_written_stops_nobody() -> None:
    """A full disk may be the audit log's as well, and that is then what the line would say."""
    with open("/dev/full", "w") as full:  # noqa: PTH123  (a device)
        done = subprocess.run(
            [sys.executable, "-c", UNWRITABLE], stdout=subprocess.PIPE, stderr=full, check=False
        )

    assert done.stdout == b"went on\n"
