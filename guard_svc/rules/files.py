"""The files a program reads, writes, changes and deletes, by their paths.

Knows paths and what a scope grants. Must not know URLs beyond handing them on, or how a name was resolved.

A path that is known is judged here. One that is not known is left to the sandbox, which mounts the working
directory and nothing else: it is noted, and it denies only where the scope grants no access of that kind.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from guard_svc.rules import network
from guard_svc.rules.arguments import argument, is_unpacked, shown, targets
from guard_svc.rules.catalogue import Argument, Effect
from guard_svc.rules.places import Place, place_of
from guard_svc.rules.subject import Subject
from guard_svc.rules.words import SYSTEM_FOLDERS

_BUFFERS: Final = frozenset({"io.StringIO()", "io.BytesIO()"})
_VERBS: Final[Mapping[str, str]] = {
    "read": "reads",
    "write": "writes",
    "change": "deletes, moves or changes",
}
_STANDARD_STREAMS: Final = 2
_MAX_PATH: Final = 300


@dataclass(frozen=True, slots=True)
class Access:
    """One use of one path: which call, what it is called in the program, and read, write or change."""

    call: ast.Call
    name: str
    kind: str

    @property
    def does(self) -> str:
        """The beginning of a message about this access."""
        return f"{self.name.lstrip('.')} {_VERBS[self.kind]}"


def check_file(subject: Subject, call: ast.Call, name: str, effect: Effect) -> None:
    """A call that reads, writes or changes the file that an argument or its receiver names."""
    found = list(targets(call, effect))
    if not found and not effect.optional and is_unpacked(call):
        subject.report("capability.file.dynamic", call, f"{name} gets its path from unpacked arguments.")
    for target in found:
        check_path(subject, Access(call, name, effect.kind), target)
    if effect.also is not None and (other := argument(call, effect.also)) is not None:
        kind = "change" if effect.kind == "change" else "write"
        check_path(subject, Access(call, name, kind), other)


def check_open(subject: Subject, call: ast.Call, name: str, effect: Effect) -> None:
    """`open` and its kin, which read or write as their mode says."""
    if any(keyword.arg == "opener" for keyword in call.keywords):
        message = f"{name} opens whatever its opener= returns, not the path it is given."
        subject.report("capability.file.outside", call, message)
    mode = argument(call, Argument(0 if effect.receiver else 1, "mode"))
    modes = subject.names.texts(mode) if mode is not None else ("r",)
    kind = "write" if not modes or any(re.search("[wax+]", text) for text in modes) else "read"
    for target in targets(call, effect):
        check_path(subject, Access(call, name, kind), target)


def check_saved(subject: Subject, call: ast.Call, name: str, where: Argument) -> None:
    """The file that a download is saved to."""
    if (target := argument(call, where)) is not None:
        check_path(subject, Access(call, name, "write"), target)


def check_style(subject: Subject, call: ast.Call, name: str, effect: Effect) -> None:
    """A style is a name, or a file or URL to read."""
    for target in targets(call, effect):
        for text in subject.names.texts(target):
            if place_of(text) in (Place.OUTSIDE, Place.NETWORK):
                _check_place(subject, Access(call, name, "read"), text)


def check_dump(subject: Subject, call: ast.Call, name: str, _effect: Effect) -> None:
    """`json.dump(data, file)` and `array.dump("name")` share a name; only a first text is a path."""
    if call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str):
        check_path(subject, Access(call, name, "write"), call.args[0])


def check_path(subject: Subject, access: Access, target: ast.expr) -> None:
    """Everything that `target`, a path, may name."""
    if isinstance(target, ast.List | ast.Tuple | ast.Set):
        for element in target.elts:
            check_path(subject, access, element)
        return
    if subject.names.paths(target) & _BUFFERS or (isinstance(target, ast.Constant) and target.value is None):
        return
    for number in subject.names.values(target):
        if isinstance(number, int) and number > _STANDARD_STREAMS:
            subject.report(
                "capability.file.outside", access.call, f"{access.does} the file descriptor {number}."
            )
    if isinstance(target, ast.Name) and _is_counter(subject, target):
        message = f"{access.does} file descriptors one after the other."
        subject.report("capability.file.outside", access.call, message)
    texts = subject.names.texts(target)
    known = bool(texts) and subject.names.is_known(target)
    granted = "inputs" if access.kind == "read" else "outputs"
    subject.need(f"fs.{'read' if access.kind == 'read' else 'write'}:{granted if known else '?'}")
    for text in texts:
        _check_place(subject, access, text)
    if not known and is_granted(subject, access):
        message = f"{access.does} a path that is not known before the program runs; the sandbox confines it."
        subject.report("capability.file.dynamic", access.call, message)


def check_foreign(subject: Subject, call: ast.Call, name: str) -> None:
    """A function that nobody has described: every constant place it is given is taken for a path or URL."""
    for value in (*call.args, *(item.value for item in call.keywords)):
        for text in subject.names.texts(value):
            if _is_system_place(text) or place_of(text) is Place.NETWORK:
                _check_place(subject, Access(call, name, "read"), text)


def check_spoken_places(subject: Subject) -> None:
    """Places outside that a program speaks of, when it also uses paths that cannot be told."""
    if not subject.capabilities & {"fs.read:?", "fs.write:?"}:
        return
    for node in subject.nodes:
        text = node.value if isinstance(node, ast.Constant) else None
        if not isinstance(text, str) or isinstance(subject.parents.get(id(node)), ast.Expr):
            continue
        if _is_system_place(text):
            message = f"The program names {shown(text)} and uses paths that cannot be told."
            subject.report("capability.file.outside", node, message)


def _is_system_place(text: str) -> bool:
    """Whether the whole text is a path to a place that every machine has, or to somebody's home."""
    if not text.isprintable() or " " in text.strip() or len(text) > _MAX_PATH:
        return False
    first = text.lstrip("/").partition("/")[0]
    return (text.startswith("/") and first in SYSTEM_FOLDERS) or text.startswith(("~/", "../", "/.."))


def _is_counter(subject: Subject, target: ast.Name) -> bool:
    """Whether `target` runs through whole numbers: then it is a descriptor, not a path."""
    node: ast.AST | None = target
    while (node := subject.parents.get(id(node))) is not None:
        loops = [node] if isinstance(node, ast.For) else getattr(node, "generators", ())
        for loop in loops:
            counts = "builtins.range()" in subject.names.paths(loop.iter)
            if isinstance(loop.target, ast.Name) and loop.target.id == target.id and counts:
                return True
    return False


def is_granted(subject: Subject, access: Access) -> bool:
    """Whether the scope grants this kind of access at all; reports when it does not."""
    allow = subject.scope.allow
    granted: tuple[str, ...] = allow.read if access.kind == "read" else allow.write
    if access.kind == "change":
        granted = tuple(grant for grant in allow.write if grant == "workdir")
    if not granted:
        message = f"{access.does} files, which the scope {subject.scope.name} does not allow."
        subject.report(f"capability.file.{access.kind}", access.call, message)
    return bool(granted)


def _check_place(subject: Subject, access: Access, text: str) -> None:
    place = place_of(text)
    if place is Place.HARMLESS:
        return
    if place is Place.NETWORK:
        network.check_url(subject, access.call, text, access.name)
    elif place is Place.OUTSIDE:
        message = f"{access.does} {shown(text)}, which lies outside the working directory."
        subject.report("capability.file.outside", access.call, message)
    elif place is Place.PRECIOUS:
        message = f"{access.does} {shown(text)}, where keys, logins or start-up files lie."
        subject.report("capability.file.precious", access.call, message)
    elif is_granted(subject, access):
        _check_below(subject, access, place, text)


def _check_below(subject: Subject, access: Access, place: Place, text: str) -> None:
    if place is Place.HIDDEN:
        message = f"{access.does} the hidden file {shown(text)}."
        subject.report("capability.file.hidden", access.call, message)
    elif place is not Place.UNKNOWN and _is_unlisted(subject, access, text):
        message = f"{access.does} {shown(text)}, which is not among the inputs."
        subject.report("capability.file.unlisted", access.call, message)


def _is_unlisted(subject: Subject, access: Access, text: str) -> bool:
    reads = access.kind == "read" and "workdir" not in subject.scope.allow.read
    return reads and text not in subject.inputs
