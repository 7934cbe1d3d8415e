"""Many layers and directions are told apart, and their legend stays clear of the facts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fabricated import fabricate
from test_figures import contrast

from gradviz import figures
from gradviz.config import RunConfig
from gradviz.figures import legend, palette, style
from gradviz.figures.layer_look import DEPTHS, looks

DEEP = RunConfig(seq_len=20, num_layers=8)
BOTH_WAYS = DEEP.replace(bidirectional=True)
BY_LAYER = ["gradient_flow", "step_jacobians", "transport"]
EVERY = pytest.mark.parametrize("name", BY_LAYER)


@pytest.mark.parametrize("colour", DEPTHS)
def test_every_colour_stands_out_on_white_and_on_dark(colour: str) -> None:
    for ground in ("#ffffff", "#14161b"):
        assert contrast(colour, ground) >= 2.9


@EVERY
def test_eight_layers_have_eight_colours(name: str) -> None:
    figure = figures.LIVE[name](fabricate(DEEP))
    colours = {each.line.color for each in figure.data if each.name in DEEP.layer_names}
    assert len(colours) == 8


@EVERY
def test_a_layers_directions_share_its_colour_and_its_entry(name: str) -> None:
    figure = figures.LIVE[name](fabricate(BOTH_WAYS))
    lines = {each.name: each for each in figure.data}
    for layer in DEEP.layer_names:
        there, back = lines[layer], lines[f"{layer}_reverse"]
        assert there.line.color == back.line.color
        assert (there.line.dash, back.line.dash) == ("solid", "dashdot")
        assert there.legendgroup == back.legendgroup
        assert (there.showlegend, back.showlegend) == (True, False)
    assert lines["from the end"].line.dash == "dashdot"


@EVERY
def test_few_layers_keep_their_colours_and_ranges(name: str) -> None:
    config = RunConfig(seq_len=20, num_layers=2, bidirectional=True)
    figure = figures.LIVE[name](fabricate(config))
    lines = [each for each in figure.data if each.name in config.layer_names]
    assert tuple(each.line.color for each in lines) == palette.LAYERS
    assert {each.line.dash for each in lines} == {"solid"}
    assert sum(each.fill == "toself" for each in figure.data) == 4


@EVERY
def test_the_range_of_many_layers_is_neither_drawn_nor_told(name: str) -> None:
    figure = figures.LIVE[name](fabricate(DEEP))
    assert not any(each.fill for each in figure.data)
    assert "range" not in figure.layout.title.text


def test_a_direction_without_its_other_has_an_entry() -> None:
    found = looks([f"l{place}_reverse" for place in range(5)])
    assert all(each.in_legend for each in found.values())


@EVERY
@pytest.mark.parametrize("config", [DEEP, BOTH_WAYS])
def test_the_legend_has_the_room_that_it_takes(name: str, config: RunConfig) -> None:
    one = figures.LIVE[name](fabricate(DEEP.replace(num_layers=1)))
    figure = figures.LIVE[name](fabricate(config))
    rows = legend.legend_rows([each.to_plotly_json() for each in figure.data])
    assert rows >= 2
    assert figure.layout.margin.t == one.layout.margin.t + (rows - 1) * legend.ROW_PX
    assert figure.layout.height - figure.layout.margin.t >= 242 - legend.ROW_PX


def test_the_legend_of_a_language_models_loss_stays_clear_of_its_perplexity() -> None:
    history = fabricate(RunConfig(task="char_lm"), scalars={"accuracy": 0.2})
    history.frames[-1] = replace(history.frames[-1], held_out=0.3)
    short = figures.loss(fabricate(RunConfig()))
    long = figures.loss(history)
    assert len([each for each in long.data if each.showlegend is not False]) == 4
    assert long.layout.margin.t == short.layout.margin.t + legend.ROW_PX


def test_rows_of_a_legend() -> None:
    short, long = {"name": "l0"}, {"name": "a name that is no short one"}
    assert legend.legend_rows([short]) == 1
    assert legend.legend_rows([short, {**long, "showlegend": False}]) == 1
    assert legend.legend_rows([long, long, short]) == 2
    assert legend.legend_rows([{"name": "σ<sub>i</sub>&amp;"}] * 4) == 1


def test_the_horizons_of_many_layers_are_one_line_of_words() -> None:
    history = fabricate(DEEP)
    layers = history.frames[-1].layers
    for lag, layer in enumerate(layers.values(), start=3):
        assert layer.gradient_horizon is not None
        layer.gradient_horizon[:] = lag
    figure = figures.transport(history)
    assert "horizons 3 to 10 timesteps" in figure.layout.title.text
    assert len(figure.layout.shapes) == 8
    assert not any("horizon" in note.text for note in figure.layout.annotations)


def test_one_norm_beyond_all_others_does_not_press_them_to_zero() -> None:
    history = fabricate(RunConfig(cell="lstm", seq_len=20))
    norms = history.frames[-1].layers["l0"].jacobian_norm
    assert norms is not None
    norms[:] = 0.9
    assert figures.step_jacobians(history).layout.yaxis.rangemode == "tozero"
    norms[0] = 250.0
    assert figures.step_jacobians(history).layout.yaxis.type == "log"


@pytest.mark.parametrize(("low", "high"), [(5e-7, 5e-4), (2e-5, 2e-2), (1e-9, 1.0)])
def test_small_numbers_on_a_log_axis_are_short(low: float, high: float) -> None:
    axis = style.log_axis(np.array([low, high]))
    assert axis["exponentformat"] == "power"
    assert "tickformat" not in axis


def test_up_to_two_decades_have_plain_numbers() -> None:
    assert style.log_axis(np.array([0.01, 0.5]))["tickformat"] == "~g"
    assert style.log_axis(np.array([2e-5, 5e-4]))["tickformat"] == "~e"
