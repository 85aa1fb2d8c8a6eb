"""Attack: a scope's file stays, and the action beside it is another one."""

import hashlib
from pathlib import Path

import pytest

from guard_svc.editions import load_edition
from guard_svc.policy import Verdict
from guard_svc.scopes import ScopesInvalid, load_scopes
from placet.scope import ScopeInvalid
from tests.fakes.actions_world import OWN, READ, compiled, document, edition
from tests.fakes.planned import judged, of

OTHER = OWN.replace(b"values > LIMIT", b"values < LIMIT")
USE = {"action": "flag_big", "table": 1, "column": "price", "name": "big"}
SCOPE = document("actions", {"own.py": OWN})


def test_a_guard_does_not_start_with_it(tmp_path: Path) -> None:
    (tmp_path / "reporting.yaml").write_bytes(SCOPE)
    (tmp_path / "own.py").write_bytes(OTHER)
    with pytest.raises(ScopesInvalid, match=r"files\.own\.py: no file with the digest"):
        load_scopes(tmp_path)


def test_a_scope_that_is_tried_does_not_take_it() -> None:
    with pytest.raises(ScopeInvalid, match="no file with the digest"):
        load_edition(SCOPE, [OTHER])


async def test_a_program_with_the_other_action_is_not_what_the_guard_compiles() -> None:
    """As it would come from a generator whose file was swapped behind the digest."""
    swapped = edition("actions", {"own.py": OTHER})
    plan, program = compiled(swapped, READ, USE)
    assert b"values < LIMIT" in program
    assert (await judged(of("actions"), program, plan)).verdict is Verdict.DENIED


async def test_not_even_under_the_digest_of_the_catalogue_that_the_guard_has() -> None:
    swapped = edition("actions", {"own.py": OTHER})
    plan, program = compiled(swapped, READ, USE)
    ours = of("actions").catalogue
    assert ours is not None
    assert swapped.catalogue is not None
    forged = program.replace(swapped.catalogue.sha256.hex().encode(), ours.sha256.hex().encode())
    assert forged != program
    assert (await judged(of("actions"), forged, plan)).verdict is Verdict.DENIED


def test_the_scopes_digest_changes_with_its_companions() -> None:
    """Approval, admission and records name the scope by it."""
    other = document("actions", {"own.py": OTHER})
    assert hashlib.sha256(SCOPE).digest() != hashlib.sha256(other).digest()
