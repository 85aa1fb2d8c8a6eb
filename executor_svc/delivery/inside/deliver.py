"""After the program: its figures in house style, its contract checked, its tables in house format.

Each step changes the parcel. A step that fails ends this process, and then nothing leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from executor_svc.delivery.inside.order import Order
from executor_svc.delivery.inside.parcel import Parcel

Step = Callable[[Parcel], None]


def load(directory: Path) -> None:
    """Import what the order in `directory` needs, before anything is looked at that a program left.

    Raises ImportError for what is not installed.
    """
    _steps(Order.read(directory))


def main(directory: Path) -> None:
    """Carry out the order that lies in `directory`, and leave the parcel there."""
    order = Order.read(directory)
    parcel = Parcel.of(order)
    for step in _steps(order):
        step(parcel)
    parcel.write()


def _steps(order: Order) -> list[Step]:
    """Those that the scope asks for; of the others not even the text is compiled."""
    draws = order.style is not None or order.images == "figures_only"
    checks = order.contract is not None
    wanted = {"figures": draws, "contract": checks, "formats": order.style is not None, "size": checks}
    package = __name__.rpartition(".")[0]
    names = [name for name, asked in wanted.items() if asked]
    return [import_module(f"{package}.{name}").apply for name in names]
