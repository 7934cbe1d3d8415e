"""The settings of a run, one by one: what each is, what it may be, and that in words."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, get_args, get_origin

from gradviz.config.basics import Basics
from gradviz.config.remedy_fields import RemedyFields
from gradviz.config.shown import number, shown


class Fields(RemedyFields, Basics):
    """What RunConfig is made of."""


_WORDED = {"data": "empty, or the 16 digits 0…9, a…f of data that were uploaded"}
"""What a field of text may be."""


def allowed(name: str) -> str:
    """What a field may be, in words: "1…512", "one of norm, value"."""
    if name in _WORDED:
        return _WORDED[name]
    field = Fields.model_fields[name]
    if field.annotation is bool:
        return "true or false"
    choices = _choices(field.annotation)
    if choices:
        return "one of " + ", ".join(choices)
    low, high, below = bounds(name)
    return f"{number(low)}…{'below ' if below else ''}{number(high)}"


@cache  # A schema takes pydantic 6 ms to make, and a page asks for ten.
def bounds(name: str) -> tuple[float, float, bool]:
    """Least and greatest value of a numeric field; True where the greatest is excluded."""
    schema = Fields.model_json_schema()["properties"][name]
    schema = schema if "anyOf" not in schema else schema["anyOf"][0]
    below = "exclusiveMaximum" in schema
    return schema["minimum"], schema["exclusiveMaximum" if below else "maximum"], below


def choices(name: str) -> tuple[str, ...]:
    """The values of a field that is chosen from a list, or is yes or no; empty for a number."""
    return _choices(Fields.model_fields[name].annotation)


def is_optional(name: str) -> bool:
    """Whether a field may be left empty, which leaves it to the cell or to PyTorch."""
    return type(None) in get_args(Fields.model_fields[name].annotation)


def _choices(annotation: Any) -> tuple[str, ...]:
    if annotation is bool:
        return ("False", "True")
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def must_be(name: str, span: str, got: Any, task: str = "") -> str:
    """The sentence for a value out of range."""
    kind = "a whole number, " if _is_whole(name) else "a number, "
    kind = "" if choices(name) or name in _WORDED else kind
    return f"{name} must be {kind}{span}{f' for {task}' if task else ''}, got {shown(got)}."


def _is_whole(name: str) -> bool:
    return Fields.model_fields[name].annotation is int
