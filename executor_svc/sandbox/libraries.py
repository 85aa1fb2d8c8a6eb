"""Sets of libraries that a zygote can have loaded before there is a program, and which set fits a program.

Pure. Knows names of modules only; what of a set is not installed is left out by the zygote.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class LibrarySet:
    """`modules` are imported in order. Every page of them makes a fork and its end a little dearer.

    `late` come after them, when the late libraries are on the path: pandas, which comes before, does not find
    pyarrow then, whose threads no zygote can have.
    """

    name: str
    modules: tuple[str, ...]
    late: tuple[str, ...] = ()

    @cached_property
    def packages(self) -> frozenset[str]:
        """Top-level names."""
        return frozenset(module.partition(".")[0] for module in (*self.modules, *self.late))


DATA = LibrarySet("data", ("numpy", "pandas", "matplotlib.pyplot"))
SCIENCE = LibrarySet(
    "science",
    (
        *DATA.modules,
        "scipy.stats",
        "scipy.optimize",
        "seaborn",
        "statsmodels.api",
        "sklearn.linear_model",
        "sklearn.ensemble",
        "sklearn.cluster",
        "sklearn.decomposition",
        "sklearn.preprocessing",
        "sklearn.model_selection",
        "sklearn.metrics",
    ),
)
DELIVERY = LibrarySet("delivery", DATA.modules, late=("jsonschema", "detect_secrets.plugins.aws"))
"""What the stages around a program load: with cells of their own they take none from programs."""
USUAL = (DATA, SCIENCE, DELIVERY)


def fitting(sets: Sequence[LibrarySet], imports: Collection[str]) -> LibrarySet:
    """The first of `sets` that holds as many of `imports` as any does; order them from small to large."""
    return max(sets, key=lambda one: (len(one.packages.intersection(imports)), -sets.index(one)))
