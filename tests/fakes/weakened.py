"""The log's verifier with one of its checks taken out, to show that an attack needs that very check."""

from __future__ import annotations

import pytest

from placet.audit import chain, items, row_checks, signed, tree_checks, verify

OF_ROWS = {
    "columns": [(row_checks.Columns, "take")],
    "retries": [(row_checks.Retries, "take")],
    "rules": [(row_checks.Rules, "take"), (row_checks.Rules, "end")],
    "bodies": [(row_checks.Bodies, "take"), (row_checks.Bodies, "end")],
    "same content": [(row_checks, "_same_content")],
    "story": [(verify._Story, "take")],
    "tiles": [(tree_checks.Tiles, "take"), (tree_checks.Tiles, "end")],
    "roots": [(tree_checks.Checkpoints, "_compare"), (tree_checks.Checkpoints, "end")],
    "last size": [(tree_checks.Checkpoints, "end")],
    "cosignatures": [(tree_checks.Checkpoints, "_cosigned")],
    "actors": [(chain, "refusal")],
    "quorum": [(chain, "_quorum_met")],
    "revoked keys": [(chain, "_key_good")],
    "one revocation": [(chain, "_key_revoked")],
    "statements": [(signed.Signed, "take")],
    "signatures of people": [(signed, "open_decision"), (signed.Signed, "_by_its_person")],
    "asker": [(items, "_not_ones_own")],
    "window": [(chain, "_in_window")],
    "one end": [(chain, "_not_ended"), (chain, "_end")],
}


def without(monkeypatch: pytest.MonkeyPatch, *checks: str) -> None:
    """From here on the verifier does not look at these."""
    for name in checks:
        for owner, attribute in OF_ROWS[name]:
            monkeypatch.setattr(owner, attribute, lambda *_: None)


def without_step(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """From here on the verifier takes every record of a kind for a good one."""
    monkeypatch.delitem(chain.STEPS, kind)
