"""docs/scope-format.md, "Rule modes": what a scope may soften, and what a softened finding still says."""

import itertools

import pytest

from guard_svc.findings import Finding, Severity
from guard_svc.intake import read_program
from guard_svc.modes import HARD, SOFT, applied, load_checked_scope
from guard_svc.policy import Verdict, by_both, by_rules_alone
from guard_svc.reviewer import Opinion
from guard_svc.rules import RulesReport, analyse
from guard_svc.rules.registry import BY_ID
from placet.scope import RULE_MODES, Scope, ScopeInvalid, load_scope, mode_of
from placet.scope.rule_modes import HARD_FAMILIES
from tests.fakes.guard_world import deadline, order, scope, world

FRAGMENT = "our_helpers.paste()"
RULE = "scope.import.undefined"


def with_rules(rules: str) -> Scope:
    return load_scope(document(rules))


def finding(rule_id: str, severity: Severity, source="rule") -> Finding:
    return Finding(rule_id, severity, 3, 4, "A message.", source, "a quote")


def document(rules: str) -> bytes:
    return scope().document + f"rules: {{{rules}}}\n".encode()


def unchecked(rule_id: str, mode: str) -> Scope:
    """A scope as no reader would let it in."""
    return scope().model_copy(update={"rules": {rule_id: mode}})


def refused(rules: str) -> str:
    with pytest.raises(ScopeInvalid) as caught:
        load_checked_scope(document(rules))
    return str(caught.value)


@pytest.mark.parametrize(
    ("rules", "verdict", "severity"),
    [
        ("", Verdict.NEEDS_REVIEW, Severity.MEDIUM),
        (f"{RULE}: enforce", Verdict.NEEDS_REVIEW, Severity.MEDIUM),
        (f"{RULE}: warn", Verdict.ALLOWED, Severity.LOW),
        (f"{RULE}: audit", Verdict.ALLOWED, Severity.INFO),
    ],
)
def test_a_mode_says_how_much_a_soft_rule_weighs(rules: str, verdict: Verdict, severity: Severity):
    softened = with_rules(rules)
    decision = by_rules_alone(softened, analyse(read_program(FRAGMENT.encode()), softened))
    assert decision.verdict is verdict
    assert [(found.rule_id, found.severity) for found in decision.findings] == [(RULE, severity)]


def test_a_softened_finding_says_its_mode_and_what_it_would_have_weighed():
    """Rule modes 6: it MUST keep its rule, line and quote."""
    before = finding(RULE, Severity.MEDIUM)
    (after,) = applied(with_rules(f"{RULE}: warn"), [before])
    assert after.message == "[warn; enforced it would be MEDIUM] A message."
    assert (after.rule_id, after.line, after.end_line, after.quote) == (RULE, 3, 4, "a quote")


def test_the_reviewer_sees_a_softened_finding_once():
    softened = with_rules(f"{RULE}: warn")
    report = analyse(read_program(FRAGMENT.encode()), softened)
    decision = by_both(softened, report, Opinion("clean", 0.0, (), "m"))
    assert decision.verdict is Verdict.ALLOWED
    assert [found.message.count("enforced it would be") for found in decision.findings] == [1]


async def test_a_softened_finding_is_on_record_and_in_the_approvals_digest():
    """Rule modes: recorded with its mode and its first weight, whatever it weighs now."""
    here = world()
    answer = await here.guard.review(order(FRAGMENT.encode(), scope=with_rules(f"{RULE}: audit")), deadline())
    verdict, approval = here.log.records
    assert answer.decision.verdict is Verdict.ALLOWED
    (recorded,) = verdict.body["findings"]
    assert (recorded["rule_id"], recorded["severity"]) == (RULE, "INFO")
    assert recorded["message"].startswith("[audit; enforced it would be MEDIUM]")
    assert verdict.body["findings_sha256"] in approval.bodies["statement"].decode()


def test_a_softened_rule_that_finds_something_grave_still_denies():
    """Rule modes 5: a mode MUST NOT soften HIGH or CRITICAL."""
    grave = finding(RULE, Severity.HIGH)
    assert applied(with_rules(f"{RULE}: audit"), [grave]) == (grave,)


@pytest.mark.parametrize("source", ["reviewer", "policy", "intake", "human"])
def test_only_a_rules_finding_is_ever_softened(source: str):
    other = finding(RULE, Severity.MEDIUM, source)
    assert applied(with_rules(f"{RULE}: audit"), [other]) == (other,)


def test_a_scope_that_was_not_checked_softens_no_hard_rule_either():
    """The check at loading is not the only lock."""
    for rule_id in HARD:
        found = finding(rule_id, Severity.MEDIUM)
        assert applied(unchecked(rule_id, "audit"), [found]) == (found,)


@pytest.mark.parametrize("rule_id", sorted(HARD))
def test_a_hard_rule_cannot_be_softened(rule_id: str):
    """Rule modes 4: a guard MUST refuse such a scope."""
    assert f"rules: {rule_id} cannot be warn: it is a hard denial" in refused(f"{rule_id}: warn")
    assert load_checked_scope(with_rules(f"{rule_id}: enforce").document).rules


@pytest.mark.parametrize("family", HARD_FAMILIES)
def test_no_reader_takes_a_scope_that_softens_a_hard_family(family: str):
    """Rule modes 4: not the guard alone."""
    for key in (f"{family}.*", f"{family}.any", f"{family}.any.thing", f"{family}.any.*"):
        with pytest.raises(ScopeInvalid, match="cannot be warn: it is a hard denial or covers one"):
            load_scope(document(f"{key}: warn"))
        assert load_scope(document(f"{key}: enforce")).rules
    assert not [rule_id for rule_id in SOFT if rule_id.startswith(f"{family}.")]


@pytest.mark.parametrize("key", ["threat.*", "capability.*"])
def test_no_reader_takes_a_prefix_over_a_hard_family(key: str):
    with pytest.raises(ScopeInvalid, match="or covers one"):
        load_scope(document(f"{key}: audit"))


@pytest.mark.parametrize("rule_id", sorted(SOFT))
def test_a_soft_rule_can(rule_id: str):
    for mode in RULE_MODES:
        assert load_checked_scope(with_rules(f"{rule_id}: {mode}").document).rules == {rule_id: mode}


@pytest.mark.parametrize("prefix", ["threat", "threat.obfuscation", "capability.file", "scope", "reviewer"])
def test_a_prefix_that_covers_a_hard_rule_is_refused(prefix: str):
    told = refused(f"{prefix}.*: audit")
    assert f"{prefix}.* cannot be audit: " in told
    assert "covers" in told


def test_an_exact_id_counts_before_a_prefix_and_a_longer_prefix_before_a_shorter():
    """Rule modes 3."""
    rules = {"a.*": "audit", "a.b.*": "warn", "a.b.c": "enforce"}
    assert [mode_of(rules, rule) for rule in ("a.x", "a.b.x", "a.b.c", "a", "ab.c")] == [
        "audit", "warn", "enforce", "enforce", "enforce",
    ]  # fmt: skip


def test_a_rule_that_does_not_exist_is_refused_in_every_mode():
    for key, mode in itertools.product(["scope.import.undefind", "nosuch.*"], RULE_MODES):
        assert f"rules: {key} fits no rule" in refused(f"{key}: {mode}")


def test_all_problems_are_told_at_once():
    assert refused("a.b: warn, scope.import.not_allowed: audit").count("\n") == 2
    assert refused("threat.dynamic.code: audit, intake.*: warn").count("cannot be") == 2


def test_what_is_soft_never_denies_by_default():
    assert {BY_ID[rule_id].severity for rule_id in SOFT} <= {Severity.LOW, Severity.MEDIUM}
    assert not SOFT & HARD


def test_what_reaches_out_of_the_program_is_hard():
    """Code from text, unpickling, introspection, native code, files outside, processes, network, secrets."""
    areas = "dynamic introspection reviewer secrets obfuscation.decode_exec obfuscation.hidden_code"
    reach = "secrets native process network file.outside file.change file.hidden system module thread"
    never = (
        *("intake.", "policy.", "reviewer.", "rules.", "scope.import.not_"),
        *(f"threat.{area}" for area in areas.split()),
        *(f"capability.{area}" for area in reach.split()),
    )
    assert [rule_id for rule_id in SOFT if rule_id.startswith(never)] == []


def test_a_softened_program_is_not_pure():
    """Rule modes 7: it goes to the reviewer."""
    pure = load_scope(
        b"apiVersion: placet/v1\nkind: Scope\nmetadata: {name: a, version: 1, owner: b}\npurpose: c\n"
        b"review: {reviewer: 'off', static_proof: true}\nrules: {threat.resource.recursion: audit}\n"
    )
    report = analyse(read_program(b"def f():\n    f()\n"), pure)
    assert not report.pure
    assert by_rules_alone(pure, report).verdict is Verdict.NEEDS_REVIEW


def test_nothing_found_is_nothing_changed():
    assert applied(with_rules(f"{RULE}: warn"), ()) == ()
    assert by_rules_alone(scope(), RulesReport((), (), complete=False, pure=True)).verdict is Verdict.DENIED
