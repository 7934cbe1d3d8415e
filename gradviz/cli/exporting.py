"""A saved run as files that other programs read: CSV of its scalars, NPZ with JSON beside it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from gradviz.config import RunConfig
from gradviz.history import SCALARS, History, LayerFrame
from gradviz.store import RunInfo


def write_csv(path: Path, history: History) -> None:
    """A row a step, columns as SCALARS; numbers in full, nan and inf by name.

    Raises:
        OSError: where the file cannot be written.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(SCALARS)
        columns = [history.column(name).tolist() for name in SCALARS]
        for step, *others in zip(*columns, strict=True):
            rows.writerow([int(step), *others])


def write_npz(path: Path, history: History, info: RunInfo) -> Path:
    """Arrays into `path`, settings into a JSON file beside it, whose path is given.

    The arrays are "scalars/loss" (S,) float64, one value a step, and of each measured step
    "frames/10/l0/hidden_grad_log10" (T, P) float32, by step, layer and the field of LayerFrame.

    Raises:
        OSError: where a file cannot be written.
    """
    arrays = {f"scalars/{name}": history.column(name) for name in SCALARS} | dict(_frames(history))
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)
    beside = path.with_suffix(".json")
    config = history.config
    known = {
        "run": info.run_id,
        "name": info.name,
        "tags": info.tags,
        "versions": info.versions,
        "started": info.started,
        "ended": info.ended,
        "floor": history.floor,
        "failure": asdict(history.failure) if history.failure else None,
        "config": config.to_dict() if isinstance(config, RunConfig) else asdict(config),
    }
    beside.write_text(json.dumps(known, indent=1, default=str) + "\n", "utf-8")
    return beside


def _frames(history: History) -> Iterator[tuple[str, Any]]:
    for frame in history.frames:
        for layer, values in frame.layers.items():
            for field in fields(LayerFrame):
                found = getattr(values, field.name)
                many = found if isinstance(found, dict) else {"": found}
                for key, each in many.items():
                    name = ".".join(filter(None, [field.name, key]))
                    if each is not None:
                        yield f"frames/{frame.step}/{layer}/{name}", np.asarray(each)
