"""The runs of a file in short, a thousand of them in well under a second.

What cannot be read of one run must not hide the others: it is left out, and said.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from sqlite3 import Connection
from typing import Any, TypeVar

from gradviz.config import RecordedConfig, RunConfig
from gradviz.history import is_reversed
from gradviz.history.records import middle
from gradviz.store.arrays import unpacked
from gradviz.store.configs import from_json

POINTS = 32
"""Losses of a run that a list shows, evenly chosen, the first and the last among them."""

LATEST = 253_000_000_000.0
"""Seconds since 1970 up to the year 9987: a time after it is none that a calendar can show."""


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
    problem: str = ""
    """What of it cannot be read, in a sentence; empty without."""


def infos(connection: Connection, *, deleted: bool) -> list[RunInfo]:
    """All runs, oldest first; those that were deleted or those that were not."""
    usual = connection.text_factory
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    try:
        losses, layers = _losses(connection), _layers(connection)
        found = connection.execute(
            "SELECT id, name, tags, config, versions, started, ended, floor, failure,"
            " (SELECT coalesce(max(step), 0) FROM scalars WHERE run = id)"
            " FROM run WHERE (deleted IS NOT NULL) = ? ORDER BY id",
            (deleted,),
        ).fetchall()
    finally:
        connection.text_factory = usual
    return [_info(each, losses.get(each[0], ()), layers.get(each[0], {})) for each in found]


def _info(row: tuple[Any, ...], losses: tuple[float, ...], layers: dict[str, float]) -> RunInfo:
    run_id, name, tags, config, versions, started, ended, floor, failure, steps = row
    forward = [layer for layer in layers if not is_reversed(layer)] or list(layers)
    parts = _Parts()
    return RunInfo(
        run_id=run_id,
        name=parts.read("name", _text, name, f"run {run_id}"),
        tags=parts.read("tags", _tags, tags, ()),
        config=_known(config),
        versions=parts.read("versions", _versions, versions, {}),
        started=parts.read("start", _seconds, started, 0.0),
        ended=None if ended is None else parts.read("end", _seconds, ended, None),
        steps=parts.read("steps", int, steps, 0),
        floor=None if floor is None else parts.read("floor", float, floor, None),
        failure=parts.read("failure", _failure, failure, ""),
        losses=losses,
        layers=tuple(layers),
        horizon=layers[forward[-1]] if forward else math.nan,
        problem=parts.sentence,
    )


_T = TypeVar("_T")


@dataclass
class _Parts:
    """What a run is made of, with the names of what cannot be read of it."""

    damaged: list[str] = field(default_factory=list)

    def read(self, name: str, kind: Callable[[Any], _T], value: Any, otherwise: _T) -> _T:
        try:
            return kind(value)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            self.damaged.append(name)
            return otherwise

    @property
    def sentence(self) -> str:
        if not self.damaged:
            return ""
        *others, last = self.damaged
        names = f"{', '.join(others)} and {last}" if others else last
        return f"Its {names} cannot be read, for the file is damaged there; it can be deleted."


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _tags(value: Any) -> tuple[str, ...]:
    return tuple(map(_text, _of_kind(json.loads(value), list)))


def _versions(value: Any) -> dict[str, str]:
    found = _of_kind(json.loads(value), dict)
    return {name: _text(version) for name, version in found.items()}


def _of_kind(value: Any, kind: type[_T]) -> _T:
    if not isinstance(value, kind):
        raise TypeError
    return value


def _seconds(value: Any) -> float:
    seconds = float(value)
    if not 0 <= seconds < LATEST:
        raise ValueError
    return seconds


def _known(config: Any) -> RunConfig | RecordedConfig | None:
    try:
        return from_json(config)
    except (ValueError, TypeError):
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
        found.setdefault(run, []).append(loss if isinstance(loss, float | int) else math.nan)
    return {run: tuple(each) for run, each in found.items()}


def _layers(connection: Connection) -> dict[int, dict[str, float]]:
    """By run: layer to horizon at the newest measured step, lowest layer first."""
    found: dict[int, dict[str, float]] = {}
    for run, named, name, shape, value in _newest(connection):
        horizons, layer = found.setdefault(run, {}), str(named)
        horizons.setdefault(layer, math.nan)
        if name == "gradient_horizon":
            with suppress(
                ValueError, TypeError
            ):  # Of a damaged run, which must not hide the others.
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
