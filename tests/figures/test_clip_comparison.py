"""Pictures of several clips: their numbers, asked for from the figures."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from fabricated import fabricate, row

from gradviz import figures
from gradviz.config import RecordedConfig, RunConfig
from gradviz.history import Failure, History

OWN = ["clip_norms", "clip_angle", "clipped_share", "effective_learning_rate"]
EVERY = pytest.mark.parametrize("name", OWN)


def trace(figure: go.Figure, uid: str) -> Any:
    return next(each for each in figure.data if each.uid == uid)


def uids(figure: go.Figure) -> list[str]:
    return [each.uid for each in figure.data]


def run(clip: str, steps: int = 120, **scalars: Any) -> History:
    """Of norm 8 in its last 30 steps, 0.5 before; clipped at 1, by value turned by 40°."""
    large = np.arange(1, steps + 1) > steps - 30
    clipped = large & (clip != "none")
    usual = {
        "grad_norm_pre": np.where(large, 8.0, 0.5),
        "grad_norm_post": np.where(clipped, 1.0, np.where(large, 8.0, 0.5)),
        "clipped": clipped,
        "clip_angle": np.where(clipped & (clip in {"value", "agc"}), 40.0, 0.0),
        "clip_threshold": np.nan if clip == "none" else 1.0,
        "learning_rate": 0.1,
    }
    config = RunConfig(clip=clip, optimizer="sgd")
    return fabricate(config, steps=steps, every=steps, scalars=usual | scalars)


RUNS = {"no clip": [run("none")], "norm 1": [run("norm")], "value 1": [run("value")]}


@EVERY
def test_a_line_a_set_up_and_the_shared_axis(name: str) -> None:
    figure = figures.CLIPPING[name](RUNS)
    assert [uid for uid in uids(figure) if uid.startswith("setup")] == [
        "setup-0",
        "setup-1",
        "setup-2",
    ]
    assert figure.layout.meta == {"axis": "step"}
    assert figure.layout.title.text
    assert figure.layout.yaxis.title.text
    assert len(set(uids(figure))) == len(uids(figure))


@EVERY
def test_nothing_yet_and_one_step(name: str) -> None:
    picture = figures.CLIPPING[name]
    for runs in ({}, {"a": []}, {"a": [History(RunConfig())]}):
        figure = picture(runs)
        assert not figure.data
        assert [each.text for each in figure.layout.annotations] == ["Nothing trained yet"]
    figure = picture({"a": [fabricate(steps=1)]})
    assert len(trace(figure, "setup-0").x) == 1
    assert trace(figure, "setup-0").mode == "lines+markers"


@EVERY
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_become_gaps(name: str, bad: float) -> None:
    columns = ("grad_norm_pre", "grad_norm_post", "clip_angle")
    history = run("value", 40)
    history.append_scalars([row(41, **dict.fromkeys(columns, bad))])
    figure = figures.CLIPPING[name]({"value 1": [history]})
    sent = json.loads(figures.as_json(figure))
    assert "Infinity" not in json.dumps(sent["layout"])
    for each in figure.data:
        assert not np.isinf(np.asarray(each.y, float)).any()


@EVERY
def test_both_themes_and_a_scrub_position(name: str) -> None:
    light, dark = (figures.CLIPPING[name](RUNS, 60, theme=each) for each in ("light", "dark"))
    assert uids(light) == uids(dark)
    assert light.layout.font.color != dark.layout.font.color
    assert [shape.x0 for shape in light.layout.shapes] == [60]


@EVERY
def test_a_name_is_no_markup(name: str) -> None:
    figure = figures.CLIPPING[name]({"<b>$x$": [run("value")]})
    assert "<b>" not in trace(figure, "setup-0").name
    assert "$" not in trace(figure, "setup-0").name


def test_norms_before_and_after_on_one_chart() -> None:
    figure = figures.clip_norms(RUNS)
    assert set(trace(figure, "setup-1").y) == {0.5, 8.0}
    assert list(trace(figure, "after-1").y) == [0.5] * 90 + [1.0] * 30
    assert trace(figure, "after-1").line.dash == "dash"
    assert trace(figure, "after-1").line.color == trace(figure, "setup-1").line.color
    assert trace(figure, "setup-1").line.dash == "solid"
    assert "after-0" not in uids(figure)
    assert figure.layout.yaxis.type == "log"
    assert "dashed: after the clip" in figure.layout.title.text


def test_a_threshold_is_drawn_once_and_only_by_norm() -> None:
    figure = figures.clip_norms({**RUNS, "the same": [run("norm", 200)]})
    assert [uid for uid in uids(figure) if uid.startswith("threshold")] == ["threshold-0"]
    assert set(trace(figure, "threshold-0").y) == {1.0}
    assert trace(figure, "threshold-0").x[-1] == 200
    assert "threshold-0" not in uids(figures.clip_norms({"value 1": [run("value")]}))


def test_thresholds_that_differ_are_each_drawn() -> None:
    tight = run("norm", clip_threshold=np.repeat([1.0, 0.25], 60))
    figure = figures.clip_norms({"a": [run("norm")], "b": [tight]})
    assert list(trace(figure, "threshold-1").y) == [1.0, 0.25, 0.25]
    assert list(trace(figure, "threshold-1").x) == [1, 61, 120]


def test_of_several_seeds_the_median_is_left_by_the_clip() -> None:
    seeds = [run("norm", grad_norm_post=value) for value in (0.2, 0.4, 0.9)]
    figure = figures.clip_norms({"norm": seeds})
    np.testing.assert_allclose(trace(figure, "after-0").y, 0.4)
    assert "band-0" in uids(figure)


def test_the_angle_by_step() -> None:
    figure = figures.clip_angle(RUNS)
    assert list(trace(figure, "setup-2").y) == [0.0] * 90 + [40.0] * 30
    assert set(trace(figure, "setup-0").y) == set(trace(figure, "setup-1").y) == {0.0}


def test_an_angle_that_was_never_measured() -> None:
    figure = figures.clip_angle({"old": [run("norm", clip_angle=np.nan)]})
    assert [each.text for each in figure.layout.annotations] == ["Not measured"]


def test_the_share_of_clipped_steps_runs_over_the_last_fifty() -> None:
    figure = figures.clipped_share(RUNS)
    drawn = np.asarray(trace(figure, "setup-1").y)
    assert set(drawn[:90]) == {0.0}
    assert drawn[90] == 1 / 50
    assert drawn[-1] == 30 / 50
    assert trace(figure, "setup-1").name == "norm 1 (25%)"
    assert trace(figures.clipped_share(RUNS, 90), "setup-1").name == "norm 1 (0%)"


def test_the_first_steps_share_is_of_those_that_were() -> None:
    history = fabricate(steps=4, scalars={"clipped": np.array([1.0, 0, 0, 1])})
    drawn = trace(figures.clipped_share({"a": [history]}), "setup-0").y
    np.testing.assert_allclose(drawn, [1, 1 / 2, 1 / 3, 2 / 4])


def test_steps_that_were_not_kept_are_not_counted() -> None:
    """Every tenth step only: five are among the last fifty."""
    history = History(RunConfig())
    history.append_scalars(row(step, clipped=float(step > 80)) for step in range(1, 102, 10))
    drawn = trace(figures.clipped_share({"a": [history]}), "setup-0").y
    np.testing.assert_allclose(drawn, [*[0] * 8, 1 / 5, 2 / 5, 3 / 5])


def words(figure: go.Figure) -> list[str]:
    return [each.text for each in figure.layout.annotations]


def places(figure: go.Figure) -> list[float]:
    return [each.x0 for each in figure.layout.shapes]


@pytest.mark.parametrize("name", figures.CLIPPING)
def test_what_was_changed_live_is_marked_with_the_clip_it_was_of(name: str) -> None:
    steps = np.arange(120)
    runs = {
        "no clip": [run("none")],
        "norm 1 → 2": [run("norm", clip_threshold=np.where(steps < 60, 1.0, 2.0))],
        "AGC 0.1 → 0.3": [run("agc", clip_threshold=np.where(steps < 90, 0.1, 0.3))],
    }
    figure = figures.CLIPPING[name](runs, None)
    assert words(figure) == ["norm at 2", "AGC at 0.3"]
    assert places(figure) == [61, 91]


def test_what_all_runs_were_told_is_named_once_where_the_first_obeyed() -> None:
    steps = np.arange(120)
    runs = {
        kind: [run(kind, learning_rate=np.where(steps < told, 0.1, 0.5))]
        for kind, told in (("none", 70), ("norm", 60), ("value", 60))
    }
    figure = figures.clip_norms(runs)
    assert words(figure) == ["learning rate 0.5"]
    assert places(figure) == [61, 71]
    # A run that goes back and forth says so each time.
    again = {"a": [run("none", learning_rate=np.where((steps > 20) & (steps < 50), 0.5, 0.1))]}
    assert words(figures.clip_norms(again)) == ["learning rate 0.5", "learning rate 0.1"]


def test_the_effective_learning_rate_by_hand() -> None:
    figure = figures.effective_learning_rate(RUNS)
    np.testing.assert_allclose(trace(figure, "setup-0").y, 0.1)
    np.testing.assert_allclose(trace(figure, "setup-1").y, [0.1] * 90 + [0.1 / 8] * 30)
    assert figure.layout.yaxis.type == "log"
    assert "own scaling" not in figure.layout.title.text


def test_a_gradient_of_zero_is_left_whole() -> None:
    history = run("norm", grad_norm_pre=0.0, grad_norm_post=0.0)
    drawn = trace(figures.effective_learning_rate({"a": [history]}), "setup-0").y
    np.testing.assert_allclose(drawn, 0.1)


def test_other_optimisers_scale_once_more() -> None:
    momentum = History(RunConfig(optimizer="sgd", momentum=0.9))
    momentum.append_scalars([row(1), row(2)])
    for runs in ({"adam": [fabricate()]}, {"momentum": [momentum]}):
        figure = figures.effective_learning_rate(runs)
        assert "before the optimiser’s own scaling" in figure.layout.title.text


def test_a_recorded_run_without_a_learning_rate() -> None:
    history = History(RecordedConfig(model="GRU"))
    history.append_scalars(row(step, learning_rate=np.nan) for step in (1, 2, 3))
    figure = figures.effective_learning_rate({"mine": [history]})
    assert [each.text for each in figure.layout.annotations] == ["No learning rate: not recorded"]
    assert list(trace(figures.clip_norms({"mine": [history]}), "after-0").y) == [0.5] * 3


def test_a_run_that_failed_ends_in_a_cross() -> None:
    history = run("none", 31)
    history.append_scalars([row(32, grad_norm_pre=np.inf, loss=np.nan)])
    history.failure = Failure(step=32, tensor="loss", kind="nan")
    for name in ("clip_losses", "clip_norms"):
        cross = trace(figures.CLIPPING[name]({"no clip": [history]}), "failed-0")
        assert list(cross.text) == ["NaN at step 32"]
        assert list(cross.x) == [32]
