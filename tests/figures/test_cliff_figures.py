"""The one-unit error surface: what is drawn of it, and of the descents."""

from __future__ import annotations

import numpy as np
import pytest

from gradviz import figures
from gradviz.theory import cliff

START = (5.2, -2.3)
BOTH = [cliff.descend(START, 0.1, clip, 120) for clip in (None, 1.0)]
EVERY = pytest.mark.parametrize("name", list(figures.CLIFF))


@EVERY
def test_drawn_in_both_themes(name: str) -> None:
    light, dark = (figures.CLIFF[name](BOTH, theme=each) for each in ("light", "dark"))
    assert light.layout.font.color != dark.layout.font.color
    assert "start w = 5.2, b = -2.3 · learning rate 0.1" in light.layout.title.text
    uids = [trace.uid for trace in light.data]
    assert all(uids)
    assert len(set(uids)) == len(uids)
    with pytest.raises(ValueError, match="theme must be light or dark"):
        figures.CLIFF[name](BOTH, theme="sepia")


@EVERY
def test_before_a_start_is_chosen(name: str) -> None:
    figure = figures.CLIFF[name]([])
    said = [figure.layout.title.text, *(note.text for note in figure.layout.annotations)]
    assert any("Click a start in the contour" in words for words in said)


def test_the_surface_is_refined_along_the_wall() -> None:
    figure = figures.surface_3d(BOTH)
    surface, wall, free, clipped = figure.data
    assert surface.x.shape == surface.y.shape == surface.z.shape == (81, 61)
    np.testing.assert_allclose(surface.z[5, 7], cliff.error(surface.x, surface.y)[5, 7], rtol=1e-5)
    np.testing.assert_allclose(surface.surfacecolor[5, 7], np.log10(surface.z[5, 7]), rtol=1e-5)
    np.testing.assert_allclose(wall.y, 0.5 - wall.x / (1 + np.exp(-0.5)))
    assert (free.name, clipped.name) == ("not clipped", "clipped at 1")
    np.testing.assert_array_equal(clipped.x, BOTH[1].points[:, 0])
    np.testing.assert_allclose(clipped.z, BOTH[1].errors + 0.004)


def test_a_click_on_the_contour_is_sent() -> None:
    figure = figures.contour(BOTH)
    assert figure.layout.meta == {"click": True}
    ground = figure.data[0]
    at = 40, 30
    E = float(cliff.error(float(ground.x[30]), float(ground.y[40])))
    assert ground.z[at] == pytest.approx(np.log10(E), rel=1e-4)
    assert ground.z.min() >= -4
    assert tuple(figure.layout.xaxis.range) == cliff.W_SPAN
    assert tuple(figure.layout.yaxis.range) == cliff.B_SPAN


def test_a_jump_is_drawn_to_the_border_and_says_where_it_lands() -> None:
    figure = figures.contour(BOTH)
    path = next(trace for trace in figure.data if trace.uid == "path-0")
    points = BOTH[0].points
    np.testing.assert_array_equal(path.x[:-1], points[:-1, 0])
    end = np.array([path.x[-1], path.y[-1]])
    # On the border, and on the straight way to where it lands.
    assert end[1] == pytest.approx(-1.7)
    assert cliff.W_SPAN[0] <= end[0] <= cliff.W_SPAN[1]
    way, drawn = points[-1] - points[-2], end - points[-2]
    assert way[0] * drawn[1] == pytest.approx(way[1] * drawn[0])
    landing = figure.layout.annotations[-1]
    assert landing.text == f"lands at w = {points[-1, 0]:.1f}, b = {points[-1, 1]:.1f}"
    assert (landing.x, landing.y) == tuple(end)


def test_the_start_is_marked() -> None:
    start = next(trace for trace in figures.contour(BOTH).data if trace.uid == "start")
    assert (start.x[0], start.y[0]) == START


@pytest.mark.parametrize(("clip", "words"), [(None, "leaves the picture"), (1.0, None)])
def test_errors_by_step(clip: float | None, words: str | None) -> None:
    each = BOTH[0] if clip is None else BOTH[1]
    figure = figures.descent([each])
    np.testing.assert_allclose(figure.data[0].y, each.errors)
    assert [note.text for note in figure.layout.annotations] == ([words] if words else [])
    assert figure.layout.meta == {"axis": "step"}
    assert figure.layout.yaxis.type == "log"


def test_a_step_that_is_no_number() -> None:
    lost = cliff.descend((5.0, cliff.steepest(5.0)), 1e308, None, 3)
    for picture in figures.CLIFF.values():
        figures.as_json(picture([lost]))
    assert "not finite" in [note.text for note in figures.descent([lost]).layout.annotations]


def test_a_start_outside_the_picture() -> None:
    outside = cliff.descend((7.0, -1.0), 0.1, None, 3)
    path = next(trace for trace in figures.contour([outside]).data if trace.uid == "path-0")
    np.testing.assert_array_equal(path.x, outside.points[:, 0])
