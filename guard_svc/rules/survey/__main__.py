"""Check the catalogue against the libraries that the sandbox has: `python -m guard_svc.rules.survey --check`.

Knows where the sandbox's interpreter is and what to ask it for. Must not decide what is harmless.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from guard_svc.rules.catalogue import Catalogue, load_catalogue
from guard_svc.rules.survey import skeleton
from guard_svc.rules.survey.check import problems
from guard_svc.rules.survey.harmless import read_harmless
from guard_svc.rules.survey.units import unclassified

SANDBOX: Final = Path(__file__).parents[3] / ".venv-sandbox" / "bin" / "python"
WALK: Final = Path(__file__).with_name("walk.py")
_SECONDS: Final = 300


def plan(catalogue: Catalogue) -> dict[str, dict[str, list[str]]]:
    """What to survey: every library with doors, and the modules of the standard library that are catalogued.

    A module that has one effect as a whole, such as `socket.*`, has nothing left to classify.
    """
    roots = {name.partition(".")[0] for name in (*catalogue.effects, *catalogue.pure)}
    whole = {prefix.rstrip(".") for found in catalogue.patterns.values() for prefix, _ in found}
    modules = sorted((roots & sys.stdlib_module_names) - whole | set(catalogue.doors))
    return {
        name: {"modules": sorted(catalogue.public.get(name, ())), "denied": _denied(catalogue, name)}
        for name in modules
    }


def _denied(catalogue: Catalogue, library: str) -> list[str]:
    tables = catalogue.denied.items()
    return sorted(
        f"{owner}.{part}" for owner, parts in tables if owner.partition(".")[0] == library for part in parts
    )


def run(python: Path, wanted: dict[str, dict[str, list[str]]]) -> dict[str, Any]:
    """Survey the libraries of another interpreter. Raises CalledProcessError when it cannot import one."""
    done = subprocess.run(
        [python, "-P", WALK, json.dumps(wanted)],
        capture_output=True,
        text=True,
        check=True,
        timeout=_SECONDS,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when everything is classified; 1 and one sentence per problem when not."""
    parser = argparse.ArgumentParser(prog="python -m guard_svc.rules.survey", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true", help="say what is not classified, or gone")
    action.add_argument("--write", action="store_true", help="add what is missing, marked `unclassified`")
    action.add_argument("--print", action="store_true", help="print the survey as JSON")
    parser.add_argument("--python", type=Path, default=SANDBOX, help="the interpreter with the libraries")
    options = parser.parse_args(arguments)
    catalogue = load_catalogue()
    survey = run(options.python, plan(catalogue))
    if options.print:
        print(json.dumps(survey, indent=1))
        return 0
    if options.write:
        for line in skeleton.write(unclassified(survey, catalogue, read_harmless())):
            print(line)
    found = problems(survey, catalogue, read_harmless())
    print("\n".join(found) or "Every callable that can reach outside is classified.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
