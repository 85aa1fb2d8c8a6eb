"""The breaker: who pauses, when, and for how long."""

from guard_svc.breaker import Breaker, BreakerLimits, Who

TEAM, HR = Who("caller/team", "data"), Who("caller/hr", "data")


def denials(breaker: Breaker, count: int, who: Who = TEAM, *, now: float = 0.0, group: str = ""):
    return [breaker.denied(who, now, group=f"{group}{i}" if group else "") for i in range(count)]


def test_three_denials_in_a_row_start_a_pause_and_two_do_not():
    breaker = Breaker(BreakerLimits())
    assert denials(breaker, 2) == [None, None]
    pause = breaker.denied(TEAM, 10.0)
    assert pause is not None
    assert (pause.denials, pause.why, pause.until) == (3, "in_a_row", 310.0)
    assert breaker.pause_of(TEAM, 309.9) is pause
    assert breaker.pause_of(TEAM, 310.0) is None


def test_an_allowed_program_ends_the_row():
    breaker = Breaker(BreakerLimits())
    denials(breaker, 2)
    breaker.allowed(TEAM)
    assert denials(breaker, 2) == [None, None]


def test_an_allowed_program_between_denials_does_not_hide_ten_of_the_last_fifty():
    breaker = Breaker(BreakerLimits())
    pauses = []
    for _ in range(10):
        pauses += denials(breaker, 1)
        breaker.allowed(TEAM)
    assert pauses[:9] == [None] * 9
    assert pauses[9].why == "of_recent"


def test_what_lies_further_back_than_the_window_is_forgotten():
    breaker = Breaker(BreakerLimits(in_a_row=0, of_recent=2, recent=3))
    denials(breaker, 1)
    for _ in range(3):
        breaker.allowed(TEAM)
    assert denials(breaker, 1) == [None]


def test_the_attempts_of_one_task_count_once():
    breaker = Breaker(BreakerLimits())
    assert [breaker.denied(TEAM, 0.0, group="task-1") for _ in range(9)] == [None] * 9
    assert [bool(breaker.denied(TEAM, 0.0, group=f"task-{i}")) for i in (2, 3)] == [False, True]


def test_a_pause_is_of_one_caller_in_one_scope():
    breaker = Breaker(BreakerLimits())
    denials(breaker, 3)
    assert breaker.pause_of(HR, 0.0) is None
    assert breaker.pause_of(Who(TEAM.caller, "other"), 0.0) is None


def test_an_allowed_program_that_was_under_way_does_not_end_a_pause():
    breaker = Breaker(BreakerLimits())
    denials(breaker, 3)
    breaker.allowed(TEAM)
    assert breaker.pause_of(TEAM, 1.0) is not None


def test_after_a_pause_the_row_starts_anew_and_the_window_does_not():
    breaker = Breaker(BreakerLimits(in_a_row=3, of_recent=6, recent=50))
    denials(breaker, 3)
    assert denials(breaker, 2, now=301.0) == [None, None]
    assert breaker.denied(TEAM, 301.0).denials == 3
    assert breaker.denied(TEAM, 700.0).why == "of_recent"


def test_limits_of_zero_never_pause_anybody():
    assert not any(denials(Breaker(BreakerLimits(in_a_row=0, of_recent=0)), 1000))


def test_memory_is_bounded_and_forgets_the_idle_before_the_pausing():
    breaker = Breaker(BreakerLimits(), max_callers=10)
    denials(breaker, 3)
    for number in range(1000):
        denials(breaker, 1, Who(f"caller/{number}", "data"))
    assert len(breaker) <= 10
    assert breaker.pause_of(TEAM, 1.0) is not None


def test_a_newcomer_is_counted_even_where_everybody_else_pauses():
    breaker = Breaker(BreakerLimits(in_a_row=2), max_callers=2)
    for name in ("a", "b", "c"):
        assert denials(breaker, 2, Who(name, "data"))[1] is not None


def test_the_end_of_a_pause_is_told_until_it_is_closed():
    breaker = Breaker(BreakerLimits())
    pause = denials(breaker, 3)[2]
    assert breaker.over(299.0) == []
    assert breaker.over(300.0) == breaker.over(301.0) == [pause]
    breaker.close(pause)
    assert breaker.over(302.0) == []
