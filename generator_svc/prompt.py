"""What the model is asked: the scope's purpose, what may be imported, the inputs' profiles, the task.

Knows wording. Must not know how a model is reached or what becomes of its answer. Everything that a
stranger wrote (task, names of files and columns, tracebacks) goes in as JSON strings, so that it cannot
look like the prompt's own structure; it is data, but a model may still obey it, which is why a guard
reviews every program.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from placetpb.common.v1.common_pb2 import Violation

from generator_svc import contract_prompt, examples
from generator_svc.profile import Column, Grants, Profile
from placet.actions.catalogue import Catalogue
from placet.scope import Outputs

Message = dict[str, str]
NOTHING_ASKED = Outputs()
Mode = Literal["program", "actions", "actions_then_program"]

MAX_ERROR_CHARS = 300
MAX_REASON_CODES = 10
# Frames of the program itself are at module level: it is told not to define functions.
_RULE_ID = re.compile(r"[a-z0-9_]{1,40}(\.[a-z0-9_]{1,40}){1,4}")
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(Error|Exception|Warning|Interrupt|Exit)\b")
# The result by keys of the scope's schema, what was printed by line, inputs as the prompt lists them.
_PATH = re.compile(
    r"artifacts|(?:(?:result\.json|stdout|stderr)(?![^:])|inputs/)[\w./:$\[\]*-]{0,120}"
    r"((?:(?<=:)|, )(row|column|line|sheet) \d{1,9})*"
)
_ARTIFACT = "artifacts/"
# An ending that is not here may be a value as well as the name before it.
_ENDING = re.compile(r"\.(csv|tsv|txt|md|log|json|xlsx|parquet|png|svg|pdf|jpg|gif|html|xml|py|pkl|zip)")
_PROGRAM_LINE = re.compile(r"line (\d+), in <module>")

_SYSTEM = """\
You write one complete Python program that answers a question about data files and prints the answer.

Purpose of these programs: {purpose}

Rules for the program:
- Import only from: {imports}. Nothing else is installed and there is no network.
- Read a data file by its bare name, exactly as listed: pd.read_csv("games.csv") for "games.csv". \
Use only the column names that are listed, spelled exactly so.
- Print the answer with print(), with a few words that say what it is. Print only what was asked for.
- Draw a figure only if the task asks for one. Use matplotlib and save it with plt.savefig("name.png") \
into the working directory, under the file name that the task gives. Never call plt.show().
- Keep it short and plain: top-level statements in the order they happen. No functions, no classes, no \
try/except, no input(), no command-line arguments, no absolute paths, no eval or exec.
- Missing values are NaN; aggregate numeric columns only. Give the whole program.
{contract}
Answer with exactly one ```python code block and nothing else."""


@dataclass(frozen=True)
class ScopeBrief:
    """What the prompt says of a scope."""

    purpose: str
    imports: tuple[str, ...]
    sample_rows: int = 0
    mode: Mode = "program"
    catalogue: Catalogue | None = None
    """What plans may use; None in the mode `program`."""
    columns: Grants = None
    outputs: Outputs = NOTHING_ASKED


def first(task: str, scope: ScopeBrief, profiles: Sequence[Profile]) -> list[Message]:
    """The messages of a first attempt.

    All but the last are the same for every task of a scope, whatever its files are called: a server evaluates
    them once, and another thousand tokens take the embedded model half a minute.
    """
    system = _SYSTEM.format(
        purpose=scope.purpose.strip(),
        imports=", ".join(scope.imports) or "nothing",
        contract=contract_prompt.rules(scope.outputs, scope.columns),
    )
    return [
        {"role": "system", "content": system},
        *examples.for_imports(scope.imports),
        {"role": "user", "content": f"{files(profiles)}\nTask: {quoted(task)}"},
    ]


def after_failure(first_messages: Sequence[Message], program: str, traceback: str) -> list[Message]:
    """Ask afresh after the program raised: the model is told the error and the line that raised it.

    It does not see its whole program again, because small models then repeat it.
    """
    told = f"An earlier program failed with {quoted(_error(traceback))}"
    line = _raising_line(program, traceback)
    told += (
        f" in its line {quoted(line)}. Do that step in another way." if line else ". Do it in another way."
    )
    return also(first_messages, told)


def after_denial(first_messages: Sequence[Message], rule_ids: Sequence[str]) -> list[Message]:
    """Ask afresh after a denial. Only rule ids are told: prose would teach how to slip past the reviewer."""
    codes = (
        ", ".join(sorted({r for r in rule_ids if _RULE_ID.fullmatch(r)})[:MAX_REASON_CODES]) or "not given"
    )
    return also(
        first_messages,
        f"An earlier program was not allowed, for: {codes}. Write one that does without these.",
    )


def after_unusable(first_messages: Sequence[Message]) -> list[Message]:
    """Ask afresh after an answer without a usable program."""
    return also(first_messages, "Answer with one complete, short program in one ```python code block.")


def after_violation(first_messages: Sequence[Message], violations: Sequence[Violation]) -> list[Message]:
    """Ask afresh after what a program left broke the contract. Paths and rules hold no value of the data.

    The messages beside them are for the caller. An artifact's name is the program's, which may have made it
    of a value: only its kind of file is told. Of a path in odd letters the rule alone is told.
    """
    broken = sorted({_broken(v) for v in violations if _RULE_ID.fullmatch(v.rule)})
    told = ", ".join(broken[:MAX_REASON_CODES]) or "not given"
    return also(
        first_messages,
        f"What an earlier answer left was withheld, for: {told}. Keep to what may leave.",
    )


def _broken(violation: Violation) -> str:
    place = _place(violation.path)
    return violation.rule + (f" at {quoted(place)}" if place else "")


def _place(path: str) -> str:
    """What of a violation's path the model may know; empty when that is nothing."""
    if not path.startswith(_ARTIFACT):
        return path if _PATH.fullmatch(path) else ""
    ending = PurePosixPath(path.partition(":")[0]).suffix
    return f"{_ARTIFACT}*{ending if _ENDING.fullmatch(ending) else ''}"


def also(first_messages: Sequence[Message], told: str) -> list[Message]:
    """The first messages with a sentence behind the task."""
    *before, task = first_messages
    return [*before, {"role": "user", "content": f"{task['content']}\n{told}"}]


def _error(traceback: str) -> str:
    """The line that names the exception; the last line when none looks like that."""
    lines = [line for line in traceback.splitlines() if line.strip()] or ["no message"]
    named = [line for line in lines if _EXCEPTION.match(line)]
    return (named or lines)[-1][:MAX_ERROR_CHARS]


def _raising_line(program: str, traceback: str) -> str:
    """The program's own line that a traceback names last; empty when it names none."""
    lines = program.splitlines()
    named = [int(number) for number in _PROGRAM_LINE.findall(traceback)]
    inside = [number for number in named if 1 <= number <= len(lines)]
    return lines[inside[-1] - 1].strip()[:MAX_ERROR_CHARS] if inside else ""


def files(profiles: Sequence[Profile]) -> str:
    if not profiles:
        return "There are no data files."
    return f"{examples.FILES}\n" + "\n".join(_file(p) for p in profiles)


def _file(p: Profile) -> str:
    lines = [f"- {quoted(p.name)}, {p.size} bytes"]
    if p.columns:
        rows = f"{'' if p.rows_exact else 'at least '}{p.rows} rows"
        separator = "" if p.delimiter == "," else f", separated by {quoted(p.delimiter)} (pass sep=)"
        separator += f", encoded as {p.encoding} (pass encoding=)" if p.encoding else ""
        kind = f"Parquet with {rows}" if p.parquet else f"CSV with a header line and {rows}{separator}"
        lines[0] += f", {kind}; columns:"
        lines += [f"    {_column(column)}" for column in p.columns]
    if p.more_columns:
        lines.append(f"    and {p.more_columns} more columns")
    if p.problem:
        lines.append(f"    note: {p.problem}")
    lines += [f"    example row: {json.dumps(list(row))}" for row in p.sample]
    return "\n".join(lines)


def _column(column: Column) -> str:
    holds = "pseudonyms" if column.masked else column.dtype
    return f"{quoted(column.name)} ({holds}{', some missing' if column.has_missing else ''})"


def quoted(text: str) -> str:
    """As a JSON string: quotes, line ends and control characters escaped; other letters as they are."""
    return json.dumps(text, ensure_ascii=False)
