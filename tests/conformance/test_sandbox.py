"""The conformance kit: what a program sees, what a limit does, what is left."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import os
import time

import pytest

from executor_svc.sandbox import InputFile, Sandbox
from executor_svc.sandbox.backend import PRELOAD
from tests.conformance.sandbox_kit import LIMITS, TIERS, descendants, eventually, run, sandbox_fixture

SERVERS = {"T2": 1, "T1": 2, "T0": 1}
"""The zygote and, at T1, the steward. An armed cell has as many processes."""

sandbox = sandbox_fixture(PRELOAD)
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_output_of_a_program_is_returned(sandbox: Sandbox) -> None:
    ran = await run(sandbox, "print('hello')")
    assert (ran.status, ran.result.exit_code, ran.stdout, ran.stderr) == ("EXITED", 0, b"hello\n", b"")


@pytest.mark.parametrize(
    ("program", "code", "stderr"),
    [
        ("raise SystemExit", 0, b""),
        ("import sys; sys.exit(7)", 7, b""),
        ("import sys; sys.exit(-1)", 255, b""),
        ("raise SystemExit('no data')", 1, b"no data\n"),
        ("exit(3)", 3, b""),
        ("import os; os._exit(9)", 9, b""),
    ],
)
async def test_exit_codes_are_those_of_python(
    sandbox: Sandbox, program: str, code: int, stderr: bytes
) -> None:
    ran = await run(sandbox, program)
    assert (ran.status, ran.result.exit_code, ran.stderr) == ("EXITED", code, stderr)


async def test_an_exception_shows_the_program_and_nothing_of_ours(sandbox: Sandbox) -> None:
    ran = await run(sandbox, "def half(x):\n    return x / 0\nhalf(1)\n")
    assert ran.result.exit_code == 1
    lines = ran.stderr.decode().splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1] == '  File "program.py", line 3, in <module>'
    assert "    return x / 0" in lines
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert "executor_svc" not in ran.stderr.decode()


async def test_a_syntax_error_points_into_the_program(sandbox: Sandbox) -> None:
    ran = await run(sandbox, "print(1)\nif True print(2)\n")
    assert ran.result.exit_code == 1
    assert ran.stdout == b""
    assert b'File "program.py", line 2' in ran.stderr
    assert b"SyntaxError" in ran.stderr
    assert b"executor_svc" not in ran.stderr


async def test_the_program_is_main_in_a_module_of_its_own(sandbox: Sandbox) -> None:
    ran = await run(
        sandbox,
        "import sys\nprint(__name__, __file__, sys.argv, sys.modules['__main__'].__dict__ is globals())",
    )
    assert ran.stdout == b"__main__ program.py ['program.py'] True\n"
    ran = await run(sandbox, "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int\nprint(A(1))")
    assert ran.stdout == b"A(x=1)\n"


async def test_a_rehearsal_before_it_leaves_no_name_and_no_line(sandbox: Sandbox) -> None:
    program = """import linecache
print(sorted(name for name in globals() if name[0] != "_"), len(linecache.getlines(__file__)))
"""
    ran = await run(sandbox, program)
    assert ran.stdout == b"['linecache'] 2\n"
    assert ran.stderr == b""


async def test_text_of_every_language_passes(sandbox: Sandbox) -> None:
    ran = await run(sandbox, "print('żółć 漢字 🙂')")
    assert ran.stdout.decode() == "żółć 漢字 🙂\n"


async def test_bytes_pass_unchanged(sandbox: Sandbox) -> None:
    ran = await run(sandbox, "import sys; sys.stdout.buffer.write(bytes(range(256)))")
    assert ran.stdout == bytes(range(256))


async def test_standard_input_is_empty(sandbox: Sandbox) -> None:
    ran = await run(sandbox, "input()")
    assert b"EOFError" in ran.stderr


async def test_output_streams_while_the_program_runs(sandbox: Sandbox) -> None:
    seen: list[float] = []

    async def keep(_stream: str, _data: bytes) -> None:
        seen.append(time.monotonic())

    await sandbox.run(b"import time\nprint('a')\ntime.sleep(0.5)\nprint('b')", (), LIMITS, keep)
    assert seen[-1] - seen[0] > 0.4


async def test_atexit_and_threads_finish_before_the_end(sandbox: Sandbox) -> None:
    program = """
import atexit, threading, time
atexit.register(print, "bye")
threading.Thread(target=lambda: (time.sleep(0.1), print("thread"))).start()
print("main")
"""
    ran = await run(sandbox, program)
    assert ran.stdout == b"main\nthread\nbye\n"


async def test_a_time_limit_keeps_what_was_printed(sandbox: Sandbox) -> None:
    limits = dataclasses.replace(LIMITS, wall_s=0.5)
    started = time.monotonic()
    ran = await run(sandbox, "import time\nprint('so far', end='')\ntime.sleep(30)", limits=limits)
    assert (ran.status, ran.stdout, ran.result.exit_code) == ("TIMED_OUT", b"so far", None)
    assert time.monotonic() - started < 5


async def test_cpu_time_is_limited_on_its_own(sandbox: Sandbox) -> None:
    ran = await run(sandbox, "while True: pass", limits=dataclasses.replace(LIMITS, cpu_s=1))
    assert ran.status == "CPU_EXCEEDED"
    assert 1000 <= ran.result.usage.cpu_ms < 1500


async def test_catching_the_cpu_signal_does_not_help(sandbox: Sandbox) -> None:
    program = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
    ran = await run(sandbox, program, limits=dataclasses.replace(LIMITS, cpu_s=1))
    assert ran.status == "CPU_EXCEEDED"


@pytest.mark.parametrize(
    "program",
    [
        "x = bytearray(10**9)",
        "x = []\nwhile True: x.append(bytearray(10**6))",
        "import numpy\nx = numpy.ones(10**9)",
        "x = []\nwhile True: x.append(object())",
        "import mmap\nx = mmap.mmap(-1, 2**30)\nfor i in range(0, 2**30, 4096): x[i] = 1",
    ],
)
async def test_memory_is_limited_however_it_is_taken(sandbox: Sandbox, program: str) -> None:
    ran = await run(sandbox, program, limits=dataclasses.replace(LIMITS, memory_mib=128))
    refused = sandbox.tier == "T2" and b"Cannot allocate memory" in ran.stderr  # which is no MemoryError
    assert ran.status == "MEMORY_EXCEEDED" or (refused and ran.result.exit_code == 1)


async def test_an_honest_use_of_the_memory_limit_succeeds(sandbox: Sandbox) -> None:
    ran = await run(sandbox, "x = bytearray(200 << 20)\nprint(len(x))")
    assert ran.result.exit_code == 0


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_each_stream_has_its_own_limit(sandbox: Sandbox, stream: str) -> None:
    limits = dataclasses.replace(LIMITS, output_kib=4)
    ran = await run(sandbox, f"import sys\nwhile True: print('x' * 100, file=sys.{stream})", limits=limits)
    assert ran.status == "OUTPUT_EXCEEDED"
    assert len(getattr(ran, stream)) == 4096
    assert ran.result.stdout_truncated == (stream == "stdout")
    assert ran.result.stderr_truncated == (stream == "stderr")


@pytest.mark.parametrize(
    "program",
    [
        "open('big', 'wb').write(bytes(20 << 20))",
        "for i in range(20): open(f'f{i}', 'wb').write(bytes(1 << 20))",
        "import tempfile\nf = tempfile.NamedTemporaryFile()\nwhile True: f.write(bytes(1 << 16))",
        "for i in range(10**5): open(str(i), 'w').close()",
    ],
)
async def test_the_disk_is_limited_in_bytes_and_files(sandbox: Sandbox, program: str) -> None:
    ran = await run(sandbox, program, limits=dataclasses.replace(LIMITS, artifacts=10000))
    assert ran.status == "DISK_EXCEEDED"


async def test_the_number_of_artifacts_is_limited(sandbox: Sandbox) -> None:
    ran = await run(
        sandbox,
        "for i in range(5): open(str(i), 'w').write('x')",
        limits=dataclasses.replace(LIMITS, artifacts=3),
    )
    assert ran.status == "DISK_EXCEEDED"
    assert [artifact.name for artifact in ran.result.artifacts] == ["0", "1", "2"]


async def test_a_signal_is_reported(sandbox: Sandbox) -> None:
    ran = await run(sandbox, "import os; os.abort()")
    assert (ran.status, ran.result.signal, ran.result.exit_code) == ("SIGNALED", 6, None)
    ran = await run(sandbox, "import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
    assert (ran.status, ran.result.signal) == ("SIGNALED", 15)


async def test_the_usual_libraries_work(sandbox: Sandbox) -> None:
    program = """
import numpy as np, pandas as pd, seaborn, statsmodels.api as sm
from scipy import stats
from sklearn.linear_model import LinearRegression
from sklearn.ensemble import RandomForestClassifier
frame = pd.read_csv("data.csv", parse_dates=["day"])
frame["local"] = frame.day.dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")
model = LinearRegression().fit(frame[["x"]], frame.y)
print(round(float(model.coef_[0]), 3), frame.groupby("day").y.sum().tolist())
print(RandomForestClassifier(5, random_state=0).fit(frame[["x"]], [0, 1, 1]).predict(frame[["x"]])[0])
print(round(float(sm.OLS(frame.y, frame.x).fit().params.iloc[0]), 3), np.linalg.inv(np.eye(2)).sum())
print(len(stats.linregress(frame.x, frame.y)))
"""
    data = InputFile.of("data.csv", b"day,x,y\n2026-01-01,1,2\n2026-01-02,2,4\n2026-01-03,3,6\n")
    ran = await run(sandbox, program, [data])
    assert (ran.result.exit_code, ran.stderr) == (0, b"")
    assert ran.stdout == b"2.0 [2, 4, 6]\n0\n2.0 2.0\n5\n"


async def test_open_figures_become_png_files(sandbox: Sandbox) -> None:
    program = """
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.show()
plt.figure(); plt.bar([1], [2]); plt.title("zwei")
"""
    ran = await run(sandbox, program)
    assert (ran.result.exit_code, ran.stderr) == (0, b"")
    assert [(a.name, a.media_type) for a in ran.result.artifacts] == [
        ("figure-1.png", "image/png"),
        ("figure-2.png", "image/png"),
    ]
    assert all(a.content.startswith(b"\x89PNG") for a in ran.result.artifacts)


async def test_a_figure_saved_by_the_program_is_not_saved_again(sandbox: Sandbox) -> None:
    ran = await run(sandbox, "import matplotlib.pyplot as plt\nplt.plot([1]); plt.savefig('mine.png')")
    assert [a.name for a in ran.result.artifacts] == ["mine.png"]


async def test_no_figure_is_saved_without_a_figure(sandbox: Sandbox) -> None:
    ran = await run(sandbox, "import matplotlib.pyplot as plt\nprint(1)")
    assert ran.result.artifacts == ()


async def test_artifacts_are_new_regular_files_with_their_digest(sandbox: Sandbox) -> None:
    program = """
import os
open("out.csv", "w").write("a,b\\n")
os.makedirs("deep/er"); open("deep/er/x.json", "w").write("{}")
os.makedirs("1/2/3/4/5"); open("1/2/3/4/5/too-deep", "w").write("x")
"""
    ran = await run(sandbox, program, [InputFile.of("in.csv", b"1")])
    found = {artifact.name: artifact for artifact in ran.result.artifacts}
    assert set(found) == {"out.csv", "deep/er/x.json"}
    assert found["out.csv"].sha256 == hashlib.sha256(b"a,b\n").digest()
    assert found["deep/er/x.json"].media_type == "application/json"
    assert found["out.csv"].content == b"a,b\n"


async def test_inputs_can_be_read(sandbox: Sandbox) -> None:
    inputs = [
        InputFile.of("a.csv", b"x\n1\n"),
        InputFile.of("zwei drei.txt", b"\x00\xff"),
        InputFile.of("empty", b""),
    ]
    ran = await run(
        sandbox, "import os\nfor n in sorted(os.listdir()): print(n, open(n, 'rb').read())", inputs
    )
    assert ran.stdout.decode().splitlines() == [
        "a.csv b'x\\n1\\n'",
        "empty b''",
        "zwei drei.txt b'\\x00\\xff'",
    ]
    assert ran.result.artifacts == ()


async def test_inputs_cannot_be_changed(sandbox: Sandbox) -> None:
    program = """
import os
for attempt in (lambda: open("a.csv", "w"), lambda: open("a.csv", "a"), lambda: os.remove("a.csv"),
                lambda: os.chmod("a.csv", 0o777), lambda: os.rename("a.csv", "b"),
                lambda: os.truncate("a.csv", 0), lambda: os.replace("mine", "a.csv")):
    open("mine", "w").close()
    try:
        attempt()
        print("CHANGED")
    except OSError:
        print("refused")
print(open("a.csv").read())
"""
    ran = await run(sandbox, program, [InputFile.of("a.csv", b"x")])
    if sandbox.tier == "T2":  # inside gVisor they are the program's own copies (docs/gvisor.md)
        assert [artifact.name for artifact in ran.result.artifacts] in ([], ["b"], ["b", "mine"], ["mine"])
        return
    assert ran.stdout == b"refused\n" * 7 + b"x\n"


async def test_files_can_be_copied(sandbox: Sandbox) -> None:
    program = """
import shutil
for name, copy in (("plain", shutil.copy), ("all", shutil.copy2), ("bytes", shutil.copyfile)):
    copy("a.csv", name)
shutil.copytree(".", "tree", ignore=lambda *_: ["tree"])
print(open("tree/all").read())
"""
    ran = await run(sandbox, program, [InputFile.of("a.csv", b"x")])
    assert (ran.stdout, ran.stderr) == (b"x\n", b"")


async def test_an_input_name_that_is_a_path_is_refused(sandbox: Sandbox) -> None:
    for name in ("../a", "/etc/a", "", ".", "a/b"):
        with pytest.raises(ValueError, match="plain file name"):
            await run(sandbox, "print(1)", [InputFile.of(name, b"")])


async def test_cancelling_kills_everything_before_it_returns(sandbox: Sandbox) -> None:
    await run(sandbox, "pass")
    running = asyncio.Event()
    await asyncio.sleep(1)  # the pool is full again and what has run is gone
    servers = SERVERS[sandbox.tier]
    assert await eventually(lambda: len(descendants(os.getpid())) == 2 * servers)
    armed = descendants(os.getpid())

    async def started(_stream: str, _data: bytes) -> None:
        running.set()

    program = b"import time\nprint('up')\nwhile True: time.sleep(1)"
    task = asyncio.create_task(sandbox.run(program, (), LIMITS, started))
    await running.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(armed & descendants(os.getpid())) == servers  # at once: all of the run is dead
    assert await eventually(lambda: len(descendants(os.getpid())) == 2 * servers)


async def test_a_failing_receiver_ends_the_run_with_its_error(sandbox: Sandbox) -> None:
    async def broken(_stream: str, _data: bytes) -> None:
        raise RuntimeError("receiver is gone")

    with pytest.raises(RuntimeError, match="receiver is gone"):
        await sandbox.run(b"while True: print(1)", (), LIMITS, broken)


async def test_runs_at_the_same_time_do_not_mix(sandbox: Sandbox) -> None:
    rans = await asyncio.gather(
        *(
            run(sandbox, f"import time; open('f', 'w').write('{n}'); time.sleep(0.1); print({n})")
            for n in range(4)
        )
    )
    assert [ran.stdout for ran in rans] == [b"0\n", b"1\n", b"2\n", b"3\n"]
    assert [ran.result.artifacts[0].content for ran in rans] == [b"0", b"1", b"2", b"3"]


async def test_the_tier_and_the_checked_properties_are_said(sandbox: Sandbox) -> None:
    assert sandbox.tier in TIERS
    assert "no socket of any family" in sandbox.isolation
    assert any(library.startswith("pandas==") for library in sandbox.libraries)
