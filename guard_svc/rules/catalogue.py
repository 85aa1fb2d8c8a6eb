"""The catalogue of the standard library and the data stack: which names do what.

Knows names and effects. Must not know programs, scopes, or how the tables are written down.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

KINDS: Final = frozenset(
    {
        "none", "read", "write", "change", "open", "style", "dump",
        "network", "database", "download", "process", "thread",
        "dynamic", "source", "expression", "unpickle", "named", "plugin",
        "environment", "native", "system", "introspect",
    }
)  # fmt: skip
"""Every effect there is; docs/catalogue.md says what each means."""


@dataclass(frozen=True, slots=True)
class Argument:
    """Where a call takes a value: its position (from 0) and its keyword; either may be absent.

    `synonyms` are further keywords: methods that are known by name alone call the same thing differently.
    """

    position: int | None
    keyword: str | None
    synonyms: tuple[str, ...] = ()

    def is_keyword(self, name: str | None) -> bool:
        """Whether a call passes this argument by the keyword `name`."""
        return name is not None and (name == self.keyword or name in self.synonyms)

    def shifted(self) -> "Argument":
        """The same argument when the method is called on its class, with the object as first argument."""
        return replace(self, position=None if self.position is None else self.position + 1)


@dataclass(frozen=True, slots=True)
class Effect:
    """What using a name does, and which of its arguments name a file or an address.

    `more` are further arguments like `path`. `also` is a second path, which is written. `optional`: without
    the argument the call touches nothing. `receiver`: the path is the object before the dot.
    `unpickles_with`: the keyword that turns on unpickling. `values`: the only texts that are harmless, in
    small letters.
    """

    kind: str
    path: Argument
    also: Argument | None = None
    optional: bool = False
    receiver: bool = False
    unpickles_with: str | None = None
    more: tuple[Argument, ...] = ()
    values: frozenset[str] = frozenset()

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """All arguments that the effect acts on in the same way."""
        return (self.path, *self.more)

    def unbound(self) -> "Effect":
        """The effect of `Class.method(object, ...)`: every argument is one further right."""
        if self.receiver:
            return replace(self, receiver=False, path=Argument(0, None))
        return replace(
            self,
            path=self.path.shifted(),
            also=None if self.also is None else self.also.shifted(),
            more=tuple(argument.shifted() for argument in self.more),
        )


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All tables. Names are full dotted names; methods of unknown objects begin with a dot."""

    effects: Mapping[str, Effect]
    anywhere: Mapping[tuple[str, str], Effect]
    """By library and last name: the effect of that name in every module of the library."""
    patterns: Mapping[str, tuple[tuple[str, Effect], ...]]
    """By root module: prefixes, and the effect of every name that begins so."""
    pure: frozenset[str]
    companions: Mapping[str, frozenset[str]]
    public: Mapping[str, frozenset[str]]
    denied: Mapping[str, frozenset[str]]
    opened: frozenset[str]
    """Full names that may be used although they lie in a denied module."""
    doors: Mapping[str, Mapping[str, str]]
    """By library: what its modules call the foreign modules that they import, and which those are."""
    settings: Mapping[str, Effect]
    """Settings of libraries that reach outside, by their dotted names: `text.usetex` of matplotlib."""
    closed: frozenset[str]

    def effect(self, name: str) -> Effect | None:
        """The effect of a full name, or None when it has none on record.

        Exact entries come first, then names that count in a whole library, then prefixes. A name that leads
        through a door has the effect of what lies behind it; `Class.method` has the method's, with its
        arguments one further right.
        """
        found = self.effects.get(name)
        if found is not None:
            return found
        if "(" in name or "[" in name:
            return self._of_result(name)
        name = self.resolve(name)
        return self.effects.get(name) or self._anywhere(name) or self._by_prefix(name) or self._unbound(name)

    def _by_prefix(self, name: str) -> Effect | None:
        for prefix, effect in self.patterns.get(name.partition(".")[0], ()):
            if name.startswith(prefix):
                return effect
        return None

    def _anywhere(self, name: str) -> Effect | None:
        return self.anywhere.get((name.partition(".")[0], name.rpartition(".")[2]))

    def _of_result(self, name: str) -> Effect | None:
        """A method of what a library returned, when no method of that name is known for all objects."""
        last = name.rpartition(".")[2]
        if "." not in name or "(" in last or "." + last in self.effects:
            return None
        return self._anywhere(name)

    def _unbound(self, name: str) -> Effect | None:
        owner, _, method = name.rpartition(".")
        if not owner.rpartition(".")[2][:1].isupper():
            return None
        found = self.effects.get("." + method)
        return found.unbound() if found is not None else None

    def resolve(self, name: str) -> str:
        """`name` with the doors that it leads through opened: `scipy.stats.np.load` is `numpy.load`."""
        for _ in range(name.count(".")):
            parts = name.split(".")
            doors = self.doors.get(parts[0])
            cut = next((i for i, part in enumerate(parts[1:], 1) if part in doors), 0) if doors else 0
            if not cut or doors is None:
                return name
            name = ".".join([doors[parts[cut]], *parts[cut + 1 :]])
        return name

    def is_public(self, module: str) -> bool:
        """Whether an import of a module's root covers this submodule."""
        root, _, rest = module.partition(".")
        if not rest:
            return True
        if any(part.startswith("_") for part in rest.split(".")) or self.is_denied(module):
            return False
        allowed = self.public.get(root, frozenset())
        return "*" in allowed or rest in allowed

    def is_denied(self, name: str) -> bool:
        """Whether `name`, or a module it lies in, is an exception that no import covers."""
        if name in self.opened or any(name.startswith(opened + ".") for opened in self.opened):
            return False
        if self._is_exception(name):
            return True
        behind = self.resolve(name)
        return behind != name and (self._is_exception(behind) or not self._is_data_stack(behind))

    def _is_exception(self, name: str) -> bool:
        parts = name.split(".")
        for cut in range(1, len(parts)):
            denied = self.denied.get(".".join(parts[:cut]), frozenset())
            if any(".".join(parts[cut:end]) in denied for end in range(cut + 1, len(parts) + 1)):
                return True
        return False

    def _is_data_stack(self, name: str) -> bool:
        return name.partition(".")[0] in self.doors


@cache
def load_catalogue() -> Catalogue:
    """Read the tables once. Raises ValueError, which says where and what, when a file breaks the schema."""
    from guard_svc.rules import tables  # it needs the types above

    return tables.read_catalogue()
