"""What a scope hands over, told in words: actions to plans, inputs to programs, outputs to a caller.

Knows a scope's keys `mode`, `actions`, `inputs`, `style` and `outputs`. Must not know what stands in a
companion. Names of columns and files are the scope's own text: untrusted.
"""

from collections.abc import Iterator
from typing import Final

from placet.scope.outputs import Contract
from placet.scope.schema import Columns, Scope

_SHOWN: Final = 20


def plans(scope: Scope) -> Iterator[str]:
    """How programs come about where plans of actions run."""
    if scope.mode == "program":
        return
    yield "A model chooses actions and their values from what is there; the program is compiled from that."
    names = _names(scope.actions.only) if scope.actions.only else "all of the catalogue"
    yield f"Actions that plans may use: {names}."
    if scope.actions.own:
        yield f"The team's own actions: those of {_names(scope.actions.own)}."
    if scope.mode == "actions_then_program":
        yield "Where no plan fits, a model writes a program, and that gets the whole review."
    else:
        yield "Where no plan fits, there is no result."


def found(scope: Scope) -> Iterator[str]:
    """What programs find of the inputs' columns."""
    entries = scope.inputs.columns
    if entries is None:
        return
    for entry in entries:
        yield f"Of inputs called {entry.input}: {_columns(entry)}; no other column."
    yield "The first of these that fits counts; an input that fits none, or cannot be cut, is refused."
    yield "It holds before the program starts, whoever approved it."


def leaves(scope: Scope) -> Iterator[str]:
    """What is changed, checked or withheld on the way out."""
    outputs, contract = scope.outputs, scope.outputs.contract
    if scope.style:
        yield f"Figures and tables look as {scope.style} says, whatever the program says."
    if outputs.images == "figures_only":
        yield "No image leaves but what was drawn from a figure after the program had ended."
    if contract is not None:
        yield "Nothing leaves, nor is printed, before all of it was checked; if a check fails, nothing does."
        yield f"Only {_names(outputs.kinds) or 'nothing'} may leave."
        yield from _checks(contract)


def notes(scope: Scope) -> Iterator[str]:
    """Where keys together do not do what their owner may think."""
    outputs, contract = scope.outputs, scope.outputs.contract
    if contract and contract.result is not None and "json" not in outputs.kinds:
        yield "The contract asks for result.json, but json is no kind that may leave."
    if contract and contract.deny_columns and scope.inputs.columns is None:
        yield "Denied columns are looked for in what leaves; `inputs.columns` keeps them from programs."
    if outputs.images == "figures_only" and "png" not in outputs.kinds:
        yield "Figures are drawn as PNG, which is no kind that programs are asked for here."


def _columns(entry: Columns) -> str:
    parts = [f"{_names(entry.grant)} as they are"] if entry.grant else []
    parts += [f"{_names(entry.mask)} under pseudonyms"] if entry.mask else []
    return ", ".join(parts)


def _checks(contract: Contract) -> Iterator[str]:
    if contract.result is not None:
        yield "result.json must be there, and fit the schema in the contract."
    if contract.max_kib is not None:
        yield f"At most {contract.max_kib} KiB leave, all files and printed text together."
    if contract.max_rows is not None:
        yield f"A table has at most {contract.max_rows} rows."
    if contract.min_group is not None:
        size, count = contract.min_group.size, contract.min_group.count
        yield f"Each row of a table stands for {size} rows or more; its column {count} says for how many."
    if contract.deny_columns:
        yield f"Neither names nor values of {_names(contract.deny_columns)} may leave."
    yield "Keys, tokens and other secrets may not leave."


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
