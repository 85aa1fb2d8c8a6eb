"""Hypothesis strategies: scopes of every kind, and pairs of them that differ a little."""

import json
from typing import Final

from hypothesis import strategies as st

from placet.scope import Scope

IMPORTS: Final = [
    *(
        "numpy",
        "numpy.linalg",
        "numpy.ctypeslib",
        "pandas",
        "pandas.errors",
        "matplotlib",
        "matplotlib.pyplot",
    ),
    *("scipy", "scipy.stats", "os", "os.path", "subprocess", "requests", "math", "json", "collections"),
    *("pickle", "threading", "concurrent", "concurrent.futures", "sqlite3", "platform", "shutil", "urllib"),
]
RULES: Final = [
    *("scope.import.undefined", "scope.import.star", "capability.file.unlisted", "threat.resource.recursion"),
    *("threat.obfuscation.literal", "capability.file.*", "scope.*", "scope.import.*"),
]
HOSTS: Final = ["api.example.com:443", "api.example.com:80", "db.example.com:443"]
COMMANDS: Final = ["git", "ls", "wc"]
KINDS: Final = ["text", "txt", "png", "csv"]


def _some(items: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(items), unique=True, max_size=4)


def _none_or(items: list[str]) -> st.SearchStrategy[object]:
    return st.just("none") | _some(items).filter(bool)


@st.composite
def documents(draw: st.DrawFn, modes: list[str] = RULES) -> dict[str, object]:
    """A scope's content; `modes` are the rule keys that it may soften."""
    static_proof = draw(st.booleans())
    return {
        "apiVersion": "placet/v1",
        "kind": "Scope",
        "metadata": {"name": "a", "version": 1, "owner": "b"},
        "purpose": draw(st.sampled_from(["c", "c", "c", "d"])),
        "allow": {
            "imports": draw(_some(IMPORTS)),
            "pure_stdlib": draw(st.booleans()),
            "read": draw(_some(["inputs", "workdir"])),
            "write": draw(_some(["outputs", "workdir"])),
            "network": draw(_none_or(HOSTS)),
            "processes": draw(_none_or(COMMANDS)),
        },
        "limits": {"wall_s": draw(st.integers(1, 3)), "artifacts": draw(st.integers(1, 3))},
        "review": {
            "reviewer": draw(st.sampled_from(["required", "off"] if static_proof else ["required"])),
            "static_proof": static_proof,
            "on_uncertain": draw(st.sampled_from(["needs_review", "deny"])),
            "undecided": draw(st.sampled_from(["needs_review", "allow"])),
            "min_tier": draw(st.sampled_from(["T0", "T1", "T3"])),
            "quorum": draw(st.integers(1, 3)),
            "quorum_by_severity": draw(
                st.dictionaries(st.sampled_from(["LOW", "HIGH"]), st.integers(1, 3), max_size=2)
            ),
        },
        "prompt": {"sample_rows": draw(st.integers(0, 2))},
        "outputs": {"kinds": draw(_some(KINDS))},
        "rules": draw(
            st.dictionaries(st.sampled_from(modes), st.sampled_from(["enforce", "warn", "audit"]), max_size=3)
        ),
    }


def loaded(document: dict[str, object]) -> Scope:
    """As from a file, without the time that reading YAML takes: many are made."""
    scope = Scope.model_validate(document)
    scope._document = json.dumps(document).encode()  # JSON is YAML
    return scope


def scopes(modes: list[str] = RULES) -> st.SearchStrategy[Scope]:
    return documents(modes).map(loaded)


@st.composite
def kindred(draw: st.DrawFn, modes: list[str] = RULES) -> tuple[Scope, Scope, Scope]:
    """Three scopes, each with one or two keys of another one: so that many stand in an order."""
    chain = [draw(documents(modes))]
    for _ in range(2):
        other, new = draw(documents(modes)), chain[-1]
        for _ in range(draw(st.integers(1, 2))):
            new = _with_a_key_of(draw, new, other)
        chain.append(new)
    return tuple(loaded(document) for document in chain)  # type: ignore[return-value]


def _with_a_key_of(draw: st.DrawFn, old: dict[str, object], other: dict[str, object]) -> dict[str, object]:
    section = draw(st.sampled_from(["allow", "allow", "limits", "review", "rules", "outputs", "prompt"]))
    mine, theirs = old[section], other[section]
    assert isinstance(mine, dict)
    assert isinstance(theirs, dict)
    if section == "review" or not theirs:  # reviewer and static_proof belong together
        return {**old, section: theirs}
    key = draw(st.sampled_from(sorted(theirs)))
    return {**old, section: {**mine, key: theirs[key]}}
