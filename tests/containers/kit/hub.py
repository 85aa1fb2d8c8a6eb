"""A network of pods, each in a namespace of its own, whose middle lets through what is listed, and no more.

    with Hub() as hub:
        place = hub.join("guard")             # namespace and address; its only way out is the middle
        hub.permit([("guard", "audit", "TCP", 7443)])
        hub.dropped("worker")                 # how many packets of a pod's the middle has dropped

As in a cluster, the filter is out of the pods' reach, and whoever starts containers stands in the middle.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

Permitted = tuple[str, str, str, int]
"""From, to, protocol, port."""


@dataclass(frozen=True)
class Place:
    """Where a pod is in the network."""

    namespace: str
    address: str

    @property
    def option(self) -> str:
        """Of podman."""
        return f"--network=ns:/run/netns/{self.namespace}"


@dataclass
class Hub:
    """Ends with all its namespaces."""

    prefix: str = field(default_factory=lambda: f"placet{os.getpid()}")
    places: dict[str, Place] = field(default_factory=dict)

    def __enter__(self) -> Self:
        run("ip", "netns", "add", self.middle)
        run("ip", "-n", self.middle, "link", "set", "lo", "up")
        self.inside("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for namespace in [*(place.namespace for place in self.places.values()), self.middle]:
            subprocess.run(["ip", "netns", "delete", namespace], check=False)
        self.places.clear()

    @property
    def middle(self) -> str:
        return f"{self.prefix}-hub"

    def join(self, name: str) -> Place:
        """Give a pod a place."""
        number = len(self.places) + 1
        place = Place(f"{self.prefix}-{name}", f"10.77.{number}.2")
        ours = f"hub{number}"
        run("ip", "netns", "add", place.namespace)
        run(
            "ip",
            "link",
            "add",
            ours,
            "netns",
            self.middle,
            "type",
            "veth",
            "peer",
            "eth0",
            "netns",
            place.namespace,
        )
        run("ip", "-n", self.middle, "address", "add", f"10.77.{number}.1/24", "dev", ours)
        run("ip", "-n", self.middle, "link", "set", ours, "up")
        self.places[name] = place
        self.restore(name)
        return place

    def restore(self, name: str) -> None:
        """Give a place its address and its way out, also where a gVisor that has ended took them away."""
        place = self.places[name]
        for link in ("lo", "eth0"):
            run("ip", "-n", place.namespace, "link", "set", link, "up")
        run("ip", "-n", place.namespace, "address", "replace", f"{place.address}/24", "dev", "eth0")
        gate = f"{place.address.rpartition('.')[0]}.1"
        run("ip", "-n", place.namespace, "route", "replace", "default", "via", gate)

    def permit(self, edges: Iterable[Permitted]) -> None:
        """Let these connections through, and nothing else from now on."""
        allowed = "\n".join(
            f"ip saddr {self.places[source].address} ip daddr {self.places[target].address} "
            f"{protocol.lower()} dport {port} accept"
            for source, target, protocol, port in sorted(edges)
        )
        counted = "\n".join(
            f'ip saddr {place.address} counter drop comment "{name}"' for name, place in self.places.items()
        )
        # Nothing that a pod sends to the node itself is answered either; what the node asks of pods is.
        rules = f"""
            table inet policies {{
              chain forward {{
                type filter hook forward priority 0; policy drop;
                ct state established,related accept
                {allowed}
                {counted}
              }}
              chain input {{
                type filter hook input priority 0; policy drop;
                iifname lo accept
                ct state established,related accept
                {counted}
              }}
            }}"""
        self.inside("nft", "-f", "-", given=f"add table inet policies\ndelete table inet policies\n{rules}")

    def dropped(self, name: str) -> int:
        """Packets of a pod's that went nowhere."""
        told: dict[str, Any] = json.loads(self.inside("nft", "-j", "list", "ruleset"))
        rules = [item["rule"] for item in told["nftables"] if "rule" in item]
        return sum(
            part["counter"]["packets"]
            for rule in rules
            if rule.get("comment") == name
            for part in rule["expr"]
            if "counter" in part
        )

    def inside(self, *command: str, given: str = "") -> str:
        """Run a program in the middle, as a node's own; what it prints."""
        return run("ip", "netns", "exec", self.middle, *command, given=given)

    def python(self, script: str, *arguments: str) -> Any:
        """Run a script in the middle; the JSON that it prints."""
        return json.loads(self.inside(sys.executable, "-c", script, *arguments))


def run(*command: str, given: str = "") -> str:
    """Raises AssertionError with what a program said when it fails."""
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}{given}"
    return done.stdout
