"""Pictures of several set-ups: their numbers, asked for from the figures."""

from __future__ import annotations

import json
import math
from itertools import combinations, product
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from every import every
from fabricated import fabricate, frame, layer_frame, row
from test_figures import contrast, decoded

from gradviz import figures
from gradviz.config import RunConfig
from gradviz.figures import palette, traces
from gradviz.figures.over_time import FLOAT32_FLOOR
from gradviz.figures.setups import drawn, median_of, on_one_axis
from gradviz.history import Failure, Frame, History

EVERY = every("name", list(figures.COMPARE))
BY_STEP = ("compare_loss", "compare_norm", "compare_accuracy", "compare_horizon")
RNN = RunConfig(seq_len=20)


def trace(figure: go.Figure, uid: str) -> Any:
    return next(each for each in figure.data if each.uid == uid)


def uids(figure: go.Figure) -> list[str]:
    return [each.uid for each in figure.data]


def facts(figure: go.Figure) -> str:
    return str(figure.layout.title.text).split(">", 2)[2].removesuffix("</span>")


def seeded(losses: Any, **more: Any) -> History:
    """A run with these losses."""
    return fabricate(RNN, steps=len(losses), scalars={"loss": losses, "accuracy": 0.5}, **more)


def failing(step: int, kind: Any = "nan", losses: Any = None) -> History:
    """A run that ends with a NaN."""
    losses = np.full(step, 0.3) if losses is None else np.asarray(losses)
    losses[-1] = np.nan
    history = seeded(losses)
    history.failure = Failure(step=step, tensor="loss", kind=kind)
    return history


def two(**more: Any) -> dict[str, list[History]]:
    """Two set-ups of three seeds each, of different lengths."""
    lengths = {"RNN": RNN, "GRU": RunConfig(cell="gru", seq_len=30)}
    scalars = {"accuracy": 0.5}
    return {
        label: [fabricate(config, scalars=scalars, **more) for _ in range(3)]
        for label, config in lengths.items()
    }


def on_a_horizon(lags: dict[int, float], last: int, T: int = 20) -> History:
    """A run of `last` steps with these horizons at these steps."""
    history = History(RunConfig(seq_len=T))
    history.append_scalars(row(step) for step in range(1, last + 1))
    for step, lag in lags.items():
        layer = layer_frame(RunConfig(seq_len=T))
        layer.gradient_horizon[:] = lag
        history.append_frame(Frame(step=step, layers={"l0": layer}))
    return history


def test_one_seed_is_a_line_without_a_band() -> None:
    losses = np.linspace(1, 0.5, 50)
    figure = figures.compare_loss({"RNN": [seeded(losses)], "GRU": [seeded(losses / 2)]})
    assert uids(figure) == ["setup-0", "setup-1", "floor-0"]
    np.testing.assert_array_equal(trace(figure, "setup-1").y, losses / 2)
    np.testing.assert_array_equal(trace(figure, "setup-1").x, np.arange(1, 51))
    assert [trace(figure, f"setup-{i}").name for i in (0, 1)] == ["RNN", "GRU"]
    assert list(trace(figure, "floor-0").y) == [1 / 6, 1 / 6]
    assert facts(figure) == "one seed each"


def test_several_seeds_are_a_median_and_a_band_from_least_to_greatest() -> None:
    losses = np.random.default_rng(0).random((4, 50)) + 0.5
    figure = figures.compare_loss({"RNN": [seeded(each) for each in losses]})
    middle, shade = trace(figure, "setup-0"), trace(figure, "band-0")
    np.testing.assert_allclose(
        middle.y, [sorted(each)[1] / 2 + sorted(each)[2] / 2 for each in losses.T]
    )
    np.testing.assert_array_equal(shade.y[:50], losses.max(axis=0))
    np.testing.assert_array_equal(shade.y[50:][::-1], losses.min(axis=0))
    assert facts(figure) == "median, range of 4 seeds"
    assert middle.line.color == palette.SETUPS[0]


def test_a_seed_that_failed_leaves_the_band() -> None:
    runs = {"RNN": [failing(30), seeded(np.full(60, 0.1)), seeded(np.full(60, 0.2))]}
    figure = figures.compare_loss(runs)
    middle, shade = trace(figure, "setup-0"), trace(figure, "band-0")
    assert set(middle.y[:29]) == {0.2}
    np.testing.assert_allclose(middle.y[29:], 0.15)
    assert set(shade.y[:29]) == {0.3}
    assert set(shade.y[29:60]) == {0.2}
    assert facts(figure) == "median, range of 3 seeds · 1 of 3 failed"
    cross = trace(figure, "failed-0")
    assert (cross.x, cross.y, cross.text) == ((30,), (0.3,), ("NaN at step 30",))
    assert cross.mode == "markers"


def test_a_run_that_failed_far_beyond_the_others_does_not_squash_them() -> None:
    kept = seeded(np.geomspace(20, 0.05, 60))
    runs = {"kept": [kept], "lost": [failing(4, losses=np.array([2.0, 1e8, 1e14, np.nan]))]}
    figure = figures.compare_loss(runs)
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis.autorangeoptions.clipmax == 200
    assert facts(figure) == "one seed each · 1 of 2 failed · cut off at the top"
    # The numbers stay as they are; the cross stands where the line leaves the picture.
    assert np.nanmax(trace(figure, "setup-1").y) == 1e14
    assert trace(figure, "failed-1").y == (200,)
    runs["lost"] = [failing(4, losses=np.array([2.0, 30.0, 150.0, np.nan]))]
    figure = figures.compare_loss(runs)
    assert figure.layout.yaxis.autorangeoptions.clipmax is None
    assert trace(figure, "failed-1").y == (150,)
    # Alone it has nobody to make room for.
    alone = figures.compare_loss({"lost": [failing(4, losses=np.array([2.0, 1e8, 1e14, np.nan]))]})
    assert alone.layout.yaxis.autorangeoptions.clipmax is None


@pytest.mark.parametrize(
    ("kind", "words"),
    [("nan", "NaN at"), ("inf", "infinite at"), ("norm overflow", "overflow at")],
)
def test_a_run_that_failed_ends_in_a_cross(kind: Any, words: str) -> None:
    runs = {"kept": [seeded(np.full(200, 0.1))], "lost": [failing(31, kind)]}
    for picture in (figures.compare_loss, figures.compare_norm):
        figure = picture(runs)
        cross = trace(figure, "failed-1")
        assert cross.x == (31,)
        assert cross.y == ((0.3,) if picture is figures.compare_loss else (0.5,))
        assert cross.text == (f"{words} step 31",)
        assert cross.mode == "markers+text"
        assert cross.textposition == "top right"
        assert cross.marker.line.color == trace(figure, "setup-1").line.color
        assert facts(figure) == "one seed each · 1 of 2 failed"


def test_a_run_that_failed_at_once_has_no_place_for_a_cross() -> None:
    figure = figures.compare_loss({"a": [failing(1)], "b": [seeded([0.1, 0.1])]})
    assert "failed-0" not in uids(figure)
    assert "1 of 2 failed" in facts(figure)


def test_the_loss_is_on_a_log_axis_when_it_spans_decades() -> None:
    narrow = figures.compare_loss({"a": [seeded([1, 0.5])], "b": [seeded([1, 0.1])]})
    wide = figures.compare_loss({"a": [seeded([1, 0.5])], "b": [seeded([1, 0.01, 0.0])]})
    assert narrow.layout.yaxis.type is None
    assert wide.layout.yaxis.type == "log"
    assert math.isnan(trace(wide, "setup-1").y[2])


def test_each_floor_has_its_line_and_one_entry() -> None:
    runs = {name: [seeded([1, 1], floor=floor)] for name, floor in (("a", 0.1), ("b", 0.2))}
    runs |= {"c": [seeded([1, 1], floor=None)], "d": [seeded([1, 1], floor=0.1)]}
    figure = figures.compare_loss(runs)
    floors = [each for each in figure.data if each.uid.startswith("floor")]
    assert [each.y[0] for each in floors] == [0.1, 0.2]
    assert [each.showlegend for each in floors] == [True, False]


def test_accuracy_is_drawn_where_there_is_one() -> None:
    runs = {"a": [fabricate(RNN)], "b": [seeded([1, 1])]}
    figure = figures.compare_accuracy(runs)
    assert set(trace(figure, "setup-1").y) == {0.5}
    without = figures.compare_accuracy({"a": [fabricate(RNN)]})
    assert not without.data
    assert "No accuracy" in without.layout.annotations[0].text


def test_the_norm_is_that_before_the_clip() -> None:
    history = fabricate(RNN, scalars={"grad_norm_pre": 7.0, "grad_norm_post": 1.0})
    figure = figures.compare_norm({"a": [history]})
    assert set(trace(figure, "setup-0").y) == {7.0}
    assert figure.layout.yaxis.type == "log"


def test_a_horizon_by_step_and_the_line_of_infinity() -> None:
    runs = {
        "short": [on_a_horizon({1: 4, 10: 8}, 10)],
        "far": [on_a_horizon({1: 30, 10: np.inf}, 10, T=50)],
    }
    figure = figures.compare_horizon(runs)
    assert list(trace(figure, "setup-0").y) == [4, 8]
    top = trace(figure, "first").y[0]
    assert top > 49
    assert list(trace(figure, "setup-1").y) == [30, top]
    assert trace(figure, "setup-1").text == ("30", "∞")
    axis = figure.layout.yaxis
    assert axis.ticktext[axis.tickvals.index(top)] == "∞"
    assert [float(text) for text in axis.ticktext[:-1]] == list(axis.tickvals[:-1])
    assert facts(figure) == "one seed each · T = 20…50"


def test_horizons_measured_at_different_steps_hold_until_the_next() -> None:
    seeds = [on_a_horizon({1: 2, 20: 6}, 40), on_a_horizon({5: 4, 10: np.inf, 40: 8}, 40)]
    figure = figures.compare_horizon({"a": [*seeds, on_a_horizon({1: 3}, 12)]})
    middle, shade = trace(figure, "setup-0"), trace(figure, "band-0")
    top = trace(figure, "first").y[0]
    # At 1: 2, –, 3. At 5: 2, 4, 3. At 10: 2, ∞, 3. At 20 the third has ended: 6, ∞. At 40: 6, 8.
    assert list(middle.x) == [1, 5, 10, 20, 40]
    assert list(middle.y) == [2.5, 3, 3, top, 7]
    assert list(shade.y[:5]) == [3, 4, top, top, 8]
    assert list(shade.y[5:][::-1]) == [2, 2, 2, 6, 6]


def test_frames_without_a_transport_have_no_horizon() -> None:
    history = on_a_horizon({1: np.nan}, 5)
    figure = figures.compare_horizon({"a": [history]})
    assert not figure.data
    assert figure.layout.annotations[0].text == "Not measured"


def test_flow_is_the_median_probe_and_the_range_of_probes() -> None:
    layer = layer_frame(RNN, noise=1.0)
    history = History(RNN)
    history.append_scalars([row(7)])
    history.append_frame(Frame(step=7, layers={"l0": layer}))
    figure = figures.compare_flow({"a": [history]})
    log10 = layer.hidden_grad_log10
    middle, shade = trace(figure, "setup-0"), trace(figure, "band-0")
    np.testing.assert_allclose(middle.y, np.median(log10, axis=1), rtol=1e-6)
    np.testing.assert_allclose(shade.y[:20], log10.max(axis=1))
    assert list(middle.x) == list(range(1, 21))
    assert facts(figure) == "step 7 · median, range of sequences"


def test_flow_over_seeds_is_the_median_of_their_medians() -> None:
    runs = {"a": [fabricate(RNN, rate=rate, noise=0.0) for rate in (0.5, 0.9, 0.8)]}
    figure = figures.compare_flow(runs, 30)
    back = 19 - np.arange(20)
    middle, shade = trace(figure, "setup-0"), trace(figure, "band-0")
    np.testing.assert_allclose(middle.y, back * math.log10(0.8), atol=1e-5)
    np.testing.assert_allclose(shade.y[:20], back * math.log10(0.9), atol=1e-5)
    np.testing.assert_allclose(shade.y[20:][::-1], back * math.log10(0.5), atol=1e-5)
    assert facts(figure) == "step 26 · median, range of 3 seeds"


def test_transport_of_set_ups_of_different_lengths_ends_at_each_ones_last() -> None:
    figure = figures.compare_transport(two(rate=0.9, noise=0.0))
    for uid, T in (("setup-0", 20), ("setup-1", 30)):
        line = trace(figure, uid)
        assert list(line.x) == list(range(1, T + 1))
        np.testing.assert_allclose(line.y, (T - line.x) * math.log10(0.9), atol=1e-5)
    assert list(trace(figure, "1/e").x) == [1, 30]
    assert trace(figure, "1/e").y[0] == pytest.approx(math.log10(1 / math.e))
    assert "T = 20…30" in facts(figure)


@pytest.mark.parametrize(
    ("rate", "dtype", "shown"),
    [(0.5, "float32", False), (0.05, "float32", True), (0.05, "float64", False)],
)
def test_the_float32_floor(rate: float, dtype: Any, shown: bool) -> None:
    figure = figures.compare_flow({"a": [fabricate(RNN.replace(dtype=dtype), rate=rate)]})
    assert ("floor" in uids(figure)) is shown
    if shown:
        assert trace(figure, "floor").y[0] == pytest.approx(math.log10(FLOAT32_FLOOR))


def test_zeros_are_left_out_and_said() -> None:
    history = fabricate(RNN, steps=1)
    history.frames[0].layers["l0"].hidden_grad_log10[:3] = -np.inf
    figure = figures.compare_flow({"a": [history]})
    assert np.isnan(trace(figure, "setup-0").y[:3]).all()
    assert np.isfinite(trace(figure, "setup-0").y[3:]).all()
    assert "zeros left out" in facts(figure)


def test_runs_that_stand_at_different_steps_are_named() -> None:
    runs = {"a": [fabricate(RNN, steps=31)], "b": [fabricate(RNN, steps=101)]}
    assert facts(figures.compare_flow(runs)).startswith("steps 31…101 ")
    assert facts(figures.compare_flow(runs, 31)).startswith("step 31 ")


def test_the_top_layer_that_reads_forward_is_meant() -> None:
    layers = {name: layer_frame(RNN, rate=r, noise=0.0) for name, r in (("l0", 0.5), ("l1", 0.9))}
    layers["l1_reverse"] = layer_frame(RNN, rate=0.1)
    history = History(RNN)
    history.append_scalars([row(1)])
    history.append_frame(Frame(step=1, layers=layers))
    middle = trace(figures.compare_transport({"a": [history]}), "setup-0")
    np.testing.assert_allclose(middle.y[0], 19 * math.log10(0.9), rtol=1e-5)
    assert list(trace(figures.compare_horizon({"a": [history]}), "setup-0").y) == [10]


def test_the_median_against_numpys() -> None:
    values = np.random.default_rng(1).normal(size=(7, 40))
    values[np.random.default_rng(2).random(values.shape) < 0.4] = np.nan
    values[:, 0] = np.nan
    values[:6, 1] = np.nan
    with np.errstate(all="ignore"):
        expected = [
            np.median(c[~np.isnan(c)]) if (~np.isnan(c)).any() else np.nan for c in values.T
        ]
    np.testing.assert_allclose(median_of(values), expected)
    infinite = np.array([[1.0, np.inf, 1], [np.inf, np.inf, 3]])
    np.testing.assert_array_equal(median_of(infinite), [np.inf, np.inf, 2])


def test_one_axis_for_scalars_of_runs_of_different_length() -> None:
    x, values = on_one_axis(
        [(np.arange(1, 4), np.array([1.0, 2, 3])), (np.arange(1, 6), np.arange(5.0))], [3, 5]
    )
    assert list(x) == [1, 2, 3, 4, 5]
    np.testing.assert_array_equal(values, [[1, 2, 3, np.nan, np.nan], [0, 1, 2, 3, 4]])


def test_a_long_run_keeps_a_spike_of_one_seed_in_the_band() -> None:
    losses = np.full((3, 5000), 0.2)
    losses[1, 3210] = 9.0
    losses[2, 1234] = 0.01
    figure = figures.compare_loss({"a": [seeded(each, every=5000) for each in losses]})
    shade = trace(figure, "band-0")
    assert shade.y.max() == 9.0
    assert shade.y.min() == 0.01
    assert abs(shade.x[shade.y.argmax()] - 3211) <= 10
    assert (shade.x.min(), shade.x.max()) == (1, 5000)
    assert len(shade.y) <= traces.MOST_POINTS
    assert len(trace(figure, "setup-0").y) <= traces.MOST_POINTS
    assert trace(figure, "setup-0").x[-1] == 5000


def test_a_long_run_of_one_seed_keeps_its_spike() -> None:
    losses = np.full(5000, 0.2)
    losses[3210] = 9.0
    line = trace(figures.compare_loss({"a": [seeded(losses, every=5000)]}), "setup-0")
    assert line.x[list(line.y).index(9.0)] == 3211
    assert len(line.y) <= traces.MOST_POINTS


@EVERY
def test_titles_axes_and_what_the_browser_links(name: str) -> None:
    figure = figures.COMPARE[name](two())
    by_step = name in BY_STEP
    assert figure.layout.title.text
    assert figure.layout.yaxis.title.text
    assert figure.layout.xaxis.title.text == ("step" if by_step else "timestep t")
    assert figure.layout.meta == {"axis": "step" if by_step else "timestep"}
    assert set(figures.__all__) >= {name}


@EVERY
@every("runs", [{}, {"a": []}, {"a": [History(RNN)], "b": [History(RNN)]}])
def test_before_the_first_step(name: str, runs: Any) -> None:
    for step in (None, 3):
        figure = figures.COMPARE[name](runs, step)
        assert not figure.data
        assert "Nothing trained yet" in [each.text for each in figure.layout.annotations]


@EVERY
def test_a_set_up_that_has_not_begun_keeps_its_place(name: str) -> None:
    runs = two()
    later = figures.COMPARE[name](runs)
    runs["RNN"] = [History(RNN)] * 3
    figure = figures.COMPARE[name](runs)
    assert [uid for uid in uids(figure) if "setup" in uid] == ["setup-0", "setup-1"]
    assert trace(figure, "setup-1").line.color == trace(later, "setup-1").line.color


@EVERY
def test_the_same_traces_and_ranges_all_run_long(name: str) -> None:
    drawn_at = [figures.COMPARE[name](two(steps=steps)) for steps in (2, 60, 700)]
    assert uids(drawn_at[0]) == uids(drawn_at[1]) == uids(drawn_at[2])
    assert len(set(uids(drawn_at[0]))) == len(uids(drawn_at[0]))
    early, late = (figure.layout.to_plotly_json() for figure in drawn_at[1:])
    for axis in ("xaxis", "yaxis"):
        for part in ("range", "uirevision", "type"):
            assert early[axis].get(part) == late[axis].get(part)


@EVERY
@every("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_become_gaps(name: str, bad: float) -> None:
    scalars = {"loss": bad, "grad_norm_pre": bad, "accuracy": bad}
    spoilt = layer_frame(RNN)
    for array in (spoilt.hidden_grad_log10, spoilt.transport_log10):
        array[:] = bad
    spoilt.gradient_horizon[:] = bad
    histories = [fabricate(RNN, steps=5, scalars=scalars), fabricate(RNN, steps=5)]
    for history in histories:
        history.append_scalars([row(6, **scalars)])
        history.append_frame(Frame(step=6, layers={"l0": spoilt}))
    for runs in ({"a": histories}, {"a": histories[:1]}, {"a": histories[:1], "b": histories[1:]}):
        figure = figures.COMPARE[name](runs)
        for each in json.loads(figures.as_json(figure))["data"]:
            assert not np.isinf(decoded(each["y"])).any()


@EVERY
def test_labels_cannot_carry_markup_or_templates(name: str) -> None:
    hostile = "<img src=x>$x$%{y}"
    runs = {hostile: [failing(5)], "b": [seeded([0.1] * 9)]}
    figure = figures.COMPARE[name](runs)
    for each in figure.data:
        shown = f"{each.name} {each.hovertemplate}"
        assert "<img" not in shown
        assert "$" not in shown
        assert "%{y}" not in str(each.hovertemplate)


@EVERY
def test_both_themes_and_no_other(name: str) -> None:
    light, dark = (figures.COMPARE[name](two(), theme=theme) for theme in ("light", "dark"))
    assert light.layout.font.color != dark.layout.font.color
    with pytest.raises(ValueError, match="theme must be light or dark, got “sepia”"):
        figures.COMPARE[name](two(), theme="sepia")


@EVERY
def test_scrubbing(name: str) -> None:
    runs = two()
    for history in (each for of in runs.values() for each in of):
        history.append_frame(frame(history.config, 121, rate=0.5))
    figure = figures.COMPARE[name](runs, 31)
    assert figures.as_json(figure) != figures.as_json(figures.COMPARE[name](runs))
    if name in BY_STEP:
        assert "step 31" in [each.text for each in figure.layout.annotations]
    else:
        assert facts(figure).startswith("step 31 ")


@EVERY
def test_what_is_sent_of_four_set_ups_of_ten_seeds(name: str) -> None:
    """Under 200 kB a picture: 4 set-ups × 10 seeds × 2000 steps."""
    draw = np.random.default_rng(0)
    layers = frame(RunConfig()).layers
    runs: dict[str, list[History]] = {}
    for label, _ in product("abcd", range(10)):
        losses = draw.random(2000)
        history = History(RunConfig(), floor=1 / 6)
        history.append_scalars(
            row(n + 1, loss=x, accuracy=x, grad_norm_pre=x) for n, x in enumerate(losses)
        )
        for step in range(int(draw.integers(1, 20)), 2001, 20):
            history.append_frame(Frame(step=step, layers=layers))
        runs.setdefault(label, []).append(history)
    figure = figures.COMPARE[name](runs)
    assert all(len(each.y) <= traces.MOST_POINTS for each in figure.data)
    assert len(figures.as_json(figure)) < 200_000


def test_more_set_ups_than_colours_begin_anew() -> None:
    lines = [drawn(n, "x", np.arange(2), np.ones((1, 2)), hover="")[0] for n in range(5)]
    assert lines[4]["line"]["color"] == lines[0]["line"]["color"]


def test_set_ups_stand_out_on_white_and_on_dark() -> None:
    assert len(set(palette.SETUPS)) == 4
    for colour, ground in product(palette.SETUPS, ("#ffffff", "#0e1117")):
        assert contrast(colour, ground) >= 3


# Machado, Oliveira & Fernandes (2009): what a dichromat sees, on linear RGB.
SEEN_BY = {
    "everyone": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


@pytest.mark.parametrize("eyes", list(SEEN_BY))
def test_set_ups_are_told_apart_by_the_colour_blind(eyes: str) -> None:
    seen = [oklab(np.array(SEEN_BY[eyes]) @ linear(colour)) for colour in palette.SETUPS]
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) > 0.1


def linear(colour: str) -> Any:
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def oklab(rgb: Any) -> Any:
    """Ottosson's (2020) space, in which distance is difference to the eye."""
    cones = np.cbrt(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
        @ np.clip(rgb, 0, 1)
    )
    return [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ] @ cones
