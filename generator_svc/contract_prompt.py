"""What a program is told of its scope's output contract, so that it can keep to it.

Knows wording. Must not check anything: that is done where the program ran (docs/contract.md). The scope's
owner wrote what stands here.
"""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from generator_svc.profile import Grants
from placet.scope import Contract, Outputs

MAX_SCHEMA_CHARS = 4000


def rules(outputs: Outputs, columns: Grants) -> str:
    """Lines for the list of rules of who writes code; nothing where nothing is checked."""
    lines = list(_images(outputs))
    if outputs.contract is not None:
        lines += [*_kinds(outputs), *_result(outputs.contract), *_tables(outputs.contract)]
        lines += _denied(outputs.contract, columns)
    return "".join(f"- {line}\n" for line in lines)


def plan_rules(outputs: Outputs, columns: Grants) -> str:
    """The same for who plans; groups that are too small are left out by the actions themselves."""
    contract = outputs.contract
    if contract is None:
        return ""
    lines: list[str] = []
    if contract.result is not None:
        lines.append(f'The last step writes the file "result" as JSON{_schema(contract.result)}.')
    elif "text" not in outputs.kinds:
        lines.append("The last step gives a figure or a file.")
    lines += _denied(contract, columns)
    return "".join(f"\n{line}" for line in lines)


def _images(outputs: Outputs) -> Iterator[str]:
    if outputs.images == "figures_only":
        yield "Draw with matplotlib only; other images are withheld. Set no colours, fonts or backgrounds."


def _kinds(outputs: Outputs) -> Iterator[str]:
    kinds = [kind for kind in outputs.kinds if kind != "text"]
    yield f"Write files of these kinds only: {', '.join(kinds) or 'none'}."
    if "text" not in outputs.kinds:
        yield "Print nothing: the answer is in the files."


def _result(contract: Contract) -> Iterator[str]:
    if contract.result is not None:
        yield f"Write the answer to result.json with json.dump(), as JSON{_schema(contract.result)}."


def _schema(result: Mapping[str, object]) -> str:
    schema = json.dumps(result, ensure_ascii=False)
    return f" that fits this JSON Schema: {schema}" if len(schema) <= MAX_SCHEMA_CHARS else ""


def _tables(contract: Contract) -> Iterator[str]:
    if contract.max_rows is not None:
        yield f"No table may have more than {contract.max_rows} rows."
    if contract.min_group is not None:
        size, count = contract.min_group.size, json.dumps(contract.min_group.count)
        yield (
            f"A table of groups is written as CSV, never printed, with a column {count} that says how many "
            f"rows each group has; leave out groups with fewer than {size}."
        )


def _denied(contract: Contract, columns: Grants) -> Iterator[str]:
    """Without names of columns that no program finds: there is nothing of them to keep back."""
    found = [name for name in contract.deny_columns if _is_found(name, columns)]
    if found:
        denied = ", ".join(map(json.dumps, found))
        yield f"Never print or write these columns or their values (* stands for anything): {denied}."


def _is_found(denied: str, columns: Grants) -> bool:
    """Whether a program can find a column that this glob fits; case does not count (docs/contract.md §5)."""
    if columns is None:
        return True
    names = (name for entry in columns for name in (*entry.grant, *entry.mask))
    return any(fnmatchcase(name.strip().casefold(), denied.casefold()) for name in names)
