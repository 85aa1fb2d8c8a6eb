"""Attack: a person allows a program so that its scope's columns, style and contract do not hold for it."""

from dataclasses import replace

import pytest

from executor_svc.admission import admit
from executor_svc.delivery.wanted import Wanted
from executor_svc.people import Quorum
from placet.approval import KeySet, SigningKey
from placet.rpc.errors import ServiceError
from placet.scope import load_scope
from tests.fakes.actions_world import document
from tests.fakes.approvals import KEY, SCOPE, World, good_approval, known, signed
from tests.security.test_admission_steps_all_matter import no_spending

KIM = SigningKey.generate()
PEOPLE = KeySet({key.key_id: key.public for key in (KEY, KIM)}, people={KIM.key_id: "kim"})
STRICT = load_scope(
    document(
        "program",
        inputs={"columns": [{"input": "*.csv", "grant": ["region"]}]},
        outputs={"images": "figures_only", "contract": {"max_rows": 5}},
    )
)
WANTED = Wanted.by(STRICT, {})


def world(by: str, key: SigningKey, wanted: Wanted | None = WANTED) -> World:
    scopes = known(SCOPE.sha256, wanted=WANTED) if wanted else replace(known(SCOPE.sha256), wanted={})
    scopes = replace(scopes, quorums={SCOPE.sha256: Quorum(1, 1)})
    return World(approval=signed(good_approval(decided_by=by), key), keys=PEOPLE, scopes=scopes)


@pytest.mark.parametrize(
    ("by", "key"),
    [("human:kim", KIM), ("rules+reviewer", KEY), ("rules", KEY), ("actions", KEY)],
)
async def test_what_is_done_around_a_run_is_the_scopes_whoever_allowed_it(by: str, key: SigningKey) -> None:
    permit = await admit(world(by, key).case, no_spending)
    assert permit.wanted == WANTED
    assert permit.wanted.cuts
    assert permit.wanted.holds


async def test_a_scope_whose_companion_is_gone_runs_nothing_for_a_person_either() -> None:
    """Companions 4: that is an error, never a denial."""
    with pytest.raises(ServiceError) as caught:
        await admit(world("human:kim", KIM, wanted=None).case, no_spending)
    assert caught.value.reason == "SCOPE_UNUSABLE"
