"""What the vanishing page asks for: the gain, the cell, where to look, and a matrix on paper."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from gradviz.config import CELLS, RunConfig, label_of
from gradviz.history import CloseUpRequest
from gradviz.scenarios import SCENARIOS
from gradviz.ui import controls, own_settings, setting_changes, stage_runs, training
from gradviz.ui.lesson import Query
from gradviz.ui.own_settings import Number, Numbers
from gradviz.ui.stage import Stage
from gradviz.ui.widgets import bound

ON_TOP = ("cell", "activation", "recurrent_init", "recurrent_gain")
"""The settings that stand above the pictures."""

GAINS = tuple(round(twentieth / 20, 2) for twentieth in range(2, 61))
"""The knob's places."""

_LOOK = ("timestep", "unit")
"""The page's own words in a URL, beside the example's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """W = [[ρ, a], [0, ρ]], whose powers are drawn."""

    coupling: float = 10.0
    radius: float = 0.9


NUMBERS: Numbers = {
    "coupling": Number(
        label="Coupling a",
        low=0.0,
        high=20.0,
        step=0.5,
        width=260,
        help="From the second unit to the first. At 0 the matrix is normal.",
    ),
    "radius": Number(
        label="Both eigenvalues ρ",
        low=0.5,
        high=1.1,
        step=0.01,
        width=260,
        help="Inside the unit circle: the powers end at 0, whatever they do before.",
    ),
}


def sidebar(stage: Stage) -> None:
    """The scenarios, and the settings that this lesson is not about."""
    with st.sidebar:
        training.scenario_choice(stage)
        training.undo_and_defaults(stage)
        with st.expander("More settings"):
            controls.settings(stage, setting_changes.setting_changed, without=ON_TOP)


def heading(stage: Stage) -> None:
    """The page's title whatever the knob says, so that it does not move; and what to look at."""
    scenario = SCENARIOS.get(setting_changes.scenario_name(stage))
    with st.container(key="heading"):
        st.header(stage.lesson.title)
        st.markdown(f"**{scenario.title}.** {scenario.text}" if scenario else stage.lesson.text)
        training.problems(stage)


def controls_on_top(stage: Stage) -> None:
    """The knob and the network that it turns; where to look, which restarts nothing."""
    _look_inside(stage)
    fields = controls.fields_of(stage, setting_changes.setting_changed)
    with st.container(key="on_top", horizontal=True, vertical_alignment="bottom"):
        with st.container(key="knob", width="stretch"):
            _gain(stage)
        with st.container(width=170):
            fields.choice("cell")
    with st.container(key="below_knob", horizontal=True, vertical_alignment="bottom"):
        if CELLS[stage.config.cell].has_recurrent_weight:
            with st.container(width=200):
                fields.choice("recurrent_init")
        if CELLS[stage.config.cell].has_activation:
            with st.container(width=120):
                fields.choice("activation")
        _timestep(stage)
        _unit(stage)


def example(stage: Stage) -> None:
    """The sliders of the last picture."""
    with st.container(key="example", border=True):
        st.markdown(
            "**Eigenvalues are not all.** The last picture is of a matrix on paper: two units, "
            "the second of which drives the first. Turn the coupling up while ρ stays below 1."
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            own_settings.slider(stage, NUMBERS, "coupling")
            own_settings.slider(stage, NUMBERS, "radius")


def take_query(stage: Stage, query: Query) -> None:
    """The run's settings, where to look, the example; what cannot be is said and left as it is."""
    own = {*_LOOK, *NUMBERS}
    run = {name: values for name, values in query.items() if name not in own}
    config, problems = RunConfig.from_query(run) if run else (stage.lesson.default, [])
    extra, more = own_settings.take(NUMBERS, query, stage.lesson.extra)
    look, yet_more = own_settings.take(_places(config), query, CloseUpRequest())
    stage.take(config, extra)
    stage_runs.look(stage, look)
    stage.problems = [*problems, *more, *yet_more]


def to_query(stage: Stage) -> dict[str, str | list[str]]:
    """The URL of what is set and looked at."""
    return {
        # Without the task the page would open with its own settings.
        "task": stage.config.task,
        **stage.config.to_query(),
        **own_settings.to_query(stage.look, CloseUpRequest(), _places(stage.config)),
        **own_settings.to_query(stage.extra, stage.lesson.extra, NUMBERS),
    }


def _places(config: RunConfig) -> Numbers:
    """Where a close-up of a run can look."""
    T, H = config.timesteps, config.hidden_size
    return {
        "timestep": Number(label="timestep", low=1, high=T, whole=True, help=""),
        "unit": Number(label="unit", low=1, high=H, whole=True, help=""),
    }


def _look_inside(stage: Stage) -> None:
    """After a change there may be fewer timesteps or units than are looked at."""
    T, H = stage.config.timesteps, stage.config.hidden_size
    timestep = stage.look.timestep if stage.look.timestep < T else 0
    stage_runs.look(stage, replace(stage.look, timestep=timestep, unit=min(stage.look.unit, H)))


def _gain(stage: Stage) -> None:
    config = stage.config
    has_weight = CELLS[config.cell].has_recurrent_weight
    gain, turns = config.recurrent_gain, has_weight and config.recurrent_init != "default"
    idle = "not of the cell's own start" if has_weight else "this cell has none to start"
    st.select_slider(
        label_of("recurrent_gain") if turns else f"Gain of W_hh ({idle})",
        sorted({*GAINS, gain}),
        format_func=lambda place: f"{place:g}",
        disabled=not turns,
        help="W_hh starts as gain × what is chosen beside it. Each place is a new network, "
        "measured at its first step.",
        **bound("vanishing_gain", gain, lambda value: stage.change(recurrent_gain=value)),
    )


def _timestep(stage: Stage) -> None:
    def take(timestep: int) -> None:
        stage_runs.look(stage, replace(stage.look, timestep=timestep if timestep < T else 0))

    T = stage.config.timesteps
    st.slider(
        "Step Jacobian J_t at timestep t",
        1,
        T,
        width=240,
        help="Whose eigenvalues and singular values are drawn. The run goes on.",
        **bound("vanishing_timestep", stage.look.timestep or T, take),
    )


def _unit(stage: Stage) -> None:
    def take(unit: int) -> None:
        stage_runs.look(stage, replace(stage.look, unit=unit))

    H = stage.config.hidden_size
    st.number_input(
        f"Pulse from unit (of {H})",
        1,
        H,
        disabled=H == 1,
        width=170,
        help="The unit of h_T whose gradient is sent back through time.",
        **bound("vanishing_unit", stage.look.unit, take),
    )
