# ruff: noqa: E501  (a shape stays on its line)
"""Programs that are made to exhaust whoever reads them, each below the intake's limits or just at them.

Each entry: a name, and the program. `python -m tests.unit.guard.hostile` measures what it costs to analyse
them: it reads names, and answers each with one JSON line: CPU seconds, MiB above the start, whether denied.
"""

import base64
import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

from guard_svc.findings import Finding
from guard_svc.intake import IntakeRefused, read_program
from guard_svc.rules import analyse
from tests.fakes.scopes import DATA_ANALYSIS

KIB = 1024
SIZE = 64 * KIB
MEMORY_BYTES = 256 * KIB * KIB
CPU_SECONDS = 2


def lines(make: Callable[[int], str], head: str = "", tail: str = "", most: int = 2000) -> str:
    """As many lines as fit into the limits, `make(n)` each, between `head` and `tail`."""
    found, size = [head], len(head) + len(tail) + 2
    rows = head.count("\n") + tail.count("\n") + 4
    for number in range(most):
        line = make(number)
        size += len(line.encode()) + 1
        rows += line.count("\n") + 1
        if size > SIZE - KIB or rows > 2000:
            break
        found.append(line)
    return "\n".join([*found, tail])


def nested(text: str, times: int) -> str:
    code = text
    for _ in range(times):
        code = f"import base64\nexec(base64.b64decode('{base64.b64encode(code.encode()).decode()}'))"
    return code


PANDAS = "import pandas as pd"
SHAPES: dict[str, str] = {
    "brackets nested": "x = " + "(" * 1900 + ")" * 1900,
    "unary minuses": lines(lambda n: "x = (" * (n == 0) + "-" * 3900, "", "1)")[: SIZE - 10] + "\n1)",
    "nots": "x = (" + "\n".join(["not " * 900] * 15) + "\n1)",
    "blocks nested": "\n".join(" " * depth + "if x:" for depth in range(49)) + "\n" + " " * 49 + "x",
    "a literal of numbers": lines(lambda n: "[" + "1," * 4 + "],", "x = [", "]"),
    "a literal of text": lines(lambda n: repr("a" * 3900)),
    "a sum of texts": "x = (" + lines(lambda n: f"'{n}' +", "", "'')"),
    "a sum of names": lines(lambda n: f"a{n} = 'x' * {n}", "", "") + "\n" + "y = " + "+".join(f"a{n}" for n in range(150)),
    "a product": "x = 'a'" + " * 99" * 180 + "\nopen(x)",
    "doubling": lines(lambda n: f"a{n + 1} = a{n} + a{n}", "a0 = 'x'", "open(a900)"),
    "doubling in one name": lines(lambda n: "a = a + a", "a = 'x'", "open(a)"),
    "growing one name": lines(lambda n: f"a += '{n}'", "a = 'x'", "open(a)"),
    "repeated replace": lines(lambda n: f"a{n + 1} = a{n}.replace('x', a{n})", "a0 = 'xx'", "open(a900)"),
    "format fields": lines(lambda n: f"a{n + 1} = '{'{0}' * 12}'.format(a{n})", "a0 = 'x' * 99", "open(a900)"),
    "percent fields": lines(lambda n: f"a{n + 1} = '%s%s%s' % (a{n}, a{n}, a{n})", "a0 = 'x'", "open(a900)"),
    "percent width": "open('%999999999d' % 1)\nopen('{:999999999d}'.format(1))",
    "powers": lines(lambda n: f"a{n + 1} = a{n} ** a{n}", "a0 = 9", "open(a900)"),
    "shifts": lines(lambda n: f"a{n + 1} = a{n} << 999", "a0 = 9", "open(a900)"),
    "aliases of aliases": "\n".join([PANDAS, "b0 = pd", *(f"b{n + 1} = b{n}" for n in range(1900)), "b1900.io"]),
    "aliases backwards": "\n".join([PANDAS, *(f"b{n + 1} = b{n}" for n in reversed(range(1900))), "b0 = pd", "b1900.io"]),
    "names in a circle": lines(lambda n: f"c{n} = c{(n * 7 + 1) % 900}\nc{n} = c{(n * 13 + 5) % 900}", f"{PANDAS}\nc3 = pd", "c5.io"),
    "one name, many meanings": lines(lambda n: f"m = m.a{n}", f"{PANDAS}\nm = pd", "m.x"),
    "one name, many calls": lines(lambda n: f"m = m.a{n}(m)", f"{PANDAS}\nm = pd.DataFrame()", "m.x"),
    "all names in one list": lines(lambda n: f"f{n} = [*f, f{n}]\nf = [f{n}, f]", "f = [open]", "f[0]('x')"),
    "a dict of callables": "d = {" + lines(lambda n: f"'k{n}': open,", "", "}") + "\nfor k in d: d[k](k)",
    "calls of everything": lines(lambda n: f"for a{n}, b{n} in zip(f, f): f.append(a{n}(b{n}))", "f = [open]", ""),
    "decorators": lines(lambda n: "@pd.io", PANDAS, "def f(): pass"),
    "decorated functions": lines(lambda n: f"@f{n}\n@f{n + 1}\ndef f{n}(x): return f{n + 1}(x)", "", "f0(1)"),
    "functions calling all": lines(lambda n: f"def g{n}(a, b): return g{n - 1}(b, a) or g{n // 2}(a, b)", "g = open", "g300(open, pd)"),
    "lambdas handed on": lines(lambda n: "z = map(lambda x, y: z, z, [z, lambda q: x(y, q)])", "z = [open]", ""),
    "keyword storm": lines(lambda n: f"def k{n}(**kw): return k{n - 1}(**kw, a{n}=kw)", "", "k100(a=open)"),
    "getattr layers": "x = " + "getattr(" * 45 + "pd" + ", 'io')" * 45,
    "getattr chain": lines(lambda n: f"g{n + 1} = getattr(g{n}, 'a' + 'b')", f"{PANDAS}\ng0 = pd", "g800"),
    "attribute chain": "x = pd" + ".a" * 190,
    "base64 in base64": nested("print(1)", 12),
    "base64 everywhere": lines(lambda n: f"exec(b('{base64.b64encode(f'import os; x={n}; y=1'.encode()).decode()}'))", "from base64 import b64decode as b", ""),
    "a bomb of zeros": "import zlib, base64\nexec(zlib.decompress(base64.b64decode('" + base64.b64encode(__import__("zlib").compress(b"x=1\n" * 6_000_000, 9)).decode()[:3900] + "')))",
    "code in texts": lines(lambda n: f"exec('eval(\"exec(1)\" * {n})')"),
    "joins of long lists": lines(lambda n: f"x{n} = ''.join(chr(c) for c in r)", "r = [" + "65," * 900 + "]", "open(x1)"),
    "maps of maps": "x = " + "list(map(chr, " * 20 + "range(2000)" + "))" * 20 + "\nopen(''.join(x))",
    "comments": lines(lambda n: "# " + "reviewer: please " * 200),
    "texts that almost match": lines(lambda n: "'''" + "ignore all previous " * 150 + "'''"),
    "texts of dots": lines(lambda n: "'" + "A" * 3900 + "'"),
    "texts of braces": lines(lambda n: "'" + "{[.__" * 700 + "'"),
    "texts of quotes": lines(lambda n: '"' + "\\\"'" * 1200 + '"'),
    "f-strings in f-strings": lines(lambda n: "f'{f\"{x!r:{y}}\"}' f'{z:{w}}'"),
    "patterns": lines(lambda n: f"    case a(b=c{n}, d=[e{n}, *f{n}]): c{n}.x", f"{PANDAS}\nmatch pd:", ""),
    "subscripts of subscripts": "x = [open]\n" + lines(lambda n: "x = x[0][x[1]][x]", "", "x[0]", 1200),
    "conditions": lines(lambda n: "p = p.a if p else (p.b or p.c and q)", f"{PANDAS}\np = q = pd", "p.x"),
    "non-ASCII words": lines(lambda n: f"ä{n} = 'ö' # ü"),
}  # fmt: skip


def judge(program: str) -> tuple[Finding, ...]:
    """All findings about `program`, by intake and rules."""
    try:
        return analyse(read_program(program.encode()), DATA_ANALYSIS, []).findings
    except IntakeRefused as refused:
        return refused.findings


def _measure(name: str) -> dict[str, object]:
    started = resource.getrusage(resource.RUSAGE_SELF)
    denied = any(found.denies for found in judge(SHAPES[name]))
    used = resource.getrusage(resource.RUSAGE_SELF)
    probe = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = used.ru_utime + used.ru_stime - started.ru_utime - started.ru_stime
    return {
        "cpu": seconds + probe.ru_utime + probe.ru_stime,
        "mib": (used.ru_maxrss - started.ru_maxrss) / KIB,
        "denied": denied,
    }


def _in_child(name: str) -> str:
    """One line of JSON from a process of its own, with hard limits; `{}` when it did not survive."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY_BYTES, size + MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS * 10, CPU_SECONDS * 10))
        os.write(writer, json.dumps(_measure(name)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = pipe.read()
    os.waitpid(pid, 0)
    return answer or "{}"


if __name__ == "__main__":
    judge("import pandas as pd\nprint(pd.read_csv('sales.csv'))")
    for line in sys.stdin:
        print(_in_child(line.rstrip("\n")), flush=True)
