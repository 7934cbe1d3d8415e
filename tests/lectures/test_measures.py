"""Each measure on histories whose numbers are known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from fabricated import fabricate, layer_frame, row

from gradviz.config import RunConfig
from gradviz.history import Failure, Frame, History
from gradviz.lectures import MEASURES

CONFIG = RunConfig(seq_len=41)


def of(name: str, history: History, step: int | None = None) -> float:
    return MEASURES[name].measure(history, step)


def run(steps: int = 30, config: RunConfig = CONFIG, **scalars: Any) -> History:
    return fabricate(config, steps=steps, every=10, rate=0.9, noise=0, scalars=scalars)


def test_nothing_is_known_of_an_empty_history() -> None:
    for measure in MEASURES.values():
        assert math.isnan(measure.measure(History(CONFIG, floor=0.1), None)), measure.name


def test_gradients() -> None:
    history = run()
    assert of("transport", history) == pytest.approx(40 * math.log10(0.9), rel=1e-6)
    assert of("gradient_ratio", history) == pytest.approx(40 * math.log10(0.9), rel=1e-6)
    assert of("horizon", history) == 10  # 0.9^9 = 0.387, 0.9^10 = 0.349, 1/e = 0.368
    assert of("largest_jacobian", history) == pytest.approx(0.9, rel=1e-6)


def test_of_several_layers_the_one_that_carries_furthest() -> None:
    history = History(CONFIG)
    history.append_scalars([row(1)])
    layers = {"l0": layer_frame(CONFIG, rate=0.5), "l1": layer_frame(CONFIG, rate=0.95)}
    layers["l0_reverse"] = layer_frame(CONFIG, rate=1.5)
    history.append_frame(Frame(step=1, layers=layers))
    assert of("transport", history) == pytest.approx(40 * math.log10(0.95), rel=1e-6)
    assert of("horizon", history) == 20  # 0.95^19 = 0.377, 0.95^20 = 0.358


def test_gates_are_an_lstms() -> None:
    assert math.isnan(of("forget_gate", run()))
    assert math.isnan(of("forget_gate", run(config=RunConfig(seq_len=41, cell="gru"))))
    assert of("forget_gate", run(config=RunConfig(seq_len=41, cell="lstm"))) == 0.5


def test_losses() -> None:
    losses = np.r_[np.full(50, 0.2), np.full(50, 0.001)]
    history = run(100, loss=losses, accuracy=np.linspace(0, 0.99, 100))
    assert of("loss_over_floor", history) == pytest.approx(0.006)
    assert of("loss_over_floor", history, 60) == pytest.approx(6 * (10 * 0.2 + 10 * 0.001) / 20)
    assert math.isnan(of("loss_over_floor", history, 19))
    # Of 20 losses 18 must be small: (2 · 0.2 + 18 · 0.001)/20 = 0.0209 > 1/60, and 19 are enough.
    assert of("solved_at", history) == 69
    assert of("solved_at", history, 68) == math.inf
    assert of("accuracy", history) == pytest.approx(np.mean(np.arange(80, 100) / 100))


def test_norms_and_clips() -> None:
    norms = np.r_[3.0, np.nan, np.inf, 7.0, np.ones(26)]
    history = run(30, grad_norm_pre=norms, clipped=np.arange(30) < 6, clip_angle=np.arange(30.0))
    assert of("largest_norm", history) == 7
    assert of("largest_norm", history, 3) == 3
    assert of("clipped_share", history) == pytest.approx(0.2)
    assert of("clipped_share", history, 6) == 1
    assert of("clip_angle", history, 11) == 10


def test_failures() -> None:
    history = run()
    assert of("failed_at", history) == math.inf
    history.failure = Failure(step=25, tensor="loss", kind="nan")
    assert of("failed_at", history) == 25
    assert of("failed_at", history, 24) == math.inf
    assert of("loss_over_floor", history) == math.inf


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("transport", -13.9, "from the last timestep to the first a gradient is multiplied by at "
         "most 1e-14"),
        ("transport", 0.3, "from the last timestep to the first a gradient is multiplied by at "
         "most 2"),
        ("gradient_ratio", -math.inf, "the loss's gradient at the first timestep is 0 times that "
         "at the last"),
        ("horizon", 4.0, "the gradient falls to 1/e within 4 timesteps"),
        ("horizon", math.inf, "the gradient reaches the first input"),
        ("largest_norm", 13399.66, "the largest gradient norm before the clip is 1.3e4"),
        ("accuracy", 0.9487, "the accuracy is 0.949"),
        ("failed_at", math.inf, "every number stays finite"),
    ],
)  # fmt: skip
def test_words(name: str, value: float, words: str) -> None:
    assert MEASURES[name].words(value) == words


def test_names_and_units() -> None:
    for name, measure in MEASURES.items():
        assert name == measure.name
        assert measure.unit
        assert "{value}" in measure.told
        assert measure.power == measure.unit.startswith("log10")
