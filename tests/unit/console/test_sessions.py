"""Sessions end when they are told to, when they are idle, and when they are old."""

from __future__ import annotations

import asyncio

import pytest

from audit_svc.access import Role
from audit_svc.console.people import Person
from audit_svc.console.sessions import MAX_OF_ONE_PERSON, Sessions

ANA = Person("ana", Role.REVIEWER)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(longest_s=100, idle_s=10, now=clock)


def test_a_secret_finds_its_session_and_no_other_does(sessions: Sessions) -> None:
    secret, other = sessions.begin(ANA), sessions.begin(Person("ben", Role.VIEWER))
    found = sessions.find(secret, active=True)
    assert found
    assert found.person == ANA
    assert secret != other
    assert sessions.find(secret[:-1], active=True) is None


def test_an_idle_session_ends(sessions: Sessions, clock: Clock) -> None:
    secret = sessions.begin(ANA)
    clock.now = 9.9
    assert sessions.find(secret, active=False)
    clock.now = 10
    assert sessions.find(secret, active=True) is None


def test_what_a_page_fetches_by_itself_keeps_no_session_alive(sessions: Sessions, clock: Clock) -> None:
    secret = sessions.begin(ANA)
    for clock.now in range(1, 10):
        assert sessions.find(secret, active=False)
    clock.now = 10
    assert sessions.find(secret, active=False) is None


def test_a_session_ends_however_active_it_is(sessions: Sessions, clock: Clock) -> None:
    secret = sessions.begin(ANA)
    for clock.now in range(1, 100, 5):
        assert sessions.find(secret, active=True)
    clock.now = 100
    assert sessions.find(secret, active=True) is None


def test_a_person_has_so_many_sessions_and_the_oldest_goes(sessions: Sessions) -> None:
    ben = sessions.begin(Person("ben", Role.VIEWER))
    secrets = [sessions.begin(ANA) for _ in range(MAX_OF_ONE_PERSON + 1)]
    assert sessions.find(secrets[0], active=True) is None
    assert all(sessions.find(secret, active=True) for secret in [*secrets[1:], ben])


async def test_who_watches_a_session_is_told_of_its_end(sessions: Sessions) -> None:
    secret = sessions.begin(ANA)
    session = sessions.find(secret, active=True)
    assert session
    watching = asyncio.create_task(sessions.over(session))
    await asyncio.sleep(0)
    assert not watching.done()
    sessions.end(secret)
    await asyncio.wait_for(watching, 1)


async def test_a_session_that_ran_out_is_over_for_whoever_watches_it(clock: Clock) -> None:
    sessions = Sessions(longest_s=0.05, idle_s=10)
    session = sessions.find(sessions.begin(ANA), active=True)
    assert session
    await asyncio.wait_for(sessions.over(session), 1)
    assert sessions.remaining_s(session) <= 0
