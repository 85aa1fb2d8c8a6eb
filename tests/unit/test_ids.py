"""Names that nobody else has, in the order of time."""

import time
import uuid
from itertools import pairwise

from placet.ids import fresh_id


def test_it_is_a_uuid_of_version_7() -> None:
    value = uuid.UUID(fresh_id())

    assert (value.version, value.variant) == (7, uuid.RFC_4122)
    assert abs((value.int >> 80) / 1000 - time.time()) < 60


def test_later_names_sort_behind_earlier_ones_and_none_repeats() -> None:
    names = []
    for _ in range(20):
        names.append([fresh_id() for _ in range(50)])
        time.sleep(0.002)

    assert all(max(before) < min(after) for before, after in pairwise(names))
    assert len({name for some in names for name in some}) == 1000
