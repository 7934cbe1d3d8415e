"""A Frame as rows of the file and back.

Every field of LayerFrame and CloseUp is kept by its name, so that a new quantity needs no line
here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, fields
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from gradviz.history import CloseUp, Frame, LayerFrame

OF_FRAME = ""
"""In place of a layer's name: what a frame has besides its layers."""

CLOSE_UP = "closeup."
"""Before the fields of a frame's close-up."""

JSON = "json"
"""In place of a shape: a word, a whole number or a list of words."""

_KINDS: Mapping[str, np.dtype[Any]] = MappingProxyType(
    {"f4": np.dtype("<f4"), "f8": np.dtype("<f8"), "c8": np.dtype("<c8")}
)
"""Before a shape, where it is not float32."""


class Row(NamedTuple):
    """One array or number of one layer at one step."""

    step: int
    layer: str
    name: str
    """The field's; of an array in a field of many, "gates.forget"."""
    shape: str | None
    """ "3 50", of another kind than float32 "c8 64"; JSON; None for a number."""
    value: bytes | float | str | None


def rows_of(frame: Frame) -> Iterator[Row]:
    """In the order of the layers and of their fields; what is None has no row."""
    for layer, values in frame.layers.items():
        yield from _rows(frame.step, layer, "", values)
    if frame.closeup is not None:
        yield from _rows(frame.step, OF_FRAME, CLOSE_UP, frame.closeup)
    for name in ("text", "held_out"):
        value = getattr(frame, name)
        if value is not None:
            yield Row(frame.step, OF_FRAME, name, *_packed(value))


def _rows(step: int, layer: str, before: str, values: LayerFrame | CloseUp) -> Iterator[Row]:
    for field in fields(values):
        value = getattr(values, field.name)
        many = value if isinstance(value, dict) else {"": value}
        for key, each in many.items():
            if each is not None:
                name = f"{field.name}.{key}" if isinstance(value, dict) else field.name
                yield Row(step, layer, before + name, *_packed(each))


def frames_of(rows: Iterable[Row]) -> Iterator[Frame]:
    """The frames of rows in the order of `rows_of`.

    Raises:
        ValueError: for an array that is damaged.
    """
    for step, of_step in groupby(rows, itemgetter(0)):
        layers = {}
        rest: dict[str, Any] = {}
        for layer, of_layer in groupby(of_step, itemgetter(1)):
            named = [(name, unpacked(shape, value)) for _, _, name, shape, value in of_layer]
            if layer == OF_FRAME:
                rest = _of_frame(named)
            else:
                layers[layer] = LayerFrame(**_values(LayerFrame, named))
        yield Frame(step=step, layers=layers, **rest)


def _of_frame(named: list[tuple[str, Any]]) -> dict[str, Any]:
    """A frame's own fields; what a newer gradviz kept besides is left out."""
    found: dict[str, Any] = {name: value for name, value in named if name in ("text", "held_out")}
    closeup = [(name[len(CLOSE_UP) :], value) for name, value in named if name[:8] == CLOSE_UP]
    if closeup:
        found["closeup"] = CloseUp(**_values(CloseUp, closeup))
    return found


def _values(kind: type[LayerFrame | CloseUp], named: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Field to value; None where there is no row."""
    known = {field.name: field for field in fields(kind)}
    found: dict[str, Any] = {
        name: {} if str(field.type).startswith("dict") else None
        for name, field in known.items()
        if field.default is MISSING
    }
    for name, value in named:
        field, dot, key = name.partition(".")
        if field in known and dot:
            found[field][key] = value
        elif field in known:
            found[field] = value
    if found.get("hidden_grad_log10" if kind is LayerFrame else "hidden") is None:
        raise ValueError("a layer has no gradients" if kind is LayerFrame else "a close-up is bare")
    return found


def _packed(value: Any) -> tuple[str | None, bytes | float | str]:
    if isinstance(value, np.ndarray):
        kind = {"f8": "f8", "c8": "c8", "c16": "c8"}.get(value.dtype.str[1:], "f4")
        before = [] if kind == "f4" else [kind]
        shape = " ".join([*before, *map(str, value.shape)])
        return shape, value.astype(_KINDS[kind]).tobytes()
    if isinstance(value, str | int | tuple):
        return JSON, json.dumps(value)
    return None, float(value)


def unpacked(shape: str | None, value: Any) -> Any:
    """A row's array, number or words."""
    if shape is None:
        return math.nan if value is None else float(value)
    if shape == JSON:
        found = json.loads(value)
        return tuple(found) if isinstance(found, list) else found
    kind, *sizes = shape.split() if shape[:2] in _KINDS else ["f4", *shape.split()]
    array = np.frombuffer(value, _KINDS[kind]).reshape([int(size) for size in sizes])
    return array.astype(_KINDS[kind].newbyteorder("="))
