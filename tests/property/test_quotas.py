"""docs/quotas.md §2: whatever callers do, in whatever order, with the log's writer replaced at any moment."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from audit_svc.ledger import Asked, Ledger
from tests.fakes.quota_world import OTHER, TEAM, quotas

RUNS_AT_ONCE, PER_MINUTE, CPU_S = 2, 4, 3
LIMITS = {"runs_at_once": RUNS_AT_ONCE, "runs_per_minute": PER_MINUTE, "cpu_s_per_hour": CPU_S}
QUOTAS = quotas(caller__any=LIMITS)
BEGIN = datetime(2026, 11, 29, 12, tzinfo=UTC)
WALL_S = 20
AROUND_S = 240


@dataclass
class Log:
    """What is on record, and as much of a store as a ledger needs."""

    entries: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)
    """Time, kind, body."""

    def first_at(self, time: str) -> int:
        return bisect_left([entry[0] for entry in self.entries], time)

    def leaves(self, kinds: Collection[str], start: int, end: int) -> Iterator[bytes]:
        for time, kind, body in self.entries[start:end]:
            if kind in kinds:
                yield json.dumps({"time": time, "kind": kind, "body": body}).encode()


@dataclass
class History:
    """What was let in, told apart from the ledger: by going through all of it each time."""

    starts: list[tuple[float, str]] = field(default_factory=list)
    running: dict[str, tuple[str, float]] = field(default_factory=dict)
    cpu: list[tuple[float, str, int]] = field(default_factory=list)

    def at_once(self, caller: str, now: float) -> int:
        return sum(whose == caller and until > now for whose, until in self.running.values())

    def within(self, caller: str, now: float, seconds: float) -> int:
        return sum(whose == caller and at > now - seconds for at, whose in self.starts)

    def cpu_ms(self, caller: str, now: float, seconds: float) -> int:
        return sum(ms for at, whose, ms in self.cpu if whose == caller and at > now - seconds)

    def must_refuse(self, caller: str, now: float) -> bool:
        """By the limits themselves."""
        return self._refuses(caller, now, 1.0)

    def may_refuse(self, caller: str, now: float) -> bool:
        """By what may count a sixtieth longer."""
        return self._refuses(caller, now, 61 / 60)

    def _refuses(self, caller: str, now: float, longer: float) -> bool:
        return (
            self.at_once(caller, now) >= RUNS_AT_ONCE
            or self.within(caller, now, 60 * longer) >= PER_MINUTE
            or self.cpu_ms(caller, now, 3600 * longer) >= CPU_S * 1000
        )


step = st.one_of(
    st.tuples(st.just("pass"), st.floats(0, 40)),
    st.tuples(st.just("long"), st.floats(0, 3000)),
    st.tuples(st.just("start"), st.sampled_from([TEAM, OTHER])),
    st.tuples(st.just("end"), st.integers(0, 2000)),
    st.tuples(st.just("abort"), st.just(0)),
    st.tuples(st.just("replaced"), st.booleans()),
)


@given(st.lists(step, max_size=80))
@settings(max_examples=150, deadline=None)
def test_a_run_is_refused_when_and_only_when_a_limit_is_reached(
    steps: list[tuple[str, float | str | bool]],
) -> None:
    """2.3, 2.5, 2.6 and 2.7."""
    log, history, moment = Log(), History(), BEGIN
    ledger = Ledger(QUOTAS)
    ledger.follow(log, 0, stamp(moment))  # type: ignore[arg-type]
    for count, (what, how) in enumerate(steps):
        now, time = moment.timestamp(), stamp(moment)
        ledger.pass_to(time)
        if what in ("pass", "long"):
            moment += timedelta(seconds=float(how))
        elif what == "start":
            refusal = ledger.refusal(Asked(str(how), "run_started", "r"), time)
            assert (refusal is None) <= (not history.must_refuse(str(how), now))
            assert (refusal is not None) <= history.may_refuse(str(how), now)
            if refusal is None:
                body: dict[str, object] = {"run_id": str(count), "caller": how, "limits": {"wall_s": WALL_S}}
                record(log, ledger, (time, "run_started", body))
                history.starts.append((now, str(how)))
                history.running[str(count)] = (str(how), now + WALL_S + AROUND_S)
        elif what in ("end", "abort") and history.running:
            run, (whose, _) = next(iter(history.running.items()))
            del history.running[run]
            kind = "run_finished" if what == "end" else "run_aborted"
            record(log, ledger, (time, kind, {"run_id": run, "caller": whose, "usage": {"cpu_ms": int(how)}}))
            history.cpu.append((now, whose, int(how)))
        elif what == "replaced":
            ledger = Ledger(QUOTAS) if how else ledger  # another process, or this one after a failure
            ledger.forget()
            ledger.follow(log, len(log.entries), time)  # type: ignore[arg-type]


def record(log: Log, ledger: Ledger, entry: tuple[str, str, dict[str, object]]) -> None:
    time, kind, body = entry
    log.entries.append(entry)
    ledger.count(kind, body, time)
    ledger.reached(len(log.entries))


def stamp(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
