"""One URL says where the console is, and what its cookie is called."""

from __future__ import annotations

import pytest

from audit_svc.console.site import Site


@pytest.mark.parametrize(
    ("url", "origin", "host"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("https://console.example.com/", "https://console.example.com", "console.example.com"),
        ("https://console.example.com:443", "https://console.example.com", "console.example.com"),
        ("https://Console.example.com:8443", "https://console.example.com:8443", "console.example.com:8443"),
        ("http://[::1]:8080", "http://[::1]:8080", "[::1]:8080"),
    ],
)
def test_the_origin_is_as_browsers_write_it(url: str, origin: str, host: str) -> None:
    assert (Site.of(url).origin, Site.of(url).host) == (origin, host)


@pytest.mark.parametrize(
    "url", ["console.example.com", "ftp://a", "https://a/console", "https://a?b", "https://u@a", "https://"]
)
def test_what_is_no_origin_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"https?://"):
        Site.of(url)


def test_over_tls_no_other_host_and_no_clear_text_can_set_the_cookie() -> None:
    assert Site.of("https://console.example.com").cookie.startswith("__Host-")


def test_two_stacks_of_one_machine_have_cookies_of_their_own() -> None:
    assert Site.of("http://127.0.0.1:1").cookie != Site.of("http://127.0.0.1:2").cookie
