"""The JSON Schema of a result, closed: what may stand in `outputs.contract.result` (docs/contract.md 3.3).

Knows keywords of JSON Schema 2020-12 and which values fit them. Must not know results: those are
looked at in the sandbox.
"""

import json
import re
from collections.abc import Hashable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetPydanticSchema,
    StringConstraints,
    WrapValidator,
)
from pydantic import ValidatorFunctionWrapHandler as Handler
from pydantic_core import core_schema


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"must be a regular expression: {error}") from None
    return value


def _no_twice(values: list[Any]) -> list[Any]:
    if len(set(map(_key, values))) < len(values):
        raise ValueError("names the same thing twice; remove one")
    return values


def _key(value: Any) -> Hashable:
    """Equal for equal values."""
    return ("", json.dumps(value)) if isinstance(value, list | dict) else value


def _schema_or_truth(value: Any, handler: Handler) -> Any:
    if not isinstance(value, bool | dict):
        raise ValueError("must be a schema: a mapping, true or false")  # noqa: TRY004 - pydantic's way to refuse
    return value if isinstance(value, bool) else handler(value)


def _type_or_types(value: Any, handler: Handler) -> Any:
    return handler(value if isinstance(value, list) else [value])


_Dialect = Literal["https://json-schema.org/draft/2020-12/schema"]
_Sub = Annotated["_Schema", WrapValidator(_schema_or_truth)]
_Subs = Annotated[list[_Sub], Field(min_length=1, max_length=50)]
_Named = Annotated[dict[str, _Sub], Field(max_length=200)]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0)]
_Pattern = Annotated[str, StringConstraints(max_length=500), AfterValidator(_pattern)]
_Type = Literal["null", "boolean", "object", "array", "number", "integer", "string"]
_Reference = Annotated[str, StringConstraints(pattern=r"^#/\$defs/[A-Za-z0-9_-]+$")]


class _Schema(BaseModel):
    """Each field is a keyword. What is absent stays absent: nothing is filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, protected_namespaces=())

    dialect: Annotated[_Dialect, Field(alias="$schema")] = "https://json-schema.org/draft/2020-12/schema"
    defs: Annotated[
        dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")], _Sub], Field(alias="$defs")
    ] = {}
    ref: Annotated[_Reference, Field(alias="$ref")] = ""
    title: str = ""
    description: str = ""
    type: Annotated[
        list[_Type], Field(min_length=1), AfterValidator(_no_twice), WrapValidator(_type_or_types)
    ] = []
    enum: Annotated[list[Any], Field(min_length=1), AfterValidator(_no_twice)] = []
    const: Any = None
    multipleOf: Annotated[_Number, Field(gt=0)] = 1  # noqa: N815 - keywords are JSON Schema's
    maximum: _Number = 0
    exclusiveMaximum: _Number = 0  # noqa: N815
    minimum: _Number = 0
    exclusiveMinimum: _Number = 0  # noqa: N815
    maxLength: _Count = 0  # noqa: N815
    minLength: _Count = 0  # noqa: N815
    pattern: _Pattern = ""
    items: _Sub | None = None
    prefixItems: _Subs = []  # noqa: N815
    maxItems: _Count = 0  # noqa: N815
    minItems: _Count = 0  # noqa: N815
    uniqueItems: bool = False  # noqa: N815
    properties: _Named = {}
    patternProperties: dict[_Pattern, _Sub] = {}  # noqa: N815
    additionalProperties: _Sub | None = None  # noqa: N815
    required: Annotated[list[str], AfterValidator(_no_twice)] = []
    maxProperties: _Count = 0  # noqa: N815
    minProperties: _Count = 0  # noqa: N815
    propertyNames: _Sub | None = None  # noqa: N815
    allOf: _Subs = []  # noqa: N815
    anyOf: _Subs = []  # noqa: N815
    oneOf: _Subs = []  # noqa: N815
    not_: Annotated[_Sub | None, Field(alias="not")] = None


KEYWORDS: Final = frozenset(field.alias or name for name, field in _Schema.model_fields.items())
"""Those that a scope may use."""
_IN_PLACE: Final = ("allOf", "anyOf", "oneOf")


def _checked(value: Any, handler: core_schema.ValidatorFunctionWrapHandler) -> Mapping[str, Any]:
    handler(value)
    defs = value.get("$defs", {})
    if missing := sorted({ref for ref in _references(value, deep=True) if ref not in defs}):
        raise ValueError(f"$ref: no schema {', '.join(missing)} stands in $defs of the whole; add it")
    if (name := _circular(defs)) is not None:
        raise ValueError(f"$defs.{name} refers to itself at the same place, so it says nothing")
    return value  # type: ignore[no-any-return]


def _references(schema: Any, *, deep: bool) -> Iterator[str]:
    """Names in $defs that a schema refers to: anywhere in it, or for the very value that it is about."""
    if isinstance(schema, list):
        for inner in schema:
            yield from _references(inner, deep=deep)
    elif isinstance(schema, dict):
        if isinstance(ref := schema.get("$ref"), str):
            yield ref.removeprefix("#/$defs/")
        for key, inner in schema.items():
            if (deep and key not in ("const", "enum")) or key in (*_IN_PLACE, "not"):
                yield from _references(inner, deep=deep)


def _circular(defs: Mapping[str, Any]) -> str | None:
    """A name that leads back to itself. Each is looked at once: whoever sent this may have sent thousands."""
    ahead = {name: set(_references(schema, deep=False)) for name, schema in defs.items()}
    try:
        TopologicalSorter(ahead).prepare()
    except CycleError as error:
        return str(min(error.args[1]))
    return None


ResultSchema = Annotated[
    Mapping[str, Any],
    GetPydanticSchema(
        lambda _, handler: core_schema.no_info_wrap_validator_function(
            _checked,
            handler(_Schema),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value),
        )
    ),
]
"""A mapping that is such a schema, as it was written."""
