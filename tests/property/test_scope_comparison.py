"""docs/scope-format.md, "Comparing two scopes", over many scopes."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from guard_svc.rules.catalogue import load_catalogue
from placet.scope import Relation, Scope, ScopeInvalid, compare, diff, grants, load_scope
from placet.scope.modules import PUBLIC, PURE
from tests.fakes.any_scopes import COMMANDS, HOSTS, IMPORTS, KINDS, RULES, documents, kindred, loaded, scopes

Probe = tuple[str, object]
PROBES: tuple[Probe, ...] = (
    *(("import", name) for name in [*IMPORTS, "numpy.random", "heapq", "xml"]),
    *(("read", place) for place in ("inputs", "workdir")),
    *(("write", place) for place in ("outputs", "workdir")),
    *(("network", host) for host in HOSTS),
    *(("process", command) for command in COMMANDS),
    *(("output", kind) for kind in KINDS),
    *(("wall_s", seconds) for seconds in (1, 2, 3)),
    *(("artifacts", number) for number in (1, 2, 3)),
    *(("rows shown", number) for number in (0, 1, 2)),
    *(("tier", tier) for tier in ("T0", "T1", "T2", "T3")),
    *(("people who allow it", number) for number in (1, 2, 3)),
    *((f"people who allow a {severity}", number) for severity in ("LOW", "HIGH") for number in (1, 2, 3)),
    *(("warning stops not", rule) for rule in RULES if not rule.endswith("*")),
    *(("finding unseen", rule) for rule in [*(rule.replace("*", "other") for rule in RULES)]),
    *(("way to run", way) for way in ("pure, unread", "read by a reviewer", "doubted, read by a person")),
    ("way to run", "rules alone, the model cannot tell"),
)


def allowed_by(scope: Scope, probe: Probe) -> bool:
    """A tiny model of a scope's meaning, written from the format page and not from the code."""
    kind, asked = probe
    allow, review, limits = scope.allow, scope.review, scope.limits
    match kind:
        case "import":
            return _importable(scope, str(asked))
        case "read":
            return asked in allow.read or "workdir" in allow.read
        case "write":
            return asked in allow.write or "workdir" in allow.write
        case "network":
            return allow.network != "none" and asked in allow.network
        case "process":
            return allow.processes != "none" and asked in allow.processes
        case "output":
            return asked in scope.outputs.kinds
        case "wall_s":
            return asked <= limits.wall_s  # type: ignore[operator]
        case "artifacts":
            return asked <= limits.artifacts  # type: ignore[operator]
        case "rows shown":
            return asked <= scope.prompt.sample_rows  # type: ignore[operator]
        case "tier":
            return str(asked) >= review.min_tier
        case "people who allow it":
            return asked >= review.quorum  # type: ignore[operator]
        case "people who allow a LOW":
            return asked >= max(review.quorum, review.quorum_by_severity.get("LOW", 1))  # type: ignore[operator]
        case "people who allow a HIGH":
            return asked >= max(review.quorum, review.quorum_by_severity.get("HIGH", 1))  # type: ignore[operator]
        case "warning stops not":
            return _mode(scope, str(asked)) != "enforce"
        case "finding unseen":
            return _mode(scope, str(asked)) == "audit"
    return {
        "pure, unread": review.static_proof,
        "read by a reviewer": review.reviewer == "required",
        "doubted, read by a person": review.on_uncertain == "needs_review",
        "rules alone, the model cannot tell": review.undecided == "allow",
    }[str(asked)]


def _importable(scope: Scope, module: str) -> bool:
    if scope.allow.pure_stdlib and module in ("math", "collections", "heapq"):
        return True
    internal = module == "numpy.ctypeslib"
    if module in scope.allow.imports:
        return True
    return not internal and any(module.startswith(name + ".") for name in scope.allow.imports)


def _mode(scope: Scope, rule: str) -> str:
    for key in [rule, *(f"{beginning}.*" for beginning in _beginnings(rule))]:
        if key in scope.rules:
            return scope.rules[key]
    return "enforce"


def _beginnings(rule: str) -> Iterator[str]:
    while "." in rule:
        rule = rule.rpartition(".")[0]
        yield rule


@given(kindred())
def test_what_is_not_wider_allows_nothing_more(chain: tuple[Scope, Scope, Scope]) -> None:
    """MUST 1: B grants no more if A's grants include B's, no bound is laxer, and the words are equal."""
    for a in chain:
        for b in chain:
            if compare(a, b).grants_no_more:
                more = [probe for probe in PROBES if allowed_by(b, probe) and not allowed_by(a, probe)]
                assert more == []
                assert grants(b) <= grants(a)


@given(kindred())
def test_what_allows_more_is_called_wider_or_to_read(chain: tuple[Scope, Scope, Scope]) -> None:
    """The same, the other way round, so that a comparison that never fires fails here."""
    for a in chain:
        for b in chain:
            if any(allowed_by(b, probe) and not allowed_by(a, probe) for probe in PROBES):
                assert compare(a, b).relation in (Relation.WIDER, Relation.INCOMPARABLE)


@given(scopes())
def test_a_scope_equals_itself(scope: Scope) -> None:
    assert compare(scope, scope).relation is Relation.EQUAL
    assert diff(scope, scope).widening == diff(scope, scope).narrowing == []


@given(kindred())
def test_neither_wider_than_the_other_is_equal(chain: tuple[Scope, Scope, Scope]) -> None:
    """Antisymmetric up to spelling: then both grant the same set."""
    a, b, _ = chain
    there, back = compare(a, b), compare(b, a)
    if there.grants_no_more and back.grants_no_more:
        assert (there.relation, back.relation) == (Relation.EQUAL, Relation.EQUAL)
        assert grants(a) == grants(b)


@given(kindred())
def test_not_wider_is_transitive(chain: tuple[Scope, Scope, Scope]) -> None:
    a, b, c = chain
    for first, second, third in ((a, b, c), (c, b, a), (b, a, c), (b, c, a)):
        if compare(first, second).grants_no_more and compare(second, third).grants_no_more:
            assert compare(first, third).grants_no_more


@given(kindred())
def test_what_is_narrower_one_way_is_never_narrower_the_other(chain: tuple[Scope, Scope, Scope]) -> None:
    a, b, _ = chain
    if compare(a, b).relation is Relation.NARROWER:
        assert not compare(b, a).grants_no_more


@given(documents(), st.data())
def test_a_change_of_any_key_is_seen(document: dict[str, object], data: st.DataObject) -> None:
    """MUST 2: a key that nothing orders must be read. Defaults of every key of the schema, each changed."""
    fields = [
        (section, key)
        for section in ("limits", "prompt", "review")
        for key in type(getattr(loaded(document), section)).model_fields
    ]
    section, key = data.draw(st.sampled_from(fields))
    before = loaded(document)
    values = getattr(before, section)
    changed = before.model_copy(
        update={section: values.model_copy(update={key: _other(key, getattr(values, key))})}
    )
    assert compare(before, changed).relation is not Relation.EQUAL


def _other(key: str, value: object) -> object:
    if key == "undecided":
        return "allow" if value == "needs_review" else "needs_review"
    if key == "quorum_by_severity":
        return {"CRITICAL": 5}
    others = {"required": "off", "off": "required", "needs_review": "deny", "deny": "needs_review"}
    tiers = {"T0": "T1", "T1": "T2", "T2": "T3", "T3": "T0"}
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else {**others, **tiers}[str(value)]


@pytest.mark.parametrize("module", sorted(PUBLIC))
def test_a_submodule_that_counts_as_covered_is_public_in_the_catalogue(module: str) -> None:
    assert load_catalogue().is_public(module)


def test_a_module_that_counts_as_pure_is_pure_in_the_catalogue_with_its_public_submodules() -> None:
    catalogue = load_catalogue()
    assert catalogue.pure >= PURE
    for module in PURE:
        below = catalogue.public.get(module, frozenset())
        assert {f"{module}.{name}" for name in below} <= PURE
    assert {name for name in PUBLIC if name.split(".")[0] in PURE} <= PURE


@given(st.binary(max_size=200))
def test_any_bytes_are_a_scope_or_refused(document: bytes) -> None:
    """MUST: a reader answers with a scope or with problems, whatever the bytes."""
    with suppress(ScopeInvalid):
        assert load_scope(document).document == document


@given(documents())
def test_spelling_is_no_difference(document: dict[str, object]) -> None:
    """MUST 5: name, owner, version and examples are no difference; nor is the order of a list."""
    allow = document["allow"]
    assert isinstance(allow, dict)
    other = {
        **document,
        "metadata": {"name": "z", "version": 9, "owner": "y"},
        "allow": {**allow, "imports": list(reversed(allow["imports"]))},
        "examples": {"allowed": ["print(1)"]},
    }
    assert compare(loaded(document), load_scope(yaml.safe_dump(other).encode())).relation is Relation.EQUAL
