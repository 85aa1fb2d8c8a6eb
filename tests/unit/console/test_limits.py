"""Buckets empty and fill; whoever fails too often waits."""

from __future__ import annotations

import pytest

from audit_svc.console import limits
from audit_svc.console.limits import Limiter, Lockout, peer_of


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_its_burst_and_then_what_flows_in() -> None:
    clock = Clock()
    limiter = Limiter(2, 3, now=clock)
    assert [limiter.take("a") for _ in range(3)] == [0, 0, 0]
    assert limiter.take("a") == pytest.approx(0.5)
    assert limiter.take("b") == 0, "another key has a bucket of its own"
    clock.now += 0.5
    assert limiter.take("a") == 0
    assert limiter.take("a") > 0


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    clock = Clock()
    limiter = Limiter(10, 2, now=clock)
    limiter.take("a")
    clock.now += 3600
    assert [limiter.take("a") > 0 for _ in range(3)] == [False, False, True]


def test_too_many_failures_within_the_time_lock_a_peer_out() -> None:
    clock = Clock()
    lockout = Lockout(failures=3, within_s=10, for_s=60, now=clock)
    assert [lockout.failed("a") for _ in range(3)] == [False, False, True]
    assert lockout.remaining_s("a") == 60
    assert lockout.remaining_s("b") == 0
    clock.now += 60
    assert lockout.remaining_s("a") == 0


def test_failures_that_are_far_apart_lock_nobody_out() -> None:
    clock = Clock()
    lockout = Lockout(failures=3, within_s=10, for_s=60, now=clock)
    for _ in range(10):
        clock.now += 5.1
        assert not lockout.failed("a")


def test_many_addresses_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REMEMBERED", 5)
    limiter, lockout = Limiter(1, 1), Lockout(failures=2)
    for number in range(50):
        limiter.take(str(number))
        lockout.failed(str(number))
    assert limiter.take("49") > 0, "the newest are remembered"
    assert limiter.take("0") == 0
    assert not lockout.failed("0"), "the oldest were forgotten"
    assert lockout.failed("49")


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("unix", "unix"),
    ],
)
def test_a_network_of_ipv6_is_one_peer(address: str, peer: str) -> None:
    assert peer_of(address) == peer
