"""Which connections a set of NetworkPolicies lets through, as networking.k8s.io/v1 says it.

A connection needs an egress rule where it starts and an ingress rule where it ends; an end that no policy
selects for that direction lets everything through. Policies add up. Knows nothing of Placet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

Policy = Mapping[str, Any]
Port = tuple[str, int]
Edge = tuple[str, str, str]
"""From, to, and "TCP/7443"."""


@dataclass(frozen=True)
class Party:
    """One end of a connection: a pod, or an address outside (without a namespace)."""

    name: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    address: str = "10.244.0.1"
    ports: tuple[Port, ...] = ()
    """Where it listens, by number; what a policy calls by name is looked up in `names`."""
    names: Mapping[str, int] = field(default_factory=dict)


def edges(policies: Sequence[Policy], parties: Sequence[Party], ports: Iterable[Port]) -> set[Edge]:
    """Every connection that is let through, of each party to each other, over these ports."""
    tried = sorted(set(ports))
    ways_out = {party.name: _rules(policies, "Egress", party) for party in parties}
    ways_in = {party.name: _rules(policies, "Ingress", party) for party in parties}
    return {
        (source.name, target.name, f"{protocol}/{port}")
        for source in parties
        for target in parties
        if source is not target
        for protocol, port in tried
        if _lets(ways_out[source.name], "to", source, target, target, (protocol, port))
        and _lets(ways_in[target.name], "from", target, source, target, (protocol, port))
    }


def may_connect(policies: Sequence[Policy], source: Party, target: Party, port: Port) -> bool:
    """Whether both ends let one connection through."""
    return _lets(_rules(policies, "Egress", source), "to", source, target, target, port) and _lets(
        _rules(policies, "Ingress", target), "from", target, source, target, port
    )


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """A label selector; the empty one selects all."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        _holds(expression, labels) for expression in selector.get("matchExpressions", ())
    )


def _rules(policies: Sequence[Policy], direction: str, party: Party) -> list[Mapping[str, Any]] | None:
    """What is let through at one end; None when no policy selects it, and so everything is."""
    chosen = [policy["spec"] for policy in policies if _applies(policy, party, direction)]
    if not chosen:
        return None
    return [rule for spec in chosen for rule in spec.get(direction.lower()) or ()]


def _lets(
    rules: list[Mapping[str, Any]] | None, side: str, own: Party, other: Party, target: Party, port: Port
) -> bool:
    return rules is None or any(
        _matches_peer(rule, side, other, own.namespace) and _matches_port(rule, target, port)
        for rule in rules
    )


def _applies(policy: Policy, party: Party, direction: str) -> bool:
    spec = policy["spec"]
    return (
        bool(party.namespace)
        and policy["metadata"]["namespace"] == party.namespace
        and direction in spec["policyTypes"]
        and selects(spec["podSelector"], party.labels)
    )


def _matches_peer(rule: Mapping[str, Any], side: str, other: Party, namespace: str) -> bool:
    peers = rule.get(side)
    return not peers or any(_is_peer(peer, other, namespace) for peer in peers)


def _is_peer(peer: Mapping[str, Any], other: Party, namespace: str) -> bool:
    if block := peer.get("ipBlock"):
        address = ip_address(other.address)
        inside = address in ip_network(block["cidr"])
        return inside and not any(address in ip_network(part) for part in block.get("except", ()))
    if not other.namespace:
        return False
    if "namespaceSelector" in peer:
        if not selects(peer["namespaceSelector"], other.namespace_labels):
            return False
    elif other.namespace != namespace:
        return False
    return selects(peer.get("podSelector", {}), other.labels)


def _matches_port(rule: Mapping[str, Any], target: Party, port: Port) -> bool:
    wanted = rule.get("ports")
    return not wanted or any(port == found for item in wanted for found in _ports(item, target))


def _ports(item: Mapping[str, Any], target: Party) -> Iterator[Port]:
    number = item["port"]
    first = target.names[number] if isinstance(number, str) else number
    for each in range(first, item.get("endPort", first) + 1):
        yield item.get("protocol", "TCP"), each


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values", ())
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    raise ValueError(f"no operator of a label selector: {expression['operator']}")
