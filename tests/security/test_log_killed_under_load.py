"""Attack: the log's process is killed while it writes."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from placet.audit.checkpoint import LogSigner
from placet.audit.reader import LogReader
from placet.audit.verify import verify_database
from tests.fakes.audit_world import ORIGIN, World

WRITER = """
import asyncio, sys
from pathlib import Path
from placet.audit.checkpoint import LogSigner
from tests.fakes.audit_world import GENERATOR, ORIGIN, World

BODY = {"task_sha256": "0" * 64, "caller": "c", "inputs": [], "scope": "s"}

async def client(log, name):
    for count in range(10_000):
        done = await log.append(GENERATOR, "task_received", BODY, key=f"{name}-{count}", task=b"x" * 500)
        print(done.index, f"{name}-{count}", flush=True)

async def main():
    directory = Path(sys.argv[1])
    world = World(directory, LogSigner.load(directory / "key", ORIGIN))
    async with world.writing() as log:
        await asyncio.gather(*(client(log, name) for name in range(16)))

asyncio.run(main())
"""


def test_no_confirmed_record_is_lost(tmp_path: Path) -> None:
    signer = LogSigner.generate(ORIGIN)
    signer.save(tmp_path / "key")
    world = World(tmp_path, signer)
    for _ in range(3):
        for index, key in kill_a_writer(tmp_path):
            with LogReader(world.database) as reader:
                entry = reader.get(index)
            assert entry is not None
            assert entry.idempotency_key == key
        report = verify_database(world.database, world.checkpoint, signer.verifier.vkey)
        assert report.ok, report.first_break


def kill_a_writer(directory: Path) -> list[tuple[int, str]]:
    """What was confirmed to the clients before the kill."""
    root = Path(__file__).parents[2]
    with (directory / "confirmed").open("w") as out:
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(directory)], stdout=out, cwd=root)
        deadline = time.monotonic() + 30
        while (directory / "confirmed").stat().st_size < 2000 and time.monotonic() < deadline:
            time.sleep(0.02)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    lines = (directory / "confirmed").read_text().split("\n")[:-1]
    assert len(lines) > 50
    return [(int(index), key) for index, key in map(str.split, lines)]
