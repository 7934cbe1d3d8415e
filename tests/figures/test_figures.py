"""All live pictures: what holds for each of them."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from every import every
from fabricated import fabricate, frame, layer_frame, row

from gradviz import figures
from gradviz.config import RunConfig
from gradviz.figures import palette, traces
from gradviz.history import Failure, Frame, History

LSTM = RunConfig(cell="lstm", num_layers=2)
EVERY = every("name", list(figures.LIVE))
STEPS, TIMESTEPS = "step", "timestep t"


def text(figure: go.Figure) -> str:
    return str(figure.layout.title.text)


def words(figure: go.Figure) -> list[str]:
    return [each.text for each in figure.layout.annotations]


def named(figure: go.Figure, uid: str) -> Any:
    return next(trace for trace in figure.data if trace.uid == uid)


def test_there_are_seven_in_the_order_of_the_page() -> None:
    assert list(figures.LIVE) == [
        "loss",
        "gradient_flow",
        "gradient_flow_over_training",
        "step_jacobians",
        "transport",
        "gates",
        "clipping",
    ]


@EVERY
def test_has_a_title_and_titled_axes(name: str) -> None:
    figure = figures.LIVE[name](fabricate(LSTM))
    assert text(figure)
    assert figure.layout.xaxis.title.text in {STEPS, TIMESTEPS}
    assert figure.layout.yaxis.title.text
    by_step = name in {"loss", "gradient_flow_over_training", "clipping"}
    assert (figure.layout.xaxis.title.text == STEPS) == by_step


@EVERY
def test_before_the_first_step_says_what_to_do(name: str) -> None:
    figure = figures.LIVE[name](History(LSTM, floor=1 / 6))
    assert not figure.data
    assert words(figure) == ["Nothing trained yet"]
    assert figure.layout.xaxis.title.text


@EVERY
def test_the_same_traces_all_run_long(name: str) -> None:
    picture = figures.LIVE[name]
    uids = [
        [trace.uid for trace in picture(fabricate(LSTM, steps=steps)).data]
        for steps in (2, 60, 700)
    ]
    assert uids[0] == uids[1] == uids[2]
    assert all(uids[0])
    assert len(set(uids[0])) == len(uids[0])


@EVERY
@pytest.mark.parametrize("step", [None, 31])
def test_a_zoom_is_kept(name: str, step: int | None) -> None:
    """plotly.js keeps one while uirevision and the axes' own ranges stay as they were."""
    drawn = [figures.LIVE[name](fabricate(LSTM, steps=n), step) for n in (40, 300)]
    early, late = (figure.layout.to_plotly_json() for figure in drawn)
    assert early["uirevision"] == late["uirevision"] == "live"
    for axis in (key for key in late if key.startswith(("xaxis", "yaxis"))):
        for part in ("range", "uirevision", "type"):
            assert early[axis].get(part) == late[axis].get(part)


@EVERY
def test_both_themes_are_transparent_and_differ_in_ink(name: str) -> None:
    light, dark = (figures.LIVE[name](fabricate(LSTM), theme=each) for each in ("light", "dark"))
    assert light.layout.paper_bgcolor == dark.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert light.layout.font.color != dark.layout.font.color
    assert [trace.uid for trace in light.data] == [trace.uid for trace in dark.data]


@EVERY
@every("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_become_gaps(name: str, bad: float) -> None:
    config = RunConfig(cell="lstm", seq_len=8)
    history = fabricate(config, steps=10, scalars={"loss": bad, "grad_norm_pre": bad})
    spoilt = layer_frame(config)
    for array in (spoilt.hidden_grad_log10, spoilt.jacobian_norm, spoilt.transport_log10):
        array[2:4] = bad
    history.append_scalars([row(11, loss=bad)])
    history.append_frame(Frame(step=11, layers={"l0": spoilt}))
    figure = figures.LIVE[name](history)
    sent = json.loads(figures.as_json(figure))
    for trace in sent["data"]:
        drawn = decoded(trace["z"] if "z" in trace else trace["y"])
        assert not np.isinf(drawn).any()


@EVERY
def test_every_value_bad_draws_nothing_and_does_not_fail(name: str) -> None:
    config = RunConfig(seq_len=8)
    spoilt = layer_frame(config)
    for array in (spoilt.hidden_grad_log10, spoilt.jacobian_norm, spoilt.transport_log10):
        array[:] = np.nan
    spoilt.gradient_horizon[:] = np.nan
    history = History(config)
    history.append_scalars([row(1, loss=np.nan, grad_norm_pre=np.nan, grad_norm_post=np.nan)])
    history.append_frame(Frame(step=1, layers={"l0": spoilt}))
    history.failure = Failure(step=1, tensor="loss", kind="nan")
    assert json.loads(figures.as_json(figures.LIVE[name](history)))


@EVERY
def test_text_cannot_carry_markup(name: str) -> None:
    config = RunConfig(cell="lstm", seq_len=8)
    history = fabricate(config, steps=3)
    hostile = "<img src=x>&$x$"
    history.append_frame(
        Frame(step=4, layers={hostile: layer_frame(config), "b": layer_frame(config)})
    )
    history.frames = history.frames[-1:]
    layered = {"layer": hostile} if name in {"gates", "gradient_flow_over_training"} else {}
    figure = figures.LIVE[name](history, **layered)
    shown = [text(figure), *words(figure)]
    for trace in figure.data:
        shown += [str(trace.name), str(trace.hovertemplate)]
    assert not any("<img" in each or "$" in each for each in shown)


@EVERY
def test_json_is_what_plotly_would_send(name: str) -> None:
    figure = figures.LIVE[name](fabricate(LSTM))
    sent = json.loads(figures.as_json(figure))
    assert sent == json.loads(figure.to_json())
    typed = [trace["z" if "z" in trace else "y"] for trace in sent["data"]]
    assert any("bdata" in each for each in typed if isinstance(each, dict))


def test_json_keeps_single_precision() -> None:
    sent = json.loads(figures.as_json(figures.gradient_flow_over_training(fabricate())))
    assert sent["data"][0]["z"]["dtype"] == "f4"
    assert sent["data"][0]["z"]["shape"] == "60, 24"


@pytest.mark.parametrize(
    "colour",
    sorted(
        {
            *palette.LAYERS,
            *palette.GATES.values(),
            palette.BEFORE,
            palette.AFTER,
            palette.LOSS,
            palette.ACCURACY,
            palette.SCRUB,
        }
    ),
)
def test_colours_stand_out_on_white_and_on_dark(colour: str) -> None:
    for ground in ("#ffffff", "#0e1117"):
        assert contrast(colour, ground) >= 2.9


def test_layers_and_gates_are_told_apart() -> None:
    assert len(set(palette.LAYERS)) == 4
    for gates in (("input", "forget", "candidate", "output"), ("reset", "update", "candidate")):
        assert len({palette.GATES[gate] for gate in gates}) == len(gates)
    assert palette.BEFORE != palette.AFTER


def test_thinning_keeps_what_stands_out() -> None:
    x = np.arange(1.0, 100_001)
    y = np.sin(x / 5000)
    y[[33_333, 77_777]] = 50, -50
    kept_x, kept_y = traces.thinned(x, y)
    assert len(kept_x) <= traces.MOST_POINTS
    assert {kept_x[0], kept_x[-1]} == {1.0, 100_000.0}
    assert {50, -50} <= set(kept_y)
    assert (np.diff(kept_x) > 0).all()
    assert np.array_equal(kept_y, y[kept_x.astype(int) - 1])


@pytest.mark.parametrize("length", [600, 601, 1199, 1801, 5000])
def test_thinning_at_any_length(length: int) -> None:
    x = np.arange(length, dtype=float)
    y = np.where(np.arange(length) % 7, x, np.nan)
    kept_x, kept_y = traces.thinned(x, y)
    assert len(kept_x) == len(kept_y) <= traces.MOST_POINTS
    assert kept_x[-1] == length - 1
    assert np.nanmax(kept_y) == np.nanmax(y)


def test_thinning_leaves_a_stretch_of_gaps_open() -> None:
    y = np.ones(6000)
    y[2000:3000] = np.nan
    x, kept = traces.thinned(np.arange(6000.0), y)
    assert np.isnan(kept[(x >= 2020) & (x < 2980)]).all()
    assert ((x >= 2020) & (x < 2980)).any()


def test_a_band_has_a_piece_for_each_stretch() -> None:
    low = np.array([1, 1, np.nan, 1, 1, 1.0])
    band = traces.band(np.arange(6), low, low + 1, palette.BLUE, uid="b", group="b")
    breaks = np.flatnonzero(np.isnan(band["y"]))
    assert breaks.tolist() == [4]
    assert band["x"][:4].tolist() == [0, 1, 1, 0]
    assert band["x"][5:].tolist() == [3, 4, 5, 5, 4, 3]


@EVERY
def test_scrubbing_shows_an_earlier_step(name: str) -> None:
    history = fabricate(LSTM, steps=40, every=1)
    late = frame(LSTM, 41, rate=0.5)
    late.layers["l1"].gates["forget"][0] = 0.9
    history.append_scalars([row(41, clipped=1.0)])
    history.append_frame(late)
    picture = figures.LIVE[name]
    assert figures.as_json(picture(history, 10)) != figures.as_json(picture(history))
    if picture(history).layout.xaxis.title.text == TIMESTEPS:
        assert "step 10 " in text(picture(history, 10))
        assert "step 41 " in text(picture(history))
    else:
        assert "step 10" in words(picture(history, 10))


def test_marks_keep_their_words_inside() -> None:
    changes = {"learning_rate": np.repeat([1e-3, 1e-2, 1e-3], 40)}
    figure = figures.loss(fabricate(steps=120, scalars=changes))
    notes = list(figure.layout.annotations)
    assert [note.text for note in notes] == ["learning rate 0.01", "learning rate 0.001"]
    assert [note.xanchor for note in notes] == ["left", "right"]
    assert len({note.y for note in notes}) == 2


@pytest.mark.parametrize("name", ["gates", "gradient_flow_over_training"])
def test_a_layer_that_is_not_there(name: str) -> None:
    with pytest.raises(ValueError, match=r"layer must be one of l0, l1, got “l7”\."):
        figures.LIVE[name](fabricate(LSTM, steps=2), layer="l7")


@EVERY
def test_a_theme_that_is_not_there(name: str) -> None:
    with pytest.raises(ValueError, match="theme must be light or dark, got “sepia”"):
        figures.LIVE[name](fabricate(LSTM, steps=2), theme="sepia")


def test_the_largest_run_is_drawn_in_time() -> None:
    """Measured: 40 ms of CPU for all seven; three times that leaves room for a slower machine."""
    config = RunConfig(cell="lstm", seq_len=1000, batch_size=1)
    history = History(config, floor=1 / 6)
    draw = np.random.default_rng(0)
    losses = draw.random(100_000)
    history.append_scalars(row(step, loss=losses[step - 1]) for step in range(1, 100_001))
    layers = frame(config).layers
    for step in range(1, 100_001, 500):
        history.append_frame(Frame(step=step, layers=layers))
    seconds = []
    for _ in range(5):
        began = time.process_time()
        sent = [figures.as_json(picture(history)) for picture in figures.LIVE.values()]
        seconds.append(time.process_time() - began)
    assert min(seconds) < 0.12
    assert sum(map(len, sent)) < 700_000


def decoded(values: Any) -> np.ndarray[Any, Any]:
    if not isinstance(values, dict):
        return np.array([np.nan if v is None else v for v in values], dtype=float)
    return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio."""
    low, high = sorted(luminance(each) for each in (one, other))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))
