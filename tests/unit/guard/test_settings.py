"""Settings of the guard, as they reach what they bound."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from guard_svc.servicer import REVIEW_TIMEOUT_S
from guard_svc.settings import GuardSettings

NEEDED = {
    "tls_ca": "ca.pem",
    "tls_cert": "c.pem",
    "tls_key": "c.key",
    "audit_address": "127.0.0.1:1",
    "scopes_dir": "scopes",
    "approval_key": "key.pem",
}


def test_the_limit_of_a_review_bounds_each_request_to_the_model() -> None:
    """And is by default what a guard without settings has."""
    assert GuardSettings.model_validate(NEEDED).review_timeout_s == REVIEW_TIMEOUT_S
    given = GuardSettings.model_validate({**NEEDED, "review_timeout_s": 300})
    assert given.model.timeout_s == 300


@pytest.mark.parametrize("seconds", [0, 9.9, 901, "soon"])
def test_a_limit_that_leaves_no_time_or_no_end_is_refused(seconds: object) -> None:
    """Three seconds of it are kept for records."""
    with pytest.raises(ValidationError, match="review_timeout_s"):
        GuardSettings.model_validate({**NEEDED, "review_timeout_s": seconds})
