"""What a Parquet file's footer says of its columns: names, types, how many rows.

Knows as much of Thrift's compact protocol and of Parquet's metadata as that takes, and no more: the native
readers of this format have no place in a service that holds keys, since the bytes are a stranger's. Every
loop is bounded by a budget. Must not know prompts. Formats: doc/specs/thrift-compact-protocol.md of
apache/thrift; src/main/thrift/parquet.thrift of apache/parquet-format.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

MAGIC: Final = b"PAR1"
MAX_FOOTER_BYTES: Final = 4 * 1024 * 1024
MAX_VALUES: Final = 200_000
MAX_DEPTH: Final = 12
_INDEX: Final = "__index_level_"

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
_INTEGERS: Final = frozenset({4, 5, 6})
_OF_PHYSICAL: Final = {0: "boolean", 1: "integer", 2: "integer", 3: "date", 4: "number", 5: "number"}
# Of the older annotation (ConvertedType) and of the newer one (the union LogicalType, by field).
_OF_CONVERTED: Final = {0: "text", 5: "number", 6: "date", 9: "date", 10: "date"}
_OF_LOGICAL: Final = {1: "text", 4: "text", 5: "number", 6: "date", 8: "date"}


class NotParquet(ValueError):  # noqa: N818 (named for what it says)
    """The bytes are no Parquet file, or hold more than is looked at. Says which."""


@dataclass(frozen=True)
class Table:
    """A file's columns of simple values (name, type), without pandas' own; `others` have values within."""

    columns: tuple[tuple[str, str], ...]
    others: int
    rows: int


def is_parquet(content: bytes) -> bool:
    """Whether the bytes call themselves so."""
    return len(content) >= 12 and content[:4] == MAGIC == content[-4:]


def read_footer(content: bytes) -> Table:
    """The table that a file's metadata describes; values are not looked at. Raises NotParquet."""
    size = int.from_bytes(content[-8:-4], "little")
    if not is_parquet(content) or not 0 < size <= min(MAX_FOOTER_BYTES, len(content) - 12):
        raise NotParquet("it has no footer of a usual size")
    try:
        metadata = _Compact(content[-8 - size : -8]).struct(0)
        return _table(metadata)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise NotParquet(f"its footer cannot be read: {str(error)[:80]}") from None


def _table(metadata: dict[int, object]) -> Table:
    schema, rows = metadata[2], metadata[3]
    if not isinstance(schema, list) or not isinstance(rows, int) or rows < 0:
        raise ValueError("no schema")
    top = list(_top_level(schema))
    simple = [element for element in top if not element.get(5)]
    named = ((_name(element), _type(element)) for element in simple)
    columns = tuple(each for each in named if not each[0].startswith(_INDEX))
    return Table(columns, len(top) - len(simple), rows)


def _top_level(schema: Sequence[dict[int, object]]) -> Iterator[dict[int, object]]:
    """The root's own children: elements stand in the order of a walk through the tree."""
    open_below = 0
    for element in schema[1:]:
        children = element.get(5, 0)
        if not isinstance(children, int) or children < 0:
            raise ValueError("no tree of columns")
        if open_below == 0:
            yield element
        else:
            open_below -= 1
        open_below += children


def _name(element: dict[int, object]) -> str:
    name = element[4]
    if not isinstance(name, bytes):
        raise TypeError("a column without a name")
    return name.decode(errors="replace")


def _type(element: dict[int, object]) -> str:
    logical = element.get(10)
    if isinstance(logical, dict):
        for field in logical:
            if field in _OF_LOGICAL:
                return _OF_LOGICAL[field]
    converted, physical = element.get(6), element.get(1)
    if isinstance(converted, int) and converted in _OF_CONVERTED:
        return _OF_CONVERTED[converted]
    return _OF_PHYSICAL.get(physical, "text") if isinstance(physical, int) else "text"


class _Compact:
    """A reader of Thrift's compact protocol over bytes at hand. Raises IndexError and ValueError."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._budget = data, 0, MAX_VALUES

    def struct(self, depth: int) -> dict[int, object]:
        """Field number → value."""
        if depth > MAX_DEPTH:
            raise ValueError("too deep")
        fields: dict[int, object] = {}
        number = 0
        while header := self._byte():
            number = number + (header >> 4) if header >> 4 else self._signed()
            fields[number] = self._value(header & 15, depth, in_list=False)
        return fields

    def _value(self, kind: int, depth: int, *, in_list: bool) -> object:
        self._budget -= 1
        if self._budget < 0:
            raise ValueError("too many values")
        if kind in (_TRUE, _FALSE):
            return self._byte() == _TRUE if in_list else kind == _TRUE
        if kind in _INTEGERS:
            return self._signed()
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in (_LIST, _SET):
            return self._list(depth + 1)
        sizes = {_BYTE: 1, _DOUBLE: 8}
        if kind == _BINARY or kind in sizes:
            return self._bytes(sizes[kind] if kind in sizes else self._unsigned())
        raise ValueError("a value of an unknown type")  # maps do not occur here

    def _list(self, depth: int) -> list[object]:
        header = self._byte()
        size = header >> 4 if header >> 4 != 15 else self._unsigned()
        return [self._value(header & 15, depth, in_list=True) for _ in range(size)]

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _bytes(self, size: int) -> bytes:
        if size > len(self._data) - self._at:
            raise ValueError("it ends too early")
        self._at += size
        return self._data[self._at - size : self._at]

    def _unsigned(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise ValueError("a number without end")

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
