"""What a product team's programs may do: the scope file, read, compared and told in words.

Knows the format of docs/scope-format.md. Must not know services, or how a program is judged.
"""

from placet.scope.companions import Companions, check_companions, read_companions
from placet.scope.comparison import Comparison, Relation, ScopeDiff, compare, diff
from placet.scope.explanation import Explanation, explain, explain_rule
from placet.scope.grants import Grant, grants, mode_of
from placet.scope.outputs import Contract, MinGroup, Outputs
from placet.scope.reading import MAX_DEPTH, MAX_DOCUMENT_BYTES, ScopeInvalid, load_scope
from placet.scope.rule_modes import RULE_MODES, RuleMode
from placet.scope.schema import (
    Actions,
    Allow,
    Columns,
    Examples,
    Inputs,
    Limits,
    Metadata,
    Prompt,
    Review,
    Scope,
    Tier,
)

__all__ = [
    "MAX_DEPTH",
    "MAX_DOCUMENT_BYTES",
    "RULE_MODES",
    "Actions",
    "Allow",
    "Columns",
    "Companions",
    "Comparison",
    "Contract",
    "Examples",
    "Explanation",
    "Grant",
    "Inputs",
    "Limits",
    "Metadata",
    "MinGroup",
    "Outputs",
    "Prompt",
    "Relation",
    "Review",
    "RuleMode",
    "Scope",
    "ScopeDiff",
    "ScopeInvalid",
    "Tier",
    "check_companions",
    "compare",
    "diff",
    "explain",
    "explain_rule",
    "grants",
    "load_scope",
    "mode_of",
    "read_companions",
]
