"""Every id that a finding can carry is documented, with why it matters and what would be allowed instead."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from guard_svc.prompts import CATEGORIES
from guard_svc.reasons import BY_ID, REASONS, reason_of
from guard_svc.rules.document import document
from guard_svc.screening import load_words

GUARD = Path(__file__).parents[3] / "guard_svc"
ID = re.compile(r"(?:scope|capability|threat|rules|intake|policy|reviewer|task)\.[a-z_]+(?:\.[a-z0-9_]+)?")
# Ids that are put together from a word: the template, and every word that can fill it.
TEMPLATES = {
    "reviewer.*.cited": [*CATEGORIES, "other"],
    "reviewer.risk.*": ["unsafe", "uncertain"],
    "task.*.asked": [words.area for words in load_words()],
    "bandit.*": ["B301"],
    "intake.*": [],
}


def strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_refuse", "refuse"):
            yield from (f"intake.{arg.value}" for arg in node.args[:1] if isinstance(arg, ast.Constant))


def templates(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            parts = [str(v.value) if isinstance(v, ast.Constant) else "*" for v in node.values]
            if re.fullmatch(r"(?:reviewer|task|policy|intake|threat|bandit)\.[a-z_.*]+", "".join(parts)):
                yield "".join(parts)


def used() -> set[str]:
    found: set[str] = set()
    for path in GUARD.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        if path.name not in ("reasons.py", "registry.py"):
            found |= {text for text in strings(tree) if ID.fullmatch(text)}
        for template in templates(tree):
            assert template in TEMPLATES, f"{path.name} makes ids {template}: say here from which words"
            found |= {template.replace("*", word) for word in TEMPLATES[template]}
    return found


def test_every_id_that_the_guard_uses_has_its_reasons() -> None:
    missing = {rule_id for rule_id in used() if not reason_of(rule_id).why}
    assert missing == set()
    assert len(used()) > 60


def test_no_reason_is_documented_that_nothing_uses() -> None:
    known = {reason.rule_id for reason in REASONS if not reason.rule_id.endswith(".*")}
    assert known - used() == set()


def test_each_reason_says_why_and_what_instead() -> None:
    for reason in BY_ID.values():
        assert reason.what, reason
        assert reason.why, reason
        assert reason.instead, reason
        assert re.fullmatch(r"(?:CWE-\d+)?", reason.cwe), reason


def test_each_link_leads_to_a_heading_of_the_page() -> None:
    headings = re.findall(r"^## (.+)$", document(), re.MULTILINE)
    # How code hosts make an anchor of a heading: lower case, spaces to dashes, other punctuation dropped.
    anchors = {re.sub(r"[^a-z0-9_ -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for reason in BY_ID.values():
        page, _, anchor = reason.documentation.partition("#")
        assert (page, anchor in anchors) == ("docs/rules.md", True), reason.rule_id


def test_a_family_has_one_entry_and_an_unknown_id_has_no_words() -> None:
    assert reason_of("bandit.B999").why == reason_of("bandit.B101").why != ""
    assert reason_of("no.such.rule").why == ""
