"""How answers are judged, kept and counted: by one rule for every way, and nothing is counted twice."""

import json
from pathlib import Path

import pytest

from bench.quality import main
from bench.quality_figures import figures
from bench.quality_lines import GUARDED, UNANSWERED, UNGUARDED, Line, Lines, Way
from bench.quality_ways import scope_of
from bench.questions import Question, grade, read_questions
from placet.scope import load_scope

ON, OFF = Way("program", GUARDED), Way("program", UNGUARDED)


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ("34.65", "mean 34.6549"),
        ("34.65", "@x[34.65]"),
        ("34.65", "@x[value]\n@x[ 34.65 ]"),  # the last one counts
        ("2081990", "about 2,081,990.2 cases"),
        ("0.0000", "p = 1.3e-22"),
        ("-0.43", "-0.4312"),
        ("not normal", "It is Not Normal."),
        ('"0-1"', "@x[0-1]"),
        ("904, 916", "ids: 904, 916"),
        ("{'month_1': 7.17, 'month_2': 6.5}", "1  7.1666\n2  6.5"),
        ("", "@x[[]]"),
        ("", "[]"),
    ],
)
def test_an_answer_is_right_however_it_is_worded(expected: str, printed: str) -> None:
    assert grade([("x", expected)], printed).right == 1


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ("34.65", "34.66"),
        ("34.65", ""),
        ("34.65", "@x[34.6] and elsewhere 34.65"),  # what is given as the answer counts
        ("34.65", "@x[]"),
        ("normal", "not normal"),
        ("significant", "No significant difference"),
        ("linear", "nonlinear"),
        ("5", "1 2 3 4 5 6 7 8 9 10"),  # a list, and no answer
        ("904, 916", "904"),
        ("", "@x[3]"),
        ("", "3"),
    ],
)
def test_an_answer_is_wrong_when_it_says_something_else(expected: str, printed: str) -> None:
    assert grade([("x", expected)], printed).right == 0


def test_of_several_values_each_counts_and_only_all_are_right() -> None:
    found = grade([("a", "1"), ("b", "2.50")], "@a[1] @b[2.4]")
    assert (found.right, found.of, found.in_form) == (1, 2, False)
    assert grade([("a", "1"), ("b", "2.50")], "@a[1] @b[2.5]").in_form
    assert not grade([("a", "1")], "1").in_form


def line(number: int, way: Way, *, right: bool, outcome: str = "DONE", stopped: bool = False) -> Line:
    return Line(number, "easy", way.mode, way.guard, outcome, 1.0, 1, stopped, right=int(right), of=1)


def test_what_is_done_is_kept_and_what_had_no_answer_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lines.jsonl"
    lines = Lines(path)
    lines.add(line(1, ON, right=True))
    lines.add(line(2, ON, right=False, outcome=UNANSWERED))
    again = Lines(path)
    assert (again.done(1, ON), again.done(2, ON), again.done(1, OFF)) == (True, False, False)
    again.add(line(2, ON, right=True))
    assert Lines(path).done(2, ON)
    assert len(Lines(path).of({2}, [ON])) == 1


def test_without_a_guard_only_what_it_stopped_is_asked_again() -> None:
    allowed = line(1, ON, right=True).unguarded()
    assert allowed is not None
    assert (allowed.way, allowed.right, allowed.same_as_guarded) == (OFF, 1, True)
    assert line(1, ON, right=False, stopped=True).unguarded() is None
    assert line(1, ON, right=False, outcome=UNANSWERED).unguarded() is None


def test_what_was_not_delivered_is_not_right() -> None:
    question = Question(1, "?", Path("t.csv"), "easy", (("x", "1"),))
    failed = Line(1, "easy", "program", "on", "PROGRAM_FAILED", 1.0, 1, False, printed="@x[1]")
    assert failed.judged(question).right == 0
    done = Line(1, "easy", "program", "on", "DONE", 1.0, 1, False, printed="@x[1]")
    assert done.judged(question).right == 1


def test_the_guards_cost_is_counted_on_questions_with_both_answers() -> None:
    lines = [
        line(1, ON, right=True),
        line(1, OFF, right=True),
        line(2, ON, right=False, outcome="DENIED", stopped=True),
        line(2, OFF, right=True),
        line(3, ON, right=False, outcome=UNANSWERED),
        line(3, OFF, right=True),
    ]
    found = figures(lines)
    assert (found["program_guard_costs"].value, found["program_guard_costs"].n) == (50.0, 2)
    assert (found["program_right"].value, found["program_right"].n) == (50.0, 2)
    assert (found["program_unguarded_right"].value, found["program_unguarded_right"].n) == (100.0, 3)
    assert (found["program_unanswered"].value, found["program_stopped"].value) == (1, 50.0)
    assert found["program_right_low95"].value < 50 < found["program_right_high95"].value


@pytest.mark.parametrize("mode", ["program", "actions", "actions_then_program"])
def test_each_mode_is_asked_in_the_examples_scope(mode: str) -> None:
    scope = load_scope(scope_of(mode).encode())
    assert (scope.mode, scope.limits.wall_s) == (mode, 120)
    assert scope.metadata.name == f"quality-{mode.replace('_', '-')}"


def data(directory: Path, **changes: object) -> Path:
    row = {"id": 7, "question": "Mean?", "constraints": "none", "format": "@m[x]", "file_name": "t.csv"}
    row |= {"level": "easy", "answers": [["m", "1"]]} | changes
    (directory / "tables").mkdir()
    (directory / "tables" / "t.csv").write_text("a\n1\n")
    (directory / "questions.jsonl").write_text(json.dumps(row) + "\n")
    return directory


def test_a_question_is_asked_with_its_constraints_and_the_form_of_its_answer(tmp_path: Path) -> None:
    (question,) = read_questions(data(tmp_path))
    assert question.task == "Mean?\nnone\nPrint the answer in this form: @m[x]"
    assert question.answers == (("m", "1"),)


@pytest.mark.parametrize("changes", [{"file_name": "no.csv"}, {"answers": "34"}])
def test_questions_of_another_form_are_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="question 7"):
        read_questions(data(tmp_path, **changes))
    assert main(["--data", str(tmp_path)]) == 2
    assert main(["--data", str(tmp_path / "nowhere")]) == 2


def test_only_so_many_questions_are_looked_at_as_are_asked_for(tmp_path: Path) -> None:
    assert main(["--data", str(data(tmp_path)), "--questions", "0", "--json"]) == 0


def test_nothing_is_started_when_all_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "kept.jsonl"
    Lines(kept).add(Line(7, "easy", "program", "on", "DONE", 2.0, 1, False, printed="@m[1]"))
    directory = data(tmp_path)
    arguments = [
        "--data",
        str(directory),
        "--modes",
        "program",
        "--guard",
        "on",
        "--out",
        str(kept),
        "--json",
    ]
    assert main(arguments) == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert metrics["program_right"]["value"] == 100.0
    assert metrics["program_in_form"]["value"] == 100.0
