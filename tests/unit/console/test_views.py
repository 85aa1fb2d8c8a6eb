"""Views belong to their owner, outlive the console, and are never in its way."""

from __future__ import annotations

from pathlib import Path

from audit_svc.console.views import MAX_VIEWS, View, Views


def test_a_view_is_there_after_a_restart_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "views.json"
    Views(path).keep("ana", View("mine", "verdict=DENIED"))
    again = Views(path)
    assert again.of("ana") == [View("mine", "verdict=DENIED")]
    assert again.of("ben") == []


def test_a_name_is_kept_once_and_the_oldest_goes_when_there_are_too_many() -> None:
    views = Views()
    for number in range(MAX_VIEWS + 1):
        views.keep("ana", View(f"view {number:02}", ""))
    views.keep("ana", View("view 05", "scope=s"))
    names = [view.name for view in views.of("ana")]
    assert len(names) == MAX_VIEWS
    assert "view 00" not in names
    assert View("view 05", "scope=s") in views.of("ana")


def test_removing_a_view_leaves_the_others(tmp_path: Path) -> None:
    views = Views(tmp_path / "views.json")
    views.keep("ana", View("a", ""))
    views.keep("ana", View("b", ""))
    views.remove("ana", "a")
    views.remove("ben", "b")
    assert Views(tmp_path / "views.json").of("ana") == [View("b", "")]


def test_a_file_that_cannot_be_read_is_no_reason_not_to_start(tmp_path: Path) -> None:
    path = tmp_path / "views.json"
    for broken in ("{", "[]", '{"ana": [{"name": 1}]}', "\x00"):
        path.write_text(broken)
        assert Views(path).of("ana") == []
