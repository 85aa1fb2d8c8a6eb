"""Attack: plan and program fit one another, by actions of another version or of another scope."""

import pytest

from guard_svc.editions import Edition
from guard_svc.policy import Verdict
from placet.actions.catalogue import built_in_sources, make_catalogue
from tests.fakes.actions_world import MEAN, OWN, READ, compiled, edition
from tests.fakes.planned import judged, of


def older() -> Edition:
    """The same scope, at a guard whose built-in `aggregate` was another one."""
    sources = dict(built_in_sources())
    line = b"    groups = _groups(table, by)[column]\n"
    assert line in sources["grouping.py"]
    changed = sources["grouping.py"].replace(line, b"    table = table.head(9)\n" + line)
    catalogue = make_catalogue(own={"own.py": OWN}, library={**sources, "grouping.py": changed})
    return Edition(of("actions").scope, {"own.py": OWN}, catalogue)


CATALOGUES = {
    "another version": older,
    "fewer actions": lambda: edition(
        "actions", {"own.py": OWN}, actions={"own": ["own.py"], "only": ["read", "aggregate"]}
    ),
    "no own action": lambda: edition("actions"),
    "a smallest group": lambda: edition(
        "actions", {"own.py": OWN}, outputs={"contract": {"min_group": {"size": 5, "count": "n"}}}
    ),
}


@pytest.mark.parametrize("name", CATALOGUES)
async def test_it_is_allowed_by_its_own_catalogue_and_denied_by_this_one(name: str) -> None:
    theirs = CATALOGUES[name]()
    plan, program = compiled(theirs, READ, MEAN)
    assert (await judged(theirs, program, plan)).verdict is Verdict.ALLOWED
    assert (await judged(of("actions"), program, plan)).verdict is Verdict.DENIED


async def test_an_action_that_the_scope_leaves_out_cannot_be_planned() -> None:
    narrow = edition("actions", actions={"only": ["read", "aggregate"]})
    plan, program = compiled(edition("actions"), READ, MEAN, {"action": "sort", "table": 2, "by": ["region"]})
    assert (await judged(narrow, program, plan)).verdict is Verdict.DENIED


async def test_a_contracts_smallest_group_cannot_be_left_out_of_the_program() -> None:
    """The number stands in the program that the guard compiles; another one is another program."""
    strict = CATALOGUES["a smallest group"]()
    plan, program = compiled(strict, READ, MEAN)
    assert b"\nMIN_GROUP = 5\n" in program
    loose = program.replace(b"\nMIN_GROUP = 5\n", b"\nMIN_GROUP = 1\n")
    assert (await judged(strict, loose, plan)).verdict is Verdict.DENIED
