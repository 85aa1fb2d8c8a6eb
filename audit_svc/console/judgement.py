"""What people say of the guard, and of one another, as figures. Knows labels; must not know pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from audit_svc.console.agreement import Kappa, Matrix, independent
from placet.audit.labels import Label, opinions, settled
from placet.proportion import Share


@dataclass(frozen=True)
class Judgement:
    """Of some labels."""

    matrix: Matrix
    among_people: Kappa

    @classmethod
    def of(cls, labels: Iterable[Label]) -> Judgement:
        """A verdict counts when all who labelled it agree; people are compared where the second was blind."""
        by_verdict: defaultdict[int, list[Label]] = defaultdict(list)
        for label in labels:
            by_verdict[label.verdict_index].append(label)
        matrix = Matrix()
        for of_one in by_verdict.values():
            judged, right = next((each.judged for each in opinions(of_one)), ""), settled(of_one)
            if judged and right:
                matrix.add(judged, right)
        pairs = [pair for of_one in by_verdict.values() if (pair := independent(of_one))]
        return cls(matrix, Kappa.of(pairs))

    @property
    def agreed(self) -> Share:
        """Verdicts that people call right."""
        right = sum(n for (judged, said), n in self.matrix.counts.items() if judged == said)
        return Share(right, self.matrix.n)
