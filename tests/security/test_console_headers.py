"""Attack: make the browser run, frame, sniff, cache or leak what a page holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs
from structlog.typing import EventDict

import audit_svc.console
from audit_svc.console.security import POLICY
from tests.fakes.console_site import ConsoleSite

HERE = Path(audit_svc.console.__file__).parent


@pytest.fixture(autouse=True)
def captured() -> Iterator[list[EventDict]]:
    """What is logged; drawing tracebacks for people takes seconds."""
    with capture_logs() as logs:
        yield logs


EVERYWHERE = [
    "/",
    "/login",
    "/enter/guess",
    "/static/console.css",
    "/static/none",
    "/none",
    "/broken",
    "/manage",
]


def directives(policy: str) -> dict[str, str]:
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize("inside", [True, False])
async def test_every_answer_carries_the_policy(path: str, inside: bool) -> None:
    site = ConsoleSite()
    browser = await site.logged_in("ben") if inside else site.browser()
    answer = await browser.get(path)
    assert directives(answer.headers["content-security-policy"]) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("refused", [{"host": "evil.example"}, {"origin": "https://evil.example"}])
async def test_refusals_before_the_pages_carry_it_too(refused: dict[str, str]) -> None:
    answer = await ConsoleSite().browser().post("/act", {}, **refused)
    assert answer.status_code in (403, 421)
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def lax(_: Request) -> Response:
    return PlainTextResponse("", headers={"Content-Security-Policy": "default-src *"})


async def strict(_: Request) -> Response:
    return PlainTextResponse("", headers={"Content-Security-Policy": "default-src 'none'; sandbox"})


async def test_a_page_can_be_stricter_and_never_laxer() -> None:
    site = ConsoleSite(shown=[Route("/lax", lax), Route("/strict", strict)])
    ana = await site.logged_in("ana")
    for path, own in (("/lax", "default-src *"), ("/strict", "default-src 'none'; sandbox")):
        policies = (await ana.get(path)).headers.get_list("content-security-policy")
        assert policies == [own, POLICY], "a browser keeps to both"


async def test_pages_are_kept_by_no_cache_and_files_are_asked_for_anew() -> None:
    ana = await ConsoleSite().logged_in("ana")
    assert (await ana.get("/")).headers["cache-control"] == "no-store"
    style = await ana.get("/static/console.css")
    assert style.headers["cache-control"] == "no-cache"
    again = await ana.get("/static/console.css", if_none_match=style.headers["etag"])
    assert again.status_code == 304


async def test_files_have_the_types_that_browsers_run_and_show() -> None:
    browser = ConsoleSite().browser()
    for name, kind in {"console.css": "text/css", "icon.svg": "image/svg+xml"}.items():
        assert (await browser.get(f"/static/{name}")).headers["content-type"].startswith(kind)


@pytest.mark.parametrize(
    "path", ["/static/../settings.py", "/static/%2e%2e/settings.py", "/static//etc/passwd"]
)
async def test_no_file_outside_is_served(path: str) -> None:
    ana = await ConsoleSite().logged_in("ana")
    answer = await ana.http.get(f"http://127.0.0.1:8080{path}")
    assert answer.status_code == 404


async def test_over_tls_browsers_are_told_to_stay_there() -> None:
    assert (
        "strict-transport-security" in (await ConsoleSite(url="https://c.x").browser().get("/login")).headers
    )
    assert "strict-transport-security" not in (await ConsoleSite().browser().get("/login")).headers


async def test_a_mistake_of_ours_tells_nothing_of_itself_but_in_the_log(captured: list[EventDict]) -> None:
    ana = await ConsoleSite().logged_in("ana")
    answer = await ana.get("/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    (told,) = (line for line in captured if line["event"] == "page_failed")
    assert "a secret of the program" in str(told["exc_info"])


def test_no_template_has_script_or_style_of_its_own() -> None:
    """The policy would not run it; this says it before a browser does."""
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)|<style|\sstyle\s*=|\son[a-z]+\s*=|=['\"]?\s*javascript:|"
        r"\|\s*safe\b|autoescape false",
        re.I,
    )
    found = [
        f"{path.name}: {match[0]!r}"
        for path in sorted(HERE.glob("templates/**/*.html"))
        for match in inline.finditer(path.read_text())
    ]
    assert found == []


def test_no_script_makes_markup_of_text_and_none_is_from_elsewhere() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|"
        r"(from|import|fetch\(|\.src =)\s*['\"`]https?:|setTimeout\(\s*['\"`]"
    )
    found = [
        f"{path.name}: {match[0]!r}"
        for path in sorted(HERE.glob("static/*.js"))
        for match in forbidden.finditer(path.read_text())
    ]
    assert found == []


def test_no_style_fetches_anything_from_elsewhere() -> None:
    for path in HERE.glob("static/*.css"):
        assert not re.search(r"@import|url\(|https?://", path.read_text()), path.name
