"""A run as arrays: a NumPy archive of all that was kept, and JSON of what it was.

Index legend: F frames, T timesteps, P probe sequences, Q ≤ P probes of the dear quantities.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz import __version__
from gradviz.config import RunConfig
from gradviz.history import SCALARS, Frame, History, LayerFrame


def as_npz(history: History) -> bytes:
    """The scalars by name, (steps,) each, and of every layer what its frames hold, (F, …).

    `l0.hidden_grad_log10` is beside `l0.hidden_grad_log10.step`, the steps at which it was
    measured. Where frames differ in shape the smaller ones are filled up with nan.
    """
    out = io.BytesIO()
    np.savez_compressed(out, allow_pickle=False, **arrays_of(history))
    return out.getvalue()


def run_json(history: History) -> bytes:
    """Settings, scalars, failure, what the network wrote, and the archive's names and shapes."""
    config = history.config
    kind = "RunConfig" if isinstance(config, RunConfig) else "RecordedConfig"
    said = {
        "gradviz": __version__,
        kind: config.to_dict() if isinstance(config, RunConfig) else asdict(config),
        "floor": history.floor,
        "failure": asdict(history.failure) if history.failure else None,
        "scalars": {name: _listed(history.column(name)) for name in SCALARS},
        "texts": {str(each.step): each.text for each in history.frames if each.text is not None},
        "held_out": [[int(step), _number(loss)] for step, loss in history.held_out()],
        "arrays": {name: list(array.shape) for name, array in arrays_of(history).items()},
    }
    return (json.dumps(said, ensure_ascii=False, default=str, allow_nan=False) + "\n").encode()


def arrays_of(history: History) -> dict[str, NDArray[Any]]:
    """Name to array, as `as_npz` keeps them."""
    found: dict[str, NDArray[Any]] = {name: history.column(name) for name in SCALARS}
    kept: dict[str, list[tuple[int, NDArray[Any]]]] = {}
    for frame in history.frames:
        for name, array in _measured(frame):
            kept.setdefault(name, []).append((frame.step, array))
    for name, each in sorted(kept.items()):
        found[name] = _stacked([array for _, array in each])
        found[f"{name}.step"] = np.array([step for step, _ in each])
    return found


def _measured(frame: Frame) -> Iterator[tuple[str, NDArray[Any]]]:
    """What a frame's layers hold; a number is an array of no axes."""
    for layer, values in frame.layers.items():
        for field in fields(LayerFrame):
            value = getattr(values, field.name)
            many = value if isinstance(value, dict) else {"": value}
            for key, each in many.items():
                if each is not None:
                    yield ".".join(filter(None, [layer, field.name, key])), np.asarray(each)


def _stacked(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    if len({array.shape for array in arrays}) == 1:
        return np.stack(arrays)
    shape = np.max([array.shape for array in arrays], axis=0)
    full = np.full((len(arrays), *shape), np.nan, dtype=np.float32)
    for row, array in zip(full, arrays, strict=True):
        row[tuple(slice(size) for size in array.shape)] = array
    return full


def _listed(column: NDArray[np.float64]) -> list[float | None]:
    return [_number(each) for each in column.tolist()]


def _number(value: float) -> float | None:
    """JSON knows neither nan nor inf."""
    return value if np.isfinite(value) else None
