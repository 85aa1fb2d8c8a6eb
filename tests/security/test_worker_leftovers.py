"""Attack: tenant A leaves something on a worker for B, who looks for it everywhere (docs/workers.md §1.5)."""

from __future__ import annotations

from executor_svc.sandbox import InputFile
from tests.fakes.workers import Ground, Worker, leased, run

MARK = "left-by-tenant-a"
LEAVE = f"""
import os, sys, tempfile
mark = {MARK!r}
os.environ[mark] = mark
sys.modules[mark] = sys
for place in ('.', tempfile.gettempdir(), '/tmp', '/dev/shm', '/work', os.path.dirname(os.__file__)):
    for name in (mark, '.' + mark):
        try:
            with open(os.path.join(place, name), 'w') as file:
                file.write(mark * 1000)
            print('wrote', place)
        except OSError:
            pass
"""
LOOK = f"""
import os, sys
mark = {MARK!r}
seen, files = 0, 0
print('env', mark in os.environ, 'modules', mark in sys.modules)
for top in ('/', '/proc/self/root', os.getcwd()):
    for directory, names, here in os.walk(top):
        if directory.startswith(('/proc/', '/sys/')) or directory.count('/') > 8:
            names.clear()
        for name in here:
            files += 1
            if mark in name:
                print('FOUND', os.path.join(directory, name))
print('looked at', files > 0)
"""


async def test_nothing_of_one_tenant_is_there_for_the_next(ground: Ground, worker: Worker) -> None:
    """Files, variables, modules; and outside the sandbox: an empty scratch directory and another life."""
    lives = worker.lives()
    grants = {"grants": ("fs.read:inputs", "fs.write:outputs", "import:os", "import:sys")}
    given = [InputFile.of("given.csv", b"a\n1\n")]
    async with worker.as_peer() as stub:
        async with leased(stub, "a") as hold:
            left = await run(stub, hold.granted.lease_id, ground.order(LEAVE, given, **grants))
        await worker.life(lives + 1)
        assert list(worker.scratch.iterdir()) == []
    async with worker.as_peer() as stub:
        async with leased(stub, "b") as hold:
            looked = await run(stub, hold.granted.lease_id, ground.order(LOOK, given, **grants))
        await worker.life(lives + 2)

    assert b"wrote ." in left.stdout, left.stdout
    assert b"looked at True" in looked.stdout, looked.stdout
    assert b"FOUND" not in looked.stdout
    assert b"env False modules False" in looked.stdout
    assert worker.name not in looked.stdout.decode()
