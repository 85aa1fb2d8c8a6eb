"""Hypothesis strategies: scopes of every kind, and pairs of them that differ a little."""

from typing import Final

import yaml
from hypothesis import strategies as st

from placet.scope import Scope, load_scope

IMPORTS: Final = [
    "numpy",
    "numpy.linalg",
    "numpy.ctypeslib",
    "pandas",
    "pandas.errors",
    "matplotlib",
    "matplotlib.pyplot",
    "scipy",
    "scipy.stats",
    "os",
    "os.path",
    "subprocess",
    "requests",
    "math",
    "json",
    "collections",
]
RULES: Final = [
    "scope.import.undefined",
    "scope.import.star",
    "capability.file.unlisted",
    "threat.resource.recursion",
    "threat.obfuscation.literal",
    "capability.file.*",
    "scope.*",
    "scope.import.*",
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
            "min_tier": draw(st.sampled_from(["T0", "T1", "T3"])),
        },
        "prompt": {"sample_rows": draw(st.integers(0, 2))},
        "outputs": {"kinds": draw(_some(KINDS))},
        "rules": draw(
            st.dictionaries(st.sampled_from(modes), st.sampled_from(["enforce", "warn", "audit"]), max_size=3)
        ),
    }


def loaded(document: dict[str, object]) -> Scope:
    return load_scope(yaml.safe_dump(document).encode())


def scopes(modes: list[str] = RULES) -> st.SearchStrategy[Scope]:
    return documents(modes).map(loaded)


@st.composite
def kindred(draw: st.DrawFn, modes: list[str] = RULES) -> tuple[Scope, Scope, Scope]:
    """Three scopes, each made of parts of the one before: so that many stand in an order."""
    chain = [draw(documents(modes))]
    for _ in range(2):
        other, new = draw(documents(modes)), {**chain[-1]}
        for section in draw(_some(["allow", "limits", "review", "rules", "outputs", "prompt"])):
            new[section] = _mixed(draw, chain[-1][section], other[section])
        chain.append(new)
    return tuple(loaded(document) for document in chain)  # type: ignore[return-value]


def _mixed(draw: st.DrawFn, old: object, new: object) -> object:
    assert isinstance(old, dict)
    assert isinstance(new, dict)
    if "static_proof" in new:  # these two belong together
        return new
    keys = draw(st.sets(st.sampled_from(sorted({*old, *new})))) if old or new else set()
    return {**old, **{key: new[key] for key in keys if key in new}}
