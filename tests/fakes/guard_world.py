"""A guard with a scripted model and a log in memory, and a scope to review in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from guard_svc.approve import Approver, ApproverSettings
from guard_svc.editions import Edition
from guard_svc.order import Order
from guard_svc.profiles import Profile, Profiles
from guard_svc.review import Guard
from guard_svc.reviewer import Reviewer
from guard_svc.scopes import ScopeBook
from guard_svc.screening import Screener
from placet.approval.keys import KeySet, SigningKey
from placet.rpc.deadline import Deadline
from placet.scope import Scope, load_scope
from tests.fakes.memory_log import MemoryLog
from tests.fakes.scripted_model import ScriptedModel

PROFILES = Profiles((), Profile(allow_below=0.4, deny_above=0.8, screen_refuse_above=0.5))

HARMLESS = b"import pandas as pd\nprint(pd.read_csv('sales.csv').price.mean())\n"
HARMFUL = b"import os\nprint(os.environ)\n"

_SCOPE = """\
apiVersion: placet/v1
kind: Scope
metadata: {{name: {name}, version: 3, owner: insights-team}}
purpose: Answer questions about the CSV files attached to the task.
allow:
  imports: [pandas, numpy]
  read: [inputs]
  write: [outputs]
review: {review}
"""


def scope(name: str = "data-analysis", review: str = "{}") -> Scope:
    return load_scope(_SCOPE.format(name=name, review=review).encode())


def book(*scopes: Scope, callers: Mapping[str, Sequence[str]] | None = None) -> ScopeBook:
    return ScopeBook({each.name: Edition(each) for each in scopes}, callers)


def deadline(seconds: float = 30.0) -> Deadline:
    return Deadline.after(seconds)


def order(program: bytes = HARMLESS, **changes: object) -> Order:
    fields: dict[str, object] = {
        "scope": scope(),
        "program": program,
        "task": "average price",
        "caller": "spiffe://placet.local/caller/team",
        "request_id": "r-1",
    }
    return Order(**(fields | changes))  # type: ignore[arg-type]


@dataclass(frozen=True)
class World:
    guard: Guard
    model: ScriptedModel
    log: MemoryLog
    keys: KeySet


def world(model: ScriptedModel | None = None, *, fail_on: str | None = None) -> World:
    model = model or ScriptedModel()
    log, key = MemoryLog(fail_on), SigningKey.generate()
    approver = Approver(key, log, ApproverSettings("local", timedelta(minutes=5)))
    guard = Guard(
        Reviewer(model, PROFILES, model="scripted"),
        Screener(model, PROFILES, model="scripted"),
        log,
        approver,
    )
    return World(guard, model, log, KeySet.of(key.public))
