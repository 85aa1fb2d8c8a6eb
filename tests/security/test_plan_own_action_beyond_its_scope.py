"""Attack: a team's own action does what the team's scope forbids, and a harmless plan calls it."""

import pytest

from guard_svc import editions
from guard_svc.policy import Verdict
from placet.scope import ScopeInvalid
from tests.fakes.actions_world import OWN, READ, compiled, edition
from tests.fakes.planned import judged, rules

USE = {"action": "flag_big", "table": 1, "column": "price", "name": "big"}
BODY = b"return table.assign(**{name: _big(pd.to_numeric(table[column]))})"
ATTACKS = {
    "a module": (BODY, b"import socket\n    return socket.gethostname()", "scope.import.not_allowed"),
    "a file": (BODY, b"return open('/etc/passwd').read()", "capability.file.outside"),
    "code from text": (BODY, b"return eval(name)", "threat.dynamic.code"),
    "a ladder": (BODY, b"return table.__class__.__base__.__subclasses__()", "threat.introspection.attribute"),
    "a pickle": (BODY, b"return pd.read_pickle(name)", "threat.dynamic.unpickle"),
    "another module's door": (BODY, b"return pd.io.common.os.listdir()", "threat.introspection.module"),
    "a library changed": (BODY, b"pd.Series.mean = _big\n    return table", "threat.tampering.library"),
    "no end": (BODY, b"while True:\n        pass", "threat.resource.endless_loop"),
}


def changed(attack: str) -> bytes:
    old, new, _ = ATTACKS[attack]
    assert old in OWN
    return OWN.replace(old, new)


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_scope_is_refused_when_it_is_loaded_with_file_line_and_rule(attack: str) -> None:
    with pytest.raises(ScopeInvalid) as caught:
        edition("actions", {"own.py": changed(attack)})
    assert any(
        problem.startswith("own.py:") and ATTACKS[attack][2] in problem for problem in caught.value.problems
    )


@pytest.mark.parametrize("attack", ATTACKS)
async def test_even_were_it_loaded_no_plan_that_uses_it_is_allowed(
    attack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editions.own_actions, "problems_of", lambda *_: [])
    where = edition("actions", {"own.py": changed(attack)})
    plan, program = compiled(where, READ, USE)
    decision = await judged(where, program, plan)
    assert decision.verdict is Verdict.DENIED
    assert ATTACKS[attack][2] in rules(decision)
