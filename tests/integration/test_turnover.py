"""A chain that is replaced piece by piece while it is used: nothing is lost, and nothing is done twice.

Two processes of each service, found by name, over a log in PostgreSQL, and callers who never stop. At the end
the log says what happened (docs/connections.md).
"""

from __future__ import annotations

import asyncio
import re
import signal
import sys
import time
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
import pytest_asyncio

from placet.answers import Outcome
from placet.approval import SigningKey
from placet.audit.reader_postgres import PostgresReader
from placet.audit.record import Record
from placet.audit.verify import verify_database
from placet.client import Placet
from placet.local.services import module
from placet.pki import make_ca
from placet.rpc.channel import connect
from placet.rpc.health import serves
from placet.rpc.tls import TlsFiles
from tests.deploy.kit.manifests import DEPLOY
from tests.e2e.conftest import agreeable
from tests.fakes.metering import Samples, read
from tests.fakes.openai_server import Answer, Body, OpenAIServer, Replier
from tests.fakes.postgres import Database
from tests.fakes.replicas import SERVICES, Chain

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

SCOPE = "data-analysis"
CALLERS = 4
"""Of each kind: as many tasks, and as many programs of their own, are on their way at any time."""
MODEL_S = 1.2
"""How long the model takes: a process that ends has calls to finish."""


@dataclass
class Load:
    """What callers ask for, all the time; each answer is checked."""

    chain: Chain
    solved: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def solve(self, placet: Placet, name: str) -> None:
        """Tasks, by way of the generator."""
        while not self._stop.is_set():
            request_id = f"solve-{name}-{len(self.solved)}"
            result = await placet.solve(
                "What is 6 times 7?", scope=SCOPE, request_id=request_id, timeout_s=60
            )
            assert (result.outcome, result.stdout.strip()) == (Outcome.DONE, "42"), result
            self.solved.append(request_id)

    async def run(self, placet: Placet, name: str) -> None:
        """Programs of their own: guard and executor are called from here."""
        while not self._stop.is_set():
            number, request_id = len(self.ran), f"run-{name}-{len(self.ran)}"
            result = await placet.run(
                f"print({number} + 1)", scope=SCOPE, request_id=request_id, timeout_s=60
            )
            assert (result.outcome, result.stdout.strip()) == (Outcome.DONE, str(number + 1)), result
            self.ran.append(request_id)

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """While the block lasts; then what was begun is awaited, and what failed is raised."""
        self._stop.clear()
        async with Placet.connect(endpoint=self.chain.endpoint) as placet, asyncio.TaskGroup() as callers:
            for number in range(CALLERS):
                callers.create_task(self.solve(placet, str(number)))
                callers.create_task(self.run(placet, str(number)))
            try:
                yield
            finally:
                self._stop.set()

    async def more(self, count: int = CALLERS) -> None:
        """Wait until so many more requests of each kind were answered."""
        solved, ran = len(self.solved) + count, len(self.ran) + count
        while len(self.solved) < solved or len(self.ran) < ran:
            await asyncio.sleep(0.05)


def slow(reply: Replier) -> Replier:
    """The same model on a busy machine."""

    def later(body: Body) -> Answer:
        time.sleep(MODEL_S)
        return reply(body)

    return later


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chain(tmp_path_factory: pytest.TempPathFactory, postgres: object) -> AsyncIterator[Chain]:
    database: Database = postgres.new_log()  # type: ignore[attr-defined]
    with OpenAIServer(slow(agreeable("print(6 * 7)"))) as model:
        async with Chain.running(tmp_path_factory.mktemp("chain"), database, model.base_url) as chain:
            yield chain


def on_record(chain: Chain) -> list[tuple[str, str, dict[str, object]]]:
    """(kind, request id, body) of every record, once the verifier has found nothing wrong with the log."""
    database, layout = chain.database.as_reader, chain.layout
    for checkpoint in (chain.checkpoint(1), chain.checkpoint(2)):
        report = verify_database(database, checkpoint, layout.audit_vkey.read_text().strip())
        assert report.ok, report.first_break
    with PostgresReader(database) as reader:
        records = [Record.decode(entry.leaf) for entry in reader.entries()]
    return [(record.kind, record.request_id, dict(record.body)) for record in records]


def assert_once(chain: Chain, load: Load) -> None:
    """Each request that was answered is there once, from beginning to end, and no other is."""
    found = on_record(chain)
    of_kind = {kind: Counter(request for k, request, _ in found if k == kind) for kind, _, _ in found}
    tasks, runs = Counter(load.solved), Counter(load.solved + load.ran)
    assert of_kind["task_received"] == of_kind["task_finished"] == tasks
    assert of_kind["run_started"] == of_kind["run_finished"] == of_kind["approval_issued"] == runs
    assert {"run_aborted", "admission_refused", "task_refused", "generation_failed"}.isdisjoint(of_kind)
    assert {body["outcome"] for kind, _, body in found if kind == "task_finished"} == {"DONE"}


async def answers(chain: Chain, name: str, files: TlsFiles) -> bool:
    """Whether a service speaks with who has these files."""
    async with connect(chain.address(name), files, server=name) as channel:
        return await serves(channel, name)


def as_team(chain: Chain) -> dict[str, str]:
    """What a team is given: an address with a hole, and the certificate that it has now."""
    given, files = chain.directory / "given", chain.mounts["team"].files
    given.mkdir(exist_ok=True)
    for file, name in ((files.ca, "ca.crt"), (files.cert, "tls.crt"), (files.key, "tls.key")):
        (given / name).write_bytes(file.read_bytes())
    return {"PLACET_SERVICES": chain.names.address("{}.test", chain.port), "PLACET_TLS": str(given)}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def load(chain: Chain) -> Load:
    return Load(chain)


async def test_the_command_speaks_with_replicas_that_the_environment_names(chain: Chain) -> None:
    """A team needs nothing else."""
    listed = await asyncio.create_subprocess_exec(
        *module("placet.cli"), "scope", "list", env=as_team(chain), stdout=PIPE, stderr=PIPE
    )
    told, complained = await listed.communicate()

    assert SCOPE in told.decode(), complained.decode()


async def test_every_process_is_replaced_and_the_leader_killed_and_no_request_is_lost_or_doubled(
    chain: Chain, load: Load
) -> None:
    """§1.2, §1.3, §2.3, §4."""
    leader, standby = chain.replicas["audit"]
    before = {name: [each.process for each in replicas] for name, replicas in chain.replicas.items()}
    async with load.going_on():
        await load.more()
        await asyncio.gather(*(chain.roll(name) for name in SERVICES if name != "audit"))
        await load.more()
        await chain.restart(standby, signal.SIGTERM, stands_by=True)
        await chain.restart(leader, signal.SIGTERM, stands_by=True, after=standby)
        await load.more()
        await chain.restart(standby, signal.SIGKILL, stands_by=True, after=leader)
        await load.more()

    after = {name: [each.process for each in replicas] for name, replicas in chain.replicas.items()}
    assert all(set(after[name]).isdisjoint(before[name]) for name in SERVICES)
    assert [kind for kind, _, _ in on_record(chain)].count("log_started") == 3
    assert_once(chain, load)


async def test_certificates_and_their_authority_change_under_every_service_and_no_call_fails(
    chain: Chain, load: Load
) -> None:
    """§3.1, §3.3, §3.4: one service after the other, and not one process is started anew."""
    old, new = chain.authority("old"), chain.authority("new")
    make_ca(new)
    last = chain.mounts["team"].put(old)
    before = [each.process for replicas in chain.replicas.values() for each in replicas]
    async with load.going_on():
        for trusted in ((old,), (old, new), (new, old), (new,)):
            for name, mount in chain.mounts.items():
                mount.put(*trusted)
                await load.more(1 if name != "team" else CALLERS)

    assert [each.process for replicas in chain.replicas.values() for each in replicas] == before
    assert all(each.lives for replicas in chain.replicas.values() for each in replicas)
    for name in ("generator", "guard", "executor"):
        assert not await answers(chain, name, TlsFiles(chain.mounts["team"].files.ca, last.cert, last.key))
        assert await answers(chain, name, chain.mounts["team"].files)
    assert_once(chain, load)


async def test_the_key_of_approvals_changes_under_load_and_no_run_is_refused(
    chain: Chain, load: Load
) -> None:
    """docs/runbook.md, Keys: executors learn the new one, the guards get it, and the old one goes."""
    layout = chain.layout
    old, new = SigningKey.load(layout.approval_key), SigningKey.generate()
    async with load.going_on():
        await load.more()
        public = layout.keys / "next.pub.pem"
        public.write_bytes(new.public.to_pem())
        public.replace(layout.trusted / public.name)
        new.save(layout.keys / "next.key")
        (layout.keys / "next.key").replace(layout.approval_key)
        await chain.roll("guard")
        await load.more()
    until_then = len(on_record(chain))
    (layout.trusted / "approval.pub.pem").unlink()  # every approval of the old one is used by now
    async with load.going_on():
        await load.more()

    issued = [
        (place >= until_then, body["key_id"])
        for place, (kind, _, body) in enumerate(on_record(chain))
        if kind == "approval_issued"
    ]
    assert set(issued) == {(False, old.key_id), (False, new.key_id), (True, new.key_id)}
    assert_once(chain, load)


async def test_every_process_shows_over_http_what_it_does_and_one_of_the_logs_leads(
    chain: Chain, load: Load
) -> None:
    """docs/metrics.md §4, §6: who stands by is ready as well, and what the log holds is what was counted."""
    replicas = [each for replicas in chain.replicas.values() for each in replicas]
    async with load.going_on():
        await load.more()
    before = len(on_record(chain))
    async with httpx.AsyncClient(trust_env=False) as http:
        ready = [(await http.get(f"{chain.probe(each)}/readyz")).status_code for each in replicas]
        shown = {
            name: [read((await http.get(f"{chain.probe(each)}/metrics")).text) for each in of]
            for name, of in chain.replicas.items()
        }

    def total(name: str, sample: str, **labels: str) -> float:
        found: list[Samples] = shown[name]
        return sum(each.get((sample, frozenset(labels.items())), 0) for each in found)

    assert ready == [200] * len(replicas)
    assert {name: total(name, "placet_ready") for name in shown} == dict.fromkeys(SERVICES, 2)
    assert total("audit", "placet_log_leader") == 1
    assert total("generator", "placet_generator_tasks_total", outcome="DONE") > 0
    assert total("guard", "placet_guard_verdicts_total", scope=SCOPE, verdict="ALLOWED") > 0
    assert total("executor", "placet_executor_runs_total", status="EXITED") > 0
    size = max(each[("placet_log_size_records", frozenset())] for each in shown["audit"])
    assert before <= size <= len(on_record(chain))  # a heartbeat may come at any time


async def test_what_verify_calls_in_a_cluster_goes_on_while_processes_are_replaced(chain: Chain) -> None:
    """deploy/verify.sh --turnover: the same program, here without a cluster around it."""
    enough = chain.directory / "enough"
    async with Placet.connect(endpoint=chain.endpoint) as placet:
        tier = (await placet.pool()).tier
    calling = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", DEPLOY / "verify" / "call.py"),
        env={**as_team(chain), "TIER": tier, "UNTIL": str(enough), "PYTHONPATH": ":".join(sys.path)},
        stdout=PIPE,
    )
    assert calling.stdout
    while not (await calling.stdout.readline()).startswith(b"going on"):
        assert calling.returncode is None
    await asyncio.gather(chain.roll("guard"), chain.roll("executor"))
    enough.touch()
    told, _ = await calling.communicate()

    ran = re.fullmatch(r"call: (\d+) of (\d+) programs ran, .*\n", told.decode())
    assert ran, told.decode()
    assert (calling.returncode, ran[1]) == (0, ran[2])
    assert int(ran[1]) > CALLERS
