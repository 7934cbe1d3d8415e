"""The scenarios of other shapes end where they are said to end: trained bare, within a minute."""

from __future__ import annotations

import numpy as np
import pytest

from gradviz.config import RunConfig
from gradviz.scenarios import SCENARIOS
from gradviz.training import Trainer

pytestmark = pytest.mark.slow  # Every cell or task, or trainings: a part of the full run.

ENDS = {
    "deep": (0.5, 1.0),
    "deep_residual": (0.0, 0.3),
    "both_directions": (0.0, 0.1),
    "bottleneck_copy": (0.98, 1.02),
    "bottleneck_attention": (0.0, 0.2),
    "reversed_source": (0.0, 0.4),
    "reversed_copy": (0.0, 0.4),
    "forecast_years": (0.0, 0.5),
    "chaos": (0.0, 0.3),
    "wave": (0.0, 0.3),
    "two_in_two_out": (0.0, 0.1),
}
"""Least and greatest share of the floor that is left."""


def left(config: RunConfig, steps: int) -> float:
    """Of the floor, in the last 20 steps."""
    trainer = Trainer(config)
    losses = [trainer.train_step("none").loss for _ in range(steps)]
    return float(np.mean(losses[-20:])) / trainer.floor


@pytest.mark.slow
@pytest.mark.usefixtures("training_thread")
@pytest.mark.parametrize("name", ENDS)
def test_a_scenario_ends_where_it_should(name: str) -> None:
    scenario = SCENARIOS[name]
    low, high = ENDS[name]
    assert low <= left(scenario.config, scenario.steps) <= high


def layers_at_first(name: str) -> dict[str, np.ndarray]:
    """(T, P) log10 ‖∂L/∂h_t‖ of each layer at the first step."""
    record = Trainer(SCENARIOS[name].config).train_step("light")
    found = {layer: each.hidden_grad_norm for layer, each in record.layers.items()}
    return {layer: np.log10(norm) for layer, norm in found.items() if norm is not None}


def test_eight_layers_take_six_decades_unless_skipped() -> None:
    lost = [
        np.median(each["l0"][-1] - each["l7"][-1])
        for each in map(layers_at_first, ("deep", "deep_residual"))
    ]
    assert lost[0] < -5
    assert abs(lost[1]) < 0.3


def test_the_top_layers_gradient_begins_alike_with_and_without_skips() -> None:
    without, skipped = (layers_at_first(name)["l7"] for name in ("deep", "deep_residual"))
    assert np.abs(np.median(without - skipped, axis=1)).max() < 0.5
    assert list(SCENARIOS["skips"].variants.values()) == [
        SCENARIOS[name].config for name in ("deep", "deep_residual")
    ]


def test_the_reverse_directions_gradient_arrives_at_the_token() -> None:
    first = layers_at_first("both_directions")
    assert np.median(first["l0"][0] - first["l0"][-1]) < -10
    assert np.median(first["l0_reverse"][0] - first["l0"][-1]) == pytest.approx(0, abs=0.3)


@pytest.mark.slow
@pytest.mark.usefixtures("training_thread")
def test_skips_let_eight_layers_learn_sooner() -> None:
    without, skipped = (left(each, 200) for each in SCENARIOS["skips"].variants.values())
    assert skipped < 0.4 * without


@pytest.mark.slow
@pytest.mark.usefixtures("training_thread")
def test_a_reversed_source_is_copied_sooner() -> None:
    scenario = SCENARIOS["source_order"]
    in_order, turned = (left(each, scenario.steps) for each in scenario.variants.values())
    assert turned < 0.7 * in_order


@pytest.mark.slow
@pytest.mark.usefixtures("training_thread")
def test_attention_alone_decides_whether_it_learns() -> None:
    scenario = SCENARIOS["bottleneck"]
    ends = {label: left(each, scenario.steps) for label, each in scenario.variants.items()}
    assert ends["no attention"] > 0.98
    assert max(ends["dot"], ends["general"]) < 0.2


@pytest.mark.parametrize("seed", [0, 1])
def test_the_nonlinearity_alone_decides_what_arrives_and_what_is_learned(seed: int) -> None:
    scenario = SCENARIOS["activations"]
    ends, transport = {}, {}
    for label, config in scenario.variants.items():
        trainer = Trainer(config.replace(seed=seed))
        first = trainer.train_step("full").layers["l0"].transport_log10
        assert first is not None
        transport[label] = float(first[0].max())
        losses = [trainer.train_step("none").loss for _ in range(scenario.steps - 1)]
        ends[label] = float(np.mean(losses[-20:])) / trainer.floor
    # 19 Jacobians of a norm of ¼ at most.
    assert transport["sigmoid"] <= 19 * np.log10(0.25)
    assert min(transport["tanh"], transport["elu"]) > -2
    assert max(ends["tanh"], ends["elu"]) < 0.1
    assert min(ends["sigmoid"], ends["leaky relu"]) > 0.95
