from __future__ import annotations
from typing import Optional

class Node:
    def __init__(self, value: int, rest: "Optional[Node]" = None) -> None:
        self.value, self.rest = value, rest

    def total(self: "Node") -> "int":
        return self.value + (self.rest.total() if self.rest else 0)

print(Node(1, Node(2)).total())
