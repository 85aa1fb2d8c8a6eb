"""Attack: one team's scope names another team's scope as its companion, so that this is no scope any more."""

import hashlib
from pathlib import Path

import pytest
import yaml

from guard_svc.scopes import ScopesInvalid, load_scopes
from tests.fakes.actions_world import document
from tests.fakes.guard_world import scope


def test_a_guard_does_not_start_and_names_both(tmp_path: Path) -> None:
    theirs = scope("payroll").document
    mine = yaml.safe_load(document("program"))
    mine["files"] = {"notes.yaml": hashlib.sha256(theirs).hexdigest()}
    (tmp_path / "payroll.yaml").write_bytes(theirs)
    assert list(load_scopes(tmp_path).editions) == ["payroll"]

    (tmp_path / "reporting.yaml").write_text(yaml.safe_dump(mine))
    with pytest.raises(
        ScopesInvalid, match=r"payroll\.yaml: holds the scope payroll, which another scope names"
    ):
        load_scopes(tmp_path)
