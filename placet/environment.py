"""Settings out of the environment: variables with a prefix, every problem told at once.

Knows settings as classes of pydantic; must not know what any of them is for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import NoReturn, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

S = TypeVar("S", bound=BaseSettings)


def load(cls: type[S]) -> S:
    """The settings in the environment; on any problem print every one of them and exit with 2."""
    unknown = unknown_variables(cls, os.environ)
    try:
        settings = cls.model_validate({})
    except ValidationError as error:
        _give_up(cls, [*_problems(cls, error), *unknown])
    if unknown:
        _give_up(cls, unknown)
    return settings


def unknown_variables(cls: type[BaseSettings], environment: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that has the prefix and names no setting: most likely a typing error."""
    prefix = cls.model_config.get("env_prefix", "")
    known = {_variable(cls, field) for field in cls.model_fields}
    return [
        f"{name} is not a setting of this service. Known: {', '.join(sorted(known))}"
        for name in sorted(environment)
        if prefix and name.startswith(prefix) and name not in known
    ]


def _problems(cls: type[BaseSettings], error: ValidationError) -> list[str]:
    """One line per problem, by the variable's name; values are not shown, they may be secret."""
    return [
        f"{_variable(cls, str(problem['loc'][0])) if problem['loc'] else 'settings'}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)
    ]


def _variable(cls: type[BaseSettings], field: str) -> str:
    """The environment variable that sets a field."""
    info = cls.model_fields.get(field)
    alias = info.validation_alias if info else None
    return alias if isinstance(alias, str) else f"{cls.model_config.get('env_prefix', '')}{field}".upper()


def _give_up(cls: type[BaseSettings], problems: list[str]) -> NoReturn:
    print(f"{cls.__name__}: {len(problems)} problem(s) in the environment", file=sys.stderr)
    for problem in problems:
        print(f"  {problem}", file=sys.stderr)
    sys.exit(2)
