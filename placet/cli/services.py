"""Where the services are that a verb talks to, and whose certificates this machine has. Asks no service."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import grpc

from placet.cli.invocation import Invocation
from placet.elsewhere import elsewhere
from placet.local import StackError
from placet.local import endpoint as running_endpoint
from placet.local.layout import Layout
from placet.rpc.errors import ServiceError


def addresses(here: Invocation) -> Mapping[str, str]:
    """Where the services are now. Raises ServiceError UNAVAILABLE/STACK_NOT_RUNNING."""
    if here.state is None and (found := elsewhere(os.environ)):
        return found.addresses
    try:
        return running_endpoint(here.state_directory).addresses
    except StackError as error:
        raise ServiceError(grpc.StatusCode.UNAVAILABLE, "STACK_NOT_RUNNING", str(error)) from error


def pki(here: Invocation) -> Path | None:
    """Where callers' certificates are that no line names: only a stack on this machine has them."""
    if here.state is None and elsewhere(os.environ):
        return None
    return Layout(here.state_directory).pki
