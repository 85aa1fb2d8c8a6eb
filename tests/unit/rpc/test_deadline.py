"""Time left: counted once, passed on, never negative."""

from __future__ import annotations

import grpc
import pytest

from placet.rpc.deadline import Deadline
from placet.rpc.errors import ServiceError


class Context:
    """The one question that a deadline asks of an RPC."""

    def __init__(self, left: float | None) -> None:
        self._left = left

    def time_remaining(self) -> float | None:
        return self._left


@pytest.mark.parametrize(("left", "expected"), [(None, 60), (10, 10), (1e9, 60)])
def test_the_shorter_of_the_clients_and_ours(left: float | None, expected: float) -> None:
    """A client that sets none gets ours; one that sets a longer one too."""
    deadline = Deadline.of(Context(left), maximum_s=60)  # type: ignore[arg-type]

    assert deadline.remaining_s() == pytest.approx(expected, abs=0.5)


def test_what_is_left_is_never_negative() -> None:
    """A time-out of less than zero means different things to different libraries."""
    assert Deadline.after(-5).remaining_s() == 0
    assert Deadline.after(3).remaining_s(keep_s=10) == 0


def test_too_little_time_is_an_error_before_the_work() -> None:
    """DEADLINE_TOO_SHORT says how much is needed."""
    Deadline.after(10).require(5, "a review")
    with pytest.raises(ServiceError, match=r"a review needs 5\.0 s") as raised:
        Deadline.after(1).require(5, "a review")

    assert raised.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
