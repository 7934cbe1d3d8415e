"""The thumbnail of a run."""

from __future__ import annotations

import re

import numpy as np
import pytest
from fabricated import fabricate, frame, row

from gradviz.config import RunConfig
from gradviz.figures.card import HEIGHT, WIDTH, card
from gradviz.history import Failure, History

CONFIG = RunConfig(seq_len=20, cell="gru", seed=3)


def paths(picture: str) -> list[list[tuple[float, float]]]:
    """The points of every line, axes left out."""
    found = re.findall(r'<path d="([^"]*)"', picture)
    return [
        [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", path)]
        for path in found
        if "V" not in path
    ]


def test_draws_first_and_last_gradients_floor_and_loss() -> None:
    history = fabricate(CONFIG, steps=60, scalars={"loss": np.linspace(1, 0.5, 60)})
    first, last, floor, loss = paths(card(history))
    assert len(first) == len(last) == CONFIG.timesteps
    # Gradients vanish to the left, and y grows downwards.
    assert first[0][1] > first[-1][1]
    assert len(loss) == 60
    assert loss[0][1] < loss[-1][1] < floor[0][1] == floor[1][1]


def test_says_its_steps_and_carries_its_settings() -> None:
    picture = card(fabricate(CONFIG, steps=60))
    for words in ("step 1<", "step 56<", "<metadata>seq_len=20&amp;seed=3&amp;cell=gru</metadata>"):
        assert words in picture
    assert f'viewBox="0 0 {WIDTH} {HEIGHT}"' in picture


def test_stays_within_the_picture() -> None:
    history = fabricate(CONFIG, steps=400, scalars={"loss": np.geomspace(1e30, 1e-3, 400)})
    for points in paths(card(history)):
        across, down = np.array(points).T
        assert across.min() >= 0
        assert across.max() <= WIDTH
        assert down.min() >= 0
        assert down.max() <= HEIGHT


def test_a_failed_run_says_so_and_shows_the_last_gradients_there_were() -> None:
    history = fabricate(
        CONFIG, steps=12, scalars={"loss": np.r_[np.geomspace(1, 1e30, 11), np.inf]}
    )
    burst = frame(CONFIG, 13)
    burst.layers["l0"].hidden_grad_log10[:-1] = -np.inf
    history.append_frame(burst)
    history.failure = Failure(step=12, tensor="loss", kind="inf")
    picture = card(history)
    assert "infinite at step 12" in picture
    assert "step 11<" in picture
    assert "inf " not in picture.replace("infinite", "")
    assert "nan" not in picture


def test_a_line_that_falls_too_deep_leaves_the_picture() -> None:
    first, _, _, _ = paths(card(fabricate(CONFIG.replace(seq_len=100), steps=6, rate=0.1)))
    assert 15 <= len(first) <= 21


def test_a_run_of_one_step() -> None:
    history = History(CONFIG)
    history.append_scalars([row(1)])
    history.append_frame(frame(CONFIG))
    assert len(paths(card(history))[0]) == CONFIG.timesteps


def test_nothing_measured_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="at least one measured step"):
        card(History(CONFIG))
