"""Writes docs/rules.md from the rules themselves: `python -m guard_svc.rules.document > docs/rules.md`.

Knows the registry's words. Must not know how a rule is checked.
"""

import sys
from collections.abc import Iterator

from guard_svc.reasons import REASONS, Reason
from guard_svc.rules.registry import RULES, Rule

_HEAD = """\
# Rules

This page is written by `python -m guard_svc.rules.document`; a test holds it equal to the code.

The rules read a program without running it. One pass resolves what each name may stand for (aliases,
`from` imports, attributes, `getattr` with constants, containers, arguments of the program's own functions)
and folds constant strings; the checks then ask the catalogue (`guard_svc/rules/catalogue/*.yaml`) what each
name does. What cannot be followed is a finding.

| severity | effect |
|---|---|
| CRITICAL, HIGH | the program is denied, and no reviewer can clear it |
| MEDIUM | a person decides |
| LOW, INFO | a note |

`intake.*` findings come before the rules: the program is too large, not UTF-8, not Python, or its text
deceives the reader's eye. All of them deny. Rules are one layer: what only exists at run time is confined by
the sandbox.
"""

_OTHERS = """\
# Findings of other checks

Intake, the reviewer, the policy that joins their answers, and the screening of tasks have findings of their
own. docs/findings.md says how to read them all.
"""


def document() -> str:
    """The whole page, as Markdown."""
    rules = (line for rule in RULES for line in _section(rule))
    others = (line for reason in REASONS for line in _other(reason))
    return "\n".join([_HEAD, *rules, _OTHERS, *others])


def _section(rule: Rule) -> Iterator[str]:
    yield f"## {rule.rule_id}"
    yield ""
    yield f"{rule.severity.name} · {rule.cwe} · {rule.what}"
    yield ""
    yield f"- Why: {rule.why}"
    if rule.example:
        yield f"- Example: `{rule.example}`"
    yield f"- Allowed instead: {rule.instead}"
    yield f"- Blind spots: {rule.blind}"
    if not rule.hard:
        yield "- Soft: a scope may set its mode to `warn` or `audit` (docs/scope-format.md, Rule modes)."
    yield ""


def _other(reason: Reason) -> Iterator[str]:
    yield f"## {reason.rule_id}"
    yield ""
    yield f"{reason.cwe} · {reason.what}" if reason.cwe else reason.what
    yield ""
    yield f"- Why: {reason.why}"
    yield f"- Allowed instead: {reason.instead}"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(document())
