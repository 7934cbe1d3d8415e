"""Initialisations against what theory says of their spectra."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from gradviz.cells import ElmanRnn, PeepholeLstm, RecurrentLayer, Stack
from gradviz.remedies import initialise_recurrent, set_forget_bias

MODULES = [(nn.RNN, 1), (nn.LSTM, 4), (nn.GRU, 3)]


def blocks(module: nn.RNNBase) -> list[torch.Tensor]:
    size = module.hidden_size
    weights = [getattr(module, f"weight_hh_l{layer}") for layer in range(module.num_layers)]
    return [
        weight[start : start + size].detach()
        for weight in weights
        for start in range(0, len(weight), size)
    ]


def spectral_radius(block: torch.Tensor) -> float:
    return float(torch.linalg.eigvals(block).abs().max())


@pytest.mark.parametrize(("kind", "gates"), MODULES)
def test_orthogonal_has_every_singular_value_at_the_gain(kind: type, gates: int) -> None:
    torch.manual_seed(0)
    module = kind(3, 20, 2, dtype=torch.float64)
    initialise_recurrent(module, "orthogonal", 1.6)
    assert len(blocks(module)) == 2 * gates
    for block in blocks(module):
        expected = 1.6**2 * torch.eye(20, dtype=torch.float64)
        torch.testing.assert_close(block @ block.T, expected)
    assert not torch.equal(blocks(module)[0], blocks(module)[-1])


@pytest.mark.parametrize(("kind", "gates"), MODULES)
def test_identity_is_the_gain_times_the_identity(kind: type, gates: int) -> None:
    module = kind(3, 20)
    initialise_recurrent(module, "identity", 0.5)
    assert len(blocks(module)) == gates
    for block in blocks(module):
        assert torch.equal(block, 0.5 * torch.eye(20))


@pytest.mark.parametrize(("kind", "gates"), MODULES)
def test_normal_has_its_spectral_radius_near_the_gain(kind: type, gates: int) -> None:
    torch.manual_seed(0)
    module = kind(3, 256)
    initialise_recurrent(module, "normal", 1.5)
    for block in blocks(module):
        assert spectral_radius(block) == pytest.approx(1.5, rel=0.1)
        assert float(block.std()) == pytest.approx(1.5 / 16, rel=0.02)
        assert float(torch.linalg.matrix_norm(block, 2)) == pytest.approx(3.0, rel=0.05)


def test_default_is_pytorchs_own() -> None:
    torch.manual_seed(0)
    radii, norms = [], []
    for _ in range(6):
        module = nn.RNN(3, 256)
        before = module.weight_hh_l0.detach().clone()
        initialise_recurrent(module, "default", 7.0)
        assert torch.equal(module.weight_hh_l0, before)
        radii.append(spectral_radius(before))
        norms.append(float(torch.linalg.matrix_norm(before, 2)))
    # One draw's radius strays by up to 0.03 at this size, so the mean of several is held.
    assert sum(radii) / 6 == pytest.approx(1 / math.sqrt(3), abs=0.02)
    assert sum(norms) / 6 == pytest.approx(2 / math.sqrt(3), abs=0.02)


def test_only_the_recurrent_weights_change() -> None:
    module = nn.GRU(3, 8, 2)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    initialise_recurrent(module, "orthogonal", 1.0)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]) == ("weight_hh" not in name)


@pytest.mark.parametrize("value", [0.0, 1.0, 5.0, -3.0])
def test_forget_bias_is_the_sum_of_both(value: float) -> None:
    module = nn.LSTM(3, 8, 2)
    before = {name: each.clone() for name, each in module.state_dict().items()}
    set_forget_bias(module, value)
    for layer in range(2):
        total = getattr(module, f"bias_ih_l{layer}") + getattr(module, f"bias_hh_l{layer}")
        assert torch.equal(total[8:16], torch.full((8,), value))
    for name, each in module.state_dict().items():
        kept = torch.ones(len(each), dtype=torch.bool)
        if "bias" in name:
            kept[8:16] = False
        assert torch.equal(each[kept], before[name][kept])


def test_forget_bias_is_what_the_forget_gate_sees() -> None:
    """With weights and other biases at zero, c_t = σ(b)·c_{t−1}."""
    module = nn.LSTM(1, 1, dtype=torch.float64)
    with torch.no_grad():
        for each in module.parameters():
            each.zero_()
    set_forget_bias(module, 2.0)
    ones = torch.ones(1, 1, 1, dtype=torch.float64)
    _, (_, cell) = module(ones.expand(100, 1, 1), (ones, ones))
    assert float(cell.detach()) == pytest.approx(3.073e-6, rel=1e-3)


def stack(kind: type[RecurrentLayer]) -> Stack:
    return Stack(lambda size: kind(size, 8), 3, 2, bidirectional=True)


@pytest.mark.parametrize(("kind", "gates"), [(ElmanRnn, 1), (PeepholeLstm, 4)])
def test_every_layer_and_direction_of_a_stack_is_drawn(
    kind: type[RecurrentLayer], gates: int
) -> None:
    module = stack(kind)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    initialise_recurrent(module, "orthogonal", 1.6)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]) == ("weight_hh" not in name)
    for layer in module.layers:
        assert len(layer.weight_hh) == gates * 8
        for block in layer.weight_hh.detach().split(8):
            torch.testing.assert_close(block @ block.T, 1.6**2 * torch.eye(8))


def test_both_directions_of_a_fused_module_are_drawn() -> None:
    module = nn.LSTM(3, 8, bidirectional=True)
    initialise_recurrent(module, "identity", 0.5)
    set_forget_bias(module, 2.0)
    for side in ("", "_reverse"):
        weight = module.get_parameter(f"weight_hh_l0{side}")
        assert torch.equal(weight, 0.5 * torch.eye(8).repeat(4, 1))
        total = sum(module.get_parameter(f"bias_{way}_l0{side}") for way in ("ih", "hh"))
        assert torch.equal(total[8:16], torch.full((8,), 2.0))


def test_the_forget_bias_of_a_stack_is_what_its_forget_gate_sees() -> None:
    module = stack(PeepholeLstm)
    before = {name: each.clone() for name, each in module.state_dict().items()}
    set_forget_bias(module, 1.5)
    for layer in module.layers:
        total = layer.bias_ih + layer.bias_hh
        assert torch.equal(total[8:16], torch.full((8,), 1.5))
    for name, each in module.state_dict().items():
        kept = torch.ones(len(each), dtype=torch.bool)
        if "bias" in name:
            kept[8:16] = False
        assert torch.equal(each[kept], before[name][kept])
