"""Attack: come in with an answer of the provider that is forged, stolen, meant for another, or too old."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest
from joserfc import jwt

from audit_svc.access import Role
from audit_svc.console.oidc import OpenId
from audit_svc.console.sign_on import DONE, Provider, people_of
from tests.fakes.console_site import ORIGIN, Browser, ConsoleSite
from tests.fakes.oidc_provider import CLIENT, SECRET, Forge, OidcProvider, rsa_key


@pytest.fixture(scope="module")
def served() -> Iterator[OidcProvider]:
    with OidcProvider().in_thread() as provider:
        yield provider


@pytest.fixture
def provider(served: OidcProvider) -> OidcProvider:
    return served.honest()


def console(issuer: str, **named: Any) -> ConsoleSite:
    return ConsoleSite(sign_on=lambda site: OpenId(Provider(issuer, CLIENT, SECRET, **named), site))


async def begun(browser: Browser, then: str = "") -> dict[str, str]:
    """Send the browser off; what it takes along to the provider."""
    answer = await browser.get(f"/login/oidc{then}")
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def returned(browser: Browser, provider: OidcProvider, **changed: str) -> httpx.Response:
    """Go there and come back; `changed` parameters come back different."""
    sent = await begun(browser)
    provider.nonce = sent["nonce"]
    back = {"code": "c", "state": sent["state"]} | changed
    return await browser.http.get(DONE, params=back, headers={"sec-fetch-site": "cross-site"})


async def test_who_comes_back_with_the_providers_word_is_in(provider: OidcProvider) -> None:
    site = console(provider.issuer)
    browser = site.browser()
    answer = await returned(browser, provider)
    assert answer.status_code == 200
    assert f'content="0; url={ORIGIN}/"' in answer.text
    assert (await browser.get("/")).status_code == 200
    assert site.entered()[-1] == {
        "who": "spiffe://placet.local/reviewer/ana",
        "how": "single_sign_on",
        "outcome": "entered",
        "role": "admin",
    }


async def test_with_a_provider_of_somebody_elses_making_it_works_too() -> None:
    with oidc_provider_mock.run_server_in_thread() as server:
        issuer = f"http://localhost:{server.server_port}"
        site = console(issuer)
        browser = site.browser()
        where = (await browser.get("/login/oidc")).headers["location"]
        async with httpx.AsyncClient() as elsewhere:
            back = (await elsewhere.post(where, data={"sub": "ben"})).headers["location"]
        assert (await browser.http.get(back)).status_code == 200
        assert site.entered()[-1]["who"] == "spiffe://placet.local/reviewer/ben"


async def test_the_browser_is_sent_off_with_state_nonce_and_a_challenge(provider: OidcProvider) -> None:
    browser = console(provider.issuer).browser()
    first, second = await begun(browser), await begun(browser)
    assert first["redirect_uri"] == ORIGIN + DONE
    assert first["response_type"] == "code"
    assert first["code_challenge_method"] == "S256"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 20
        assert first[name] != second[name]


async def test_the_code_is_redeemed_with_the_verifier_of_the_browser_that_began(
    provider: OidcProvider,
) -> None:
    browser = console(provider.issuer).browser()
    sent = await begun(browser)
    provider.nonce = sent["nonce"]
    await browser.get(f"{DONE}?code=c&state={sent['state']}")
    digest = hashlib.sha256(provider.asked[-1]["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == sent["code_challenge"]


@pytest.mark.parametrize("state", ["", "other", "é"])
async def test_another_state_is_refused(provider: OidcProvider, state: str) -> None:
    browser = console(provider.issuer).browser()
    await assert_refused(await returned(browser, provider, state=state), browser)
    assert provider.asked == [], "no code is redeemed for it"


async def test_an_answer_in_another_browser_is_refused(provider: OidcProvider) -> None:
    """Whoever has somebody open the address that they came back to themselves does not log them in."""
    site = console(provider.issuer)
    attacker, victim = site.browser(), site.browser()
    sent = await begun(attacker)
    provider.nonce = sent["nonce"]
    address = f"{DONE}?code=c&state={sent['state']}"
    await assert_refused(await victim.get(address), victim)
    await begun(victim)
    await assert_refused(await victim.get(address), victim)


async def test_an_answer_counts_once(provider: OidcProvider) -> None:
    browser = console(provider.issuer).browser()
    sent = await begun(browser)
    provider.nonce = sent["nonce"]
    address = f"{DONE}?code=c&state={sent['state']}"
    assert (await browser.get(address)).status_code == 200
    assert (await browser.get(address)).status_code == 403
    assert len(provider.asked) == 1


def claiming(**changed: object) -> Forge:
    def forge(provider: OidcProvider, answer: dict[str, Any]) -> dict[str, Any]:
        claims = {name: value for name, value in (provider.claims() | changed).items() if value is not None}
        return answer | {"id_token": provider.signed(claims)}

    return forge


@pytest.mark.parametrize("audience", [[CLIENT], ["other", CLIENT]])
async def test_an_audience_that_names_others_beside_us_is_ours_if_we_are_the_party(
    provider: OidcProvider, audience: list[str]
) -> None:
    provider.forge = claiming(aud=audience, azp=CLIENT)
    assert (await returned(console(provider.issuer).browser(), provider)).status_code == 200
    provider.forge = claiming(aud=audience, azp="other")
    browser = console(provider.issuer).browser()
    await assert_refused(await returned(browser, provider), browser)


def unsigned(provider: OidcProvider, answer: dict[str, Any]) -> dict[str, Any]:
    parts = ({"alg": "none"}, provider.claims())
    return answer | {"id_token": ".".join([*(_part(each) for each in parts), ""])}


def by_the_secret(provider: OidcProvider, answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"id_token": provider.signed_by_secret(provider.claims())}


def by_another_key(provider: OidcProvider, answer: dict[str, Any]) -> dict[str, Any]:
    key = rsa_key("2")
    return answer | {"id_token": jwt.encode({"alg": "RS256", "kid": "1"}, provider.claims(), key)}


def with_its_own_key_in_the_header(provider: OidcProvider, answer: dict[str, Any]) -> dict[str, Any]:
    key = rsa_key("2")
    header = {"alg": "RS256", "kid": "2", "jwk": key.as_dict(private=False)}
    return answer | {"id_token": jwt.encode(header, provider.claims(), key)}


def changed_after_signing(provider: OidcProvider, answer: dict[str, Any]) -> dict[str, Any]:
    header, _, signature = provider.signed(provider.claims()).split(".")
    return answer | {"id_token": f"{header}.{_part(provider.claims() | {'sub': 'eve'})}.{signature}"}


def missing(_: OidcProvider, answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "id_token"}


def nonsense(_: OidcProvider, answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"id_token": ["x"]}


def refusal(*_: object) -> dict[str, Any]:
    return {"error": "invalid_grant"}


FORGERIES: dict[str, Forge] = {
    "another nonce": claiming(nonce="other"),
    "no nonce": claiming(nonce=None),
    "another audience": claiming(aud="other"),
    "another audience that names us as party": claiming(aud="other", azp=CLIENT),
    "no audience": claiming(aud=None),
    "another issuer": claiming(iss="https://evil.example"),
    "no issuer": claiming(iss=None),
    "too old": claiming(exp=1_000_000_000),
    "no end": claiming(exp=None),
    "not yet": claiming(iat=4_000_000_000, nbf=4_000_000_000),
    "nobody": claiming(sub=None),
    "no text": claiming(sub=7),
    "empty": claiming(sub=""),
    "unsigned": unsigned,
    "signed by the secret": by_the_secret,
    "signed by another key": by_another_key,
    "key in its own header": with_its_own_key_in_the_header,
    "changed": changed_after_signing,
    "missing": missing,
    "nonsense": nonsense,
    "refused": refusal,
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_token_lets_nobody_in(provider: OidcProvider, name: str) -> None:
    """Although the provider says that it would sign with anything."""
    provider.forge, provider.algorithms = FORGERIES[name], ("none", "HS256", "RS256")
    site = console(provider.issuer)
    browser = site.browser()
    await assert_refused(await returned(browser, provider), browser)
    assert (site.entered()[-1]["who"], site.entered()[-1]["outcome"]) == ("unknown", "refused")


async def test_a_provider_that_calls_itself_something_else_is_not_asked(provider: OidcProvider) -> None:
    provider.metadata = {"issuer": "https://evil.example"}
    answer = await console(provider.issuer).browser().get("/login/oidc")
    assert answer.status_code == 503
    assert "SIGN_ON_UNAVAILABLE" in answer.text


async def test_a_provider_that_offers_only_shared_secrets_lets_nobody_in(provider: OidcProvider) -> None:
    provider.algorithms, provider.forge = ("HS256", "none"), by_the_secret
    browser = console(provider.issuer).browser()
    await assert_refused(await returned(browser, provider), browser)


async def test_a_provider_that_is_gone_is_no_ones_failure() -> None:
    site = console("http://127.0.0.1:9")
    assert (await site.browser().get("/login/oidc")).status_code == 503
    assert site.entered() == []


async def test_whoever_the_provider_knows_and_no_role_names_stays_outside(provider: OidcProvider) -> None:
    provider.subject = "eve"
    site = console(provider.issuer)
    site.entrance.roles = site.entrance.roles.parse("reviewer/ana=viewer")
    browser = site.browser()
    await assert_refused(await returned(browser, provider), browser)
    assert site.entered()[-1]["who"] == "spiffe://placet.local/reviewer/eve"


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["security", "all"], "reviewer"),
        (["security-leads", "security"], "admin"),
        (["all"], ""),
        (["Security"], ""),
        ([["security"], 7], ""),
        ("security", ""),
        ({"security": True}, ""),
        (None, ""),
    ],
)
async def test_a_group_gives_its_role_and_nothing_else_does(
    provider: OidcProvider, groups: object, role: str
) -> None:
    provider.subject = "eve"
    provider.forge = claiming(groups=groups)
    site = console(
        provider.issuer,
        roles={"security": Role.REVIEWER, "security-leads": Role.ADMIN},
        scope="openid groups",
    )
    site.entrance.roles = site.entrance.roles.parse("reviewer/ana=viewer")
    browser = site.browser()
    answer = await returned(browser, provider)
    if not role:
        await assert_refused(answer, browser)
        return
    assert site.entered()[-1] == {
        "who": "spiffe://placet.local/reviewer/eve",
        "how": "single_sign_on",
        "outcome": "entered",
        "role": role,
    }


async def test_a_group_lowers_nobody(provider: OidcProvider) -> None:
    provider.forge = claiming(groups=["all"])
    site = console(provider.issuer, roles={"all": Role.VIEWER})
    await returned(site.browser(), provider)
    assert site.entered()[-1]["role"] == "admin"


async def test_a_group_opens_no_link() -> None:
    """Who comes with a certificate has the role of their name alone."""
    site = ConsoleSite(roles="reviewer/ana=viewer")
    assert site.entrance.person("eve") is None


async def test_a_file_of_people_says_who_an_account_is(provider: OidcProvider) -> None:
    people = people_of('"auth0|7": ana\n')
    site = console(provider.issuer, people=people)
    browser = site.browser()
    await assert_refused(await returned(browser, provider), browser)
    provider.subject = "auth0|7"
    assert (await returned(browser, provider)).status_code == 200
    assert site.entered()[-1]["who"] == "spiffe://placet.local/reviewer/ana"


@pytest.mark.parametrize("text", ["- a", "1: ana", "a: 1", "a: ana\nb: ana", "{", ""])
def test_a_file_that_does_not_say_who_is_who_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="file of people"):
        people_of(text)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("/queue/7", f"{ORIGIN}/queue/7"),
        ("https://evil.example", f"{ORIGIN}/"),
        ("//evil", f"{ORIGIN}//evil"),
    ],
)
async def test_the_page_that_was_asked_for_follows_and_no_other_site(
    provider: OidcProvider, asked: str, shown: str
) -> None:
    browser = console(provider.issuer).browser()
    sent = await begun(browser, f"?next={asked}")
    provider.nonce = sent["nonce"]
    answer = await browser.get(f"{DONE}?code=c&state={sent['state']}")
    assert f'content="0; url={shown}"' in answer.text


async def test_without_a_provider_there_is_no_such_door() -> None:
    browser = ConsoleSite().browser()
    assert (await browser.get("/login/oidc")).status_code == 404
    assert (await browser.get(DONE)).status_code == 404
    assert "single sign-on" not in (await browser.get("/login")).text


async def assert_refused(answer: httpx.Response, browser: Browser) -> None:
    assert answer.status_code == 403, answer.text
    assert browser.secret is None
    assert (await browser.get("/")).status_code == 303


def _part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
