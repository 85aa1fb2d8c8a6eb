"""What every page is made with: the console that is passed in, the person who asks, templates, form checks.

Knows Starlette. Must not know any page. Everything that a template is given is data: it is escaped, and the
content security policy (security.py) leaves a browser nothing to run but the console's own files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from audit_svc.access import Role
from audit_svc.console.characters import pieces
from audit_svc.console.log import Log
from audit_svc.console.people import Person


class Forbidden(Exception):  # noqa: N818 - named for the answer
    """The person may not do this; the message says what they would need."""


def environment() -> Environment:
    """Templates of this package. An unknown name is an error, not an empty string."""
    made = Environment(
        loader=PackageLoader("audit_svc.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"pieces": pieces, "address": lambda value: quote(str(value), safe="")}
    return made


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
FOR_ADMINS: Final = (("sessions", "/sessions", "Sessions"),)
"""What only they are shown beside those."""


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
    person: Person | None = getattr(request.state, "person", None)
    shared: Mapping[str, object] = {
        "here": here,
        "title": title,
        "navigation": NAVIGATION + (FOR_ADMINS if person and person.may(Role.ADMIN) else ()),
        "person": person,
        "csrf": getattr(request.state, "csrf", ""),
    }
    text = console_of(request).templates.get_template(template).render({**shared, **context})
    return HTMLResponse(text, status)


def is_fetch(request: Request) -> bool:
    """Whether a script asks (fetch, EventSource) rather than a person who opens a page."""
    return request.headers.get("sec-fetch-dest") == "empty"


def problem(request: Request, status: int, text: str, *, reason: str = "") -> Response:
    """Why there is no page: a page that says so, or for a script `{"reason", "message"}`."""
    if is_fetch(request):
        return JSONResponse({"reason": reason or str(status), "message": text}, status)
    title = _PROBLEMS.get(status, "This did not work")
    return page(request, "error.html", here="", title=title, status=status, text=text, reason=reason)


_PROBLEMS: Final = {
    400: "This cannot be read",
    401: "You are not logged in",
    403: "You may not do this",
    404: "There is no such page",
    405: "This cannot be done here",
    409: "Something changed meanwhile",
    429: "Too many requests",
    500: "A mistake of ours",
    503: "The console cannot answer now",
}
"""What an error page is headed."""
