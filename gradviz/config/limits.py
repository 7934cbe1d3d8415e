"""Limits of a server that many share: how much one session, one run and one file may take.

Read once, when gradviz is first imported: from the TOML file that $GRADVIZ_LIMITS names, and
above it from the environment, where `steps` is GRADVIZ_LIMIT_STEPS. `python -m gradviz limits`
shows those in force. No torch, no streamlit.
"""

from __future__ import annotations

import logging
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from gradviz.config.shown import shown

FILE = "GRADVIZ_LIMITS"
PREFIX = "GRADVIZ_LIMIT_"


def _limit(default: float, low: float, high: float, text: str) -> Any:
    """A limit, its range and what it bounds, for the table, the file and the sentences."""
    return field(default=default, metadata={"low": low, "high": high, "text": text})


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What is allowed; each field's text says of what, and in which unit."""

    workers: int = _limit(
        0, 0, 256, "Processes that train; 0 takes one a core but one, and at least one."
    )
    runs_a_session: int = _limit(
        40, 20, 1000, "Open runs of one tab; the oldest gives way. Compare has a quarter in seeds."
    )
    frames_mb_a_session: int = _limit(
        144, 48, 100_000, "Memory for the pictures of one tab's runs in MB; the oldest gives way."
    )
    steps: int = _limit(1_000_000, 2_000, 10**9, "Steps of one run; there it stops, and says so.")
    step_seconds: float = _limit(
        2.0, 0.5, 600, "CPU seconds of one step, and twice that where it is measured."
    )
    work_budget: int = _limit(
        1_000_000_000,
        50_000_000,
        10**11,
        "Largest hidden_size² · timesteps · batch_size · num_layers of one step.",
    )
    word_budget: int = _limit(
        5_000_000_000,
        1_000_000_000,
        10**11,
        "Likewise (hidden_size + 256) · vocabulary_size · timesteps · batch_size.",
    )
    upload_mb: int = _limit(5, 1, 200, "Size of one uploaded file in MB.")
    shelf_mb: int = _limit(
        64, 16, 100_000, "All uploads together in MB; what was not used for longest goes first."
    )
    saving: int = _limit(
        1, 0, 1, "1: everyone saves, renames, imports and deletes runs; 0: they are only looked at."
    )


NAMES = tuple(each.name for each in fields(Limits))


def variable(name: str) -> str:
    """The environment's name of a limit."""
    return PREFIX + name.upper()


def span_of(name: str) -> tuple[float, float, str]:
    """The least and the greatest that a limit may be, and what it bounds."""
    (found,) = (each for each in fields(Limits) if each.name == name)
    return found.metadata["low"], found.metadata["high"], found.metadata["text"]


def read_limits(environment: Mapping[str, str]) -> tuple[Limits, list[str]]:
    """The limits that a settings file and the environment ask for.

    Returns:
        The limits, and a sentence for each thing that cannot be; it keeps its default, so that a
        slip never leaves a server without limits.
    """
    path = environment.get(FILE, "")
    limits, problems = Limits(), []
    try:
        in_file = tomllib.loads(Path(path).read_text("utf-8")) if path else {}
    except (OSError, ValueError) as error:
        in_file, cause = {}, getattr(error, "strerror", None) or error
        problems.append(f"${FILE} must name a TOML file, got {shown(path)}: {cause}.")
    asked = [(name, value, path) for name, value in in_file.items()]
    for key, text in environment.items():
        if key.startswith(PREFIX) and text:
            asked.append((key.removeprefix(PREFIX).lower(), text, f"${key}"))
    for name, value, place in asked:
        try:
            limits = replace(limits, **{name: _value(name, value)})  # type: ignore[arg-type]
        except ValueError as error:
            problems.append(f"{place}: {error}")
    return limits, problems


def in_toml(limits: Limits) -> str:
    """Limits as a settings file that says what each is."""
    lines = [
        "# Limits of a gradviz server. Name this file in $GRADVIZ_LIMITS; what it leaves out has",
        "# its default, and $GRADVIZ_LIMIT_STEPS is above `steps` here. docs/deploy.md says more.",
    ]
    for name in NAMES:
        low, high, text = span_of(name)
        value = f"{getattr(limits, name):_}"
        lines += ["", f"# {text} {_grouped(low)}…{_grouped(high)}.", f"{name} = {value}"]
    return "\n".join(lines) + "\n"


def in_table(limits: Limits) -> list[tuple[str, str, str, str]]:
    """Name, value, range and words of each."""
    rows = []
    for name in NAMES:
        low, high, text = span_of(name)
        value = getattr(limits, name)
        rows.append((name, _grouped(value), f"{_grouped(low)}…{_grouped(high)}", text))
    return rows


def _grouped(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _value(name: str, given: Any) -> float:
    """What was given for a limit, as its number.

    Raises:
        ValueError: where it is none, is out of range, or there is no such limit.
    """
    if name not in NAMES:
        raise ValueError(f"There is no limit {shown(name)}; there are {', '.join(NAMES)}.")
    low, high, _ = span_of(name)
    is_whole = isinstance(getattr(Limits(), name), int)
    try:
        if isinstance(given, bool):
            raise TypeError
        value = float(given)
        if not low <= value <= high or (is_whole and value != int(value)):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        kind = "a whole number" if is_whole else "a number"
        raise ValueError(
            f"{name} must be {kind}, {_grouped(low)}…{_grouped(high)}, got {shown(given)}; "
            f"{_grouped(getattr(Limits(), name))} is used."
        ) from None
    return int(value) if is_whole else value


LIMITS, PROBLEMS = read_limits(os.environ)
for _problem in PROBLEMS:
    logging.getLogger("gradviz").warning(_problem)
