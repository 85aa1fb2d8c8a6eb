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
    st.tuples(st.just("abort"), st.sampled_from([0, 900])),
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
            around = int(how) // 3  # what was done around a program counts as its processor time does
            usage = {"cpu_ms": int(how) - around, "delivery_ms": around}
            record(log, ledger, (time, kind, {"run_id": run, "caller": whose, "usage": usage}))
            history.cpu.append((now, whose, int(how)))
        elif what == "replaced":
            ledger = Ledger(QUOTAS) if how else ledger  # another process, or this one after a failure
            ledger.forget()
            ledger.follow(log, len(log.entries), time)  # type: ignore[arg-type]


def test_what_is_done_around_a_program_counts_as_processor_time_does() -> None:
    """docs/contract.md 7.8: also of a run whose sandbox failed once its program had ended."""
    almost = {"cpu_ms": 0, "delivery_ms": CPU_S * 1000 - 1}
    for kind in ("run_finished", "run_aborted"):
        ledger, log = Ledger(QUOTAS), Log()
        ledger.follow(log, 0, stamp(BEGIN))  # type: ignore[arg-type]
        for run, used in (("0", {}), ("1", almost), ("2", {"cpu_ms": 1})):
            refusal = ledger.refusal(Asked(TEAM, "run_started", run), stamp(BEGIN))
            assert refusal is None
            record(log, ledger, (stamp(BEGIN), kind, {"run_id": run, "caller": TEAM, "usage": used}))
        assert ledger.refusal(Asked(TEAM, "run_started", "3"), stamp(BEGIN)) is not None


def record(log: Log, ledger: Ledger, entry: tuple[str, str, dict[str, object]]) -> None:
    time, kind, body = entry
    log.entries.append(entry)
    ledger.count(kind, body, time)
    ledger.reached(len(log.entries))


def stamp(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
