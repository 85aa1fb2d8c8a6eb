"""What a person may sign of a replay: its report (docs/replay-format.md §2).

Knows replays that are over. Must not know who signs, or what becomes of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from audit_svc.console.people import Person
from audit_svc.console.replay import Outcome, Replay
from placet.approval.reading import write_time
from placet.audit.replay_report import (
    MAX_FLIPS,
    MAX_RULE_CHARS,
    MAX_RULES,
    Flip,
    LogState,
    Policies,
    Policy,
    Range,
    Report,
    ordered,
)


def report_of(replay: Replay, person: Person) -> Report:
    """The report in a person's name. Raises ValueError unless the replay is done and judged something."""
    answered, flips = replay.answered, replay.flips
    if replay.state != "done" or not answered or replay.ended_at is None:
        raise ValueError("there is nothing to report of it")
    indexes = [outcome.recorded.index for outcome in answered]
    period = replay.order.period
    return Report(
        reported_by=person.decided_by,
        reported_at=write_time(replay.ended_at),
        log=LogState.of(replay.checkpoint),
        range=Range(period.since, period.until, period.scope, indexes[0], indexes[-1] + 1),
        guard=replay.order.guard,
        layers=replay.order.layers,
        policies=Policies(
            _counted([outcome.recorded.policy for outcome in answered]),
            _counted([outcome.policy for outcome in answered if outcome.policy]),
        ),
        verdicts=len(answered),
        skipped=replay.skipped,
        unanswered=replay.unanswered,
        flipped=len(flips),
        flips=tuple(map(_flip, flips[:MAX_FLIPS])),
    )


def _counted(policies: Sequence[Policy]) -> tuple[Policy, ...]:
    """Each once, with how many verdicts it judged."""
    counts = Counter(policies).items()
    return ordered([msgspec.structs.replace(policy, verdicts=count) for policy, count in counts])


def _named(rules: Sequence[str]) -> tuple[str, ...]:
    return tuple(rule[:MAX_RULE_CHARS] for rule in rules[:MAX_RULES])


def _flip(outcome: Outcome) -> Flip:
    compared = outcome.compared
    return Flip(
        index=outcome.recorded.index,
        leaf_hash=outcome.recorded.leaf_hash.hex(),
        before=compared.old.verdict,
        after=compared.new.verdict,
        came=_named(compared.came),
        went=_named(compared.went),
    )
