"""Labelled programs from a file of JSON lines, checked before any is used. Knows files; knows no service."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from placet.rpc.errors import ServiceError

MAX_LINE_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Case:
    """One program to assess; `label` and `category` are empty where nobody gave any."""

    id: str
    label: str
    category: str
    code: str
    task: str
    scope: str = ""
    """Another scope than the evaluation's; empty for that one."""
    plan: bytes = b""
    """The plan of actions that the program was compiled from; empty for none."""
    inputs: tuple[str, ...] = ()
    """Names of the files that came with it, as far as they are known."""


def read_cases(path: Path) -> list[Case]:
    """Every line of a file, checked before the first is assessed.

    Raises:
        ServiceError: EVAL_UNREADABLE, EVAL_MALFORMED (naming the line), EVAL_EMPTY.
    """
    cases = [_case(path, number, line) for number, line in json_lines(path)]
    if not cases:
        raise refused("EVAL_EMPTY", f"{path} has no lines; give one JSON object per line")
    return cases


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file with their line numbers; empty lines are skipped.

    Raises:
        ServiceError: EVAL_UNREADABLE, EVAL_MALFORMED.
    """
    try:
        with path.open("rb") as file:
            yield from _objects(path, file)
    except OSError as error:
        raise refused("EVAL_UNREADABLE", f"{path} cannot be read: {error.strerror}") from error


def refused(reason: str, message: str) -> ServiceError:
    """A request that cannot be answered as it is."""
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, reason, message)


def _objects(path: Path, lines: Iterable[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield number, _object(line)
        except (ValueError, TypeError) as error:
            raise _malformed(path, number, error) from error


def _object(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"longer than {MAX_LINE_BYTES} bytes")
    found = json.loads(line)
    if not isinstance(found, dict):
        raise TypeError("not an object")
    return found


def _case(path: Path, number: int, found: dict[str, Any]) -> Case:
    try:
        case = Case(
            str(found["id"]),
            found["label"],
            found.get("category", ""),
            found["code"],
            found.get("task") or "",
        )
    except KeyError as error:
        raise _malformed(path, number, error) from error
    if not all(isinstance(v, str) for v in (case.label, case.category, case.code, case.task)):
        raise _malformed(path, number, TypeError("a field is not a string"))
    return case


def _malformed(path: Path, number: int, error: Exception) -> ServiceError:
    return refused(
        "EVAL_MALFORMED",
        f"line {number} of {path} is not an object with string id, label, category and code: {error}",
    )
