"""Constant sizes against the scope's limits: output, files, memory, time, pictures, searches.

Knows limits and constants. Must not know how lengths are found, or loops that never end.
"""

import ast
import math
import re
from collections.abc import Iterator
from typing import Final

from guard_svc.rules.sizes import ENDLESS, length, number
from guard_svc.rules.subject import Subject

_KIB: Final = 1024
_MIB: Final = 1024 * 1024
_TURNS: Final = 10**10
"""More turns of a loop than any run's time holds."""
_ORDERS: Final = 10**8
"""More tuples than any run's memory or time holds."""
_SHIFTS: Final = 10**6
_SEARCH: Final = 10**5
_DIGITS: Final = 10**7
_ITEM_BYTES: Final = 8
_TEXT_BYTES: Final = 2
_CONSUMERS: Final = frozenset(
    {
        f"builtins.{name}"
        for name in ("list", "tuple", "set", "sorted", "sum", "max", "min", "len", "dict", "frozenset")
    }
    | {
        "collections.deque",
        "collections.Counter",
        "numpy.array",
        "numpy.fromiter",
        "pandas.DataFrame",
        "pandas.Series",
    }
)
_REPEATERS: Final = frozenset({"repeat", "tile"})
_WRITERS: Final = frozenset({"write", "writelines", "write_text", "write_bytes"})
_SAVERS: Final = frozenset(
    {"savefig", "to_csv", "to_json", "to_parquet", "to_excel", "savetxt", "save", "imsave"}
)
_SQUARES: Final = frozenset({"numpy.eye", "numpy.identity"})
_LINES: Final = frozenset({"numpy.arange", "numpy.linspace"})
_CANVASES: Final = frozenset({"figure", "subplots"})
_MANY_CANVASES: Final = 1000
_ROUNDS: Final = frozenset(
    {
        "maxiter",
        "max_iter",
        "n_estimators",
        "epochs",
        "n_init",
        "popsize",
        "niter",
        "maxfev",
        "n_iter",
        "max_nfev",
    }
)
_MANY_ROUNDS: Final = 10**7
_DENSE: Final = frozenset({"toarray", "todense"})
_PADDERS: Final = frozenset({"ljust", "rjust", "center", "zfill"})
_SEARCHES: Final = ("GridSearchCV", "HalvingGridSearchCV", "ParameterGrid")
_FINE: Final = re.compile(r"\d*(?:ms|us|ns|[LUN])")
_DEFAULT_INCHES: Final = 31
_BARRIERS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.Module)


def check(subject: Subject) -> None:
    """Calls, loops and settings with sizes that the scope's limits cannot hold."""
    leaving = _leaving(subject)
    for node in subject.nodes:
        match node:
            case ast.Call():
                _check_call(subject, node, leaving)
            case ast.For() if id(node) not in leaving:
                _check_turns(subject, node)
            case ast.ListComp() | ast.SetComp() | ast.DictComp():
                _check_collected(subject, node, node)
            case ast.BinOp(op=ast.Mult()):
                _check_product(subject, node)
            case ast.FormattedValue(format_spec=ast.JoinedStr() as spec):
                _check_format(subject, node, spec)
            case ast.Assign(targets=[ast.Attribute(attr="prec")], value=value):
                if (number(subject, value) or 0) >= _DIGITS:
                    _report(subject, node, "Numbers of that precision take more than the run's time.")
    _check_picture(subject)


def _report(subject: Subject, node: ast.AST, message: str) -> None:
    subject.report("threat.resource.explosion", node, message)


def _check_call(subject: Subject, call: ast.Call, leaving: frozenset[int]) -> None:
    paths = subject.names.paths(call.func)
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if "builtins.print" in paths:
        _check_output(subject, call, leaving)
    elif name in _WRITERS:
        _check_written(subject, call, leaving)
    elif name in _SAVERS or "builtins.open" in paths:
        _check_files(subject, call, leaving)
    elif "time.sleep" in paths and call.args:
        _check_sleep(subject, call)
    elif name == "insert" and call.args and number(subject, call.args[0]) == 0:
        if _turns(subject, call) >= _SHIFTS:
            _report(
                subject,
                call,
                "Each insertion at the front moves the whole list; there are a million of them.",
            )
    elif name in _REPEATERS:
        _check_repeated(subject, call)
    elif name.endswith(_SEARCHES) or any(path.endswith(_SEARCHES) for path in paths):
        _check_search(subject, call)
    elif name in _CANVASES:
        _check_canvases(subject, call, leaving)
    elif "pandas.date_range" in paths:
        _check_dates(subject, call)
    _check_rounds(subject, call)
    _check_shape(subject, call, paths)
    if name in _DENSE:
        _check_dense(subject, call)
    elif name in _PADDERS and call.args:
        _check_padding(subject, call, number(subject, call.args[0]))
    if paths & _CONSUMERS and call.args:
        _check_consumed(subject, call)


def _turns(subject: Subject, node: ast.AST) -> int:
    """How often the loops around `node` turn, as far as that is known; an unknown loop counts once."""
    total, child = 1, node
    while (parent := subject.parents.get(id(child))) is not None and not isinstance(parent, _BARRIERS):
        if isinstance(parent, ast.For) and child is not parent.iter:
            total = min(total * max(length(subject, parent.iter) or 1, 1), ENDLESS)
        child = parent
    return total


def _check_turns(subject: Subject, loop: ast.For) -> None:
    each = length(subject, loop.iter) or 1
    if each >= ENDLESS:
        subject.report("threat.resource.endless_loop", loop, "The loop goes through a series without an end.")
    turns = each * _turns(subject, loop)
    if _TURNS <= turns < ENDLESS:
        _report(subject, loop, f"The loop turns {turns:,} times, which no run's time holds.")


def _check_output(subject: Subject, call: ast.Call, leaving: frozenset[int]) -> None:
    each = sum(length(subject, arg) or _TEXT_BYTES for arg in call.args) or 1
    limit = subject.scope.limits.output_kib * _KIB
    total = each * _turns(subject, call)
    if limit < total < ENDLESS and not _is_bounded(subject, call, leaving):
        _report(subject, call, f"Prints about {total:,} characters; the scope's limit is {limit:,}.")


def _is_bounded(subject: Subject, node: ast.AST, leaving: frozenset[int]) -> bool:
    """Whether `node` stands where something may end or skip the rounds around it."""
    child = node
    while (parent := subject.parents.get(id(child))) is not None and not isinstance(parent, _BARRIERS):
        if isinstance(parent, ast.If | ast.Try | ast.While | ast.ExceptHandler) or id(parent) in leaving:
            return True
        child = parent
    return False


def _leaving(subject: Subject) -> frozenset[int]:
    """The loops, by identity, that a break, return or raise may end before their time."""
    found: set[int] = set()
    for node in subject.nodes:
        if isinstance(node, ast.Break | ast.Return | ast.Raise):
            child: ast.AST | None = node
            while (child := subject.parents.get(id(child))) is not None and not isinstance(child, _BARRIERS):
                if isinstance(child, ast.For):
                    found.add(id(child))
    return frozenset(found)


def _check_written(subject: Subject, call: ast.Call, leaving: frozenset[int]) -> None:
    each = sum(length(subject, arg) or _TEXT_BYTES for arg in call.args)
    limit = subject.scope.limits.artifact_mib * _MIB
    total = each * _turns(subject, call)
    if limit < total and not _is_bounded(subject, call, leaving):
        _report(subject, call, f"Writes about {total:,} bytes; the scope's limit is {limit:,}.")


def _check_files(subject: Subject, call: ast.Call, leaving: frozenset[int]) -> None:
    named = any(isinstance(arg, ast.JoinedStr | ast.BinOp | ast.Call) for arg in call.args)
    turns, limit = _turns(subject, call), subject.scope.limits.artifacts
    if named and turns > limit * 20 and not _is_bounded(subject, call, leaving):
        _report(subject, call, f"Makes up to {turns:,} files; the scope's limit is {limit}.")


def _check_sleep(subject: Subject, call: ast.Call) -> None:
    seconds, limit = number(subject, call.args[0]), subject.scope.limits.wall_s
    if seconds is not None and seconds > limit:
        _report(subject, call, f"Sleeps for {seconds:,} seconds; the scope's limit is {limit}.")


def _memory_items(subject: Subject) -> int:
    return subject.scope.limits.memory_mib * _MIB // _ITEM_BYTES


def _check_repeated(subject: Subject, call: ast.Call) -> None:
    counts = [number(subject, arg) or 0 for arg in call.args]
    if max(counts, default=0) > _memory_items(subject):
        _report(
            subject, call, f"Repeats something {max(counts):,} times, which the run's memory cannot hold."
        )


def _check_rounds(subject: Subject, call: ast.Call) -> None:
    """`maxiter=10**9`: a search that may go on for ever."""
    for keyword in call.keywords:
        rounds = number(subject, keyword.value) if keyword.arg in _ROUNDS else None
        if rounds is not None and rounds >= _MANY_ROUNDS:
            _report(
                subject, call, f"{keyword.arg}={rounds:,} asks for more rounds than any run's time holds."
            )


def _check_shape(subject: Subject, call: ast.Call, paths: frozenset[str]) -> None:
    """Arrays by their shape: `size=(n, m)`, `np.eye(n)`, `make_blobs(n_samples=n, n_features=m)`."""
    words = {keyword.arg: keyword.value for keyword in call.keywords}
    items = _cells(subject, words.get("size") or words.get("shape"))
    if paths & _SQUARES and call.args:
        items = _cells(subject, call.args[0]) ** 2
    elif paths & _LINES:
        items = length(subject, call) or 0
    elif "n_samples" in words:
        items = _cells(subject, words["n_samples"]) * max(_cells(subject, words.get("n_features")), 1)
    if items > _memory_items(subject) * 2:
        _report(subject, call, f"Makes {items:,} numbers, which the run's memory cannot hold.")


def _cells(subject: Subject, node: ast.expr | None) -> int:
    if isinstance(node, ast.Tuple | ast.List):
        return math.prod(number(subject, side) or 1 for side in node.elts)
    return number(subject, node) or 0


def _check_dense(subject: Subject, call: ast.Call) -> None:
    made = call.func.value if isinstance(call.func, ast.Attribute) else None
    if isinstance(made, ast.Call) and made.args:
        sizes = [number(subject, arg) or 0 for arg in made.args[:2]]
        rows = max(sizes)
        if rows * (sizes[1] if len(sizes) > 1 and sizes[1] else rows) > _memory_items(subject) * 2:
            _report(subject, call, f"Writes out a table of {rows:,} rows, most of it zeros.")


def _check_format(subject: Subject, node: ast.FormattedValue, spec: ast.JoinedStr) -> None:
    for part in spec.values:
        inner = part.value if isinstance(part, ast.FormattedValue) else part
        digits = re.search(r"\d+", str(part.value)) if isinstance(part, ast.Constant) else None
        _check_padding(subject, node, int(digits[0]) if digits else number(subject, inner))


def _check_padding(subject: Subject, node: ast.AST, width: int | None) -> None:
    if width is not None and width > subject.scope.limits.memory_mib * _MIB // 2:
        _report(subject, node, f"Fills a text up to {width:,} characters.")


def _check_canvases(subject: Subject, call: ast.Call, leaving: frozenset[int]) -> None:
    closes = any(isinstance(node, ast.Attribute) and node.attr in ("close", "clf") for node in subject.nodes)
    if not closes and _turns(subject, call) > _MANY_CANVASES and not _is_bounded(subject, call, leaving):
        _report(subject, call, f"Opens {_turns(subject, call):,} figures and closes none.")


def _check_columns(subject: Subject, call: ast.AST, table: ast.Dict) -> None:
    longest = max((length(subject, value) or 0 for value in table.values), default=0)
    if longest > _memory_items(subject):
        _report(subject, call, f"Makes a table of {longest:,} rows, which the run's memory cannot hold.")


def _check_search(subject: Subject, call: ast.Call) -> None:
    for arg in (*call.args, *(keyword.value for keyword in call.keywords)):
        for grid in _tables(subject, arg):
            total = math.prod(max(length(subject, value) or 1, 1) for value in grid.values)
            if total > _SEARCH:
                _report(subject, call, f"Searches {total:,} combinations, which no run's time holds.")


def _tables(subject: Subject, node: ast.expr) -> Iterator[ast.Dict]:
    """The literal dictionaries that `node` is, or is a name of."""
    meanings = subject.names.bindings.names.get(node.id, ()) if isinstance(node, ast.Name) else (node,)
    yield from (meaning for meaning in meanings if isinstance(meaning, ast.Dict))


def _check_dates(subject: Subject, call: ast.Call) -> None:
    words = {keyword.arg: keyword.value for keyword in call.keywords}
    step = words.get("freq") or (call.args[3] if len(call.args) > 3 else None)
    fine = step is not None and any(map(_FINE.fullmatch, subject.names.texts(step)))
    ends = len(call.args) > 1 or "end" in words
    if (fine and ends and "periods" not in words) or (number(subject, words.get("periods")) or 0) > 10**9:
        _report(subject, call, "A series of dates with that step has more items than the run's memory holds.")


def _check_product(subject: Subject, node: ast.BinOp) -> None:
    items = length(subject, node) or 0
    if items > subject.scope.limits.memory_mib * _MIB:
        _report(subject, node, f"Makes {items:,} items, which the run's memory cannot hold.")


def _check_consumed(subject: Subject, call: ast.Call) -> None:
    if "builtins.len" not in subject.names.paths(call.func):
        _check_collected(subject, call, call.args[0])


def _check_collected(subject: Subject, call: ast.AST, collected: ast.expr) -> None:
    for source in _sources(collected):
        if isinstance(source, ast.Dict):
            _check_columns(subject, call, source)
        items = length(subject, source)
        if items is None or isinstance(source, ast.Constant | ast.BinOp):
            continue
        if items >= ENDLESS:
            subject.report("threat.resource.endless_loop", call, "A series without an end is collected.")
        elif items > _ORDERS:
            _report(subject, call, f"Collects {items:,} items, which no run's memory or time holds.")


def _sources(node: ast.expr) -> Iterator[ast.expr]:
    """What is gone through to the end when `node` is collected."""
    match node:
        case ast.GeneratorExp() | ast.ListComp() | ast.SetComp() | ast.DictComp():
            yield from (loop.iter for loop in node.generators)
        case ast.Call(func=ast.Name(id="map" | "filter"), args=[_, *rest]):
            yield from rest
        case _:
            yield node


def _check_picture(subject: Subject) -> None:
    """Inches and dots per inch may stand in two calls; together they make the pixels."""
    area, dots = _DEFAULT_INCHES, 100
    where: ast.expr | None = None
    for node in subject.nodes:
        if isinstance(node, ast.keyword) and node.arg == "figsize" and isinstance(node.value, ast.Tuple):
            sides = [number(subject, side) or 1 for side in node.value.elts]
            if math.prod(sides) > area:
                area, where = math.prod(sides), node.value
        elif isinstance(node, ast.keyword) and node.arg == "dpi":
            given = number(subject, node.value) or 0
            if given > dots:
                dots, where = given, node.value
    pixels = area * dots * dots
    if where is not None and pixels * 4 > subject.scope.limits.memory_mib * _MIB:
        _report(subject, where, f"A picture of {pixels:,} pixels does not fit the run's memory.")
