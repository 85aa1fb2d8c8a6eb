"""What every page is made with: the console that is passed in, the person who asks, templates, form checks.

Knows Starlette. Must not know any page. Everything that a template is given is data: it is escaped, and the
content security policy (security.py) leaves a browser nothing to run but the console's own files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from audit_svc.access import Role
from audit_svc.console.log import Log
from audit_svc.console.people import Person


class Forbidden(Exception):  # noqa: N818 - named for the answer
    """The person may not do this; the message says what they would need."""


def environment() -> Environment:
    """Templates of this package. An unknown name is an error, not an empty string."""
    return Environment(
        loader=PackageLoader("audit_svc.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass
class Console:
    """The world of the pages, made in __main__ and kept in `app.state.console`."""

    log: Log
    templates: Environment = field(default_factory=environment)
    parts: dict[type, Any] = field(default_factory=dict)
    """What a page module needs beside the log (its projection, a client …), by type; see `part`."""

    def part(self, kind: type[Any]) -> Any:
        """The one instance of `kind` that __main__ put in. Raises KeyError when there is none."""
        return self.parts[kind]


NAVIGATION: Final = (
    ("overview", "/", "Overview"),
    ("requests", "/requests", "Requests"),
    ("queue", "/queue", "Queue"),
    ("labels", "/labels", "Labels"),
    ("replay", "/replay", "Replay"),
    ("keys", "/keys", "Keys"),
)
"""Name (what a page passes as `here`), path, words."""


def console_of(request: Request) -> Console:
    """The console that serves this request."""
    console: Console = request.app.state.console
    return console


def person_of(request: Request) -> Person:
    """Who asks. Only behind the session middleware, which lets nobody else through."""
    person: Person = request.state.person
    return person


def require(request: Request, role: Role) -> Person:
    """Who asks, if they have this role. Raises Forbidden."""
    person = person_of(request)
    if not person.may(role):
        raise Forbidden(f"this needs the role {role.name.lower()}; you have {person.role.name.lower()}")
    return person


def page(
    request: Request, template: str, *, here: str, title: str, status: int = 200, **context: object
) -> Response:
    """A whole page from `templates/NAME.html`, which extends base.html. `here` marks the navigation."""
    shared: Mapping[str, object] = {
        "here": here,
        "title": title,
        "navigation": NAVIGATION,
        "person": getattr(request.state, "person", None),
        "csrf": getattr(request.state, "csrf", ""),
    }
    text = console_of(request).templates.get_template(template).render({**shared, **context})
    return HTMLResponse(text, status)
