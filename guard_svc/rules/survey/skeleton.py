"""Entries for what is not classified yet, marked so that the check refuses them until somebody decides.

Knows the harmless tables' layout. Must not decide anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from guard_svc.rules.survey.harmless import FOLDER, UNCLASSIFIED, table_of
from guard_svc.rules.survey.units import Unit


def write(units: Iterable[Unit], folder: Path = FOLDER) -> Iterator[str]:
    """Append each unit to its library's table under `unclassified`; yields what was written where."""
    by_table: dict[str, set[str]] = defaultdict(set)
    for unit in units:
        by_table[table_of(unit.library)].add(str(unit))
    for table, names in sorted(by_table.items()):
        path = folder / f"{table}.yaml"
        text = path.read_text("utf-8") if path.exists() else f"library: {table}\n"
        path.write_text(_with(text, sorted(names)), "utf-8")
        yield from (f"{path.name}: {name}" for name in sorted(names))


def _with(text: str, names: list[str]) -> str:
    entries = "".join(f"    - {name}\n" for name in names)
    heading = f"  {UNCLASSIFIED}:\n"
    if heading in text:
        return text.replace(heading, heading + entries)
    opening = "" if "\nharmless:\n" in text else "harmless:\n"
    return text + opening + heading + entries
