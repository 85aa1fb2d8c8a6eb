"""A program floods its disk: bytes, files, directories, holes."""

from __future__ import annotations

import pytest

from executor_svc.sandbox import Sandbox
from tests.conformance.sandbox_kit import run, sandbox_fixture

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    "program",
    [
        "while True: open('f', 'ab').write(bytes(1 << 20))",
        "for i in range(10**6): open(f'{i}', 'w').close()",
        "import os\nfor i in range(10**6): os.mkdir(f'd{i}')",
        "import os\nwhile True: os.mkdir('d'); os.chdir('d')",
        "import os, tempfile\nfor i in range(10**6): open(f'{tempfile.gettempdir()}/{i}', 'w').write('x')",
    ],
)
async def test_a_flood_of_the_disk_is_stopped_with_its_own_status(sandbox: Sandbox, program: str) -> None:
    ran = await run(
        sandbox, f"try:\n    exec({program!r})\nexcept OSError as e:\n    import time; time.sleep(0.2)"
    )
    assert ran.status == "DISK_EXCEEDED"
    assert (await run(sandbox, "open('f', 'w').write('x')")).result.artifacts[0].content == b"x"


async def test_a_file_of_holes_is_not_read_into_our_memory(sandbox: Sandbox) -> None:
    ran = await run(sandbox, "f = open('holes', 'wb'); f.truncate(1 << 40)")
    assert ran.result.exit_code == 1
    ran = await run(sandbox, "for i in range(4): open(f'holes{i}', 'wb').truncate(6 << 20)")
    assert ran.status == "DISK_EXCEEDED"
    assert sum(len(artifact.content) for artifact in ran.result.artifacts) <= 8 << 20


async def test_nothing_can_be_written_anywhere_else(sandbox: Sandbox) -> None:
    program = """
import os, sys
for path in ("/", "/dev", "/dev/shm", "/etc", "/usr/lib", "/var/tmp", *sys.path):
    try:
        open(os.path.join(path, "x"), "w")
        print("WROTE", path)
    except OSError:
        pass
"""
    assert (await run(sandbox, program)).stdout == b""
