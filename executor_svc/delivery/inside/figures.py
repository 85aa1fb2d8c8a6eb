"""The figures of a run: drawn anew in house style, each under the name that its program gave it.

What a program's process told of them is hostile data; an image that nothing was told of leaves only where the
scope says `images: any`. Needs matplotlib.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Mapping

from executor_svc.delivery.inside.files import images
from executor_svc.delivery.inside.parcel import Parcel
from executor_svc.delivery.inside.style import described, drawing, house
from executor_svc.delivery.inside.style.described import Told
from executor_svc.delivery.inside.style.placed import Undrawable

_FORMS = {".png": "png", ".svg": "svg", ".pdf": "pdf"}
_WITHOUT_COUNTERPART = "nothing was told of what it shows, and only figures in house style leave"


def apply(parcel: Parcel) -> None:
    """Put the house's in the place of each figure, and withhold other images where the scope asks for it."""
    order = parcel.order
    rules = house.House.read(order.files[house.FILE])
    drawn = {name for name, told in _wanted(parcel).items() if _draw(parcel, rules, name, told)}
    if order.images == "figures_only":
        for name in sorted(set(parcel.files) - {_named(name) for name in drawn}):
            if name.lower().endswith(images.IMAGES) or not images.is_none(parcel.files[name]):
                parcel.withhold(name, _WITHOUT_COUNTERPART)


def _wanted(parcel: Parcel) -> Mapping[str, Told]:
    """Files that are there → the last that was told of each."""
    order = parcel.order
    told = described.read(order.figures.read_bytes()) if order.figures is not None else []
    by_digest = {one.sha256: one for one in told if one.name is None}
    found = {
        name: by_digest[digest] for name, digest in _digests(parcel, bool(by_digest)) if digest in by_digest
    }
    return found | {
        posixpath.normpath(one.name): one for one in told if one.name and _is_there(parcel, one.name)
    }


def _digests(parcel: Parcel, needed: bool) -> list[tuple[str, str]]:
    if not needed:
        return []
    return [(name, hashlib.sha256(path.read_bytes()).hexdigest()) for name, path in parcel.files.items()]


def _is_there(parcel: Parcel, name: str) -> bool:
    return posixpath.normpath(name) in parcel.files


def _draw(parcel: Parcel, rules: house.House, name: str, told: Told) -> bool:
    """Whether a figure in house style stands where the program's stood."""
    if told.figure is None:
        parcel.tell(f"{name} is not in house style: {told.failed}")
        return False
    try:
        content, left_out = drawing.render(rules, told.figure, _form(name))
    except Undrawable as reason:
        parcel.tell(f"{name} is not in house style: {reason}")
        return False
    if _named(name) != name:
        parcel.withhold(name, f"figures leave as PNG, SVG or PDF: see {_named(name)}")
    parcel.put(_named(name), content)
    parcel.described[_named(name)] = told.figure
    for what in left_out:
        parcel.tell(f"{name} is without what cannot be drawn in house style: {what}")
    return True


def _form(name: str) -> str:
    return _FORMS.get(posixpath.splitext(name)[1].lower(), "png")


def _named(name: str) -> str:
    """The name under which it leaves: its ending says what it is."""
    stem, ending = posixpath.splitext(name)
    return name if ending.lower() in _FORMS else f"{stem}.png"
