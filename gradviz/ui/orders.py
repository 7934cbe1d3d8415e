"""Orders from the pictures' component: what its buttons ask for, each obeyed once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import streamlit as st

from gradviz.ui import stage_runs
from gradviz.ui.session import session
from gradviz.ui.stage import Stage

LONGEST_ATTACH = 10_000
"""Characters in which a reloaded tab names its runs, at most."""


def component_key(stage: Stage) -> str:
    """Key of the pictures' component; its state lies in st.session_state under it."""
    return f"pictures_{stage.key}"


def obey_orders(key: str) -> None:
    """Do what the buttons of a stage's pictures asked for, every order once."""
    stage = session().stages.get(key)
    given = st.session_state.get(component_key(stage)) if stage else None
    if stage is None or not given:
        return
    for each in given["orders"] or []:
        if each["id"] > stage.handled:
            stage.handled = each["id"]
            stage.active_at = time.monotonic()
            order = _ORDERS.get(each["order"])
            if order:
                order(stage, each["value"])


def _play(stage: Stage, value: object) -> None:
    for run in stage.ids or stage_runs.open_runs(stage):
        stage_runs.train(stage, run)


def _pause(stage: Stage, value: object) -> None:
    stage_runs.pause(stage)


def _step(stage: Stage, value: object) -> None:
    if isinstance(value, int) and value in {1, 10, 100}:
        stage_runs.step(stage, int(value))


def _reset(stage: Stage, value: object) -> None:
    stage_runs.reset(stage)


def _scrub(stage: Stage, value: object) -> None:
    stage.scrub = int(value) if isinstance(value, int | float) else None


def _missing(stage: Stage, value: object) -> None:
    """The browser was overtaken by a newer message and wants the pictures whole."""
    stage.fresh = True


def _point(stage: Stage, value: object) -> None:
    if stage.lesson.at_point and isinstance(value, dict):
        stage.lesson.at_point(stage, value)


def _attach(stage: Stage, value: object) -> None:
    """After a reload the tab still knows its runs: take part in them again."""
    if not stage.runs:
        stage_runs.attach(stage, _named_runs(value))


def _named_runs(value: object) -> dict[str, list[str]]:
    """Ids by label, as `live_message` gave them to the browser; empty for anything else."""
    try:
        found = json.loads(value) if isinstance(value, str) and len(value) < LONGEST_ATTACH else {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    right = all(
        isinstance(names, list) and names and all(isinstance(name, str) for name in names)
        for names in found.values()
    )
    return found if right else {}


def _export(stage: Stage, value: object) -> None:
    """The whole page's rerun that follows opens the form."""
    session().export_asked, session().export_picture = stage.key, str(value)


_ORDERS: Mapping[str, Callable[[Stage, Any], None]] = MappingProxyType(
    {
        "play": _play,
        "pause": _pause,
        "step": _step,
        "reset": _reset,
        "scrub": _scrub,
        "missing": _missing,
        "attach": _attach,
        "point": _point,
        "export": _export,
    }
)
