"""What can go wrong with a stack on this machine. Each says what to do."""

from __future__ import annotations

from pathlib import Path


class StackError(Exception):
    """The stack cannot start, or did not stop."""


class StackNotRunning(StackError):  # noqa: N818  # it names a state of the world
    """There is no stack on this state directory."""

    def __init__(self, state: Path) -> None:
        super().__init__(f"No stack is running on {state}. Start one: placet --state {state} up --detach")


class StackAlreadyRunning(StackError):  # noqa: N818  # as above
    """Another supervisor holds the state directory."""

    def __init__(self, state: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"A stack is already running on {state} ({who}). Stop it: placet --state {state} down"
        )
