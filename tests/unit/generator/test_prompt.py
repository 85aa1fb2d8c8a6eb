"""The prompt says what the scope allows and the file holds; strangers' words stay inside JSON strings."""

from generator_svc import prompt
from generator_svc.profile import profile
from generator_svc.prompt import ScopeBrief

SCOPE = ScopeBrief("Answer questions about CSV files.", ("pandas", "numpy"))
FIRST = prompt.first("Mean price?", SCOPE, [profile("sales.csv", b"region,price\nNorth,1.5\n")])


def test_purpose_imports_files_and_columns_are_told() -> None:
    system, user = FIRST[0]["content"], FIRST[-1]["content"]
    assert "Answer questions about CSV files." in system
    assert "pandas, numpy" in system
    assert '"sales.csv"' in user
    assert '"region" (text)' in user
    assert '"price" (number)' in user
    assert '"Mean price?"' in user


def test_cells_are_not_told() -> None:
    assert "North" not in str(FIRST)


def test_pandas_is_not_taught_where_it_is_not_allowed() -> None:
    assert len(prompt.first("x", ScopeBrief("p", ("math",)), [])) == 2
    assert "sklearn" not in str(FIRST)


def test_the_prefix_is_the_same_for_every_task_on_the_same_file() -> None:
    other = prompt.first("Another?", SCOPE, [profile("sales.csv", b"region,price\nNorth,1.5\n")])
    assert other[:-1] == FIRST[:-1]
    assert other[-1]["content"].split("Task:")[0] == FIRST[-1]["content"].split("Task:")[0]


def test_an_error_is_told_with_the_line_that_raised_it() -> None:
    program = "import pandas as pd\ndf = pd.read_csv('x')\nprint(df['prise'].mean())\n"
    traceback = (
        "Traceback (most recent call last):\n"
        '  File "program.py", line 3, in <module>\n'
        '  File "/lib/pandas/frame.py", line 9999, in __getitem__\n'
        "KeyError: 'prise'\n"
        "See the documentation.\n"
    )
    told = prompt.after_failure(FIRST, program, traceback)[-1]["content"]
    assert "KeyError: 'prise'" in told
    assert "print(df['prise'].mean())" in told
    assert told.startswith(FIRST[-1]["content"])


def test_an_error_without_a_traceback_is_no_failure() -> None:
    assert "no message" in prompt.after_failure(FIRST, "", "")[-1]["content"]
    assert "in <module>" not in prompt.after_failure(FIRST, "x", "line 77, in <module>\nboom")[-1]["content"]


def test_a_denial_is_told_by_rule_ids_sorted_and_once() -> None:
    told = prompt.after_denial(FIRST, ["b.b.b", "a.a.a", "b.b.b"])[-1]["content"]
    assert "for: a.a.a, b.b.b." in told
