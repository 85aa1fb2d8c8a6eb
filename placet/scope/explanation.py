"""A scope told in plain words, for whoever owns it or must agree to it.

Knows the format's meaning (docs/scope-format.md) and what every sandbox enforces. Must not know single rules,
programs, or how words are shown. Text of the scope itself stands in it as it is: untrusted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from placet.scope import told
from placet.scope.grants import mode_of
from placet.scope.schema import SEVERITIES, Scope

_THREADS: Final = "threads or processes of the program's own, within the limits"
_PICKLES: Final = "reading pickles, when a person agrees each time"
_OPENS: Final = {
    "pandas": "tables; files by the read and write grants",
    "numpy": "arrays; files by the read and write grants",
    "matplotlib": "charts; files by the read and write grants",
    "seaborn": "charts; no data sets from the network",
    "scipy": "numerical methods; no data sets from the network",
    "sklearn": "machine learning; no data sets from the network",
    "statsmodels": "statistics",
    "os": "the functions that the guard knows by name, no other",
    "sys": "the functions that the guard knows by name, no other",
    "shutil": "copying and moving by the write grants",
    "pathlib": "paths and files by the read and write grants",
    "glob": "names of files by the read grants",
    "tempfile": "temporary files by the write grants",
    "subprocess": "the commands named here",
    "threading": _THREADS,
    "concurrent": _THREADS,
    "multiprocessing": _THREADS,
    "pickle": _PICKLES,
    "marshal": _PICKLES,
    "shelve": _PICKLES,
    "platform": "facts about the machine it runs on",
    "requests": "the hosts named here",
    "urllib": "the hosts named here",
}
_ORDINARY: Final = "its public interface"

ALWAYS_DENIED: Final = (
    "paths that are known to be absolute, to begin with ~ or to contain ..",
    "hosts and commands that are known and not named by the scope; where it names none, any at all",
    "code from text: eval, exec, compile, computed imports, queries that reach more than columns",
    "reading pickles; where the scope names the module pickle, a person decides each time",
    "the interpreter's insides: frames, globals, base classes, modules behind modules",
    "native code and environment variables",
    "hidden or encoded programs, and text that tells a reviewer what to answer beside any other warning",
    "endless loops and sizes that no run can hold",
)
"""Whatever a scope says, and in whatever mode its rules are (a test shows each in the widest scope)."""

_DOUBT: Final = {
    "needs_review": "Doubt goes to the security staff: a MEDIUM finding, or an uncertain reviewer.",
    "deny": "Doubt denies: a MEDIUM finding, or an uncertain reviewer.",
}
_TIERS: Final = {
    "T0": "Landlock, seccomp and limits",
    "T1": "T0 in namespaces of its own",
    "T2": "T1 inside gVisor",
    "T3": "a virtual machine",
}
_MODES: Final = {
    "enforce": "counts as the rule is written",
    "warn": "is shown, and stops no program",
    "audit": "is recorded, and stops no program",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Sentences by topic; `limits` are those of the file. Nothing in it needs a service."""

    imports: dict[str, str]
    may: dict[str, str]
    limits: dict[str, str]
    plans: tuple[str, ...]
    """How programs come about where plans of actions run; empty where a model writes them."""
    found: tuple[str, ...]
    """What programs find of the inputs; empty where it is all of them."""
    leaves: tuple[str, ...]
    """What is changed, checked or withheld before anything leaves; empty where nothing is."""
    decides: tuple[str, ...]
    softened: dict[str, str]
    always_denied: tuple[str, ...]
    sandbox: tuple[str, ...]
    notes: tuple[str, ...]


def explain(scope: Scope) -> Explanation:
    """What the scope means for a program, for its owner and for the security staff."""
    return Explanation(
        imports=_imports(scope),
        may=_may(scope),
        limits=_limits(scope),
        plans=tuple(told.plans(scope)),
        found=tuple(told.found(scope)),
        leaves=tuple(told.leaves(scope)),
        decides=tuple(_decides(scope)),
        softened={key: _MODES[mode] for key, mode in sorted(scope.rules.items()) if mode != "enforce"},
        always_denied=ALWAYS_DENIED,
        sandbox=tuple(_sandbox(scope)),
        notes=tuple(_notes(scope)),
    )


def explain_rule(scope: Scope, rule_id: str) -> str:
    """How findings of one rule count in this scope. Whether there is such a rule only the guard knows."""
    mode = mode_of(scope.rules, rule_id)
    why = (
        "the scope says so" if mode != "enforce" or rule_id in scope.rules else "the scope says nothing else"
    )
    return f"{rule_id}: {mode}, a finding of it {_MODES[mode]}; {why}"


def _imports(scope: Scope) -> dict[str, str]:
    named = {name: _OPENS.get(name.split(".")[0], _ORDINARY) for name in scope.allow.imports}
    if scope.allow.pure_stdlib:
        named["standard library"] = "its pure modules, such as math, re, json: nothing beyond the language"
    return named


def _may(scope: Scope) -> dict[str, str]:
    allow = scope.allow
    return {
        "read": _places(allow.read, "the files attached to the task, by their names"),
        "write": _places(allow.write, "new files, by relative paths"),
        "reach": ", ".join(allow.hosts) or "nothing: no network",
        "start": ", ".join(allow.commands) or "nothing: no processes",
        "hand over": ", ".join(scope.outputs.kinds) or "nothing",
        "show the model": _rows(scope),
    }


def _places(granted: tuple[str, ...], usual: str) -> str:
    if "workdir" in granted:
        return f"{usual}; and any file below the working directory"
    return usual if granted else "nothing"


def _rows(scope: Scope) -> str:
    rows = scope.prompt.sample_rows
    return f"columns, and {rows} rows of each input" if rows else "columns of the inputs, no rows"


def _limits(scope: Scope) -> dict[str, str]:
    limits = scope.limits
    return {
        "wall time": f"{limits.wall_s} s",
        "CPU time": f"{limits.cpu_s} s",
        "memory": f"{limits.memory_mib} MiB",
        "printed": f"{limits.output_kib} KiB per stream",
        "files handed over": f"{limits.artifacts}, together {limits.artifact_mib} MiB",
    }


def _decides(scope: Scope) -> Iterator[str]:
    if scope.mode != "program":
        yield "What a plan compiles to is compiled again and allowed, unless a rule objects."
    if scope.mode == "actions":
        yield "Every other program is denied."
        yield "If a check breaks, or the audit log cannot be reached, there is no approval and no run."
        return
    yield "Rules first: a finding of severity HIGH or CRITICAL denies, and no reviewer can clear it."
    if scope.review.static_proof:
        yield "A program that the rules prove pure, and in which they find nothing, is allowed by them alone."
    if scope.review.reviewer == "required":
        yield "Then the reviewer, a language model, reads the program: it can deny, but clear nothing denied."
    else:
        yield "No reviewer reads programs here: what the rules cannot prove pure counts as doubt."
    yield _DOUBT[scope.review.on_uncertain]
    yield from _quorums(scope)
    if scope.review.undecided == "allow":
        yield "Where the reviewer's model was measured not to tell such programs apart, rules alone allow."
    yield "If a check breaks, or reviewer or audit log cannot be reached, there is no approval and no run."


def _quorums(scope: Scope) -> Iterator[str]:
    review = scope.review
    if review.quorum > 1:
        yield f"Where people decide, {review.quorum} of them must allow the program."
    for severity in SEVERITIES:
        needed = review.quorum_for([severity])
        if needed > review.quorum:
            yield f"With a finding of severity {severity}, {needed} people must allow the program."
    if review.strictest_quorum > review.quorum:
        yield f"A program that no guard has looked at needs {review.strictest_quorum} people."


def _sandbox(scope: Scope) -> Iterator[str]:
    tier = scope.review.min_tier
    yield f"Isolation of tier {tier} ({_TIERS[tier]}) or stronger; a weaker worker refuses the run."
    yield "No network and no other program, whatever is granted above."
    yield "A working directory of its own, with the attached files read-only and nothing of other runs."
    yield "An empty environment: no keys, no credentials, none of the services' code."
    yield "The limits above; a run that reaches one is ended, with everything it started."
    yield "Only regular files that the run has written are handed over, each with its digest."


def _notes(scope: Scope) -> Iterator[str]:
    """Where the file grants something that does not do what its owner may think."""
    allow, limits = scope.allow, scope.limits
    if allow.hosts or allow.commands:
        yield "Hosts and commands let a program pass the review; in our sandbox its calls to them fail."
    if "subprocess" in allow.imports and not allow.commands:
        yield "subprocess may be imported, but no command is named: nothing can be started with it."
    if limits.cpu_s > limits.wall_s:
        yield f"{limits.wall_s} s of wall time end a run before it can use {limits.cpu_s} s of CPU time."
    if not allow.write and set(scope.outputs.kinds) - {"text"}:
        yield "Files are asked for, but nothing may be written; open charts are still saved as PNG."
    if any(mode != "enforce" for mode in scope.rules.values()):
        yield "A guard refuses the scope if it knows a softened rule as hard; `placet scope test` asks it."
    yield from told.notes(scope)
    if scope.prompt.sample_rows:
        yield "Rows of the inputs are shown to a model, which may be somebody else's service."
