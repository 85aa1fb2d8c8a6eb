"""Evaluates admission policies where cel-python is installed: cases on stdin, the refusing rules on stdout.

    [{"policy": SPEC, "given": {"object": …, "request": …, "params": …}}]  →  [["runtime", …]]

An error of a rule refuses, as with failurePolicy Fail, and is told as "rule: error".
"""

from __future__ import annotations

import json
import sys
from functools import cache
from typing import Any

import celpy

_CEL = celpy.Environment()


@cache
def program(expression: str) -> Any:
    return _CEL.program(_CEL.compile(expression))


def refusals(policy: dict[str, Any], given: dict[str, Any]) -> list[str]:
    known = {name: celpy.json_to_cel(value) for name, value in given.items()}
    for condition in policy.get("matchConditions", ()):
        if not bool(program(condition["expression"]).evaluate(known)):
            return []
    variables: dict[str, Any] = {}
    for variable in policy.get("variables", ()):
        # Names that come before are known to those that follow.
        known["variables"] = celpy.celtypes.MapType(
            {celpy.celtypes.StringType(k): v for k, v in variables.items()}
        )
        variables[variable["name"]] = program(variable["expression"]).evaluate(known)
    known["variables"] = celpy.celtypes.MapType(
        {celpy.celtypes.StringType(k): v for k, v in variables.items()}
    )
    return [found for rule in policy["validations"] if (found := judged(rule, known))]


def judged(rule: dict[str, Any], known: dict[str, Any]) -> str:
    name = rule["message"].partition(":")[0]
    try:
        return "" if bool(program(rule["expression"]).evaluate(known)) else name
    except celpy.CELEvalError as error:
        return f"{name}: {error}"


if __name__ == "__main__":
    json.dump([refusals(case["policy"], case["given"]) for case in json.load(sys.stdin)], sys.stdout)
