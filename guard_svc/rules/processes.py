"""The programs a program starts: argument lists and shell lines.

Knows commands and what a scope grants. Must not know networks beyond handing URLs on.

A command that is known must be one that the scope names, and each argument that is a place must lie in it. A
command that is not known is noted where the scope grants commands at all: the sandbox starts nothing else.
"""

import ast
import re
import shlex
from collections.abc import Iterator
from typing import Final

from guard_svc.findings import Severity
from guard_svc.rules import network
from guard_svc.rules.arguments import argument, is_unpacked, shown
from guard_svc.rules.catalogue import Argument, Effect
from guard_svc.rules.fold import UNKNOWN
from guard_svc.rules.places import Place, place_of
from guard_svc.rules.subject import Subject
from guard_svc.rules.words import COMMAND_DOORS, DECODED

_SHELLS: Final = frozenset({"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"})
_BREAKS: Final = re.compile(r"[;&|\n]+")
_SUBSTITUTION: Final = re.compile(r"`|\$\(|<\(|>\(")
_REDIRECTION: Final = re.compile(r"\d*(?:>>|>|<)&?")
_RECEIVERS: Final = frozenset({"recv", "recv_into", "recvfrom", "recvmsg", "makefile"})


def check_call(subject: Subject, call: ast.Call, name: str, _effect: Effect) -> None:
    """A call that starts a process."""
    if not subject.scope.allow.commands or not name.startswith(("subprocess.", *_SHELLS)):
        command = next(iter(_known_words(subject, call)), None)
        subject.need(f"process:{command or 'any'}")
        _deny(subject, call, f"{name} starts {shown(command) if command else 'a process'}")
        return
    _check_options(subject, call, name)
    target = _unsplit(subject, argument(call, Argument(0, "args")))
    if target is None:
        _unknown(subject, call, name)
    elif lists := [thing for thing in _meanings(subject, target) if isinstance(thing, ast.List | ast.Tuple)]:
        for words in lists:
            _check_list(subject, call, name, words)
    else:
        _check_line(subject, call, name, target)


def _meanings(subject: Subject, target: ast.expr) -> list[object]:
    """`target` itself when it is a list, or the lists that its name may stand for."""
    return [target] if isinstance(target, ast.List | ast.Tuple) else list(subject.names.things(target))


def _unsplit(subject: Subject, target: ast.expr | None) -> ast.expr | None:
    """The line that `line.split()` or `shlex.split(line)` takes apart; anything else as it is."""
    match target:
        case ast.Call(args=[line, *_]) if "shlex.split" in subject.names.paths(target.func):
            return line
        case ast.Call(func=ast.Attribute(value=line, attr="split")) if subject.names.texts(line):
            return line
    return target


def _known_words(subject: Subject, call: ast.Call) -> Iterator[str]:
    target = argument(call, Argument(0, "args"))
    first = target.elts[0] if isinstance(target, ast.List | ast.Tuple) and target.elts else target
    if first is not None:
        yield from subject.names.texts(first)


def _check_options(subject: Subject, call: ast.Call, name: str) -> None:
    given = {item.arg for item in call.keywords}
    for option in sorted(given & {"executable", "preexec_fn"}, key=str):
        _deny(subject, call, f"{name} with {option}= runs something other than the command it is given")
    if is_unpacked(call):
        message = f"{name} takes options that cannot be seen (**); a shell may be among them."
        subject.report("capability.process.start", call, message, Severity.MEDIUM)


def _check_list(subject: Subject, call: ast.Call, name: str, words: ast.List | ast.Tuple) -> None:
    if not words.elts:
        return
    if isinstance(words.elts[0], ast.Starred):
        _unknown(subject, call, name)
        return
    commands = subject.names.texts(words.elts[0])
    rest = [text for word in words.elts[1:] for text in subject.names.texts(word)]
    for command in commands:
        _check_words(subject, call, name, [command, *rest])
    if not commands or not subject.names.is_known(words.elts[0]):
        _unknown(subject, call, name)


def _check_line(subject: Subject, call: ast.Call, name: str, target: ast.expr) -> None:
    """A text: one command, or a shell's line; both are read as a shell would read them."""
    lines = subject.names.texts(target)
    for line in lines:
        _check_shell(subject, call, name, line)
    if not lines or not subject.names.is_known(target):
        _unknown(subject, call, name)


def _check_shell(subject: Subject, call: ast.Call, name: str, line: str) -> None:
    if _SUBSTITUTION.search(line):
        _deny(subject, call, f"{name} runs the shell line {shown(line)}, which hides a command in another")
    for part in filter(str.strip, _BREAKS.split(line)):
        try:
            words = shlex.split(_REDIRECTION.sub(" ", part))
        except ValueError:
            _deny(subject, call, f"{name} runs the shell line {shown(line)}, which cannot be read")
            continue
        if words:
            _check_words(subject, call, name, words)


def _check_words(subject: Subject, call: ast.Call, name: str, words: list[str]) -> None:
    command, rest = words[0], words[1:]
    subject.need(f"process:{command.replace(UNKNOWN, '?')}")
    if command.startswith(UNKNOWN):
        _unknown(subject, call, name)
    elif command not in subject.scope.allow.commands:
        _deny(subject, call, f"{name} starts {shown(' '.join(words))}")
    for word in rest:
        _check_word(subject, call, command, word)


def _check_word(subject: Subject, call: ast.Call, command: str, word: str) -> None:
    option, _, value = word.partition("=")
    if option in COMMAND_DOORS.get(command, ()) or word.startswith("ext::"):
        _deny(subject, call, f"{command} with {shown(word)} starts other programs")
    for text in (value,) if word.startswith("-") else (word,):
        place = place_of(text) if text else Place.HARMLESS
        if place is Place.NETWORK:
            network.check_url(subject, call, text, command)
        elif place in (Place.OUTSIDE, Place.PRECIOUS) and not text.startswith("%"):
            message = f"{command} is given {shown(text)}, which lies outside the working directory."
            subject.report("capability.file.outside", call, message)


def _unknown(subject: Subject, call: ast.Call, name: str) -> None:
    subject.need("process:?")
    target = argument(call, Argument(0, "args"))
    if target is not None and any(subject.names.paths(part) & DECODED for part in _expressions(target)):
        message = f"{name} runs a command that the program decodes first."
        subject.report("threat.obfuscation.decode_exec", call, message)
    message = f"{name} starts a command that is not known before the program runs."
    subject.report("capability.process.dynamic", call, message)


def _expressions(node: ast.expr) -> Iterator[ast.expr]:
    return (inner for inner in ast.walk(node) if isinstance(inner, ast.expr))


def check_remote(subject: Subject) -> None:
    """Commands that are not known, in a program that takes text from a socket."""
    if "process:?" not in subject.capabilities:
        return
    if any(isinstance(node, ast.Attribute) and node.attr in _RECEIVERS for node in subject.nodes):
        for found in subject.findings:
            if found.rule_id == "capability.process.dynamic":
                message = "A command that is not known is started by a program that reads from a socket."
                subject.report("capability.process.remote", found.line, message)


def _deny(subject: Subject, call: ast.Call, what: str) -> None:
    message = f"{what}, which the scope {subject.scope.name} does not allow."
    subject.report("capability.process.start", call, message)
