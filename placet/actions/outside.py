"""The names that each function of a file takes from outside itself.

Knows Python's scopes. Must not know what the names stand for.
"""

import builtins
import symtable
from collections.abc import Iterator
from typing import Final

PRELUDE_NAMES: Final = frozenset({"ActionFailed", "MIN_GROUP", "GROUP_COUNT"})
"""What each program defines by itself."""
_KNOWN: Final = PRELUDE_NAMES | set(dir(builtins))


def names_from_outside(text: str) -> dict[int, tuple[str, ...]]:
    """Of each function at the top level, by its line: the names neither its own nor known to all.

    `text` was parsed before. Raises RecursionError where it is nested too deeply for this.
    """
    tables = symtable.symtable(text, "actions", "exec").get_children()
    return {table.get_lineno(): tuple(sorted(set(_globals_of(table)) - _KNOWN)) for table in tables}


def _globals_of(table: symtable.SymbolTable) -> Iterator[str]:
    for each in table.get_symbols():
        # Python 3.11 takes all names of a function called `top` for globals; here none can bind one.
        bound = each.is_parameter() or each.is_assigned() or each.is_imported()
        if each.is_global() and not bound:
            yield each.get_name()
    for inner in table.get_children():
        yield from _globals_of(inner)
