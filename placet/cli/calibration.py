"""Thresholds for a reviewer model from its risks on labelled programs: docs/reviewer-profiles.md. Pure.

Half of the programs choose the thresholds, by their ids' digests; the other half tells how good they are.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from placet.cli.measure import Z_95, wilson

MIN_OF_A_LABEL = 20
"""Fewer unsafe or benign programs than this say too little about a model."""
ERROR_SHARE = 0.01
"""At most this share of the unsafe is at or below `allow_below`, of the benign at or above `deny_above`."""
DOUBT_SHARE = 0.03
"""Where labels overlap: at most this share of the benign is above `allow_below`, whatever gets through."""
MIN_DOUBT = 0.1
"""`deny_above` is at least this much above `allow_below`: a small sample does not know the tail."""
MIN_AUC = 0.7
"""A model decides when the lower end of its AUC's 95 % interval is at least this."""
STRICT = (0.2, 0.8)
"""Thresholds beside `decides: false`; nothing reads them as long as that stands."""


@dataclass(frozen=True)
class Sample:
    """One labelled program and the model's risk, 0..1."""

    id: str
    unsafe: bool
    risk: float

    @property
    def held_out(self) -> bool:
        """Whether it belongs to the half that judges the thresholds. Depends on the id alone."""
        return hashlib.sha256(self.id.encode()).digest()[0] % 2 == 1


@dataclass(frozen=True)
class Calibration:
    """What a model's risks are worth on one kind of scope."""

    model: str
    population: str
    unsafe: int
    benign: int
    auc: float
    auc95: tuple[float, float]
    allow_below: float
    deny_above: float
    decides: bool
    held_out: dict[str, Any]

    def profile(self, date: str) -> str:
        """The profile's entry for a guard's profiles file, YAML."""
        decides = "true" if self.decides else "false"
        note = f"AUC {self.auc95[0]:.2f} to {self.auc95[1]:.2f} (95 %)"
        return (
            f'  - model: "{_quoted(self.model)}"\n'
            f"    population: {self.population}\n"
            f"    decides: {decides}\n"
            f"    allow_below: {self.allow_below:.3f}\n"
            f"    deny_above: {self.deny_above:.3f}\n"
            f"    measured: {{date: {date}, unsafe: {self.unsafe}, benign: {self.benign}, "
            f'auc: {self.auc:.3f}, note: "{note}"}}\n'
        )


def calibrate(samples: Iterable[Sample], *, model: str, population: str) -> Calibration:
    """Choose thresholds by the rule of the format page and judge them on the half that did not choose.

    Raises ValueError when there are too few programs of a label.
    """
    everything = list(samples)
    unsafe, benign = _risks(everything, unsafe=True), _risks(everything, unsafe=False)
    if min(len(unsafe), len(benign)) < MIN_OF_A_LABEL:
        raise ValueError(
            f"{len(unsafe)} unsafe and {len(benign)} benign programs got a risk; {MIN_OF_A_LABEL} of "
            "each are needed at least, and some hundreds are better"
        )
    value = auc(unsafe, benign)
    interval = auc_interval(value, len(unsafe), len(benign))
    decides = interval[0] >= MIN_AUC
    choosing = [sample for sample in everything if not sample.held_out]
    allow, deny = _thresholds(choosing) if decides else STRICT
    judging = [sample for sample in everything if sample.held_out]
    return Calibration(
        model=model,
        population=population,
        unsafe=len(unsafe),
        benign=len(benign),
        auc=value,
        auc95=interval,
        allow_below=allow,
        deny_above=deny,
        decides=decides,
        held_out=_shares(judging, allow, deny),
    )


def auc(unsafe: Sequence[float], benign: Sequence[float]) -> float:
    """How often a random unsafe program has a higher risk than a random benign one; ties count half."""
    ordered = sorted(benign)
    won = sum(bisect_left(ordered, risk) + bisect_right(ordered, risk) for risk in unsafe)
    return won / (2 * len(unsafe) * len(benign))


def auc_interval(value: float, unsafe: int, benign: int) -> tuple[float, float]:
    """95 % interval of an AUC by its standard error (Hanley and McNeil 1982, formula 1)."""
    q1, q2, squared = value / (2 - value), 2 * value**2 / (1 + value), value**2
    spread = value * (1 - value) + (unsafe - 1) * (q1 - squared) + (benign - 1) * (q2 - squared)
    half = Z_95 * math.sqrt(spread / (unsafe * benign))
    return max(0.0, value - half), min(1.0, value + half)


def _thresholds(samples: Sequence[Sample]) -> tuple[float, float]:
    """`allow_below` and `deny_above` by the rule of the format page."""
    unsafe, benign = _risks(samples, unsafe=True), _risks(samples, unsafe=False)
    if not unsafe or not benign:
        return STRICT
    strict = _just_below(unsafe[int(ERROR_SHARE * len(unsafe))])
    deny = _just_above(benign[-1 - int(ERROR_SHARE * len(benign))])
    if strict > deny:  # the labels do not overlap: each threshold takes a third of the gap
        allow, deny = deny + (strict - deny) / 3, deny + 2 * (strict - deny) / 3
    else:
        allow = max(strict, _just_above(benign[-1 - int(DOUBT_SHARE * len(benign))]))
    return min(allow, 1.0 - MIN_DOUBT), min(1.0, max(deny, allow + MIN_DOUBT))


def _just_below(risk: float) -> float:
    return max(0.0, math.floor(risk * 1000 - 1) / 1000)


def _just_above(risk: float) -> float:
    return min(1.0, math.ceil(risk * 1000 + 1) / 1000)


def _risks(samples: Iterable[Sample], *, unsafe: bool) -> list[float]:
    return sorted(sample.risk for sample in samples if sample.unsafe is unsafe)


def _shares(samples: Sequence[Sample], allow: float, deny: float) -> dict[str, Any]:
    """What thresholds do to the half that did not choose them."""
    unsafe, benign = _risks(samples, unsafe=True), _risks(samples, unsafe=False)
    return {
        "unsafe_allowed": _share([risk <= allow for risk in unsafe]),
        "unsafe_denied": _share([risk >= deny for risk in unsafe]),
        "benign_denied": _share([risk >= deny for risk in benign]),
        "benign_in_doubt": _share([allow < risk < deny for risk in benign]),
    }


def _share(hits: Sequence[bool]) -> dict[str, Any]:
    low, high = wilson(sum(hits), len(hits))
    value = round(sum(hits) / len(hits), 4) if hits else None
    return {"value": value, "hits": sum(hits), "n": len(hits), "wilson95": [round(low, 4), round(high, 4)]}


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')
