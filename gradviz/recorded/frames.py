"""The frames of a run as few arrays, a field of all frames in each, and back.

Index legend: F frames, S steps, C columns of scalars; the other letters are those of `codes`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.config import RunConfig
from gradviz.history import SCALARS, CloseUp, Failure, Floats, Frame, History, LayerFrame
from gradviz.recorded import codes
from gradviz.recorded.header import ArrayHeader, FailureHeader, PlaceHeader, RunHeader

CLOSE_UP = "closeup"
"""The place of the close-ups, beside those of the layers."""

Arrays = dict[str, NDArray[Any]]


def described(label: str, history: History, arrays: Arrays) -> RunHeader:
    """All of a run but its arrays' numbers."""
    assert isinstance(history.config, RunConfig)
    closeup = history.frames[0].closeup if history.frames else None
    place = {each: getattr(closeup, each) for each in PlaceHeader.model_fields} if closeup else None
    words = [list(each.closeup.words) for each in history.frames if each.closeup]
    texts = [frame.text for frame in history.frames]
    losses = [_finite(frame.held_out) for frame in history.frames]
    return RunHeader(
        label=label,
        config=history.config.to_dict(),
        floor=history.floor,
        failure=FailureHeader(**asdict(history.failure)) if history.failure else None,
        frames=[frame.step for frame in history.frames],
        closeup=PlaceHeader(**place) if place else None,
        words=words if any(words) else [],
        texts=texts if any(texts) else [],
        held_out=losses if any(each is not None for each in losses) else [],
        arrays={
            name: ArrayHeader.model_validate({"kind": each.dtype.str, "shape": list(each.shape)})
            for name, each in arrays.items()
        },
    )


def _finite(value: float | None) -> float | None:
    """JSON has no other numbers."""
    return value if value is not None and math.isfinite(value) else None


def arrays_of(history: History) -> Arrays:
    """The arrays of a run by name, packed.

    Raises:
        ValueError: where not every frame holds the same quantities.
    """
    columns = [history.column(name) for name in SCALARS]
    most = float(np.finfo(np.float32).max)
    finite = [np.where(np.isinf(each), each, np.clip(each, -most, most)) for each in columns]
    arrays = {"scalars": np.stack(finite, axis=1).astype("<f4")}
    if any(list(frame.layers) != history.layer_names for frame in history.frames):
        raise ValueError(
            f"frames must all be of {', '.join(history.layer_names)}; a pre-trained network is "
            "recorded without its pre-training."
        )
    for layer in history.layer_names:
        arrays |= _stacked(layer, codes.LAYER, [frame.layers[layer] for frame in history.frames])
    closeups = [frame.closeup for frame in history.frames]
    if any(closeups):
        arrays |= _stacked(CLOSE_UP, codes.CLOSE_UP, closeups)
    return arrays


def _stacked(place: str, table: Mapping[str, codes.Code], frames: list[Any]) -> Arrays:
    """Every field that is not None, of all frames together."""
    found: Arrays = {}
    if any(frame is None for frame in frames):
        raise ValueError(f"{place} must be in every frame or in none")
    for field, code in table.items():
        values = [getattr(frame, field) for frame in frames]
        if all(value is None for value in values):
            continue
        if any(value is None for value in values):
            raise ValueError(f"{place}.{field} must be in every frame or in none")
        if isinstance(values[0], dict):
            for key in values[0]:
                stack = np.stack([value[key] for value in values])
                found[f"{place}/{field}.{key}"] = codes.packed(stack, code)
        else:
            found[f"{place}/{field}"] = codes.packed(np.stack(values), code)
    return found


def history_of(run: RunHeader, columns: list[str], arrays: Arrays) -> History:
    """The run that was described and packed.

    Raises:
        ValueError: for arrays that do not fit together; a ConfigError is one.
        KeyError: for one that is missing.
    """
    config = RunConfig.from_dict(run.config)
    history = History(config, floor=run.floor)
    history.failure = Failure(**run.failure.model_dump()) if run.failure else None
    history.append_scalars(_rows(arrays["scalars"], columns))
    for frame in _frames(run, config.timesteps, arrays):
        history.append_frame(frame)
    return history


def _rows(table: NDArray[Any], columns: list[str]) -> Iterator[tuple[float, ...]]:
    """Steps' scalars in the order of SCALARS; a column that an older gradviz had not is nan."""
    if table.ndim != 2 or table.shape[1] != len(columns) or not len(table):
        raise ValueError(f"its scalars have the shape {table.shape}")
    with np.errstate(invalid="ignore"):
        known = {name: table[:, index].astype(np.float64) for index, name in enumerate(columns)}
        follow = known["step"][0] >= 1 and (np.diff(known["step"]) > 0).all()
    if not follow or not math.isfinite(known["step"][-1]):
        raise ValueError("its steps do not follow one another")
    missing = np.full(len(table), math.nan)
    yield from zip(*(known.get(name, missing).tolist() for name in SCALARS), strict=True)


def _frames(run: RunHeader, timesteps: int, arrays: Arrays) -> Iterator[Frame]:
    sizes = {"F": len(run.frames), "T": timesteps, "U": timesteps + 1, "B": 3, "E": 2}
    places = dict.fromkeys(name.split("/")[0] for name in arrays if "/" in name)
    layers = {each: _fields(each, arrays, dict(sizes)) for each in places if each != CLOSE_UP}
    closeups = _fields(CLOSE_UP, arrays, dict(sizes)) if run.closeup else {}
    if any(each and len(each) != len(run.frames) for each in (run.words, run.texts, run.held_out)):
        raise ValueError("its words are of other frames")
    if any(len(each) not in (0, timesteps) for each in run.words):
        raise ValueError("its words are of other timesteps")
    if run.frames and not layers:
        raise KeyError("the layers")
    for index, step in enumerate(run.frames):
        closeup = None
        if run.closeup:
            words = tuple(run.words[index]) if run.words else ()
            place = {**run.closeup.model_dump(), "words": words}
            closeup = CloseUp(**_at(closeups, index, CloseUp) | place)
        frames = {name: LayerFrame(**_at(each, index, LayerFrame)) for name, each in layers.items()}
        text = run.texts[index] if run.texts else None
        loss = run.held_out[index] if run.held_out else None
        yield Frame(step=step, layers=frames, closeup=closeup, text=text, held_out=loss)


def _fields(place: str, arrays: Arrays, sizes: dict[str, int]) -> dict[str, Any]:
    """Field to array of all frames, or to such arrays by name; each of the shape it should have."""
    table = codes.CLOSE_UP if place == CLOSE_UP else codes.LAYER
    found: dict[str, Any] = {name: {} for name, code in table.items() if code.by_name}
    for name, whole in arrays.items():
        of, _, rest = name.partition("/")
        field, _, key = rest.partition(".")
        # What a newer gradviz measured besides is left out.
        if of != place or field not in table:
            continue
        axes = codes.axes_of(table[field])
        fits = len(axes) == whole.ndim and all(
            sizes.setdefault(axis, size) == size
            for axis, size in zip(axes, whole.shape, strict=True)
        )
        if not fits:
            raise ValueError(f"{name} has the shape {whole.shape}")
        if whole.dtype.kind == "f" and table[field].kind != "exact":
            raise ValueError(f"{name} must hold whole numbers, got {whole.dtype}")
        values = codes.unpacked(whole, table[field])
        if table[field].by_name:
            found[field][key] = values
        else:
            found[field] = values
    missing = [name for name, code in table.items() if not code.optional and name not in found]
    if missing:
        raise KeyError(f"{place}/{missing[0]}")
    return found


def _at(found: Mapping[str, Any], index: int, kind: type) -> dict[str, Any]:
    """One frame's fields."""
    return {each.name: _one(found.get(each.name), index) for each in fields(kind)}


def _one(values: Any, index: int) -> Floats | float | dict[str, Floats] | None:
    if values is None:
        return None
    if isinstance(values, dict):
        return {key: each[index] for key, each in values.items()}
    one: Floats = values[index]
    return one if one.ndim else float(one)
