"""Whether all that would leave a run keeps the scope's contract: docs/contract.md §2 to §6.

The order of checks. Everything but the order is hostile. A violation tells place and rule, never a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from executor_svc.delivery.inside.checks import result
from executor_svc.delivery.inside.checks.denied import Denied
from executor_svc.delivery.inside.checks.leaving import Behind, Checks, Leaving
from executor_svc.delivery.inside.checks.secrets import secrets_in
from executor_svc.delivery.inside.checks.views import views
from executor_svc.delivery.inside.files import kinds, nested, plain, tables
from executor_svc.delivery.inside.files.separated import Unreadable
from executor_svc.delivery.inside.files.table import Table
from executor_svc.delivery.inside.files.texts import Said, texts_of
from executor_svc.delivery.inside.parcel import Parcel

_STREAMS: Final = ("stdout", "stderr")


def apply(parcel: Parcel) -> None:
    """Check the parcel; without a contract there is nothing to check."""
    if parcel.order.contract is None:
        return
    inspection = Inspection(parcel, parcel.order.contract)
    if inspection.take_inputs():
        inspection.inspect()


class Inspection:
    """Of one parcel."""

    def __init__(self, parcel: Parcel, contract: Mapping[str, Any]) -> None:
        self._parcel = parcel
        self._contract = contract
        self._denied = Denied(contract["deny_columns"]) if contract["deny_columns"] else None
        self._keys = result.keys_of(contract["result"] or {})
        self._inputs: list[Table] = []

    def take_inputs(self) -> bool:
        """Read them if something is to be compared with them; whether that could be done."""
        if self._denied is None and self._contract["min_group"] is None:
            return True
        for name, path in self._parcel.order.inputs.items():
            try:
                self._take(path)
            except (Unreadable, plain.NotOfKind) as error:
                what = f"cannot be compared with what leaves: {error}"
                self._parcel.violate(f"inputs/{name}", "inputs.unreadable", what)
        return not self._parcel.violations

    def _take(self, path: Path) -> None:
        kind = tables.input_kind(path)
        found = tables.tables_of(kind, path)
        self._inputs += found
        if self._denied is None:
            return
        for table in found:
            for at, name in enumerate(table.names):
                if self._denied.is_named(name):
                    self._denied.learn(name, (row[at] for row in table.rows() if at < len(row)))
        if kind == "json":
            for key, value in nested.entries(plain.json_of(path)):
                if self._denied.is_named(key):
                    self._denied.learn(key, (value,))

    def inspect(self) -> None:
        """Everything, so that all that is wrong is told at once."""
        self._check_notices()
        labels = {name: self._label(at, name) for at, name in enumerate(self._parcel.files, 1)}
        leaving = [*self._artifacts(labels), *self._printed()]
        self._check_result()
        behind = Behind(self._inputs, self._denied, self._keys)
        checks = Checks(self._contract, behind, self._parcel.violate)
        for one in leaving:
            checks.check_tables(one)
            checks.check_denied(one)
            checks.check_secrets(one)

    def _label(self, at: int, name: str) -> str:
        """What an artifact is called in a violation: by its name, unless that may not leave."""
        if name == result.FILE:
            return name
        rule = self._unspeakable(name.replace("/", " ")) or self._unspeakable(Path(name).stem)
        if not rule:
            return f"artifacts/{name}"
        self._parcel.violate(f"artifacts[{at}]", rule, "its name must not leave")
        return f"artifacts[{at}]"

    def _check_notices(self) -> None:
        """What earlier steps told names files as the program named them."""
        for at, notice in enumerate(self._parcel.notices):
            if self._unspeakable(notice):
                self._parcel.notices[at] = "a file was changed or withheld whose name must not leave"

    def _unspeakable(self, words: str) -> str:
        """The rule by which a name or a sentence must not leave; empty if it may."""
        read = list(views(words))
        if self._denied is not None and (self._denied.is_cell(words) or any(map(self._denied.is_in, read))):
            return "deny.value"
        return "secrets.name" if any(True for view in read for _ in secrets_in(view.text)) else ""

    def _artifacts(self, labels: Mapping[str, str]) -> Iterator[Leaving]:
        for name, path in self._parcel.files.items():
            kind, label = kinds.kind_of(name), labels[name]
            if not kind or kind not in self._parcel.order.kinds:
                named = ", ".join(self._parcel.order.kinds) or "none"
                self._parcel.violate(label, "kind.undeclared", f"the scope's kinds are {named}")
                continue
            try:
                kinds.check(kind, path)
                said = texts_of(kind, path, self._parcel.described.get(name))
                yield Leaving(label, kind, said, tables.tables_of(kind, path, self._keys))
            except (plain.NotOfKind, Unreadable) as error:
                self._parcel.violate(label, "kind.content", f"is not {kind}: {error}")
            except plain.Active as error:
                self._parcel.violate(label, "kind.active", f"would run or load something: {error}")

    def _printed(self) -> Iterator[Leaving]:
        for name in _STREAMS:
            if name not in self._parcel.streams:
                continue
            content = self._parcel.order.streams[name].read_bytes()
            if "text" in self._parcel.order.kinds:
                text = content.decode("utf-8", "replace")
                yield Leaving(name, "text", Said(text, ()))
            elif name == "stderr":
                self._parcel.streams.discard(name)
                if content.strip():
                    self._parcel.tell("stderr was withheld: text is not among the scope's kinds")
            elif content.strip():
                self._parcel.violate(name, "kind.undeclared", "text is not among the scope's kinds")

    def _check_result(self) -> None:
        schema = self._contract["result"]
        if schema is None:
            return
        path = self._parcel.files.get(result.FILE)
        if path is None:
            if self._parcel.order.succeeded:
                what = f"the program must write the file {result.FILE}"
                self._parcel.violate(result.FILE, "result.missing", what)
            return
        try:
            value = plain.json_of(path)
        except plain.NotOfKind as error:
            self._parcel.violate(result.FILE, "result.json", str(error))
            return
        for misfit in result.misfits(schema, value):
            self._parcel.violate(f"{result.FILE}:{misfit.path}", f"result.{misfit.rule}", misfit.message)
