"""The stages around a program at T2: inputs cut, a contract checked, nothing told before (docs/contract.md).

Runs where a gVisor of 2023 or newer is installed and can be started; skips elsewhere, with the reason.
"""

from __future__ import annotations

import pytest

from tests.conformance import gvisor_kit
from tests.conformance.sandbox_kit import PYTHON

SCOPE = """\
apiVersion: placet/v1
kind: Scope
metadata: {name: staff, version: 1, owner: hr}
purpose: Answer questions about pay.
inputs:
  columns: [{input: staff.csv, grant: [pay], mask: [name]}]
outputs:
  kinds: [text, csv, json]
  contract: {max_rows: 2, result: {type: object, required: [mean]}}
"""
HONEST = """\
import csv, json
rows = list(csv.DictReader(open("staff.csv")))
print(sorted(rows[0]), "Kim" in {row["name"] for row in rows}, len({row["name"] for row in rows}))
json.dump({"mean": sum(float(row["pay"]) for row in rows) / len(rows)}, open("result.json", "w"))
"""
BREAKING = HONEST + 'open("all.csv", "w").writelines(["pay\\n", "10\\n", "12\\n", "11\\n"])\n'
STAGED = """
import asyncio
from pathlib import Path
from executor_svc.delivery import staged
from executor_svc.delivery.staged import Work
from executor_svc.delivery.wanted import Wanted
from executor_svc.sandbox import InputFile, RunLimits, open_sandbox
from placet.scope import load_scope
STAFF = InputFile.of(
    "staff.csv", b"name,email,pay\\nKim,kim@example.com,10\\nMax,max@example.com,12\\nKim,k@e.com,11\\n"
)
async def main():
    sandbox = open_sandbox(Path(sys.argv[2]), pool_size=1, preload=(), min_tier="T2")
    await sandbox.start()
    wanted, told = Wanted.by(load_scope(sys.argv[3].encode()), {}), []
    for program in sys.argv[4:]:
        heard = []
        async def hear(stream, data):
            heard.append([stream, data.decode()])
        work = Work(program.encode(), (STAFF,), RunLimits(60, 20, 256, 64, 8, 4))
        result = await staged.run(sandbox, wanted, work, hear, lambda left: None)
        rules = [[each.path, each.rule] for each in result.violations]
        files = {file.name: file.content.decode() for file in result.artifacts}
        told.append([result.status.value, heard, rules, files, result.usage.delivery_ms > 0])
        await result.release()
    await sandbox.close()
    return [sandbox.tier, *told]
print(json.dumps(asyncio.run(main())))
"""


@pytest.mark.timeout(gvisor_kit.SECONDS)
def test_inputs_are_cut_and_a_contract_is_checked_inside_gvisor() -> None:
    """7.1 to 7.3, and 7.8: cut, program and deliver are three cells of one sandbox, as at every tier."""
    tier, honest, breaking = gvisor_kit.python_in_pod(
        gvisor_kit.newest(), STAGED, str(PYTHON), SCOPE, HONEST, BREAKING
    )

    assert tier == "T2"
    assert honest == [
        "EXITED",
        [["stdout", "['name', 'pay'] False 2\n"]],
        [],
        {"result.json": '{"mean": 11.0}'},
        True,
    ]
    assert breaking == ["CONTRACT_VIOLATED", [], [["artifacts/all.csv", "caps.rows"]], {}, True]
