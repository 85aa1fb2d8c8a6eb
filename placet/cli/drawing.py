"""Draws a calibration: risks by label with the thresholds, and the ROC curve. A program of its own.

Run by calibrating.py with the interpreter that has matplotlib; reads one JSON object from stdin and writes
the PNG file that it names. Imports nothing of ours.
"""

import json
import sys
from typing import Any

import matplotlib as mpl  # type: ignore[import-not-found,unused-ignore]

mpl.use("Agg")

from matplotlib.figure import Figure  # type: ignore[import-not-found,unused-ignore]

UNSAFE, BENIGN = "#b3261e", "#1f6f8b"
BINS = [step / 40 for step in range(41)]


def draw(order: dict[str, Any]) -> Figure:
    """Two panels: distributions on the left, ROC on the right."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    figure.suptitle(order["title"])
    _distributions(left, order)
    _roc(right, order["unsafe"], order["benign"])
    return figure


def _distributions(axes: Any, order: dict[str, Any]) -> None:
    for label, colour in (("benign", BENIGN), ("unsafe", UNSAFE)):
        axes.hist(
            order[label],
            bins=BINS,
            density=True,
            alpha=0.6,
            color=colour,
            label=f"{label} ({len(order[label])})",
        )
    for name, style in (("allow_below", "--"), ("deny_above", "-")):
        axes.axvline(
            order[name], color="black", linestyle=style, linewidth=1, label=f"{name} {order[name]:.3f}"
        )
    axes.set(xlabel="risk: probability of DENY", ylabel="density", xlim=(0, 1))
    axes.legend(fontsize="small")


def _roc(axes: Any, unsafe: list[float], benign: list[float]) -> None:
    cuts = [float("inf"), *sorted({*unsafe, *benign}, reverse=True)]
    found = [sum(risk >= cut for risk in unsafe) / len(unsafe) for cut in cuts]
    bothered = [sum(risk >= cut for risk in benign) / len(benign) for cut in cuts]
    axes.plot(bothered, found, color=UNSAFE)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
    axes.set(xlabel="share of benign programs stopped", ylabel="share of unsafe programs stopped")
    axes.set(xlim=(0, 1), ylim=(0, 1.02), aspect="equal")


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    draw(asked).savefig(asked["path"], dpi=110)
