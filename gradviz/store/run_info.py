"""The runs of a file in short, a thousand of them in well under a second."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any

from gradviz.config import RecordedConfig, RunConfig
from gradviz.history import is_reversed
from gradviz.history.records import middle
from gradviz.store.arrays import unpacked
from gradviz.store.configs import from_json

POINTS = 32
"""Losses of a run that a list shows, evenly chosen, the first and the last among them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunInfo:
    """One run of a file, in short."""

    run_id: int
    name: str
    tags: tuple[str, ...]
    config: RunConfig | RecordedConfig | None
    """None for settings that this gradviz does not know."""
    versions: dict[str, str]
    """Package to version, of what trained it."""
    started: float
    """Seconds since 1970."""
    ended: float | None
    """None while it goes on, and for one that was killed."""
    steps: int
    floor: float | None
    """Loss of having learned nothing, where it is known."""
    failure: str
    """The first number that was not finite, in words; empty without."""
    losses: tuple[float, ...]
    """Of at most POINTS steps; nan where it was not finite."""
    layers: tuple[str, ...]
    """Of its newest measured step, lowest first."""
    horizon: float
    """Timesteps back, of the top layer's middle probe at that step; inf if there is none, nan if
    it is not known."""


def infos(connection: Connection, *, deleted: bool) -> list[RunInfo]:
    """All runs, oldest first; those that were deleted or those that were not.

    Raises:
        ValueError: for a run that is damaged.
    """
    losses, layers = _losses(connection), _layers(connection)
    found = connection.execute(
        "SELECT id, name, tags, config, versions, started, ended, floor, failure,"
        " (SELECT coalesce(max(step), 0) FROM scalars WHERE run = id)"
        " FROM run WHERE (deleted IS NOT NULL) = ? ORDER BY id",
        (deleted,),
    ).fetchall()
    return [_info(each, losses.get(each[0], ()), layers.get(each[0], {})) for each in found]


def _info(row: tuple[Any, ...], losses: tuple[float, ...], layers: dict[str, float]) -> RunInfo:
    run_id, name, tags, config, versions, started, ended, floor, failure, steps = row
    forward = [layer for layer in layers if not is_reversed(layer)] or list(layers)
    return RunInfo(
        run_id=run_id,
        name=name,
        tags=tuple(json.loads(tags)),
        config=_known(config),
        versions=json.loads(versions),
        started=started,
        ended=ended,
        steps=steps,
        floor=floor,
        failure=_failure(failure),
        losses=losses,
        layers=tuple(layers),
        horizon=layers[forward[-1]] if forward else math.nan,
    )


def _known(config: str) -> RunConfig | RecordedConfig | None:
    try:
        return from_json(config)
    except ValueError:
        return None


def _failure(text: str | None) -> str:
    if not text:
        return ""
    found = json.loads(text)
    return f"{found['kind']} in {found['tensor']} at step {found['step']:,}"


def _losses(connection: Connection) -> dict[int, tuple[float, ...]]:
    """By run: the loss of the first step at or after each of POINTS places, evenly spread."""
    rows = connection.execute(
        "WITH RECURSIVE place (k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM place WHERE k < ?),"
        " ends AS MATERIALIZED (SELECT id AS run,"
        "  (SELECT min(step) FROM scalars WHERE run = id) AS first,"
        "  (SELECT max(step) FROM scalars WHERE run = id) AS last FROM run)"
        " SELECT run, (SELECT loss FROM scalars WHERE run = ends.run"
        "  AND step >= first + k * (last - first) / max(1, min(?, last - first))"
        "  ORDER BY step LIMIT 1)"
        " FROM ends, place WHERE last IS NOT NULL AND k <= last - first ORDER BY run, k",
        (POINTS - 1, POINTS - 1),
    )
    found: dict[int, list[float]] = {}
    for run, loss in rows:
        found.setdefault(run, []).append(math.nan if loss is None else loss)
    return {run: tuple(each) for run, each in found.items()}


def _layers(connection: Connection) -> dict[int, dict[str, float]]:
    """By run: layer to horizon at the newest measured step, lowest layer first."""
    found: dict[int, dict[str, float]] = {}
    for run, layer, name, shape, value in _newest(connection):
        horizons = found.setdefault(run, {})
        horizons.setdefault(layer, math.nan)
        if name == "gradient_horizon":
            with suppress(ValueError):  # Of a damaged run, which must not hide the others.
                horizons[layer] = middle(unpacked(shape, value))
    return found


def _newest(connection: Connection) -> Iterator[tuple[Any, ...]]:
    # CROSS, for else SQLite scans all of `measured`: 15 times as long.
    return connection.execute(
        "SELECT measured.run, layer, measured.name, shape,"
        " CASE WHEN measured.name = 'gradient_horizon' THEN value END FROM run"
        " CROSS JOIN measured ON measured.run = run.id"
        " AND step = (SELECT max(step) FROM measured WHERE run = run.id)"
        " WHERE measured.name IN ('gradient_horizon', 'hidden_grad_log10')"
        " ORDER BY measured.run, measured.rowid"
    )
