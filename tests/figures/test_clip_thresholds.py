"""The threshold helper: percentiles of norms that were seen."""

from __future__ import annotations

import numpy as np
import pytest
from fabricated import fabricate, row

from gradviz import figures
from gradviz.config import RunConfig
from gradviz.history import History


def seen(*norms: float, clip: str = "norm", threshold: float = 30.0) -> History:
    history = History(RunConfig(clip=clip))
    history.append_scalars(
        row(step, grad_norm_pre=norm, clip_threshold=threshold)
        for step, norm in enumerate(norms, 1)
    )
    return history


SHUFFLED = np.random.default_rng(0).permutation(np.arange(1.0, 101.0))


def test_of_a_hundred_norms_each_percentile_is_one_of_them() -> None:
    rows = figures.threshold_table(seen(*SHUFFLED))
    assert [row.percentile for row in rows] == [10, 25, 50, 75, 90, 95, 99]
    assert [row.threshold for row in rows] == [10, 25, 50, 75, 90, 95, 99]
    np.testing.assert_allclose([row.share for row in rows], [0.9, 0.75, 0.5, 0.25, 0.1, 0.05, 0.01])


def test_the_share_is_what_a_loop_over_the_norms_clips() -> None:
    norms = np.random.default_rng(1).lognormal(0, 2, 333)
    for each in figures.threshold_table(seen(*norms)):
        assert each.share == sum(norm > each.threshold for norm in norms) / 333
        assert each.share <= 1 - each.percentile / 100 < each.share + 1 / 333


def test_only_steps_up_to_the_scrub_position_count() -> None:
    history = seen(*[1.0] * 10, *[100.0] * 90)
    assert {row.threshold for row in figures.threshold_table(history, 10)} == {1.0}
    assert figures.threshold_table(history)[-1].threshold == 100.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_what_is_no_norm_is_left_out(bad: float) -> None:
    assert {row.threshold for row in figures.threshold_table(seen(2.0, bad))} == {2.0}
    assert figures.threshold_table(seen(bad)) == []
    assert figures.threshold_table(History(RunConfig())) == []


def test_the_picture_has_the_tables_numbers() -> None:
    history = seen(*SHUFFLED)
    figure = figures.norm_percentiles(history)
    curve, dots, used = figure.data
    rows = figures.threshold_table(history)
    assert list(dots.x) == [row.threshold for row in rows]
    assert list(dots.y) == [row.share for row in rows]
    assert dots.text[0] == "10th"
    assert dict(zip(curve.x, curve.y, strict=True))[90.0] == pytest.approx(0.1)
    assert np.all(np.diff(curve.y) <= 0)
    assert set(used.x) == {30.0}
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.meta == {"axis": "norm", "click": True}
    assert "norms of 100 steps" in figure.layout.title.text


def test_a_long_run_is_drawn_by_few_points_and_keeps_its_ends() -> None:
    norms = np.geomspace(1e-3, 1e6, 5000)
    curve = figures.norm_percentiles(seen(*norms)).data[0]
    assert len(curve.x) <= 400
    assert (curve.x[0], curve.x[-1]) == (pytest.approx(1e-3), pytest.approx(1e6))
    assert curve.y[-1] == 0


@pytest.mark.parametrize("clip", ["none", "value", "agc"])
def test_only_a_clip_by_norm_has_a_threshold_in_use(clip: str) -> None:
    figure = figures.norm_percentiles(seen(*SHUFFLED, clip=clip))
    assert [each.uid for each in figure.data] == ["share", "percentiles"]


def test_before_the_first_step_and_without_norms() -> None:
    for history, said in (
        (History(RunConfig()), "Nothing trained yet"),
        (seen(np.nan), "No norm yet"),
    ):
        figure = figures.norm_percentiles(history)
        assert not figure.data
        assert [each.text for each in figure.layout.annotations] == [said]


def test_one_step_and_both_themes() -> None:
    history = fabricate(steps=1)
    light, dark = (figures.norm_percentiles(history, theme=each) for each in ("light", "dark"))
    assert light.data[0].mode == "lines+markers"
    assert light.layout.font.color != dark.layout.font.color
