"""Reading what lies beside the records in step with them, so that a log of any length needs no memory.

Knows two sorted sequences. Must not know what the rows mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from placet.audit.report import Break
from placet.audit.rows import Row


class Broken(Exception):  # noqa: N818 - named for the state it reports
    """The log's bytes are not what they claim to be: nothing after this place is proven."""

    def __init__(self, index: int | None, what: str, meaning: str) -> None:
        super().__init__(what)
        self.found = Break(index, what, meaning)


class Beside:
    """Rows that begin with the number they belong to, sorted by it."""

    def __init__(self, rows: Iterator[Row], what: str) -> None:
        """`what` names a row in a message, as in "a body"."""
        self._rows, self._what = rows, what
        self.next: float = 0
        """The number of the next row; infinite after the last."""
        self._row: Row = ()
        self._advance()

    def at(self, index: int) -> Sequence[Row]:
        """The rows of `index`. Raises Broken when a row of a lower number was never asked for."""
        if self.next > index:
            return ()
        found = []
        while self.next == index:
            found.append(self._row)
            self._advance()
        if self.next < index or not found:
            raise self._stray()
        return found

    def end(self) -> None:
        """Raises Broken when rows are left."""
        if self.next != inf:
            raise self._stray()

    def _advance(self) -> None:
        self._row = next(self._rows, ())
        number = self._row[0] if self._row else inf
        if self._row and (type(number) is not int or number < self.next):
            raise Broken(None, f"{self._what} belongs to no number: {number!r}", "The database was changed.")
        self.next = number

    def _stray(self) -> Broken:
        index = int(self.next)
        return Broken(
            index, f"record {index} does not exist, but {self._what} of it is kept", "It was put there."
        )
