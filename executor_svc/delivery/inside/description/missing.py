"""What a description can lack, as a closed list of words: a program's own words reach no caller this way."""

from __future__ import annotations

from typing import Final

BESIDE: Final = "what stands beside its axes"
SECOND_SCALE: Final = "a second scale of an axis"
PICTURE: Final = "an image made of colours instead of values"
BLENDED: Final = "a mesh whose colours run into one another"
UNKNOWN_MARK: Final = "a kind of mark that has no description"
PARTS: Final = (BESIDE, SECOND_SCALE, PICTURE, BLENDED, UNKNOWN_MARK)
"""Of a figure that is drawn without them."""

SPACE: Final = "three-dimensional axes"
OTHER_AXES: Final = "axes that are neither plain nor polar"
TOO_MANY: Final = "more axes than are drawn"
TOO_LARGE: Final = "a description that would be too large"
UNKNOWN: Final = "a figure that could not be described"
WHOLE: Final = (SPACE, OTHER_AXES, TOO_MANY, TOO_LARGE, UNKNOWN)
"""Why a figure has no description at all."""


class NotDescribed(Exception):  # noqa: N818 - says what is the case
    """There is no mark for this; the message is one of these words."""
