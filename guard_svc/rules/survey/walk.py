"""What the installed libraries offer: every public callable, and which of its parameters can reach outside.

Runs alone, with the standard library only, under the interpreter whose libraries are to be surveyed:

    python walk.py '{"pandas": {"modules": ["api"], "denied": []}}'

Knows how to import and to look; must not know the catalogue or what is dangerous. It imports what it surveys:
run it on libraries that you would run anyway.
"""

import dis
import importlib
import inspect
import io
import json
import pkgutil
import re
import sys
import types
import warnings
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress

_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_SKIP = re.compile(r"(^|\.)(_|tests?$|tests?\.|conftest|setup$|__main__)")
"""Submodules that are nobody's interface: underscore, tests, build scripts."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PATH_NAMES = _words(
    "archive base_dir base_name basedir buf cache cache_dir cachedir cafile capath certfile cfile "
    "container_path data_home database datafile dir directories directory dirname dst errfile "
    "excel_writer extract_dir fid file file_like file_name file_path filename filename_or_obj filenames "
    "fileobj filepath filepath_or_buffer files fname fnames folder font_path fontfile fp handle infile "
    "input_file io keyfile log_file logfile memory out_file outfile output_file path path_or_buf "
    "path_or_buffer path_or_bytes path_or_file path_or_stream pathname paths pyfile root_dir rootdir "
    "rptfile source_dir src stream stylesheet temp_folder top zipname "
)
URL_NAMES = _words(
    "address base_url baseurl con connection endpoint engine fullurl host hostname proxy server "
    "server_hostname source_address uri url urls "
)
EXPRESSION_NAMES = _words(
    "cmd code command exog_formula expr expression formula formula_like formulas query re_formula script "
    "sql statement stmt vc_formula "
)
CALLABLE_NAMES = _words(
    "aggfunc callable callback converter converters date_parser default_factory factory fn fun func "
    "function hess hook initializer jac object_hook object_pairs_hook parse_float parse_int predicate "
    "preprocessor score_func scoring tokenizer "
)
ACTS = _words(
    "Popen __import__ check_call check_output eval exec fromfile import_module loadtxt makedirs memmap "
    "open popen rmtree run_module savetxt subprocess urlopen urlretrieve webbrowser "
)
"""Functions and modules that a function uses when it acts by itself, whatever its parameters are called."""
_FUNCTIONS_ONLY = _words("eval exec open")
"""Names that count as functions only: as methods, many kinds of object have them."""
PICKLE_NAMES = _words("allow_pickle pickle pickled trusted unpickler ")
_NAMES = (
    ("path", PATH_NAMES),
    ("url", URL_NAMES),
    ("expression", EXPRESSION_NAMES),
    ("callable", CALLABLE_NAMES),
    ("pickle", PICKLE_NAMES),
)
_DOC_KINDS = (
    ("path", re.compile(r"\bpath|\bfile(?!d)|filename|buffer|\bdirectory|\bfolder|file-like", re.I)),
    ("url", re.compile(r"\burls?\b|\buri\b|sqlalchemy|\bhostname", re.I)),
    ("expression", re.compile(r"formula|\bexpression|\bsql\b|query string", re.I)),
    ("callable", re.compile(r"callable|\bfunction\b", re.I)),
    ("pickle", re.compile(r"\bpickle", re.I)),
)
_NOT_A_PATH = re.compile(
    r"path.?effect\w*|path.?patch|\.Path\b|[`~]Path|path ?collection|abstractpath\w*", re.I
)
_SECTION = re.compile(r"^\s*(Other )?Parameters\s*\n\s*-{3,}\s*\n", re.M)
_NEXT_SECTION = re.compile(r"^\s*\S[^\n]*\n\s*-{3,}\s*$", re.M)
_PARAMETER = re.compile(r"^(\s*)([*\w][\w*, ]*?)\s*:\s*(.+)$", re.M)
_ACTS = re.compile(
    r"^(fetch_|download|urlopen|urlretrieve|webbrowser|load_dataset|get_rdataset|webuse)|pickle|clipboard"
)


def survey(library: str, modules: list[str], denied: frozenset[str]) -> dict[str, object]:
    """The public face of one library: version, modules, doors to other modules, and callables of interest.

    `modules` are its submodules, without the library's name; `*` stands for every one that is not private.
    """
    root = importlib.import_module(library)
    names = (
        {library, *_submodules(root)}
        if "*" in modules
        else {library, *(f"{library}.{name}" for name in modules)}
    )
    wanted = sorted(name for name in names if not _lies_in(name, denied))
    loaded = {name: module for name in wanted if (module := _import(name)) is not None}
    found = _Found()
    for name, module in loaded.items():
        for member, value in _members(module):
            if not _lies_in(f"{name}.{member}", denied):
                found.add(f"{name}.{member}", value)
    return {
        "version": str(getattr(root, "__version__", _PYTHON)),
        "modules": sorted(loaded),
        "doors": found.doors,
        "members": found.members,
        "methods": sorted(found.methods),
        "callables": found.callables,
    }


def _lies_in(name: str, denied: frozenset[str]) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:end]) in denied for end in range(1, len(parts) + 1))


class _Found:
    """What the walk of one library has seen."""

    def __init__(self) -> None:
        self.doors: dict[str, str] = {}
        self.members: dict[str, str] = {}
        self.methods: set[str] = set()
        self.callables: dict[str, dict[str, object]] = {}

    def add(self, full: str, value: object) -> None:
        """Note one member of a module."""
        if isinstance(value, types.ModuleType):
            if value.__name__ != full:
                self.doors[full] = value.__name__
        elif callable(value):
            self.members[full] = _identity(value)
            self.callables.update(_describe(full, value))
            if isinstance(value, type):
                self.methods.update(name for name in dir(value) if not name.startswith("_"))


def _submodules(root: types.ModuleType) -> Iterator[str]:
    for item in pkgutil.walk_packages(
        getattr(root, "__path__", ()), root.__name__ + ".", onerror=lambda _: None
    ):
        if not _SKIP.search(item.name):
            yield item.name


def _import(name: str) -> types.ModuleType | None:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit):
        return None


def _members(module: types.ModuleType) -> Iterator[tuple[str, object]]:
    for name in sorted(set(vars(module)) | set(getattr(module, "__all__", ()))):
        if not name.startswith("_"):
            with suppress(Exception):  # lazy attributes of optional parts
                yield name, getattr(module, name)


def _describe(full: str, value: object) -> Iterator[tuple[str, dict[str, object]]]:
    if isinstance(value, type):
        yield from _entry(full, value, "class")
        for member, method in _methods(value):
            yield from _entry(f"{full}.{member}", method, "method")
    elif callable(value):
        yield from _entry(full, value, "function")


def _methods(owner: type) -> Iterator[tuple[str, object]]:
    for name in dir(owner):
        if not name.startswith("_"):
            value = getattr(owner, name, None)
            if callable(value) and not isinstance(value, type):
                yield name, value


def _entry(full: str, value: object, what: str) -> Iterator[tuple[str, dict[str, object]]]:
    signature = _signature(value)
    params = _kinds(signature, inspect.getdoc(value) or "")
    if _ACTS.match(full.rpartition(".")[2]) or _uses(value) & ACTS:
        params[""] = ["act"]
    if params:
        yield full, {"object": _identity(value), "what": what, "params": params, "signature": signature}


def _uses(value: object) -> set[str]:
    """The names that a function written in Python uses in its own body, and in the functions inside it."""
    function = inspect.unwrap(value.__init__ if isinstance(value, type) else value)  # type: ignore[misc,arg-type]
    found: set[str] = set()
    codes = [getattr(function, "__code__", None)]
    for code in codes:
        if isinstance(code, types.CodeType):
            codes.extend(code.co_consts)
            if not ACTS.isdisjoint(code.co_names):
                found.update(filter(None, map(_used, dis.get_instructions(code))))
    return found


def _used(step: dis.Instruction) -> str | None:
    if step.opname in ("LOAD_GLOBAL", "LOAD_NAME", "IMPORT_NAME", "IMPORT_FROM"):
        return str(step.argval)
    attribute = step.opname in ("LOAD_ATTR", "LOAD_METHOD") and step.argval not in _FUNCTIONS_ONLY
    return str(step.argval) if attribute else None


def _identity(value: object) -> str:
    owner = getattr(value, "__objclass__", None)  # methods written in C say where they belong
    module = getattr(owner or value, "__module__", None)
    name = getattr(value, "__qualname__", None)
    if module is None or name is None:
        return f"?.{type(value).__module__}.{type(value).__qualname__}"
    return f"{module}.{name}"


def _signature(value: object) -> list[str] | None:
    try:
        parameters = list(inspect.signature(value).parameters.values())  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return None
    if parameters and parameters[0].name in ("self", "cls"):
        parameters = parameters[1:]
    marks = {"KEYWORD_ONLY": "=", "VAR_POSITIONAL": "*", "VAR_KEYWORD": "**", "POSITIONAL_ONLY": "/"}
    return [marks.get(item.kind.name, "") + item.name for item in parameters]


def _kinds(signature: list[str] | None, doc: str) -> dict[str, list[str]]:
    """What each parameter takes, by its name and by the type that its documentation gives."""
    names = {item.strip("=*/") for item in signature or ()}
    closed = signature is not None and not any(item.startswith("**") for item in signature)
    found: dict[str, set[str]] = {}
    for name in names:
        found.setdefault(name, set()).update(kind for kind, known in _NAMES if name in known)
    for name, described in _documented(doc):
        if name in names or not closed:
            text = _NOT_A_PATH.sub("", described)
            found.setdefault(name, set()).update(kind for kind, it in _DOC_KINDS if it.search(text))
    return {name: sorted(kinds) for name, kinds in sorted(found.items()) if kinds}


def _documented(doc: str) -> Iterator[tuple[str, str]]:
    for start in _SECTION.finditer(doc):
        rest = doc[start.end() :]
        end = _NEXT_SECTION.search(rest)
        for match in _PARAMETER.finditer(rest[: end.start()] if end else rest):
            if not match[1]:
                for name in match[2].split(","):
                    yield name.strip(" *"), match[3]


def main(plan: str) -> None:
    """Print the survey as JSON. `plan` is JSON: {library: {"modules": [...], "denied": [full names]}}."""
    warnings.simplefilter("ignore")
    out = sys.stdout
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        result = {
            library: survey(library, ask["modules"], frozenset(ask["denied"]))
            for library, ask in json.loads(plan).items()
            # The standard library differs between systems; a missing library must not pass in silence.
            if library not in sys.stdlib_module_names or _import(library) is not None
        }
    json.dump(result, out, indent=1, sort_keys=True)


if __name__ == "__main__":
    main(sys.argv[1])
