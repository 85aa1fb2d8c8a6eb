"""The one-machine stack: its own authority and keys, every service as a process of its own, one supervisor.

stack = LocalStack(default_state())
stack.up_detached(print)
guard = endpoint(default_state()).connect("guard")
stack.down()
"""

from placet.local.client import Endpoint, client_tls, endpoint
from placet.local.errors import StackAlreadyRunning, StackError, StackNotRunning
from placet.local.layout import Layout, default_state
from placet.local.prepare import local_user
from placet.local.stack import LocalStack

__all__ = [
    "Endpoint",
    "Layout",
    "LocalStack",
    "StackAlreadyRunning",
    "StackError",
    "StackNotRunning",
    "client_tls",
    "default_state",
    "endpoint",
    "local_user",
]
