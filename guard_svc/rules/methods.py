"""What methods do of objects whose class is known: paths, archives.

Knows names only. Must not know programs or scopes. The catalogue knows methods by their name alone; here a
name means something because of its object: `touch` of a path writes a file, elsewhere it may be anything.
"""

from collections.abc import Mapping
from typing import Final

from guard_svc.rules.catalogue import Argument, Effect
from guard_svc.rules.words import PATH_CHANGES, PATH_READS

_NOWHERE: Final = Argument(None, None)
_WITH_TARGET: Final = ("rename", "replace", "symlink_to", "hardlink_to", "link_to")
_OF_PATHS: Final[Mapping[str, Effect]] = {
    "open": Effect("open", Argument(0, "mode"), receiver=True),
    **{name: Effect("read", _NOWHERE, receiver=True) for name in PATH_READS},
    **{name: Effect("write", _NOWHERE, receiver=True) for name in ("mkdir", "touch")},
    **{name: Effect("change", _NOWHERE, receiver=True) for name in PATH_CHANGES},
    **{name: Effect("change", _NOWHERE, Argument(0, "target"), receiver=True) for name in _WITH_TARGET},
}
_OF_ARCHIVES: Final[Mapping[str, Effect]] = {
    "extractall": Effect("write", Argument(0, "path"), optional=True),
    "extract": Effect("write", Argument(1, "path"), optional=True),
    "write": Effect("read", Argument(0, "filename")),
    "add": Effect("read", Argument(0, "name")),
}
_CLASSES: Final[Mapping[str, Mapping[str, Effect]]] = {
    "pathlib.": _OF_PATHS,
    "zipfile.ZipFile().": _OF_ARCHIVES,
    "tarfile.open().": _OF_ARCHIVES,
    "tarfile.TarFile().": _OF_ARCHIVES,
}


def method_effect(name: str) -> Effect | None:
    """The effect of a method by its full name, such as `pathlib.Path().touch`; None without one."""
    for prefix, methods in _CLASSES.items():
        if name.startswith(prefix):
            return methods.get(name.rpartition(".")[2])
    return None
