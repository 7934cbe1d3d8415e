"""What the Gates page asks for: cell, forget bias, task, and which sequence to look at."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from gradviz.config import CELLS, RunConfig, label_of, word_of
from gradviz.config.shown import shown
from gradviz.history import CloseUpRequest, is_reversed
from gradviz.ui import controls, setting_changes, stage_runs, training
from gradviz.ui.lesson import Query
from gradviz.ui.stage import Stage
from gradviz.ui.widgets import bound

ON_TOP = ("cell", "forget_bias", "task")
"""The settings that stand above the pictures."""

BIASES: tuple[float | None, ...] = (None, *(half / 2 for half in range(-4, 13)))
"""The slider's places; None is the cell's own."""

_OWN = ("sequence", "layer", "sort")
"""The page's own words in a URL."""

_BIAS = "gates_forget_bias"
_SEQUENCE, _LAYER, _SORT = "gates_sequence", "gates_layer", "gates_by_mean"


@dataclass(frozen=True, kw_only=True, slots=True)
class GatesView:
    """How the maps are drawn."""

    by_mean: bool = False
    """Whether the units are sorted by the mean of the gate that keeps."""


def view_of(stage: Stage) -> GatesView:
    """The stage's, which has none before its first change."""
    return stage.extra if isinstance(stage.extra, GatesView) else GatesView()


def sidebar(stage: Stage) -> None:
    """The scenarios, and the settings that this lesson is not about."""
    with st.sidebar:
        training.scenario_choice(stage)
        training.undo_and_defaults(stage)
        _sort(stage)
        with st.expander("More settings"):
            controls.settings(stage, setting_changes.setting_changed, without=ON_TOP)


def controls_on_top(stage: Stage) -> None:
    """What the lesson turns, in one row where there is room."""
    _look_inside(stage)
    with st.container(key="on_top", horizontal=True, vertical_alignment="bottom"):
        fields = controls.fields_of(stage, setting_changes.setting_changed)
        with st.container(width=170):
            fields.choice("cell")
        _forget_bias(stage)
        with st.container(width=190):
            fields.choice("task")
        _sequence(stage)
        if len(_layers(stage.config)) > 1:
            _layer(stage)


def take_query(stage: Stage, query: Query) -> None:
    """The run's settings, and where to look; what cannot be is said and left as it is."""
    run = {name: values for name, values in query.items() if name not in _OWN}
    config, problems = RunConfig.from_query(run) if run else (stage.lesson.default, [])
    places = {
        "sequence": [str(number) for number in range(1, config.probe_size + 1)],
        "layer": _layers(config),
        "sort": ["mean"],
    }
    asked = {}
    for name in [name for name in _OWN if name in query]:
        values, known = query[name], places[name]
        if len(values) == 1 and values[0] in known:
            asked[name] = values[0]
        else:
            problems.append(_wrong(name, known, values))
    stage.take(config, GatesView(by_mean="sort" in asked))
    look = CloseUpRequest(
        layer=_named(config, asked.get("layer", "")), sequence=int(asked.get("sequence", 1))
    )
    stage_runs.look(stage, look)
    stage.problems = problems


def to_query(stage: Stage) -> dict[str, str | list[str]]:
    """The URL of what is set and looked at."""
    # Without the task the page would open with its own settings.
    query: dict[str, str | list[str]] = {"task": stage.config.task, **stage.config.to_query()}
    if stage.look.sequence != 1:
        query["sequence"] = str(stage.look.sequence)
    if stage.look.layer:
        query["layer"] = stage.look.layer
    if view_of(stage).by_mean:
        query["sort"] = "mean"
    return query


def _wrong(name: str, known: list[str], values: list[str]) -> str:
    if len(values) != 1:
        return f"{name} must be given once, got {len(values)} values; it was ignored."
    span = f"{known[0]}…{known[-1]}" if len(known) > 1 else known[0]
    return f"{name} must be {span}, got {shown(values[0])}; it was ignored."


def _layers(config: RunConfig) -> list[str]:
    return [name for name in config.layer_names if not is_reversed(name)]


def _named(config: RunConfig, layer: str) -> str:
    """A layer as a request names it: the top one is "", however many there come to be."""
    return "" if layer == _layers(config)[-1] else layer


def _look_inside(stage: Stage) -> None:
    """After a change there may be fewer sequences or layers than are looked at."""
    layer = stage.look.layer if stage.look.layer in _layers(stage.config) else ""
    sequence = min(stage.look.sequence, stage.config.probe_size)
    stage_runs.look(
        stage, replace(stage.look, layer=_named(stage.config, layer), sequence=sequence)
    )


def _forget_bias(stage: Stage) -> None:
    places = _places(stage.config.forget_bias)
    present = word_of(stage.config.forget_bias)
    has_bias = CELLS[stage.config.cell].has_forget_bias
    st.select_slider(
        label_of("forget_bias") if has_bias else "Forget bias (no such gate)",
        list(places),
        disabled=not has_bias,
        width=230,
        help="What the forget gates start from: f = σ(bias) where nothing else drives them. "
        "What the gate's biases are together. Left of −2: as the cell itself starts.",
        **bound(_BIAS, present, lambda word: stage.change(forget_bias=places[word])),
    )


def _places(present: float | None) -> dict[str, float | None]:
    """Words to values, the present one among them wherever it lies."""
    numbers = sorted({each for each in (*BIASES, present) if each is not None})
    return {word_of(each): each for each in (None, *numbers)}


def _sequence(stage: Stage) -> None:
    def take(sequence: int) -> None:
        stage_runs.look(stage, replace(stage.look, sequence=sequence))

    most = stage.config.probe_size
    st.number_input(
        f"Sequence (of {most})",
        1,
        most,
        disabled=most == 1,
        width=130,
        help="Which of the measured sequences to look at. The run goes on; steps measured before "
        "keep the sequence that was looked at then.",
        **bound(_SEQUENCE, stage.look.sequence, take),
    )


def _layer(stage: Stage) -> None:
    def take(layer: str) -> None:
        stage_runs.look(stage, replace(stage.look, layer=_named(stage.config, layer)))

    layers = _layers(stage.config)
    st.selectbox(
        "Layer",
        layers,
        width=100 if len(layers[-1]) < 4 else 150,  # "decoder.l0" must fit.
        help="l0 reads the input; the last one is read out.",
        **bound(_LAYER, stage.look.layer or layers[-1], take),
    )


def _sort(stage: Stage) -> None:
    def take(by_mean: bool) -> None:
        stage.take(stage.config, GatesView(by_mean=by_mean))

    st.toggle(
        "Sort units by gate",
        help="By the mean of the gate that keeps the memory, greatest on top.",
        **bound(_SORT, view_of(stage).by_mean, take),
    )
