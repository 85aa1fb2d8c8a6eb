"""Services that run elsewhere, as the environment names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from placet.client import Placet
from placet.elsewhere import elsewhere
from placet.rpc.errors import ServiceError
from placet.rpc.tls import TlsFiles

WHERE = {"PLACET_SERVICES": "dns:///{}-headless.placet:7443", "PLACET_TLS": "/t"}


def test_one_address_names_all_services_and_one_directory_who_we_are() -> None:
    found = elsewhere(WHERE)

    assert found is not None
    assert found.addresses["guard"] == "dns:///guard-headless.placet:7443"
    assert set(found.addresses) == {"audit", "executor", "generator", "guard"}
    assert found.tls == TlsFiles(Path("/t/ca.crt"), Path("/t/tls.crt"), Path("/t/tls.key"))


def test_an_environment_that_names_none_names_none() -> None:
    assert elsewhere({"PLACET_SERVICES": "", "PATH": "/bin"}) is None


@pytest.mark.parametrize(
    "change", [{"PLACET_TLS": ""}, {"PLACET_SERVICES": ""}, {"PLACET_SERVICES": "guard:7443"}]
)
def test_half_of_it_is_an_error_and_never_this_machines_stack(change: dict[str, str]) -> None:
    """Or else a program would ask another chain than its operator meant."""
    with pytest.raises(ServiceError, match="SERVICES_UNREADABLE"):
        elsewhere({**WHERE, **change})


async def test_a_client_without_a_state_directory_asks_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one with it does not."""
    for name, value in WHERE.items():
        monkeypatch.setenv(name, value)
    async with Placet.connect() as placet:
        with pytest.raises(FileNotFoundError, match=r"/t/ca\.crt"):
            await placet.scopes()
    with pytest.raises(ServiceError, match="STACK_NOT_RUNNING"):
        Placet.connect("/nowhere")
