"""A Frame as rows of the file and back.

Every field of LayerFrame is kept by its name, so that a new quantity needs no line here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from gradviz.history import Floats, Frame, LayerFrame

FLOAT32 = np.dtype("<f4")


class Row(NamedTuple):
    """One array or number of one layer at one step."""

    step: int
    layer: str
    name: str
    """The field's; of an array in a field of many, "gates.forget"."""
    shape: str | None
    """ "3 50"; None for a number."""
    value: bytes | float | None


def rows_of(frame: Frame) -> Iterator[Row]:
    """In the order of the layers and of their fields; what is None has no row."""
    for layer, values in frame.layers.items():
        for field in fields(values):
            value = getattr(values, field.name)
            many = value if isinstance(value, dict) else {"": value}
            for key, each in many.items():
                if each is not None:
                    name = f"{field.name}.{key}" if isinstance(value, dict) else field.name
                    yield Row(frame.step, layer, name, *_packed(each))


def frames_of(rows: Iterable[Row]) -> Iterator[Frame]:
    """The frames of rows in the order of `rows_of`.

    Raises:
        ValueError: for an array that is damaged.
    """
    for step, of_step in groupby(rows, itemgetter(0)):
        layers = {name: _layer(of_layer) for name, of_layer in groupby(of_step, itemgetter(1))}
        yield Frame(step=step, layers=layers)


def _layer(rows: Iterable[Row]) -> LayerFrame:
    found: dict[str, Any] = {field.name: None for field in fields(LayerFrame)} | {"gates": {}}
    for _, _, name, shape, value in rows:
        field, dot, key = name.partition(".")
        # What a newer gradviz measured besides is left out.
        if field in found and dot:
            found[field][key] = _unpacked(shape, value)
        elif field in found:
            found[field] = _unpacked(shape, value)
    if found["hidden_grad_log10"] is None:
        raise ValueError("a layer has no gradients")
    return LayerFrame(**found)


def _packed(value: Floats | float) -> tuple[str | None, bytes | float]:
    if isinstance(value, np.ndarray):
        return " ".join(map(str, value.shape)), value.astype(FLOAT32).tobytes()
    return None, float(value)


def _unpacked(shape: str | None, value: Any) -> Floats | float:
    if shape is None:
        return math.nan if value is None else float(value)
    array: Floats = np.frombuffer(value, FLOAT32).reshape([int(size) for size in shape.split()])
    return array.astype(np.float32)
