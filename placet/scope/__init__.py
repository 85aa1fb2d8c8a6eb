"""What a product team's programs may do: the scope file, read, compared and told in words.

Knows the format of docs/scope-format.md. Must not know services, or how a program is judged.
"""

from placet.scope.comparison import Comparison, Relation, ScopeDiff, compare, diff
from placet.scope.explanation import Explanation, explain, explain_rule
from placet.scope.grants import Grant, grants, mode_of
from placet.scope.reading import MAX_DEPTH, MAX_DOCUMENT_BYTES, ScopeInvalid, load_scope
from placet.scope.schema import (
    RULE_MODES,
    Allow,
    Examples,
    Limits,
    Metadata,
    Outputs,
    Prompt,
    Review,
    RuleMode,
    Scope,
    Tier,
)

__all__ = [
    "MAX_DEPTH",
    "MAX_DOCUMENT_BYTES",
    "RULE_MODES",
    "Allow",
    "Comparison",
    "Examples",
    "Explanation",
    "Grant",
    "Limits",
    "Metadata",
    "Outputs",
    "Prompt",
    "Relation",
    "Review",
    "RuleMode",
    "Scope",
    "ScopeDiff",
    "ScopeInvalid",
    "Tier",
    "compare",
    "diff",
    "explain",
    "explain_rule",
    "grants",
    "load_scope",
    "mode_of",
]
