"""What a program may want of a scope, as single grants; the scope with them; and what each would open.

Knows scopes and what a program's text shows: imports, addresses, commands. Must not know findings
or verdicts. What it collects is a guess to be tried (advice.py), never a reason to allow anything.
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from guard_svc.rules.catalogue import load_catalogue
from placet.scope import Scope, load_scope

# What a scope can never make harmless; a module that offers nothing else is not suggested.
_HARD: Final = frozenset({"dynamic", "unpickle", "native", "thread", "introspect"})
_GRANTABLE: Final = frozenset({"read", "write", "change", "open", "network", "process"})
_INTERPRETER: Final = frozenset(
    {"builtins", "__main__", "importlib", "inspect", "gc", "ctypes", "code", "pty"}
)
_ADDRESS: Final = re.compile(r"(https?)://([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(\d{1,5}))?(?=[/?#\s]|$)")
_PORTS: Final = {"http": "80", "https": "443"}
_COMMAND: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_STARTERS: Final = frozenset(
    "system popen Popen run call check_call check_output getoutput getstatusoutput split".split()  # noqa: SIM905
)
# Commands that run whatever they are told, or fetch it: granting one is granting everything.
_RUNS_ANYTHING: Final = re.compile(
    r"(?:ba|z|da|k|c|tc|fi)?sh|python[\d.]*|pypy[\d.]*|perl|ruby|node|deno|php|lua|Rscript|java|pwsh|powershell"
    r"|cmd|env|xargs|sudo|su|doas|nohup|busybox|g?awk|make|docker|podman|kubectl|ssh|scp|nc|ncat|netcat|socat"
    r"|curl|wget|pip[\d.]*|npm|npx|apt|apt-get|crontab|at|systemctl|gdb|strace"
)


@dataclass(frozen=True, slots=True)
class Grant:
    """One more thing that a scope would allow: a list below `allow` and its new entry, or a softened rule."""

    key: str
    value: str

    def __str__(self) -> str:
        if self.key == "rules":
            return f"rules: set {self.value} to warn"
        return f"allow.{self.key}: add {self.value}"


def widened(scope: Scope, grants: Sequence[Grant]) -> Scope:
    """`scope` with `grants` added. Raises ScopeInvalid when that is no scope."""
    data: dict[str, Any] = scope.model_dump(mode="json", exclude={"examples"})
    allow = data["allow"]
    for grant in grants:
        if grant.key == "rules":
            data["rules"] = {**data["rules"], grant.value: "warn"}
            continue
        listed = allow[grant.key] if isinstance(allow[grant.key], list) else []
        allow[grant.key] = [*listed, grant.value]
    return load_scope(yaml.safe_dump(data, sort_keys=False).encode())


def wants(tree: ast.Module, scope: Scope) -> tuple[Grant, ...]:
    """Everything that the program's text shows it may want and the scope does not list; broad ones first."""
    allow = scope.allow
    found = [
        *(Grant(key, "workdir") for key in ("write", "read")),
        Grant("write", "outputs"),
        Grant("read", "inputs"),
        *(Grant("processes", command) for command in sorted(set(_commands(tree)))),
        *(Grant("network", host) for host in sorted(set(_hosts(tree)))),
        *(Grant("imports", name) for name in sorted(set(_modules(tree)), key=lambda name: (len(name), name))),
    ]
    listed: dict[str, Sequence[str]] = {
        "imports": allow.imports,
        "read": allow.read,
        "write": allow.write,
        "network": allow.hosts,
        "processes": allow.commands,
    }
    return tuple(grant for grant in found if grant.value not in listed[grant.key])


def caution(grant: Grant) -> str:
    """What the owner should know before granting it, as a sentence; empty when the rules see all of it."""
    match grant.key:
        case "imports" if not _is_surveyed(grant.value.split(".")[0]):
            return f"The guard has not surveyed {grant.value}: what its calls do may go unseen by the rules."
        case "network":
            return f"Whatever the program reads could be sent to {grant.value}."
        case "processes":
            return f"What {grant.value} itself does is not reviewed."
        case "write" if grant.value == "workdir":
            return "Files of the working directory could be changed and deleted."
        case "rules":
            return f"Every program in the scope would pass {grant.value}."
    return ""


def _is_surveyed(root: str) -> bool:
    """Whether the catalogue has an opinion on the whole library; of others it names the worst calls only."""
    return root in load_catalogue().public or root in sys.stdlib_module_names


def _modules(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        names: Sequence[str] = ()
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [node.module]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = [node.value.id] if node.value.id in sys.stdlib_module_names else ()
        yield from (name for name in names if name.isascii() and _may_be_suggested(name.split(".")[0]))


def _may_be_suggested(root: str) -> bool:
    effects = load_catalogue().effects.items()
    kinds = {effect.kind for name, effect in effects if name.split(".")[0] == root}
    return root not in _INTERPRETER and not (kinds & _HARD and not kinds & _GRANTABLE)


def _hosts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for scheme, host, port in _ADDRESS.findall(node.value[:2000]):
                yield f"{host}:{port or _PORTS[scheme]}"


def _commands(tree: ast.Module) -> Iterator[str]:
    """First words of what looks like a command, without those that would grant everything."""
    for text in _command_texts(tree):
        for part in re.split(r"[;&|\n]+", text[:2000]):
            first = part.split(maxsplit=1)[:1]
            if first and _COMMAND.fullmatch(first[0]) and not _RUNS_ANYTHING.fullmatch(first[0]):
                yield first[0]


def _command_texts(tree: ast.Module) -> Iterator[str]:
    """Heads of lists, values of names, and lines that are handed to something that starts commands."""
    for node in ast.walk(tree):
        found: ast.expr | None = None
        if isinstance(node, ast.List | ast.Tuple) and node.elts:
            found = node.elts[0]
        elif isinstance(node, ast.Assign):
            found = node.value
        elif isinstance(node, ast.Call) and _starter(node.func):
            method_of_text = isinstance(node.func, ast.Attribute) and isinstance(
                node.func.value, ast.Constant
            )
            found = node.func.value if method_of_text else (node.args or [None])[0]  # type: ignore[attr-defined,list-item]
        if isinstance(found, ast.Constant) and isinstance(found.value, str):
            yield found.value


def _starter(function: ast.expr) -> bool:
    name = getattr(function, "attr", getattr(function, "id", ""))
    return name in _STARTERS
