"""A scope's examples: programs, and plans in text form where plans run."""

from guard_svc.editions import load_edition
from placet.actions.compiling import compile_plan
from placet.actions.plan import read_plan
from placet.cli.examples import Example, examples_of
from tests.fakes.actions_world import OWN, document

TEXT = 'read file="sales.csv"\nflag_big table=1 column=price name="big"'
FREE = "import os\nprint(os.environ)"


def examples(mode: str, *allowed: str, denied: tuple[str, ...] = ()) -> list[Example]:
    files = {"own.py": OWN} if mode != "program" else {}
    text = document(mode, files, examples={"allowed": list(allowed), "denied": list(denied)})
    edition = load_edition(text, files.values())
    return list(examples_of(edition.scope, edition.catalogue))


def test_a_plan_comes_with_the_program_that_the_guard_will_compile_too() -> None:
    (example,) = examples("actions", TEXT)
    files = {"own.py": OWN}
    catalogue = load_edition(document("actions", files), files.values()).catalogue
    assert catalogue is not None
    assert example.program == compile_plan(read_plan(example.plan), catalogue)
    assert ([item.name for item in example.inputs], example.uses) == (["sales.csv"], {"read", "flag_big"})


def test_a_query_is_a_plan_too() -> None:
    (example,) = examples("actions_then_program", "FROM sales.csv MEAN price BY region")
    assert (example.problems, [item.name for item in example.inputs]) == ((), ["sales.csv"])
    assert example.plan


def test_what_is_no_plan_is_a_program() -> None:
    allowed, denied = examples("actions_then_program", "print(1)", denied=(FREE,))
    assert (allowed.program, allowed.plan) == (b"print(1)", b"")
    assert (denied.name, denied.expected, denied.program) == ("examples.denied[0]", "denied", FREE.encode())


def test_where_programs_run_only_nothing_is_read_as_a_plan() -> None:
    (example,) = examples("program", TEXT)
    assert (example.program, example.plan) == (TEXT.encode(), b"")


def test_a_plan_that_does_not_fit_has_problems_and_no_program() -> None:
    (example,) = examples("actions", 'read file="a.csv"\nnosuch table=1')
    assert example.program == b""
    assert "nosuch" in example.problems[0]


def test_a_plan_that_reads_what_can_be_no_input_does_not_fit() -> None:
    (example,) = examples("actions", 'read file="/etc/passwd"')
    assert (example.program, example.inputs) == (b"", ())
    assert "there is no input '/etc/passwd'" in example.problems[0]
