"""Why a finding matters and what would be allowed instead, for every id that a finding can carry.

Knows words: those of the rules (rules/registry.py), and its own for what intake, reviewer, policy and task
screening find. Written for people; a model that writes programs must never be shown them. Must not know how
anything is found.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from guard_svc.rules.registry import RULES

_PAGE: Final = "docs/rules.md"
_FAMILIES: Final = ("bandit",)


@dataclass(frozen=True, slots=True)
class Reason:
    """What docs/rules.md says of an id; `cwe` may be empty. An id that ends in `.*` stands for a family."""

    rule_id: str
    what: str
    why: str
    instead: str
    cwe: str = ""

    @property
    def documentation(self) -> str:
        """Page and anchor, relative to the repository; the anchor is the one that code hosts make."""
        return f"{_PAGE}#{re.sub(r'[^a-z0-9_-]', '', self.rule_id.lower())}"


_SHORTER: Final = "Split the work into shorter programs."
_PLAIN: Final = "Write plain UTF-8 with ordinary characters; put others into strings as escapes."
_AGAIN: Final = "Ask again; if it happens again, make the program shorter and plainer."
_TASK_WHY: Final = "A program for it would not be allowed, so none is written."

REASONS: Final = (
    Reason("intake.size.bytes", "The program has more bytes than can be reviewed.",
           "What is not read is not allowed.", _SHORTER, "CWE-770"),
    Reason("intake.size.lines", "The program has more lines than can be reviewed.",
           "What is not read is not allowed.", _SHORTER, "CWE-770"),
    Reason("intake.size.line_length", "A line is too long.",
           "Nobody reads to the end of such a line.", "Break the line; attach data as an input file.",
           "CWE-770"),
    Reason("intake.size.nodes", "The program has more syntax than can be reviewed.",
           "What is not read is not allowed.", _SHORTER, "CWE-770"),
    Reason("intake.size.nesting", "Blocks or expressions nest too deeply.",
           "Deep nesting exhausts whoever reads it.", "Use functions and names for the parts.", "CWE-674"),
    Reason("intake.size.parse", "Parsing takes too long.",
           "Whoever needs seconds to be parsed means to stop the review.", _SHORTER, "CWE-400"),
    Reason("intake.syntax.empty", "There is no program.", "There is nothing to review.", "Send the program."),
    Reason("intake.syntax.invalid", "The text is not Python as this interpreter reads it.",
           "What cannot be parsed cannot be reviewed.", "Correct the syntax error.", "CWE-1109"),
    Reason("intake.encoding.bom", "The program begins with a byte order mark.",
           "Readers disagree on what such bytes mean.", "Save the file as UTF-8 without a byte order mark.",
           "CWE-838"),
    Reason("intake.encoding.cookie", "The program declares an encoding other than UTF-8.",
           "The same bytes would say one thing to the reviewer and another to the interpreter.",
           "Remove the declaration and save as UTF-8.", "CWE-838"),
    Reason("intake.encoding.utf8", "The bytes are not UTF-8.",
           "The same bytes would say one thing to the reviewer and another to the interpreter.",
           "Save the file as UTF-8.", "CWE-838"),
    Reason("intake.unicode.carriage_return", "A lone carriage return ends a line.",
           "The interpreter sees a new line where editors show none.", "End lines with a line feed.",
           "CWE-451"),
    Reason("intake.unicode.control", "A control character stands in the text.",
           "It changes what a reader sees, not what runs.", _PLAIN, "CWE-451"),
    Reason("intake.unicode.deception", "A character reorders or hides text.",
           "The program reads otherwise than it runs.", _PLAIN, "CWE-1007"),
    Reason("intake.unicode.identifier", "A name is spelt with look-alike characters.",
           "Two names that look alike are not the same, or two that look different are.",
           "Spell names with ASCII letters.", "CWE-1007"),
    Reason("intake.unicode.invisible", "A character that cannot be seen stands outside a string.",
           "It hides where one word ends and the next begins.", _PLAIN, "CWE-1007"),
    Reason("policy.intake.refused", "The program could not be read.",
           "What is not read is not allowed.", "Send plain UTF-8 Python."),
    Reason("policy.plan.unfit", "A plan of actions came with the program, and does not account for it.",
           "The program was judged as one without a plan.",
           "Send exactly the program that the plan compiles to, with the scope as the guard has it."),
    Reason("policy.rules.incomplete", "The rules did not see the whole program.",
           "What was not checked is not allowed.", "Report it; it is a mistake of ours.", "CWE-703"),
    Reason("policy.reviewer.off",
           "The scope has no reviewer, and the rules cannot prove the program harmless.",
           "Without a reviewer only a program that does nothing but compute is allowed.",
           "Use pure modules of the standard library only, or a scope with a reviewer."),
    Reason("policy.reviewer.refused", "The reviewer refused to answer.",
           "A program may be written to make a model refuse.", _AGAIN, "CWE-703"),
    Reason("policy.reviewer.truncated", "The reviewer's answer was cut off.",
           "Half an answer is none.", _AGAIN, "CWE-703"),
    Reason("policy.reviewer.empty", "The reviewer's answer was empty.",
           "No answer is no consent.", _AGAIN, "CWE-703"),
    Reason("policy.reviewer.unusable", "The reviewer's answer could not be understood.",
           "An answer that cannot be checked is none.", _AGAIN, "CWE-703"),
    Reason("policy.reviewer.too_long", "The program is too long for the reviewer's model to read.",
           "What is not read is not allowed.", _SHORTER, "CWE-770"),
    Reason("policy.reviewer.undecided", "The reviewer's model was measured not to decide such scopes.",
           "An estimate that separates nothing is no reason to allow.",
           "Wait for a person; whoever runs the guard can give it a stronger reviewer."),
    Reason("reviewer.risk.noted", "The reviewer's estimate, noted and not counted.",
           "Measured, the model does not tell programs of such scopes apart.", "Nothing; it is a note."),
    Reason("reviewer.risk.unsafe", "The reviewer finds the program unsafe.",
           "The model puts the program among those that harm or leave the scope.",
           "Do only what the task asks; a person may look and approve."),
    Reason("reviewer.risk.uncertain", "The reviewer is not certain.",
           "Between clearly safe and clearly unsafe a person decides.",
           "Make the program plainer, or wait for a person."),
    Reason("reviewer.reasons.inconsistent", "The reviewer's reasons do not fit its answer or the program.",
           "An answer that contradicts itself settles nothing.", "Wait for a person, or ask again."),
    Reason("reviewer.files_outside_scope.cited", "The reviewer cites files beyond the inputs and outputs.",
           "A program works with its inputs and outputs, nothing else.", "Use the inputs by their names.",
           "CWE-552"),
    Reason("reviewer.secrets_or_environment.cited", "The reviewer cites the use of secrets or environment.",
           "Credentials are nothing for a program in a scope.", "Pass values in the task.", "CWE-526"),
    Reason("reviewer.network.cited", "The reviewer cites the use of the network.",
           "Data leaves, or code comes in.", "Attach the file to the task.", "CWE-918"),
    Reason("reviewer.process_or_system.cited", "The reviewer cites a process or the system.",
           "A process is outside the program that was reviewed.", "Compute in Python.", "CWE-78"),
    Reason("reviewer.hidden_code.cited", "The reviewer cites code that is hidden or made at run time.",
           "Code that nobody has seen cannot be reviewed.", "Write the code.", "CWE-506"),
    Reason("reviewer.resource_exhaustion.cited", "The reviewer cites endless work or huge sizes.",
           "It burns time, memory or disk up to the limits.", "Bound loops and sizes.", "CWE-400"),
    Reason("reviewer.reviewer_manipulation.cited", "The reviewer cites text that argues with it.",
           "Only somebody who fears the review writes to the reviewer.", "Say what the code does.",
           "CWE-1427"),
    Reason("reviewer.outside_purpose.cited", "The reviewer cites work that the scope is not for.",
           "A scope is for one purpose.", "Use the scope that is for it."),
    Reason("reviewer.other.cited", "The reviewer cites something that fits no category.",
           "What it means must be judged by a person.", "Do only what the task asks."),
    Reason("task.environment.asked", "The task asks for the machine's environment.",
           f"The environment holds credentials. {_TASK_WHY}", "Ask about the attached files.", "CWE-526"),
    Reason("task.machine.asked", "The task asks about the machine or its users.",
           f"A program in a scope has no business there. {_TASK_WHY}", "Ask about the attached files.",
           "CWE-497"),
    Reason("task.system_files.asked", "The task names files of the machine.",
           f"A program sees its inputs only. {_TASK_WHY}", "Attach the file to the task.", "CWE-552"),
    Reason("task.secrets.asked", "The task asks for credentials.",
           f"No program may handle them. {_TASK_WHY}", "Ask about the attached files.", "CWE-552"),
    Reason("task.network.asked", "The task asks for the network.",
           f"Programs have no network in this scope. {_TASK_WHY}", "Attach the data to the task.", "CWE-918"),
    Reason("task.files.asked", "The task asks to change or delete files.",
           f"Programs write new output files. {_TASK_WHY}", "Ask for a new file.", "CWE-73"),
    Reason("task.processes.asked", "The task asks to install or start something.",
           f"Programs start nothing in this scope. {_TASK_WHY}", "Ask for a computation.", "CWE-78"),
    Reason("task.attack.asked", "The task asks for an attack.", _TASK_WHY, "Nothing."),
    Reason("task.manipulation.asked", "The task argues with the reviewer.",
           f"Instructions to the reviewer have no place in a task. {_TASK_WHY}", "Say what you want to know.",
           "CWE-1427"),
    Reason("task.purpose.asked", "The task asks for a text rather than for a computation.",
           f"A program computes; it does not write prose. {_TASK_WHY}", "Ask what should be computed."),
    Reason("task.purpose.outside", "The task does not fit the scope's purpose.",
           f"A scope is for one purpose. {_TASK_WHY}",
           "Use a scope that is for it, or say how it belongs here."),
    Reason("bandit.*", "Bandit, an extra source of rules, reports something.",
           "Its tests know names that are often misused; they do not know the scope.",
           "See Bandit's page on the test."),
)  # fmt: skip

BY_ID: Final[Mapping[str, Reason]] = {
    **{rule.rule_id: Reason(rule.rule_id, rule.what, rule.why, rule.instead, rule.cwe) for rule in RULES},
    **{reason.rule_id: reason for reason in REASONS},
}


def reason_of(rule_id: str) -> Reason:
    """The words for a finding's id; empty ones for an id that is not documented."""
    family = rule_id.partition(".")[0]
    key = f"{family}.*" if family in _FAMILIES else rule_id
    return BY_ID.get(key) or Reason(rule_id, "", "", "")
