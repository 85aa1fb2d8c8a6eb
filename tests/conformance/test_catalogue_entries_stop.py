"""Each entry of the catalogue has a test by construction: a program that uses it badly, and is stopped."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest

from guard_svc.findings import Severity
from guard_svc.intake import read_program
from guard_svc.rules import analyse
from guard_svc.rules.catalogue import Argument, Effect, load_catalogue
from guard_svc.rules.registry import BY_ID
from placet.scope import Scope, load_scope

PATH = "'/etc/x'"
URL = "'http://198.51.100.7/x'"
SOURCE = "'import os'"
QUERY = "\"@pd.io.common.os.system('id')\""
FILES = frozenset({"read", "write", "change", "open", "style"})
BY_NAME = {
    "dynamic": "threat.dynamic.code",
    "unpickle": "threat.dynamic.unpickle",
    "thread": "capability.thread.start",
    "environment": "capability.secrets.environment",
    "native": "capability.native.call",
    "download": "capability.network.download",
    "system": "capability.system.query",
    "introspect": "threat.introspection.attribute",
}
"""Effects that no argument changes, and the rule that stops them."""
GRANTED_BY_IMPORT = frozenset({"thread", "system", "unpickle"})


@functools.cache
def scope(*imports: str) -> Scope:
    """A scope that reads and writes its working directory, and imports what the program needs."""
    text = f"""
apiVersion: placet/v1
kind: Scope
metadata: {{name: catalogue, version: 1, owner: tests}}
purpose: Hold the catalogue against the rules.
mode: program
allow:
  imports: [{", ".join(imports)}]
  read: [inputs, workdir]
  write: [outputs, workdir]
  network: none
  processes: none
limits: {{wall_s: 10, cpu_s: 10, memory_mib: 256, output_kib: 64, artifacts: 1, artifact_mib: 1}}
review: {{reviewer: required, static_proof: false, on_uncertain: needs_review, min_tier: T1}}
outputs: {{kinds: [text]}}
examples: {{allowed: ["print(1)"], denied: ["import nothing"]}}
"""
    return load_scope(text.encode())


def entries() -> Iterator[tuple[str, Effect]]:
    """Each entry with a name that a program would write."""
    catalogue = load_catalogue()
    yield from catalogue.effects.items()
    yield from ((f"{library}.{name}", effect) for (library, name), effect in catalogue.anywhere.items())
    for found in catalogue.patterns.values():
        yield from ((prefix + "anything", effect) for prefix, effect in found)


def program(name: str, arguments: str) -> str:
    """A program that calls `name`: a function, or a method of an object that nothing is known about."""
    if name.startswith("."):
        return f"import pandas as pd\ndef use(thing):\n    thing{name}({arguments})\n"
    root = name.partition(".")[0]
    if root == "builtins":
        return f"{name.partition('.')[2]}({arguments})\n"
    module = next((m for m in _modules(name) if m in _IMPORTABLE), root)
    return f"import pandas as pd\nimport {module}\n{name}({arguments})\n"


_IMPORTABLE = frozenset({"xml.etree.ElementTree", "urllib.request", "logging.handlers", "http.cookiejar"})


def _modules(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[:end]) for end in range(len(parts) - 1, 0, -1))


def ways(effect: Effect, value: str) -> Iterator[str]:
    """Every way to pass `value`: by position and by each keyword, for each argument that counts."""
    for argument in (*effect.arguments, *((effect.also,) if effect.also else ())):
        yield from _passed(argument, value)


def _passed(argument: Argument, value: str) -> Iterator[str]:
    if argument.position is not None:
        yield ", ".join([*["None"] * argument.position, value])
    for keyword in (argument.keyword, *argument.synonyms):
        if keyword is not None:
            yield f"{keyword}={value}"


def stops(source: str, rule: str, *, imports: tuple[str, ...]) -> bool:
    """Whether the rules stop `source` by `rule`, and not because of an import alone."""
    found = analyse(read_program(source.encode()), scope(*imports)).findings
    return any(item.rule_id == rule and item.severity >= Severity.HIGH for item in found)


def imports_for(name: str) -> tuple[str, ...]:
    root = name.partition(".")[0]
    return tuple(sorted({"pandas", root} - {"", "builtins"}))


CASES = [pytest.param(name, effect, id=name) for name, effect in sorted(entries())]


def of_kind(*kinds: str, receivers: bool = True) -> pytest.MarkDecorator:
    """Every entry of these kinds; without those whose path is the object before the dot, if wanted."""
    chosen = [case for case in CASES if case.values[1].kind in kinds]
    chosen = [case for case in chosen if receivers or not case.values[1].receiver]
    assert chosen
    return pytest.mark.parametrize(("name", "effect"), chosen)


@of_kind(*FILES)
def test_a_path_outside_is_stopped_however_it_is_passed(name: str, effect: Effect) -> None:
    if effect.receiver:
        source = f"import pathlib\npathlib.Path({PATH}){name}()\n"
        assert stops(source, "capability.file.outside", imports=("pathlib",))
        return
    for arguments in ways(effect, PATH):
        source = program(name, arguments)
        assert stops(source, "capability.file.outside", imports=imports_for(name)), source


@of_kind("read", receivers=False)  # a path object never is a URL
def test_a_url_given_to_a_reader_is_stopped_however_it_is_passed(name: str, effect: Effect) -> None:
    for arguments in ways(effect, URL):
        source = program(name, arguments)
        assert stops(source, "capability.network.connect", imports=imports_for(name)), source


@of_kind("network", "database")
def test_a_host_is_stopped_however_it_is_passed(name: str, effect: Effect) -> None:
    for arguments in ways(effect, URL):
        source = program(name, arguments)
        assert stops(source, "capability.network.connect", imports=imports_for(name)), source


@of_kind("expression")
def test_an_expression_that_reaches_a_module_is_stopped(name: str, effect: Effect) -> None:
    for arguments in ways(effect, QUERY):
        source = program(name, arguments)
        assert stops(source, "threat.dynamic.expression", imports=imports_for(name)), source


@of_kind("source")
def test_text_that_is_run_as_code_is_stopped(name: str, effect: Effect) -> None:
    for arguments in ways(effect, SOURCE):
        source = program(name, arguments)
        assert stops(source, "threat.dynamic.code", imports=imports_for(name)), source


@of_kind("named")
def test_a_method_with_effects_that_is_named_by_a_text_is_stopped(name: str, effect: Effect) -> None:
    for arguments in ways(effect, "'to_csv'"):
        source = program(name, arguments)
        assert stops(source, "threat.introspection.dynamic", imports=imports_for(name)), source


@of_kind("plugin")
def test_a_module_that_is_named_by_a_text_is_stopped(name: str, effect: Effect) -> None:
    for arguments in ways(effect, "'module://antigravity'"):
        source = program(name, arguments)
        assert stops(source, "threat.dynamic.code", imports=imports_for(name)), source


@of_kind("process")
def test_a_process_is_stopped(name: str, effect: Effect) -> None:
    source = program(name, "['id']")
    assert stops(source, "capability.process.start", imports=imports_for(name)), source


@of_kind(*BY_NAME)
def test_a_name_that_no_argument_makes_harmless_is_stopped(name: str, effect: Effect) -> None:
    # Some of these are granted by listing a module that is about nothing else, such as `threading`: not here.
    imports = ("pandas",) if effect.kind in GRANTED_BY_IMPORT else imports_for(name)
    source = program(name, "'API_TOKEN'")
    assert stops(source, BY_NAME[effect.kind], imports=imports), source


@pytest.mark.parametrize(
    ("name", "effect"), [case for case in CASES if case.values[1].unpickles_with is not None]
)
def test_a_flag_that_unpickles_is_stopped(name: str, effect: Effect) -> None:
    source = program(name, f"'x.npy', {effect.unpickles_with}=True")
    assert stops(source, "threat.dynamic.unpickle", imports=imports_for(name)), source


def test_the_rules_that_are_expected_exist() -> None:
    assert set(BY_NAME.values()) <= set(BY_ID)


def test_every_kind_of_effect_is_tried() -> None:
    by_argument = {"network", "database", "expression", "source", "process", "named", "plugin"}
    untried = {"none", "dump"}  # no effect; and one that many kinds of object share, which the unit tests try
    assert {case.values[1].kind for case in CASES} <= FILES | set(BY_NAME) | by_argument | untried


def test_a_program_that_uses_an_entry_well_is_not_stopped() -> None:
    source = "import numpy\nnumpy.load('x.npy')\nnumpy.savetxt('y.csv', [1])\n"
    found = analyse(read_program(source.encode()), scope("numpy")).findings
    assert not [item for item in found if item.severity >= Severity.HIGH]
