"""A provider of somebody else's making, over TLS on loopback: people type who they are, and it says so.

Knows oidc-provider-mock. It keeps no session of its own, so whoever comes back is asked anew.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import oidc_provider_mock
from playwright.sync_api import Page, Route
from werkzeug.serving import make_server

from placet.pki import issue
from placet.rpc.tls import TlsFiles
from tests.browser.kit.world import World

HOST: Final = "localhost"


@contextmanager
def provider(world: World, groups: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Its address, until the block ends; name → groups. Its certificate is by the world's authority."""
    people = [oidc_provider_mock.User(sub=name, claims={"groups": list(own)}) for name, own in groups.items()]
    app = oidc_provider_mock.app(require_nonce=True, user_claims=people)
    tls = certificate(world)
    server = make_server(HOST, 0, app, threaded=True, ssl_context=(str(tls.cert), str(tls.key)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"https://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def certificate(world: World) -> TlsFiles:
    """The provider's. `ca` is what a console must trust to speak to it."""
    return issue(world.layout.pki, "provider", "https://provider.example", HOST)


def sign_in(page: Page, name: str) -> None:
    """What a person does at the provider's page, once the console sent them there."""
    page.get_by_placeholder("sub").fill(name)
    page.get_by_role("button", name="Authorize", exact=True).click()


def without_foreign_styles(page: Page) -> None:
    """The provider's pages ask for a style sheet from elsewhere; tests ask nobody outside."""

    def empty(route: Route) -> None:
        route.fulfill(body="", content_type="text/css")

    page.context.route(lambda url: not url.startswith(("http://127.0.0.1", f"https://{HOST}")), empty)
