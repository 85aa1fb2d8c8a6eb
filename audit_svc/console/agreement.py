"""How far people agree with one another, and with the guard (docs/labels-format.md §3).

Knows pairs of opinions, and counts. Must not know records or pages. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from placet.audit.labels import VERDICTS, Label, agreed, newest, opinions
from placet.proportion import Share

ALLOWED: Final = VERDICTS[0]
Pair = tuple[str, str]
"""Two verdicts on the same program by two who judged."""


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa over pairs of verdicts (Cohen 1960): agreement beyond what chance alone would give."""

    n: int
    agreed: int
    value: float | None
    """-1..1; None where chance alone would always agree, or nothing was compared."""

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> Kappa:
        """Of any number of pairs; the two who judged keep their places."""
        n = len(pairs)
        agreed = sum(first == second for first, second in pairs)
        firsts, seconds = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
        # In whole numbers up to the last division: n² · chance.
        chance = sum(count * seconds[verdict] for verdict, count in firsts.items())
        beyond = n * n - chance
        return cls(n, agreed, (n * agreed - chance) / beyond if beyond else None)


@dataclass
class Matrix:
    """The guard's verdicts against people's, counted."""

    counts: Counter[Pair] = field(default_factory=Counter)
    """(guard's, people's) → verdicts."""

    def add(self, judged: str, right: str) -> None:
        """One settled verdict."""
        self.counts[judged, right] += 1

    @property
    def n(self) -> int:
        """All verdicts."""
        return self.counts.total()

    @property
    def false_positives(self) -> Share:
        """Of what people would allow, what the guard stopped."""
        harmless = {pair: n for pair, n in self.counts.items() if pair[1] == ALLOWED}
        stopped = sum(n for (judged, _), n in harmless.items() if judged != ALLOWED)
        return Share(stopped, sum(harmless.values()))

    @property
    def missed(self) -> Share:
        """Of what people would stop, what the guard allowed."""
        harmful = {pair: n for pair, n in self.counts.items() if pair[1] != ALLOWED}
        let_through = sum(n for (judged, _), n in harmful.items() if judged == ALLOWED)
        return Share(let_through, sum(harmful.values()))

    @property
    def rows(self) -> list[tuple[str, list[int]]]:
        """The guard's verdicts from mildest to strictest, each with people's in the same order."""
        return [(judged, [self.counts[judged, right] for right in VERDICTS]) for judged in VERDICTS]


@dataclass
class RuleFigures:
    """One rule before people: the verdicts in which it found something, and its findings."""

    matrix: Matrix = field(default_factory=Matrix)
    right: int = 0
    wrong: int = 0

    @property
    def precision(self) -> Share:
        """Findings that people called right, of all that they labelled."""
        return Share(self.right, self.right + self.wrong)


@dataclass(frozen=True)
class Figures:
    """All that labels amount to."""

    labelled: int
    """Verdicts of the guard with an opinion."""
    disputed: Sequence[int]
    """Those on which people differ."""
    people: int
    among_people: Kappa
    guard_and_people: Kappa
    matrix: Matrix
    sampled: Matrix
    """The same over the sample only: nobody picked these."""
    rules: Mapping[str, RuleFigures]


def figures(by_verdict: Mapping[int, Sequence[Label]], sampled: Iterable[int]) -> Figures:
    """Count labels, given by verdict in log order; `sampled` names the verdicts of the sample."""
    labels = [label for each in by_verdict.values() for label in each]
    matrix, sample, rules = Matrix(), Matrix(), _findings(by_verdict)
    in_sample, pairs, disputed = set(sampled), [], []
    opined = {
        index: found for index, each in by_verdict.items() if (found := opinions(each)) and found[0].judged
    }
    for index, found in opined.items():
        judged, right = found[0].judged, agreed(found)
        if not right:
            disputed.append(index)
            continue
        pairs.append((judged, right))
        for counted in [matrix, *([sample] if index in in_sample else [])]:
            counted.add(judged, right)
        for rule in found[0].rules:
            rules.setdefault(rule, RuleFigures()).matrix.add(judged, right)
    return Figures(
        len(opined),
        disputed,
        len({label.person for label in labels}),
        Kappa.of([pair for index in opined if (pair := independent(by_verdict[index]))]),
        Kappa.of(pairs),
        matrix,
        sample,
        dict(sorted(rules.items())),
    )


def independent(labels: Iterable[Label]) -> Pair | None:
    """The first opinion on a verdict, and the first blind one by somebody else (§3.1)."""
    first: dict[str, Label] = {}
    for label in sorted(labels, key=lambda each: each.index):
        if label.on_verdict:
            first.setdefault(label.person, label)
    told = list(first.values())
    second = next((label for label in told[1:] if label.blind), None)
    return (told[0].verdict, second.verdict) if second else None


def _findings(by_verdict: Mapping[int, Sequence[Label]]) -> dict[str, RuleFigures]:
    """Labelled findings by rule; of each person's labels on a finding the newest counts."""
    rules: dict[str, RuleFigures] = {}
    for labels in by_verdict.values():
        for label in newest(label for label in labels if not label.on_verdict):
            found = rules.setdefault(label.rule, RuleFigures())
            found.right += label.right
            found.wrong += not label.right
    return rules
