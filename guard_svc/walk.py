"""One walk over a program's syntax tree, kept for everybody who reads the tree later.

Knows syntax nodes and how deep they lie. Must not know rules, scopes or what is too deep.
"""

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final, TypeVar

_N = TypeVar("_N", bound=ast.AST)

# Markers without a place in the source: a reader finds them in their parent's field.
_MARKERS: Final = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
_MARKER_FIELDS: Final = frozenset({"ctx", "op", "ops"})
_PLAIN_FIELDS: Final = frozenset({"id", "attr", "arg", "kind", "n", "s", "level", "lineno", "type_comment"})
_CHILDREN: Final = {
    kind: tuple(name for name in kind._fields if name not in _MARKER_FIELDS | _PLAIN_FIELDS)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST) and not issubclass(kind, _MARKERS)
} | {ast.Constant: (), ast.Name: (), ast.alias: (), ast.Global: (), ast.Nonlocal: ()}

_BLOCKS: Final = frozenset(
    [
        *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
        *(ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match),
        *(ast.IfExp, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Call, ast.Subscript),
        *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    ]
)


@dataclass(slots=True)
class Walk:
    """All nodes of a tree, parents before children, without operators and contexts.

    `parents` is keyed by id(); `depth` counts levels; `nesting` counts blocks, calls and displays that lie
    inside each other, and `deepest` is a node that lies innermost.
    """

    nodes: list[ast.AST] = field(default_factory=list)
    parents: dict[int, ast.AST] = field(default_factory=dict)
    depth: int = 0
    nesting: int = 0
    deepest: ast.AST | None = None
    _by_type: dict[type, list[ast.AST]] = field(default_factory=lambda: defaultdict(list))

    def of(self, kind: type[_N]) -> list[_N]:
        """All nodes of exactly this type, in the order of `nodes`."""
        return self._by_type.get(kind, [])  # type: ignore[return-value]


def walk(tree: ast.AST, max_nodes: int) -> Walk:
    """Walk `tree`, level by level, until `max_nodes` are seen; then the last level is not complete."""
    found = Walk()
    level: list[tuple[ast.AST, int]] = [(tree, 0)]
    while level and len(found.nodes) <= max_nodes:
        found.depth += 1
        level = _next_level(found, level)
    return found


def _next_level(found: Walk, level: list[tuple[ast.AST, int]]) -> list[tuple[ast.AST, int]]:
    below: list[tuple[ast.AST, int]] = []
    nodes, parents, by_type = found.nodes, found.parents, found._by_type
    for node, outside in level:
        kind = type(node)
        nodes.append(node)
        by_type[kind].append(node)
        inside = outside + 1 if kind in _BLOCKS else outside
        if inside > found.nesting:
            found.nesting, found.deepest = inside, node
        for name in _CHILDREN[kind]:
            value = getattr(node, name, None)
            for child in value if type(value) is list else (value,):
                if isinstance(child, ast.AST):
                    parents[id(child)] = node
                    below.append((child, inside))
    return below
