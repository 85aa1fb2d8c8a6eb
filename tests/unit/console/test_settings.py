"""Settings that would let a browser's secret out, or strangers in, are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from audit_svc.access import Role
from audit_svc.console.__main__ import sign_on
from audit_svc.console.settings import ConsoleSettings
from audit_svc.console.sign_on import Provider
from audit_svc.console.site import Site

PLAIN = {
    "database": Path("log"),
    "audit_address": "unix:/audit",
    "tls_ca": Path("ca"),
    "tls_cert": Path("cert"),
    "tls_key": Path("key"),
}
SINGLE_SIGN_ON = {
    "oidc_issuer": "https://login.example.com",
    "oidc_client_id": "placet",
    "oidc_client_secret_file": Path("secret"),
    "roles": "reviewer/ana=reviewer",
}


def made(**named: object) -> ConsoleSettings:
    return ConsoleSettings.model_validate({**PLAIN, **named})


def test_one_database_and_no_more_is_named() -> None:
    assert made().log == Path("log")
    with pytest.raises(ValidationError, match="not both"):
        made(database_url="postgresql://placet@localhost/placet")
    with pytest.raises(ValidationError, match="not both"):
        made(database=None)


@pytest.mark.parametrize("listen", ["127.0.0.1:80", "localhost:80", "[::1]:80"])
def test_loopback_needs_no_tls(listen: str) -> None:
    assert made(web_listen=listen).web_listen == listen


@pytest.mark.parametrize("listen", ["0.0.0.0:80", "192.0.2.1:80", "[::]:80", "console:80"])
@pytest.mark.parametrize("url", ["", "http://console.example.com"])
def test_elsewhere_the_console_is_reached_over_tls_only(listen: str, url: str) -> None:
    with pytest.raises(ValidationError, match="in the clear"):
        made(web_listen=listen, web_url=url)
    assert made(web_listen=listen, web_url="https://console.example.com").web_listen == listen


def test_a_certificate_for_browsers_comes_with_its_key_and_its_address() -> None:
    both = {"web_tls_cert": Path("web.pem"), "web_tls_key": Path("web.key")}
    assert made(**both, web_url="https://console.example.com").web_tls_cert
    with pytest.raises(ValidationError, match="https:// address"):
        made(**both)
    with pytest.raises(ValidationError, match="go together"):
        made(web_tls_cert=Path("web.pem"), web_url="https://console.example.com")


def test_with_single_sign_on_everybody_is_no_reviewer() -> None:
    assert made(**SINGLE_SIGN_ON).oidc_issuer
    with pytest.raises(ValidationError, match="names people"):
        made(**SINGLE_SIGN_ON | {"roles": "reviewer/*=viewer"})


@pytest.mark.parametrize("missing", ["oidc_client_id", "oidc_client_secret_file"])
def test_half_of_single_sign_on_is_refused(missing: str) -> None:
    with pytest.raises(ValidationError, match="OIDC_CLIENT_ID"):
        made(**{name: value for name, value in SINGLE_SIGN_ON.items() if name != missing})


def test_with_single_sign_on_and_no_names_only_groups_give_roles() -> None:
    nameless = {name: value for name, value in SINGLE_SIGN_ON.items() if name != "roles"}
    with pytest.raises(ValidationError, match="nobody could enter"):
        made(**nameless)
    settings = made(**nameless, oidc_roles="security=reviewer, cn=leads=admin")
    assert settings.access.roles == {}
    assert settings.oidc_roles == {"security": Role.REVIEWER, "cn=leads": Role.ADMIN}
    assert made().access.patterns == {"reviewer/*"}
    for unfit, why in (("security", "GROUP=ROLE"), ("security=root", "is no role"), ("=admin", "GROUP=ROLE")):
        with pytest.raises(ValidationError, match=why):
            made(**nameless, oidc_roles=unfit)


def test_a_provider_is_asked_over_tls_only() -> None:
    with pytest.raises(ValidationError, match="anybody could answer"):
        made(**SINGLE_SIGN_ON | {"oidc_issuer": "http://login.example.com"})


def test_single_sign_on_is_made_of_its_files(tmp_path: Path) -> None:
    secret, people = tmp_path / "secret", tmp_path / "people.yaml"
    secret.write_text("s3cret\n")
    people.write_text('"auth0|7": ana\n')
    files = {"oidc_client_secret_file": secret, "oidc_people_file": people}
    made_of = sign_on(made(**SINGLE_SIGN_ON | files), Site.of("https://console.example.com"))
    assert vars(made_of)["_provider"] == Provider(
        "https://login.example.com",
        "placet",
        "s3cret",
        "sub",
        {"auth0|7": "ana"},
        scope="openid profile email",
    )
    secret.unlink()
    with pytest.raises(OSError, match="secret"):
        sign_on(made(**SINGLE_SIGN_ON | files), Site.of("https://console.example.com"))


def test_guards_have_names_and_addresses() -> None:
    assert made(guards="running=unix:/guard, next=guard:443").guards == {
        "running": "unix:/guard",
        "next": "guard:443",
    }
    with pytest.raises(ValidationError, match="NAME=ADDRESS"):
        made(guards="unix:/guard")
