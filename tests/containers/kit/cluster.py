"""The trial overlay as running containers: what the manifests say, without a cluster.

Every pod template becomes one container (the log two: leader and standby; the worker two: on gVisor, and on
runc as the overlay `runc` has it) in a network namespace of its own. Certificates, volumes, settings, limits,
users, probes and connections are those of the rendered manifests. Beside them: a name server, a model, and
who asks from outside.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.containers.kit import engine, pods
from tests.containers.kit.hub import Hub, Permitted
from tests.containers.kit.overlay import Brought, Overlay
from tests.deploy.kit import network
from tests.deploy.kit.manifests import Pod
from tests.deploy.kit.network import Party

INSIDE: Final = Path(__file__).resolve().parents[1] / "inside"
READY_S: Final = 150.0
PROGRAM: Final = "import pandas as pd\nprint(pd.read_csv('sales.csv').price.mean())"
PORTS: Final = (22, 53, 80, 443, 5432, 7443, 8000, 8080, 8443, 9464)
PYTHON: Final = '["/opt/placet/bin/python", "-P"]'
POSTGRES: Final = "root:x:0:0::/:/bin/sh\npostgres:x:999:999::/tmp:/bin/sh\n"
LOG: Final = ("audit-0", "audit-1")
STANDBY: Final = "audit-1"
FLEET: Final = "worker-headless.placet-sandbox"
SERVICES: Final = (*LOG, "guard", "executor", "generator", "console")
WORKERS: Final = ("worker", "worker-runc")
OUTSIDE: Final = {
    "caller": Party("caller", "insights", {}, {"placet.dev/caller": "insights"}),
    "model": Party("model", "models", {}, {"placet.dev/model": "true"}),
    "names": Party(
        "names", "kube-system", {"k8s-app": "kube-dns"}, {"kubernetes.io/metadata.name": "kube-system"}
    ),
    "stranger": Party("stranger", "elsewhere", {}, {"kubernetes.io/metadata.name": "elsewhere"}),
}
MEMBERS: Final = {
    "audit-headless.placet": LOG,
    "guard-headless.placet": ("guard",),
    "generator-headless.placet": ("generator",),
    "executor-headless.placet": ("executor",),
    "postgres.placet": ("postgres",),
    "model.models": ("model",),
}
ASK: Final = """
import json, sys, time, urllib.request
waiting, deadline = json.loads(sys.argv[1]), time.monotonic() + float(sys.argv[2])
while waiting and time.monotonic() < deadline:
    for name, url in list(waiting.items()):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            del waiting[name]
        except OSError:
            time.sleep(0.1)
print(json.dumps(sorted(waiting)))
"""


@dataclass
class Cluster:
    """All of it; ends with everything that it started. `directory` is the tests' own."""

    directory: Path
    hub: Hub = field(default_factory=Hub)
    containers: dict[str, bool] = field(default_factory=dict)
    """Those that were started, and whether on gVisor."""
    without_t2: str = ""
    """Why the worker on gVisor does not serve, in its own words; empty when it does."""
    _names: subprocess.Popen[bytes] | None = None
    _options: dict[str, list[str]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.hub.__enter__()
        try:
            self._start()
        except BaseException as error:
            error.add_note(self.logs())
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @cached_property
    def overlay(self) -> Overlay:
        return Overlay.render()

    @cached_property
    def brought(self) -> Brought:
        return Brought.make(self.overlay, self.directory)

    @cached_property
    def pods(self) -> dict[str, Pod]:
        """Ours, by the names of their containers."""
        made = self.overlay.pods
        several = dict.fromkeys(LOG, made["audit"]) | {"worker-runc": self.overlay.worker_without_gvisor()}
        return {name: pod for name, pod in made.items() if name != "audit"} | several

    @cached_property
    def parties(self) -> dict[str, Party]:
        """Everybody in the network, as policies see them."""
        ours = {
            name: Party(name, pod.namespace, pod.labels, self.overlay.namespace_labels(pod.namespace))
            for name, pod in self.pods.items()
        }
        return {
            name: replace(party, address=self.hub.places[name].address)
            for name, party in (ours | OUTSIDE).items()
        }

    @cached_property
    def edges(self) -> set[Permitted]:
        """What the rendered policies let through, of everybody to everybody, over these ports."""
        policies, known = self.overlay.of_kind("NetworkPolicy"), self.parties
        return {
            (source, target, protocol, port)
            for source in known
            for target in known
            if source != target
            for protocol, port in [*(("TCP", port) for port in PORTS), ("UDP", 53)]
            if network.may_connect(policies, known[source], known[target], (protocol, port))
        }

    def name(self, service: str, *members: str) -> None:
        """Let a service of the cluster have these members from now on."""
        path = self.directory / "names.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        known[f"{service}.svc.cluster.local"] = [self.hub.places[member].address for member in members]
        path.with_suffix(".new").write_text(json.dumps(known))
        path.with_suffix(".new").replace(path)

    def employ(self, worker: str) -> None:
        """Let the fleet be this worker alone, once the front has noticed."""
        before = len(self._changes())
        self.name(FLEET, worker)
        deadline = time.monotonic() + READY_S
        while not any(self.hub.places[worker].address in line for line in self._changes()[before:]):
            assert time.monotonic() < deadline, "the front does not notice another fleet"
            time.sleep(0.2)

    def _changes(self) -> list[str]:
        """What the front told of workers that joined and left."""
        told = engine.podman("logs", self._container("executor"))
        return [line for line in told.splitlines() if '"event": "workers"' in line]

    def questions_of(self, name: str) -> list[str]:
        """The names that a pod has asked the name server for."""
        lines = [line.split() for line in (self.directory / "questions").read_text().splitlines()]
        return [asked for address, asked in lines if address == self.hub.places[name].address]

    def unready(self, *names: str, patience_s: float = READY_S) -> list[str]:
        """Wait until readiness probes succeed, asked as a kubelet does; who is still not ready then."""
        urls = {}
        for name in names:
            if probe := pods.probed(self.pods[name], "readinessProbe"):
                urls[name] = f"http://{self.hub.places[name].address}:{probe[0]}{probe[1]}"
        late: list[str] = self.hub.python(ASK, json.dumps(urls), str(patience_s))
        return late

    def execute(self, name: str, script: str, *arguments: str) -> Any:
        """Run a script of `inside` in a container; the JSON that it prints last."""
        python = "/usr/bin/python3" if name == "postgres" else "/opt/placet/bin/python"
        command = (self._container(name), python, "-c", (INSIDE / script).read_text())
        told = engine.podman("exec", *command, *arguments, gvisor=self.containers[name])
        return json.loads(told.strip().splitlines()[-1])

    def once(self, at: str, *arguments: str, options: Sequence[str] = (), check: bool = True) -> str:
        """Python in the services' image, in the place of a pod, until it ends; what it prints."""
        hardened = ("--read-only", "--cap-drop=all", "--security-opt=no-new-privileges", "--user=65532:65532")
        names = f"--volume={self.directory}/resolv.conf:/etc/resolv.conf:ro"
        return engine.podman(
            "run", "--rm", self.hub.places[at].option, *hardened, f"--entrypoint={PYTHON}", names, *options,
            _image("services"), *arguments, timeout=180, check=check,
        )  # fmt: skip

    def secret(self, namespace: str, name: str) -> str:
        """A podman option that mounts a secret where services look for their certificates."""
        directory = self.directory / f"{namespace}-{name}"
        if not directory.exists():
            pods.fill(directory, self.brought.secrets[namespace][name], 0o440, 65532)
        return f"--volume={directory}:/etc/placet/tls:ro"

    def logs(self, *names: str) -> str:
        """The last that containers wrote."""
        told = {
            name: engine.podman("logs", self._container(name), check=False)
            for name in names or self.containers
        }
        return "\n".join(f"--- {name}\n{text[-3000:]}" for name, text in told.items())

    def _start(self) -> None:
        engine.build()
        for name in (*self.pods, *OUTSIDE):
            self.hub.join(name)
        self.hub.permit(self.edges)
        self._start_names()
        self._run("postgres", self._postgres())
        self._plain("model", INSIDE / "model.py", PROGRAM)
        self._migrate()
        for name in (*WORKERS, *SERVICES):
            if name != STANDBY:
                self._run(name, [_image("worker" if name in WORKERS else "services")])
        self._start_standby()
        late = self.unready(*SERVICES)
        assert not late, f"not ready: {late}"
        self._settle_gvisor()

    def _settle_gvisor(self) -> None:
        """Where this gVisor cannot hold the sandbox, the container stands idle: its network is the same."""
        deadline = time.monotonic() + READY_S
        while self.unready("worker", patience_s=2.0):
            if not self._runs("worker") or time.monotonic() > deadline:
                break
        else:
            return
        self.without_t2 = self.logs("worker")
        engine.podman("rm", "--force", "--time=0", self._container("worker"), gvisor=True)
        self.hub.restore("worker")
        idle = (f"--entrypoint={PYTHON}", _image("worker"), "-c", "import signal; signal.pause()")
        name = f"--name={self._container('worker')}"
        engine.podman("run", "--detach", name, *self._given("worker"), *idle, gvisor=True)

    def _start_standby(self) -> None:
        """After the leader, as a StatefulSet does; its volume is empty."""
        late = self.unready("audit-0")
        assert not late, "the log's leader does not start"
        self._run(STANDBY, [_image("services")])

    def _start_names(self) -> None:
        for service, members in MEMBERS.items():
            self.name(service, *members)
        self.name(FLEET, "worker-runc")
        place = self.hub.places["names"]
        (self.directory / "questions").touch()
        (self.directory / "resolv.conf").write_text(f"nameserver {place.address}\n")
        files = (self.directory / "names.json", self.directory / "questions")
        command = (
            "ip",
            "netns",
            "exec",
            place.namespace,
            sys.executable,
            INSIDE / "nameserver.py",
            place.address,
        )
        self._names = subprocess.Popen([*command, *files])

    def _postgres(self) -> list[str]:
        """PostgreSQL's own image is in a registry; the base with this machine's programs does the same."""
        users = self.directory / "passwd"
        users.write_text(POSTGRES)
        mounted = {users: "/etc/passwd", Path("/usr"): "/usr", INSIDE / "postgres.sh": "/postgres.sh"}
        volumes = [f"--volume={here}:{there}:ro" for here, there in mounted.items()]
        return [*volumes, "--entrypoint=/postgres.sh", engine.BASE]

    def _migrate(self) -> None:
        """As the Job does: again until it succeeds."""
        deadline = time.monotonic() + READY_S
        run = ("run", "--rm", *self._given("audit-migrate"), _image("services"))
        while (tried := engine.attempt(*run, *self._arguments("audit-migrate")))[0] != 0:
            assert time.monotonic() < deadline, tried[1]

    def _run(self, name: str, image: list[str]) -> None:
        gvisor = self.pods[name].spec.get("runtimeClassName") == "gvisor" and name != "worker-runc"
        self.containers[name] = gvisor
        # A pod keeps its network when its container is started again; gVisor of podman's would not.
        again = "--restart=no" if gvisor else "--restart=always"
        started = ("run", "--detach", again, f"--name={self._container(name)}", *self._given(name))
        engine.podman(*started, *image, *self._arguments(name), gvisor=gvisor)

    def _plain(self, name: str, script: Path, *arguments: str) -> None:
        """A container that is not of the manifests."""
        self.containers[name] = False
        where = (f"--name={self._container(name)}", self.hub.places[name].option, f"--entrypoint={PYTHON}")
        engine.podman(
            "run", "--detach", "--read-only", *where, _image("services"), "-c", script.read_text(), *arguments
        )

    def _given(self, name: str) -> list[str]:
        """The options that the manifests lead to; volumes are made the first time."""
        if name not in self._options:
            self._options[name] = self._options_of(name)
        return self._options[name]

    def _options_of(self, name: str) -> list[str]:
        pod = self.pods[name]
        maps = self.overlay.config_maps(pod.namespace)
        stored = pods.Stored(
            self.brought.secrets[pod.namespace],
            {**maps, "placet-keys": self.brought.public_keys},
            self.directory / name,
            self.hub.places["names"].address,
        )
        return [*pods.arguments(pod, stored), self.hub.places[name].option]

    def _arguments(self, name: str) -> list[str]:
        arguments: list[str] = self.pods[name].containers[0]["args"]
        return arguments

    def _runs(self, name: str) -> bool:
        state = "{{.State.Running}}"
        return (
            engine.podman("container", "inspect", "--format", state, self._container(name)).strip() == "true"
        )

    def _container(self, name: str) -> str:
        return f"{self.hub.prefix}-{name}"

    def _stop(self) -> None:
        for name, gvisor in reversed(self.containers.items()):
            engine.podman("rm", "--force", "--time=0", self._container(name), gvisor=gvisor, check=False)
        if self._names:
            self._names.kill()
            self._names.wait()
        self.containers.clear()
        self.hub.__exit__(None, None, None)


def _image(target: str) -> str:
    return f"localhost/placet/{target}:{engine.TAG}"
