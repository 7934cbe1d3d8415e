"""A hash of what a picture shows, alike on machines that differ in a number's last digits."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIGITS = 4
"""Significant ones that are kept of a number."""

NOISE = 1e-12
"""Of an array's largest value: what is less is rounding, where the value is 0."""


def digest(content: Any) -> str:
    """SHA-256 of plain values, mappings, lists and arrays; the order of keys is nothing."""
    found = hashlib.sha256()
    _add(found, content)
    return found.hexdigest()


def _add(found: Any, value: Any) -> None:
    if isinstance(value, Mapping):
        _add_mapping(found, value)
    elif isinstance(value, np.ndarray):
        _add_array(found, value)
    elif isinstance(value, list | tuple):
        _add_list(found, value)
    elif isinstance(value, float | np.floating):
        _add_array(found, np.array([value]))
    else:
        found.update(f"{type(value).__name__} {value};".encode())


def _add_mapping(found: Any, value: Mapping[Any, Any]) -> None:
    if set(value) >= {"bdata", "dtype"}:
        numbers = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"])
        _add(found, value.get("shape"))
        _add_array(found, numbers)
        return
    found.update(b"{")
    for key in sorted(value, key=str):
        found.update(f"{key}=".encode())
        _add(found, value[key])
    found.update(b"}")


def _add_list(found: Any, values: list[Any] | tuple[Any, ...]) -> None:
    if values and all(type(value) is float for value in values):
        _add_array(found, np.array(values))
        return
    found.update(b"[")
    for value in values:
        _add(found, value)
    found.update(b"]")


def _add_array(found: Any, values: NDArray[Any]) -> None:
    found.update(f"array {values.shape};".encode())
    if values.dtype.kind == "f":
        found.update(_rounded(values.astype(np.float64).ravel()))
    elif values.dtype.kind in "iub":
        found.update(values.astype(np.int64).tobytes())
    else:
        _add(found, values.tolist())


def _rounded(values: NDArray[np.float64]) -> bytes:
    """Each number as its leading digits and its power of ten."""
    size = np.abs(values)
    finite = np.isfinite(size)
    most = float(size[finite].max(initial=0.0))
    known = finite & (size > NOISE * most)
    power = np.zeros(values.shape, np.int64)
    power[known] = np.floor(np.log10(size[known])).astype(np.int64)
    digits = np.zeros(values.shape, np.int64)
    # In two steps: 10 to the power of 300 and more is infinite.
    scaled = values[known] * 10.0 ** -(power[known] // 2)
    scaled *= 10.0 ** (DIGITS - 1 - power[known] + power[known] // 2)
    digits[known] = np.rint(scaled).astype(np.int64)
    # 9.9996 becomes 10.00, which is 1.000 of the next power.
    full = np.abs(digits) == 10**DIGITS
    digits[full] //= 10
    power[full] += 1
    special = np.select([np.isnan(values), np.isposinf(values), np.isneginf(values)], [1, 2, 3], 0)
    return bytes(np.stack([digits, power, special]).tobytes())
