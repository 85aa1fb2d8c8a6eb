"""What names may stand for: every way in which Python lets one name lead to another."""

import ast

import pytest

from guard_svc.intake import read_program
from guard_svc.rules.names import Names

PANDAS = "import pandas as pd\n"
WAYS = {
    "alias": "a = pd\na.io",
    "chain of aliases": "a = b = pd\nc = a\nc.io",
    "import from": "from pandas import io as z\nz",
    "import as": "import pandas.io as z\nz",
    "attempted import": "try:\n    import pandas as q\nexcept ImportError:\n    q = None\nq.io",
    "tuple": "a, b = 1, pd\nb.io",
    "star": "a, *b = 1, pd, 2\nb[0].io",
    "walrus": "if (n := pd): n.io",
    "annotated": "a: object = pd\na.io",
    "augmented": "a = []\na += [pd]\na[0].io",
    "for": "for m in [1, pd]: m.io",
    "for over pairs": "for n, m in [(1, pd)]: m.io",
    "for over zip": "for n, m in zip([1], [pd]): m.io",
    "for over enumerate": "for n, m in enumerate([pd]): m.io",
    "for over items": "for n, m in {'x': pd}.items(): m.io",
    "for over values": "for m in {'x': pd}.values(): m.io",
    "comprehension": "[m.io for m in (pd,)]",
    "generator": "next(m for m in (pd,)).io",
    "with": "with pd as m: m.io",
    "parameter": "def f(m): return m.io\nf(pd)",
    "keyword": "def f(*, m): return m.io\nf(m=pd)",
    "default": "def f(m=pd): return m.io",
    "star parameter": "def f(*m): return m[0].io\nf(pd)",
    "keywords parameter": "def f(**m): return m['a'].io\nf(a=pd)",
    "spread": "def f(a, m): return m.io\nf(*[1, pd])",
    "parameter by alias": "def f(m): return m.io\ng = f\ng(pd)",
    "returned": "def f(): return pd\nf().io",
    "yielded": "def f(): yield pd\nnext(f()).io",
    "lambda": "(lambda: pd)().io",
    "lambda's parameter": "(lambda m: m.io)(pd)",
    "handed to map": "list(map(lambda m: m.io, [pd]))",
    "handed to sorted": "sorted([pd], key=lambda m: m.io)",
    "decorator": "def keep(f): return pd\n@keep\ndef g(): pass\ng.io",
    "class attribute": "class A:\n    m = pd\nA.m.io",
    "self attribute": "class A:\n    def __init__(self): self.m = pd\nA().m.io",
    "constructor": "class A:\n    def __init__(self, m): m.io\nA(pd)",
    "inherited": "class A:\n    m = pd\nclass B(A): pass\nB().m.io",
    "method": "class A:\n    def f(self): return pd\nA().f().io",
    "operator": "class A:\n    def __or__(self, m): m.io\nA() | pd",
    "index": "class A:\n    def __class_getitem__(cls, m): m.io\nA[pd]",
    "keyword of a class": "class A:\n    def __init_subclass__(cls, m): m.io\nclass B(A, m=pd): pass",
    "called object": "class A:\n    def __call__(self, m): m.io\na = A()\na(pd)",
    "match attribute": "match pd:\n    case object(io=x): x",
    "match item": "match [pd]:\n    case [m]: m.io",
    "match mapping": "match {'a': pd}:\n    case {'a': m}: m.io",
    "global": "def f():\n    global m\n    m = pd\nm.io",
    "getattr": "getattr(pd, 'i' + 'o')",
    "setattr": "setattr(x, 'm', pd)\nx.m.io",
    "attrgetter": "import operator\noperator.attrgetter('io')(pd)",
    "itemgetter": "import operator\noperator.itemgetter(0)([pd]).io",
    "partial": "import functools\nfunctools.partial(pd.io)",
    "reduce": "import functools\nfunctools.reduce(lambda a, b: a, [pd]).io",
    "list": "a = [1, pd]\na[1].io",
    "dict": "a = {'x': pd}\na['x'].io",
    "get": "a = {'x': pd}\na.get('x').io",
    "pop": "a = [pd]\na.pop().io",
    "append": "a = []\na.append(pd)\na[0].io",
    "item assigned": "a = {}\na['x'] = pd\na['x'].io",
    "update": "a = {}\na.update(x=pd)\na['x'].io",
    "vars": "vars(pd)['io']",
    "__dict__": "pd.__dict__['io']",
    "globals": "globals()['pd'].io",
    "sys.modules": "import sys\nsys.modules['pandas'].io",
    "import_module": "import importlib\nimportlib.import_module('pandas').io",
    "__import__": "__import__('pandas').io",
    "conditional": "(pd if x else 1).io",
    "or": "(x or pd).io",
    "circle": "a = b\nb = c\nc = a\nc = pd\na.io",
    "JSON": "import json\ngetattr(pd, json.loads('{\"a\": \"io\"}')['a'])",
}  # fmt: skip


def reached(program: str) -> set[str]:
    walk = read_program(program.encode()).walk
    names = Names(walk)
    assert not names.overflowed
    return {path for node in walk.nodes if isinstance(node, ast.expr) for path in names.paths(node)}


@pytest.mark.parametrize("way", WAYS)
def test_a_name_is_followed(way: str) -> None:
    assert "pandas.io" in reached(PANDAS + WAYS[way])


CONSTANTS = {
    "sum": "'sec' + 'ret'",
    "long sum": " + ".join(["'s'", "'e'", "'c'", "'r'", "'e'", "'t'"]),
    "f-string": "f'{\"sec\"}ret'",
    "percent": "'%s%s' % ('sec', 'ret')",
    "percent of a mapping": "'%(a)sret' % {'a': 'sec'}",
    "format": "'{}{}'.format('sec', 'ret')",
    "format by number": "'{1}{0}'.format('ret', 'sec')",
    "format by name": "'{a}ret'.format(a='sec')",
    "format_map": "'{a}ret'.format_map({'a': 'sec'})",
    "join": "''.join(['sec', 'ret'])",
    "join of a name": "''.join(parts)",
    "join of a split": "''.join('sec ret'.split())",
    "reversal": "'terces'[::-1]",
    "reversed": "''.join(reversed('terces'))",
    "slice": "'a secret'[2:]",
    "characters": "chr(115) + chr(101) + 'cret'",
    "mapped characters": "''.join(map(chr, [115, 101, 99, 114, 101, 116]))",
    "turned characters": "''.join(chr(n ^ 1) for n in [114, 100, 98, 115, 100, 117])",
    "mapped lambda": "''.join(map(lambda n: chr(n - 1), [116, 102, 100, 115, 102, 117]))",
    "bytes": "bytes([115, 101, 99, 114, 101, 116]).decode()",
    "hex": "bytes.fromhex('736563726574').decode()",
    "to_bytes": "(126879297332596).to_bytes(6, 'big').decode()",
    "base64": "base64.b64decode('c2VjcmV0').decode()",
    "base32": "base64.b32decode('ONSWG4TFOQ======').decode()",
    "rot13": "codecs.decode('frperg', 'rot13')",
    "zlib": "zlib.decompress(bytes.fromhex('789c2b4e4d2e4a2d010008d10287')).decode()",
    "replace": "'sXcrXt'.replace('X', 'e')",
    "translate": "'sXcrXt'.translate(str.maketrans('X', 'e'))",
    "translate by mapping": "'sXcrXt'.translate({88: 'e'})",
    "lower": "'SECRET'.lower()",
    "strip": "'..secret..'.strip('.')",
    "own function": "make('sec')",
    "grown": "grown",
    "a mapping's entry": "{'a': 'secret'}['a']",
    "a mapping's default": "{}.get('a', 'secret')",
    "conditional": "'secret' if x else 'other'",
    "letters": "string.ascii_lowercase[18] + 'ecret'",
    "unbound method": "str.join('', ['sec', 'ret'])",
    "reduce": "functools.reduce(lambda a, b: a + b, ['sec', 'ret'])",
}  # fmt: skip
HEAD = """
import base64, codecs, functools, string, zlib
parts = ["sec", "ret"]
grown = "s"
grown += "ec"
grown = grown + "r"
grown += "et"
def make(text):
    return text + "ret"
"""


@pytest.mark.parametrize("way", CONSTANTS)
def test_a_constant_is_folded(way: str) -> None:
    intake = read_program(f"{HEAD}\nuse({CONSTANTS[way]})\n".encode())
    call = intake.walk.of(ast.Expr)[-1].value
    assert isinstance(call, ast.Call)
    assert "secret" in Names(intake.walk).texts(call.args[0])


def test_what_is_not_known_says_so() -> None:
    intake = read_program(b"def f(a):\n    use(a + 'x')\nf('b')\n")
    call = next(node for node in intake.walk.of(ast.Call) if len(ast.unparse(node)) > 8)
    names = Names(intake.walk)
    assert not names.is_known(call.args[0])
    assert "bx" in names.texts(call.args[0])
